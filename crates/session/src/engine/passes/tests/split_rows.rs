use aqueduct_graph::{Graph, shape};
use expect_test::expect;

use super::{block_of, check};
use crate::engine::passes::split_rows;

#[test]
fn layers_are_set_apart_from_what_needs_all_rows() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4096, 64]);
    let weights = g.placeholder::<f32>("weights", shape![64, 64]);
    let hidden = x.matmul(weights).tanh();
    let output = hidden.matmul(weights) + x;
    let mean = output.reduce_mean(0);
    let feeds: [(_, &[usize]); 2] = [(x.any(), &[4096, 64]), (weights.any(), &[64, 64])];
    check(
        block_of(&g, &[mean.any(), (hidden - mean).any()], &feeds),
        |block| split_rows::run(block, 2),
        &expect![[r#"
            %0: f32[4096, 64] = given Input(0)
            %1: f32[64, 64] = given Input(1)
            %2: f32[4096, 64] = product(%0, %1)
            %3: f32[4096, 64] = fused(%2)
                t1 = tanh(t0)
                give t1
            %4: f32[4096, 64] = product(%3, %1)
            %5: f32[4096, 64] = fused(%4, %0)
                t2 = add(t0, t1)
                give t2
            %6: f32[64] = Mean(%5)
            %7: f32[4096, 64] = fused(%3, %6)
                t2 = sub(t0, t1)
                give t2
            give %6, %7
            ---- 4 done
            %0: f32[4096, 64] = given Input(0)
            %1: f32[64, 64] = given Input(1)
            %3: f32[4096, 64], %5: f32[4096, 64] = rows (%0, %1)
                %0: f32[4096, 64] = parameter 0
                %1: f32[64, 64] = parameter 1
                %2: f32[4096, 64] = product(%0, %1)
                %3: f32[4096, 64] = fused(%2)
                    t1 = tanh(t0)
                    give t1
                %4: f32[4096, 64] = product(%3, %1)
                %5: f32[4096, 64] = fused(%4, %0)
                    t2 = add(t0, t1)
                    give t2
                give %3, %5
            %6: f32[64] = Mean(%5)
            %7: f32[4096, 64] = fused(%3, %6)
                t2 = sub(t0, t1)
                give t2
            give %6, %7
        "#]],
    );
}

#[test]
fn little_work_stays_as_it_is() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![16, 4]);
    let weights = g.placeholder::<f32>("weights", shape![4, 4]);
    let feeds: [(_, &[usize]); 2] = [(x.any(), &[16, 4]), (weights.any(), &[4, 4])];
    let output = x.matmul(weights).tanh().matmul(weights);
    let mut block = block_of(&g, &[output.any()], &feeds);
    assert_eq!(split_rows::run(&mut block, 2), 0);
}
