use aqueduct_graph::ir::Data;
use aqueduct_graph::{AnyTensor, Graph, Tensor, Value, shape};
use expect_test::expect;

use super::{block_of, check, check_bits};
use crate::engine::passes::merge_products::run;
use crate::engine::passes::{dead, split_products};
use crate::options::Pass;

/// The gate of a cell: a product with weights of its own.
fn gate<'g>(g: &'g Graph, x: Tensor<'g, f32>, name: &str) -> (Tensor<'g, f32>, AnyTensor<'g>) {
    let weights = g.placeholder::<f32>(name, shape![3, 4]);
    (x.matmul(weights).tanh(), weights.any())
}

/// Numbers of which each is another one.
fn numbers(sizes: &[usize]) -> Value {
    let count: usize = sizes.iter().product();
    let numbers = (0..count).map(|index| (index as f32 * 0.7).sin());
    Value::new(sizes.to_vec(), Data::F32(numbers.collect())).unwrap()
}

#[test]
fn products_with_one_left_operand_are_one() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![32, 3]);
    let ((a, of_a), (b, of_b)) = (gate(&g, x, "a"), gate(&g, x, "b"));
    let y = (a * b).any();
    let sizes: [&[usize]; 3] = [&[32, 3], &[3, 4], &[3, 4]];
    let given = [x.any(), of_a, of_b].into_iter().zip(sizes);
    let given: Vec<_> = given.collect();
    check(
        block_of(&g, &[y], &given),
        |block| run(block, true),
        &expect![[r#"
            %0: f32[32, 3] = given Input(0)
            %1: f32[3, 4] = given Input(1)
            %4: f32[3, 4] = given Input(2)
            %2: f32[32, 4] = product(%0, %1)
            %3: f32[32, 4] = fused(%2)
                t1 = tanh(t0)
                give t1
            %5: f32[32, 4] = product(%0, %4)
            %6: f32[32, 4] = fused(%5)
                t1 = tanh(t0)
                give t1
            %7: f32[32, 4] = fused(%3, %6)
                t2 = mul(t0, t1)
                give t2
            give %7
            ---- 1 done
            %0: f32[32, 3] = given Input(0)
            %1: f32[3, 4] = given Input(1)
            %4: f32[3, 4] = given Input(2)
            %10: f32[3, 8] = join at [0, 4] (%1, %4)
            %11: f32[32, 8] = product(%0, %10)
            %3: f32[32, 4] = fused(%11[0..][32, 4] strides [8, 1])
                t1 = tanh(t0)
                give t1
            %6: f32[32, 4] = fused(%11[4..][32, 4] strides [8, 1])
                t1 = tanh(t0)
                give t1
            %7: f32[32, 4] = fused(%3, %6)
                t2 = mul(t0, t1)
                give t2
            give %7
        "#]],
    );
    let values = given
        .iter()
        .map(|(tensor, sizes)| (*tensor, numbers(sizes)));
    let values: Vec<_> = values.collect();
    assert_eq!(check_bits(&g, Pass::MergeProducts, &[y], &values), 1);
}

#[test]
fn weights_are_not_joined_for_a_few_rows() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2, 3]);
    let ((a, of_a), (b, of_b)) = (gate(&g, x, "a"), gate(&g, x, "b"));
    let given: [(_, &[usize]); 3] = [(x.any(), &[2, 3]), (of_a, &[3, 4]), (of_b, &[3, 4])];
    let mut block = block_of(&g, &[(a * b).any()], &given);
    assert_eq!(run(&mut block, true), 0);
}

#[test]
fn right_operands_are_made_side_by_side() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![5, 2]);
    let z = g.placeholder::<f32>("z", shape![5, 3]);
    let turned = x.transpose([1, 0]);
    let slopes = [turned.matmul(z.tanh()), turned.matmul(z.sin())];
    let fetches = slopes.map(|slope| slope.square().any());
    let given: [(_, &[usize]); 2] = [(x.any(), &[5, 2]), (z.any(), &[5, 3])];
    check(
        block_of(&g, &fetches, &given),
        |block| run(block, true),
        &expect![[r#"
            %0: f32[5, 2] = given Input(0)
            %2: f32[5, 3] = given Input(1)
            %3: f32[5, 3] = fused(%2)
                t1 = tanh(t0)
                give t1
            %4: f32[2, 3] = product(%0[0..][2, 5] strides [1, 2], %3)
            %5: f32[5, 3] = fused(%2)
                t1 = sin(t0)
                give t1
            %6: f32[2, 3] = product(%0[0..][2, 5] strides [1, 2], %5)
            %7: f32[2, 3] = fused(%4)
                t1 = square(t0)
                give t1
            %8: f32[2, 3] = fused(%6)
                t1 = square(t0)
                give t1
            give %7, %8
            ---- 1 done
            %0: f32[5, 2] = given Input(0)
            %2: f32[5, 3] = given Input(1)
            %3: f32[5, 3] = fused(%2)
                t1 = tanh(t0)
                give t1
            %5: f32[5, 3] = fused(%2)
                t1 = sin(t0)
                give t1
            %11: f32[5, 6] = join at [0, 3] (%3, %5)
            %12: f32[2, 6] = product(%0[0..][2, 5] strides [1, 2], %11)
            %7: f32[2, 3] = fused(%12[0..][2, 3] strides [6, 1])
                t1 = square(t0)
                give t1
            %8: f32[2, 3] = fused(%12[3..][2, 3] strides [6, 1])
                t1 = square(t0)
                give t1
            give %7, %8
        "#]],
    );
}

#[test]
fn a_product_that_is_given_as_it_is_stays() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![5, 2]);
    let z = g.placeholder::<f32>("z", shape![5, 3]);
    let turned = x.transpose([1, 0]);
    let slopes = [turned.matmul(z.tanh()), turned.matmul(z.sin())];
    let fetches = slopes.map(|slope| slope.any());
    let given: [(_, &[usize]); 2] = [(x.any(), &[5, 2]), (z.any(), &[5, 3])];
    assert_eq!(run(&mut block_of(&g, &fetches, &given), true), 0);
}

/// The sum of `tanh(x[:, t] · K)`.
fn steps(g: &Graph, sizes: [usize; 3]) -> (AnyTensor<'_>, [(AnyTensor<'_>, Vec<usize>); 2]) {
    let x = g.placeholder::<f32>("x", shape![?, ?, 3]);
    let k = g.placeholder::<f32>("K", shape![3, 2]);
    let steps = x.unstack(sizes[1], 1).into_iter();
    let outputs = steps.map(|x| x.matmul(k).tanh());
    let sum = outputs.reduce(|sum, output| sum + output).unwrap();
    let given = [(x.any(), sizes.to_vec()), (k.any(), vec![3, 2])];
    (sum.any(), given)
}

#[test]
fn products_of_slices_that_take_turns_are_one() {
    let g = Graph::new();
    let (y, given) = steps(&g, [4, 3, 3]);
    let shapes = given
        .each_ref()
        .map(|(tensor, sizes)| (*tensor, &sizes[..]));
    check(
        block_of(&g, &[y], &shapes),
        |block| run(block, false),
        &expect![[r#"
            %0: f32[4, 3, 3] = given Input(0)
            %7: f32[3, 2] = given Input(1)
            %8: f32[4, 2] = product(%0[0..][4, 3] strides [9, 1], %7)
            %9: f32[4, 2] = fused(%8)
                t1 = tanh(t0)
                give t1
            %10: f32[4, 2] = product(%0[3..][4, 3] strides [9, 1], %7)
            %11: f32[4, 2] = fused(%10)
                t1 = tanh(t0)
                give t1
            %12: f32[4, 2] = fused(%9, %11)
                t2 = add(t0, t1)
                give t2
            %13: f32[4, 2] = product(%0[6..][4, 3] strides [9, 1], %7)
            %14: f32[4, 2] = fused(%13)
                t1 = tanh(t0)
                give t1
            %15: f32[4, 2] = fused(%12, %14)
                t2 = add(t0, t1)
                give t2
            give %15
            ---- 2 done
            %0: f32[4, 3, 3] = given Input(0)
            %7: f32[3, 2] = given Input(1)
            %18: f32[12, 2] = product(%0[0..][12, 3], %7)
            %9: f32[4, 2] = fused(%18[0..][4, 2] strides [6, 1])
                t1 = tanh(t0)
                give t1
            %11: f32[4, 2] = fused(%18[2..][4, 2] strides [6, 1])
                t1 = tanh(t0)
                give t1
            %12: f32[4, 2] = fused(%9, %11)
                t2 = add(t0, t1)
                give t2
            %14: f32[4, 2] = fused(%18[4..][4, 2] strides [6, 1])
                t1 = tanh(t0)
                give t1
            %15: f32[4, 2] = fused(%12, %14)
                t2 = add(t0, t1)
                give t2
            give %15
        "#]],
    );
    let values = given.map(|(tensor, sizes)| (tensor, numbers(&sizes)));
    assert_eq!(check_bits(&g, Pass::MergeProducts, &[y], &values), 2);
}

#[test]
fn products_of_slices_of_many_rows_stay() {
    let g = Graph::new();
    let (y, given) = steps(&g, [16, 3, 3]);
    let shapes = given
        .each_ref()
        .map(|(tensor, sizes)| (*tensor, &sizes[..]));
    assert_eq!(run(&mut block_of(&g, &[y], &shapes), true), 0);
}

#[test]
fn a_slice_is_taken_out_of_a_sum() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![1, 2, 16]);
    let k = g.placeholder::<f32>("K", shape![32, 16]);
    let first = g.concat(&[x.slice((.., 0)), g.zeros::<f32>([1, 16])], 1);
    let h = first.matmul(k).tanh();
    let y = g.concat(&[x.slice((.., 1)), h], 1).matmul(k).tanh();
    let given: [(_, &[usize]); 2] = [(x.any(), &[1, 2, 16]), (k.any(), &[32, 16])];
    let mut block = block_of(&g, &[y.any()], &given);
    split_products::run(&mut block);
    dead::remove(&mut block);
    assert_eq!(run(&mut block.clone(), false), 0);
    check(
        block,
        |block| run(block, true),
        &expect![[r#"
        %0: f32[1, 2, 16] = given Input(0)
        %6: f32[32, 16] = given Input(1)
        %3: f32[] = constant F32([0.0]) ()
        %7: f32[1, 16] = product(%0[0..][1, 16], %6[0..][16, 16], %3[0..][1, 16] strides [0, 0], %6[256..][16, 16])
        %8: f32[1, 16] = fused(%7)
            t1 = tanh(t0)
            give t1
        %12: f32[1, 16] = product(%0[16..][1, 16], %6[0..][16, 16], %8, %6[256..][16, 16])
        %13: f32[1, 16] = fused(%12)
            t1 = tanh(t0)
            give t1
        give %13
        ---- 1 done
        %0: f32[1, 2, 16] = given Input(0)
        %6: f32[32, 16] = given Input(1)
        %3: f32[] = constant F32([0.0]) ()
        %25: f32[2, 16] = product(%0[0..][2, 16], %6[0..][16, 16])
        %19: f32[1, 16] = product(%3[0..][1, 16] strides [0, 0], %6[256..][16, 16])
        %7: f32[1, 16] = fused(%25[0..][1, 16], %19)
            t2 = add(t0, t1)
            give t2
        %8: f32[1, 16] = fused(%7)
            t1 = tanh(t0)
            give t1
        %21: f32[1, 16] = product(%8, %6[256..][16, 16])
        %12: f32[1, 16] = fused(%25[16..][1, 16], %21)
            t2 = add(t0, t1)
            give t2
        %13: f32[1, 16] = fused(%12)
            t1 = tanh(t0)
            give t1
        give %13
    "#]],
    );
}
