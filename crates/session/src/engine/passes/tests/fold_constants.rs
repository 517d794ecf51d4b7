use aqueduct_graph::{Graph, Value, shape};
use expect_test::expect;

use super::{block_of, check, check_bits};
use crate::engine::passes::fold_constants::run;
use crate::options::Pass;

#[test]
fn constants_are_computed_in_advance() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let y = x * (g.constant([1.0_f32, 2.0]).exp() + 1.0).reduce_sum(..);
    check(
        block_of(&g, &[y.any()], &[(x.any(), &[2])]),
        run,
        &expect![[r#"
            %5: f32[2] = given Input(0)
            %0: f32[2] = constant F32([1.0, 2.0]) ()
            %1: f32[2] = fused(%0)
                t1 = exp(t0)
                give t1
            %2: f32[] = constant F32([1.0]) ()
            %3: f32[2] = fused(%1, %2)
                t2 = add(t0, t1)
                give t2
            %4: f32[] = Sum(%3)
            %6: f32[2] = fused(%5, %4)
                t2 = mul(t0, t1)
                give t2
            give %6
            ---- 3 done
            %5: f32[2] = given Input(0)
            %4: f32[] = constant F32([12.107338]) ()
            %6: f32[2] = fused(%5, %4)
                t2 = mul(t0, t1)
                give t2
            give %6
        "#]],
    );
    let feeds = [(x.any(), Value::vector(vec![-0.0_f32, 3.0]))];
    assert!(check_bits(&g, Pass::FoldConstants, &[y.any()], &feeds) > 0);
}

#[test]
fn a_repeated_constant_stays_small() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![100, 100]);
    let y = x * g.fill([100, 100], 0.5_f32).exp();
    check(
        block_of(&g, &[y.any()], &[(x.any(), &[100, 100])]),
        run,
        &expect![[r#"
            %3: f32[100, 100] = given Input(0)
            %0: f32[] = constant F32([0.5]) ()
            %2: f32[100, 100] = fused(%0[0..][100, 100] strides [0, 0])
                t1 = exp(t0)
                give t1
            %4: f32[100, 100] = fused(%3, %2)
                t2 = mul(t0, t1)
                give t2
            give %4
            ---- 1 done
            %3: f32[100, 100] = given Input(0)
            %6: f32[1, 1] = constant F32([1.6487212]) ()
            %4: f32[100, 100] = fused(%3, %6[0..][100, 100] strides [0, 0])
                t2 = mul(t0, t1)
                give t2
            give %4
        "#]],
    );
}

#[test]
fn what_is_large_is_left_to_the_run() {
    let g = Graph::new();
    let y = g.constant(vec![0.5_f32; 20_000]).sin();
    check(
        block_of(&g, &[y.any()], &[]),
        run,
        &expect![[r#"
            %0: f32[20000] = constant of 20000 elements ()
            %1: f32[20000] = fused(%0)
                t1 = sin(t0)
                give t1
            give %1
            ---- 0 done
            %0: f32[20000] = constant of 20000 elements ()
            %1: f32[20000] = fused(%0)
                t1 = sin(t0)
                give t1
            give %1
        "#]],
    );
}

#[test]
fn a_body_has_constants_of_its_own() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![3, 2]);
    let scale = g.constant([2.0_f32, 4.0]);
    let (last, _) = g.scan(xs.slice(0), xs, |h, x| (h + x * scale.sqrt(), ()));
    let block = block_of(&g, &[last.any()], &[(xs.any(), &[3, 2])]);
    check(
        block,
        run,
        &expect![[r#"
            %1: f32[3, 2] = given Input(0)
            %0: f32[2] = constant F32([2.0, 4.0]) ()
            %4: f32[2] = scan of 3 steps, 1 states, 1 sequences (%1[0..][2], %1, %0)
                %0: f32[2] = parameter 2
                %2: f32[2] = parameter 1
                %4: f32[2] = parameter 0
                %1: f32[2] = fused(%0)
                    t1 = sqrt(t0)
                    give t1
                %3: f32[2] = fused(%2, %1)
                    t2 = mul(t0, t1)
                    give t2
                %5: f32[2] = fused(%4, %3)
                    t2 = add(t0, t1)
                    give t2
                give %5
            give %4
            ---- 1 done
            %1: f32[3, 2] = given Input(0)
            %4: f32[2] = scan of 3 steps, 1 states, 1 sequences (%1[0..][2], %1)
                %2: f32[2] = parameter 1
                %4: f32[2] = parameter 0
                %1: f32[2] = constant F32([1.4142135, 2.0]) ()
                %3: f32[2] = fused(%2, %1)
                    t2 = mul(t0, t1)
                    give t2
                %5: f32[2] = fused(%4, %3)
                    t2 = add(t0, t1)
                    give t2
                give %5
            give %4
        "#]],
    );
    let xs_value = Value::new(vec![3, 2], aqueduct_graph::ir::Data::F32(vec![0.5; 6])).unwrap();
    assert!(
        check_bits(
            &g,
            Pass::FoldConstants,
            &[last.any()],
            &[(xs.any(), xs_value)]
        ) > 0
    );
}
