use aqueduct_graph::{Graph, shape};
use expect_test::expect;

use super::{block_of, check};
use crate::engine::passes::{fuse, fuse_reductions};

#[test]
fn what_is_only_reduced_is_reduced_as_it_is_made() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![64, 32]);
    let y = g.placeholder::<f32>("y", shape![32]);
    let difference = x - y;
    let loss = difference.square().reduce_mean(..);
    let scaled = x * 2.0;
    let fetches = [
        loss.any(),
        // What is used twice stays.
        scaled.reduce_sum(1).any(),
        scaled.any(),
        // What is made of a slice is made as one.
        (x * y).slice((.., ..8)).reduce_max(1).any(),
        // There is nothing to join.
        x.reduce_sum(0).any(),
        // All of it in another shape.
        y.exp().reshape([4, 8]).reduce_sum(0).any(),
    ];
    let feeds: [(_, &[usize]); 2] = [(x.any(), &[64, 32]), (y.any(), &[32])];
    let mut block = block_of(&g, &fetches, &feeds);
    fuse::run(&mut block);
    check(
        block,
        fuse_reductions::run,
        &expect![[r#"
        %0: f32[64, 32] = given Input(0)
        %1: f32[32] = given Input(1)
        %3: f32[64, 32] = fused(%0, %1)
            t2 = sub(t0, t1)
            t3 = square(t2)
            give t3
        %4: f32[] = Mean(%3)
        %5: f32[] = constant F32([2.0]) ()
        %6: f32[64, 32] = fused(%0, %5)
            t2 = mul(t0, t1)
            give t2
        %7: f32[64] = Sum(%6)
        %16: f32[64, 8] = fused(%0[0..][64, 8] strides [32, 1], %1[0..][8])
            t2 = mul(t0, t1)
            give t2
        %11: f32[64] = Max(%16)
        %12: f32[32] = Sum(%0)
        %13: f32[32] = fused(%1)
            t1 = exp(t0)
            give t1
        %15: f32[8] = Sum(%13[0..][4, 8])
        give %4, %6, %7, %11, %12, %15
        ---- 3 done
        %0: f32[64, 32] = given Input(0)
        %1: f32[32] = given Input(1)
        %4: f32[] = fused [64, 32] then Mean (%0, %1)
            t2 = sub(t0, t1)
            t3 = square(t2)
            give t3
        %5: f32[] = constant F32([2.0]) ()
        %6: f32[64, 32] = fused(%0, %5)
            t2 = mul(t0, t1)
            give t2
        %7: f32[64] = Sum(%6)
        %11: f32[64] = fused [64, 8] then Max (%0[0..][64, 8] strides [32, 1], %1[0..][8])
            t2 = mul(t0, t1)
            give t2
        %12: f32[32] = Sum(%0)
        %15: f32[8] = fused [32] then Sum (%1)
            t1 = exp(t0)
            give t1
        give %4, %6, %7, %11, %12, %15
    "#]],
    );
}
