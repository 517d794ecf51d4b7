use aqueduct_graph::{DType, Graph, Tensor, Value, shape};
use expect_test::expect;

use super::{awkward, block_of, check, check_bits};
use crate::engine::passes::simplify::run;
use crate::options::Pass;

/// How many things are simplified in a function of awkward numbers, of which no bit changes.
fn simplified(f: impl for<'g> Fn(Tensor<'g, f32>) -> Tensor<'g, f32>) -> usize {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let y = f(x);
    let feeds = [(x.any(), Value::vector(awkward()))];
    check_bits(
        &g,
        Pass::SimplifyAlgebra,
        &[y.any(), y.reciprocal().any()],
        &feeds,
    )
}

#[test]
fn identities_keep_every_bit() {
    assert!(simplified(|x| x - 0.0) > 0);
    assert!(simplified(|x| x + -0.0) > 0);
    assert!(simplified(|x| -(-x)) > 0);
    assert!(simplified(|x| x / 4.0) > 0);
    assert!(simplified(|x| x / -0.125) > 0);
    assert!(simplified(|x| x / f32::MIN_POSITIVE) > 0);
    assert!(simplified(|x| x.is_nan().logical_not().logical_not().select(x, x)) > 0);
}

#[test]
fn what_changes_a_bit_stays() {
    assert_eq!(simplified(|x| x + 0.0), 0);
    assert_eq!(simplified(|x| x - -0.0), 0);
    assert_eq!(simplified(|x| 0.0 - x), 0);
    assert_eq!(simplified(|x| x * 0.0), 0);
    assert_eq!(simplified(|x| x * 1.0), 0);
    assert_eq!(simplified(|x| 1.0 * x), 0);
    assert_eq!(simplified(|x| x - x), 0);
    assert_eq!(simplified(|x| x / 3.0), 0);
    assert_eq!(simplified(|x| x / 2.0_f32.powi(127)), 0);
    assert_eq!(simplified(|x| x / 1e-45), 0);
    assert_eq!(simplified(|x| 1.0 / x), 0);
}

#[test]
fn a_chain_of_nothing_is_its_operand() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let y = ((x - 0.0 - 0.0).transpose([1, 0]) - 0.0).tanh();
    let z = (x - 0.0).any().cast(DType::F32);
    let block = block_of(&g, &[y.any(), z], &[(x.any(), &[2, 3])]);
    check(
        block,
        run,
        &expect![[r#"
            %1: f32[2, 3] = given Input(0)
            %0: f32[] = constant F32([0.0]) ()
            %2: f32[2, 3] = fused(%1, %0)
                t2 = sub(t0, t1)
                give t2
            %3: f32[] = constant F32([0.0]) ()
            %4: f32[2, 3] = fused(%2, %3)
                t2 = sub(t0, t1)
                give t2
            %6: f32[] = constant F32([0.0]) ()
            %7: f32[3, 2] = fused(%4[0..][3, 2] strides [1, 3], %6)
                t2 = sub(t0, t1)
                give t2
            %8: f32[3, 2] = fused(%7)
                t1 = tanh(t0)
                give t1
            %9: f32[] = constant F32([0.0]) ()
            %10: f32[2, 3] = fused(%1, %9)
                t2 = sub(t0, t1)
                give t2
            give %8, %10
            ---- 8 done
            %1: f32[2, 3] = given Input(0)
            %8: f32[3, 2] = fused(%1[0..][3, 2] strides [1, 3])
                t1 = tanh(t0)
                give t1
            give %8, %1
        "#]],
    );
}

#[test]
fn work_on_what_is_repeated_is_done_once() {
    let g = Graph::new();
    let row = g.placeholder::<f32>("row", shape![3]);
    let x = g.placeholder::<f32>("x", shape![4, 3]);
    let y = x * row.broadcast_to([4, 3]).exp();
    let fed: [(_, &[usize]); 2] = [(row.any(), &[3]), (x.any(), &[4, 3])];
    check(
        block_of(&g, &[y.any()], &fed),
        run,
        &expect![[r#"
        %0: f32[3] = given Input(0)
        %3: f32[4, 3] = given Input(1)
        %2: f32[4, 3] = fused(%0[0..][4, 3] strides [0, 1])
            t1 = exp(t0)
            give t1
        %4: f32[4, 3] = fused(%3, %2)
            t2 = mul(t0, t1)
            give t2
        give %4
        ---- 1 done
        %0: f32[3] = given Input(0)
        %3: f32[4, 3] = given Input(1)
        %6: f32[1, 3] = fused(%0[0..][1, 3])
            t1 = exp(t0)
            give t1
        %4: f32[4, 3] = fused(%3, %6[0..][4, 3] strides [0, 1])
            t2 = mul(t0, t1)
            give t2
        give %4
    "#]],
    );
}

#[test]
fn pieces_of_one_value_are_put_together_without_a_copy() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4, 6]);
    let again = g.concat(&x.split(3, 1), 1).tanh();
    let stacked = g.stack(&x.unstack(4, 0), 1).exp();
    let some = g
        .concat(&[x.slice(0..1), x.slice(1..2), x.slice(0..2)], 0)
        .sin();
    let fetches = [again.any(), stacked.any(), some.any()];
    check(
        block_of(&g, &fetches, &[(x.any(), &[4, 6])]),
        run,
        &expect![[r#"
        %0: f32[4, 6] = given Input(0)
        %4: f32[4, 6] = join at [0, 2, 4] (%0[0..][4, 2] strides [6, 1], %0[2..][4, 2] strides [6, 1], %0[4..][4, 2] strides [6, 1])
        %5: f32[4, 6] = fused(%4)
            t1 = tanh(t0)
            give t1
        %14: f32[6, 4] = join at [0, 1, 2, 3] (%0[0..][6], %0[6..][6], %0[12..][6], %0[18..][6])
        %15: f32[6, 4] = fused(%14)
            t1 = exp(t0)
            give t1
        %22: f32[4, 6] = join at [0, 6, 12] (%0[0..][1, 6], %0[6..][1, 6], %0[0..][2, 6])
        %23: f32[4, 6] = fused(%22)
            t1 = sin(t0)
            give t1
        give %5, %15, %23
        ---- 8 done
        %0: f32[4, 6] = given Input(0)
        %5: f32[4, 6] = fused(%0)
            t1 = tanh(t0)
            give t1
        %15: f32[6, 4] = fused(%0[0..][6, 4] strides [1, 6])
            t1 = exp(t0)
            give t1
        %22: f32[4, 6] = join at [0, 12] (%0[0..][12], %0[0..][2, 6])
        %23: f32[4, 6] = fused(%22)
            t1 = sin(t0)
            give t1
        give %5, %15, %23
    "#]],
    );
    let numbers = aqueduct_graph::ir::Data::F32((0..24).map(|number| number as f32).collect());
    let feeds = [(x.any(), Value::new(vec![4, 6], numbers).unwrap())];
    assert!(check_bits(&g, Pass::SimplifyAlgebra, &fetches, &feeds) > 0);
}

#[test]
fn a_loop_keeps_operands_that_it_was_made_for() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![2, 3, 2]);
    let turned = xs.transpose([1, 0, 2]) - 0.0;
    let (last, _) = g.scan(xs.slice(0).slice(0..2), turned, |h, x| (h - 0.0 + x, ()));
    let block = block_of(&g, &[last.any()], &[(xs.any(), &[2, 3, 2])]);
    check(
        block,
        run,
        &expect![[r#"
            %0: f32[2, 3, 2] = given Input(0)
            %2: f32[] = constant F32([0.0]) ()
            %3: f32[3, 2, 2] = fused(%0[0..][3, 2, 2] strides [2, 6, 1], %2)
                t2 = sub(t0, t1)
                give t2
            %8: f32[2, 2] = scan of 3 steps, 1 states, 1 sequences (%0[0..][2, 2], %3)
                %1: f32[2, 2] = parameter 0
                %3: f32[2, 2] = parameter 1
                %0: f32[] = constant F32([0.0]) ()
                %2: f32[2, 2] = fused(%1, %0)
                    t2 = sub(t0, t1)
                    give t2
                %4: f32[2, 2] = fused(%2, %3)
                    t2 = add(t0, t1)
                    give t2
                give %4
            give %8
            ---- 4 done
            %0: f32[2, 3, 2] = given Input(0)
            %3: f32[3, 2, 2] = fused(%0[0..][3, 2, 2] strides [2, 6, 1])
                give t0
            %8: f32[2, 2] = scan of 3 steps, 1 states, 1 sequences (%0[0..][2, 2], %3)
                %1: f32[2, 2] = parameter 0
                %3: f32[2, 2] = parameter 1
                %4: f32[2, 2] = fused(%1, %3)
                    t2 = add(t0, t1)
                    give t2
                give %4
            give %8
        "#]],
    );
}
