use aqueduct_graph::{AnyTensor, Graph, shape};
use expect_test::expect;

use super::{block_of, check};
use crate::engine::ir::{Block, Code};
use crate::engine::passes::sum_products::run;

/// The gradients of `K` and `b` of unrolled steps `x[t] · K + b`, made from the last step to the first,
/// with `more` added to that of K.
fn gradients(steps: usize, rows: usize, with_more: bool) -> Block {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let z = g.placeholder::<f32>("z", shape![?, 2]);
    let more = g.placeholder::<f32>("more", shape![3, 2]);
    let parts = x.split(steps, 0).into_iter().zip(z.split(steps, 0));
    let mut of_weights = Vec::new();
    let mut of_bias = Vec::new();
    for (x, z) in parts.rev() {
        let z = z.tanh();
        of_weights.push(x.transpose([1, 0]).matmul(z));
        of_bias.push(z.reduce_sum(0));
    }
    if with_more {
        of_weights.push(more);
    }
    let sums = [of_weights, of_bias].map(|terms| {
        let sum = terms.into_iter().reduce(|sum, term| sum + term);
        sum.unwrap().any()
    });
    let given: [(AnyTensor<'_>, &[usize]); 3] = [
        (x.any(), &[steps * rows, 3]),
        (z.any(), &[steps * rows, 2]),
        (more.any(), &[3, 2]),
    ];
    let given = if with_more { &given[..] } else { &given[..2] };
    block_of(&g, &sums, given)
}

#[test]
fn gradients_of_unrolled_steps_are_one_product_each() {
    check(
        gradients(3, 5, true),
        run,
        &expect![[r#"
        %0: f32[15, 3] = given Input(0)
        %4: f32[15, 2] = given Input(1)
        %22: f32[3, 2] = given Input(2)
        %8: f32[5, 2] = fused(%4[20..][5, 2])
            t1 = tanh(t0)
            give t1
        %10: f32[3, 2] = product(%0[30..][3, 5] strides [1, 3], %8)
        %11: f32[2] = Sum(%8)
        %12: f32[5, 2] = fused(%4[10..][5, 2])
            t1 = tanh(t0)
            give t1
        %14: f32[3, 2] = product(%0[15..][3, 5] strides [1, 3], %12)
        %15: f32[2] = Sum(%12)
        %16: f32[5, 2] = fused(%4[0..][5, 2])
            t1 = tanh(t0)
            give t1
        %18: f32[3, 2] = product(%0[0..][3, 5] strides [1, 3], %16)
        %19: f32[2] = Sum(%16)
        %20: f32[3, 2] = fused(%10, %14)
            t2 = add(t0, t1)
            give t2
        %21: f32[3, 2] = fused(%20, %18)
            t2 = add(t0, t1)
            give t2
        %23: f32[3, 2] = fused(%21, %22)
            t2 = add(t0, t1)
            give t2
        %24: f32[2] = fused(%11, %15)
            t2 = add(t0, t1)
            give t2
        %25: f32[2] = fused(%24, %19)
            t2 = add(t0, t1)
            give t2
        give %23, %25
        ---- 2 done
        %0: f32[15, 3] = given Input(0)
        %4: f32[15, 2] = given Input(1)
        %22: f32[3, 2] = given Input(2)
        %8: f32[5, 2] = fused(%4[20..][5, 2])
            t1 = tanh(t0)
            give t1
        %12: f32[5, 2] = fused(%4[10..][5, 2])
            t1 = tanh(t0)
            give t1
        %16: f32[5, 2] = fused(%4[0..][5, 2])
            t1 = tanh(t0)
            give t1
        %30: f32[15, 2] = join at [0, 10, 20] (%16, %12, %8)
        %33: f32[3, 2] = product(%0[0..][3, 15] strides [1, 3], %30)
        %34: f32[3, 2] = fused(%33, %22)
            t2 = add(t0, t1)
            give t2
        %37: f32[] = constant F32([1.0]) ()
        %39: f32[1, 2] = product(%37[0..][1, 15] strides [0, 0], %30)
        give %34, %39[0..][2]
    "#]],
    );
}

#[test]
fn what_would_leave_the_cache_stays() {
    let rows = (1 << 20) / size_of::<f32>() / 3 + 1;
    assert_eq!(run(&mut gradients(2, rows, false)), 0);
}

#[test]
fn a_sum_of_products_of_activations_stays() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![8, 3]);
    let h = g.placeholder::<f32>("h", shape![8, 4]);
    let u = g.placeholder::<f32>("U", shape![3, 2]);
    let w = g.placeholder::<f32>("W", shape![4, 2]);
    let y = x.tanh().matmul(u) + h.tanh().matmul(w);
    let given: [(_, &[usize]); 4] = [
        (x.any(), &[8, 3]),
        (h.any(), &[8, 4]),
        (u.any(), &[3, 2]),
        (w.any(), &[4, 2]),
    ];
    let mut block = block_of(&g, &[y.any()], &given);
    assert_eq!(run(&mut block), 0);
    let products = block.nodes.iter();
    let products = products.filter(|node| matches!(node.code, Code::Product));
    assert_eq!(products.count(), 2);
}
