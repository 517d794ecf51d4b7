use aqueduct_graph::{Graph, Value, shape};
use expect_test::expect;

use super::{awkward, block_of, check, check_bits};
use crate::engine::passes::merge_common::run;
use crate::options::Pass;

#[test]
fn what_is_computed_twice_is_computed_once() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4]);
    let twice = (x.exp() + 1.0) * (x.exp() + 1.0);
    check(
        block_of(&g, &[twice.any()], &[(x.any(), &[4])]),
        run,
        &expect![[r#"
            %0: f32[4] = given Input(0)
            %1: f32[4] = fused(%0)
                t1 = exp(t0)
                give t1
            %2: f32[] = constant F32([1.0]) ()
            %3: f32[4] = fused(%1, %2)
                t2 = add(t0, t1)
                give t2
            %4: f32[4] = fused(%0)
                t1 = exp(t0)
                give t1
            %5: f32[] = constant F32([1.0]) ()
            %6: f32[4] = fused(%4, %5)
                t2 = add(t0, t1)
                give t2
            %7: f32[4] = fused(%3, %6)
                t2 = mul(t0, t1)
                give t2
            give %7
            ---- 3 done
            %0: f32[4] = given Input(0)
            %1: f32[4] = fused(%0)
                t1 = exp(t0)
                give t1
            %2: f32[] = constant F32([1.0]) ()
            %3: f32[4] = fused(%1, %2)
                t2 = add(t0, t1)
                give t2
            %7: f32[4] = fused(%3, %3)
                t2 = mul(t0, t1)
                give t2
            give %7
        "#]],
    );
}

#[test]
fn equal_views_and_kernels_are_one() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![4, 2]);
    let sums = x.slice(1..3).reduce_sum(0) - x.slice(1..3).reduce_sum(0);
    let other = x.slice(0..2).reduce_sum(0);
    let fed: [(_, &[usize]); 1] = [(x.any(), &[4, 2])];
    check(
        block_of(&g, &[sums.any(), other.any()], &fed),
        run,
        &expect![[r#"
        %0: f32[4, 2] = given Input(0)
        %3: f32[2] = Sum(%0[2..][2, 2])
        %6: f32[2] = Sum(%0[2..][2, 2])
        %7: f32[2] = fused(%3, %6)
            t2 = sub(t0, t1)
            give t2
        %10: f32[2] = Sum(%0[0..][2, 2])
        give %7, %10
        ---- 1 done
        %0: f32[4, 2] = given Input(0)
        %3: f32[2] = Sum(%0[2..][2, 2])
        %7: f32[2] = fused(%3, %3)
            t2 = sub(t0, t1)
            give t2
        %10: f32[2] = Sum(%0[0..][2, 2])
        give %7, %10
    "#]],
    );
}

#[test]
fn minus_zero_is_not_zero() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let (a, b) = (x / g.constant(0.0_f32), x / g.constant(-0.0_f32));
    let (c, d) = (x.leaky_relu(0.0), x.leaky_relu(-0.0));
    let fetches = [a.any(), b.any(), c.any(), d.any()];
    let feeds = [(x.any(), Value::scalar(-1.0_f32))];
    assert_eq!(check_bits(&g, Pass::MergeCommon, &fetches, &feeds), 0);
}

#[test]
fn bodies_and_what_they_are_given_are_merged() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![3, 2]);
    let w = g.placeholder::<f32>("w", shape![2]);
    let (a, b) = (w.sin(), w.sin());
    let (last, _) = g.scan(xs.slice(0), xs, |h, x| (h * a + x * b + (x * a), ()));
    let fed: [(_, &[usize]); 2] = [(xs.any(), &[3, 2]), (w.any(), &[2])];
    check(
        block_of(&g, &[last.any()], &fed),
        run,
        &expect![[r#"
            %0: f32[2] = given Input(1)
            %3: f32[3, 2] = given Input(0)
            %1: f32[2] = fused(%0)
                t1 = sin(t0)
                give t1
            %2: f32[2] = fused(%0)
                t1 = sin(t0)
                give t1
            %6: f32[2] = scan of 3 steps, 1 states, 1 sequences (%3[0..][2], %3, %1, %2)
                %0: f32[2] = parameter 0
                %1: f32[2] = parameter 2
                %3: f32[2] = parameter 1
                %4: f32[2] = parameter 3
                %2: f32[2] = fused(%0, %1)
                    t2 = mul(t0, t1)
                    give t2
                %5: f32[2] = fused(%3, %4)
                    t2 = mul(t0, t1)
                    give t2
                %6: f32[2] = fused(%2, %5)
                    t2 = add(t0, t1)
                    give t2
                %7: f32[2] = fused(%3, %1)
                    t2 = mul(t0, t1)
                    give t2
                %8: f32[2] = fused(%6, %7)
                    t2 = add(t0, t1)
                    give t2
                give %8
            give %6
            ---- 2 done
            %0: f32[2] = given Input(1)
            %3: f32[3, 2] = given Input(0)
            %1: f32[2] = fused(%0)
                t1 = sin(t0)
                give t1
            %6: f32[2] = scan of 3 steps, 1 states, 1 sequences (%3[0..][2], %3, %1)
                %0: f32[2] = parameter 0
                %1: f32[2] = parameter 2
                %3: f32[2] = parameter 1
                %2: f32[2] = fused(%0, %1)
                    t2 = mul(t0, t1)
                    give t2
                %5: f32[2] = fused(%3, %1)
                    t2 = mul(t0, t1)
                    give t2
                %6: f32[2] = fused(%2, %5)
                    t2 = add(t0, t1)
                    give t2
                %8: f32[2] = fused(%6, %5)
                    t2 = add(t0, t1)
                    give t2
                give %8
            give %6
        "#]],
    );
    let feeds = [
        (
            xs.any(),
            Value::new(
                vec![3, 2],
                aqueduct_graph::ir::Data::F32(awkward()[..6].to_vec()),
            )
            .unwrap(),
        ),
        (w.any(), Value::vector(vec![0.5_f32, -2.0])),
    ];
    assert!(check_bits(&g, Pass::MergeCommon, &[last.any()], &feeds) > 1);
}
