use aqueduct_graph::ir::Data;
use aqueduct_graph::{Graph, Value, shape};
use expect_test::expect;

use super::{block_of, check, check_bits};
use crate::engine::passes::group_products;
use crate::options::Pass;

#[test]
fn products_with_one_right_operand_are_done_together() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![300, 28]);
    let h = g.placeholder::<f32>("h", shape![300, 40]);
    let slope = g.placeholder::<f32>("slope", shape![300, 64]);
    let (of_input, of_state) = (
        x.transpose([1, 0]).matmul(slope),
        h.transpose([1, 0]).matmul(slope),
    );
    let fetches = [
        of_input.any(),
        of_state.any(),
        // It needs the result of another one.
        g.zeros::<f32>(shape![300, 28])
            .matmul(of_input)
            .transpose([1, 0])
            .matmul(slope)
            .any(),
        // A right operand of its own.
        x.transpose([1, 0]).matmul(slope * 2.0).any(),
        // The columns of a part are not those of the whole.
        x.transpose([1, 0]).matmul(slope.slice((.., ..63))).any(),
    ];
    let feeds: [(_, &[usize]); 3] = [
        (x.any(), &[300, 28]),
        (h.any(), &[300, 40]),
        (slope.any(), &[300, 64]),
    ];
    check(
        block_of(&g, &fetches, &feeds),
        group_products::run,
        &expect![[r#"
            %0: f32[300, 28] = given Input(0)
            %2: f32[300, 64] = given Input(2)
            %4: f32[300, 40] = given Input(1)
            %3: f32[28, 64] = product(%0[0..][28, 300] strides [1, 28], %2)
            %6: f32[40, 64] = product(%4[0..][40, 300] strides [1, 40], %2)
            %7: f32[] = constant F32([0.0]) ()
            %9: f32[300, 64] = product(%7[0..][300, 28] strides [0, 0], %3)
            %11: f32[64, 64] = product(%9[0..][64, 300] strides [1, 64], %2)
            %13: f32[] = constant F32([2.0]) ()
            %14: f32[300, 64] = fused(%2, %13)
                t2 = mul(t0, t1)
                give t2
            %15: f32[28, 64] = product(%0[0..][28, 300] strides [1, 28], %14)
            %19: f32[28, 63] = product(%0[0..][28, 300] strides [1, 28], %2[0..][300, 63] strides [64, 1])
            give %3, %6, %11, %15, %19
            ---- 2 done
            %0: f32[300, 28] = given Input(0)
            %2: f32[300, 64] = given Input(2)
            %4: f32[300, 40] = given Input(1)
            %3: f32[28, 64], %6: f32[40, 64] = products(%0[0..][28, 300] strides [1, 28], %4[0..][40, 300] strides [1, 40], %2)
            %7: f32[] = constant F32([0.0]) ()
            %9: f32[300, 64] = product(%7[0..][300, 28] strides [0, 0], %3)
            %11: f32[64, 64] = product(%9[0..][64, 300] strides [1, 64], %2)
            %13: f32[] = constant F32([2.0]) ()
            %14: f32[300, 64] = fused(%2, %13)
                t2 = mul(t0, t1)
                give t2
            %15: f32[28, 64] = product(%0[0..][28, 300] strides [1, 28], %14)
            %19: f32[28, 63] = product(%0[0..][28, 300] strides [1, 28], %2[0..][300, 63] strides [64, 1])
            give %3, %6, %11, %15, %19
        "#]],
    );
}

#[test]
fn small_products_stay_alone() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![8, 4]);
    let y = g.placeholder::<f32>("y", shape![8, 6]);
    let x_by_y = x.transpose([1, 0]).matmul(y);
    let fetches = [x_by_y.any(), y.transpose([1, 0]).matmul(y).any()];
    let numbers = |count: usize| (0..count).map(|number| number as f32).collect::<Vec<_>>();
    let value =
        |columns: usize| Value::new(vec![8, columns], Data::F32(numbers(8 * columns))).unwrap();
    let feeds = [(x.any(), value(4)), (y.any(), value(6))];
    assert_eq!(check_bits(&g, Pass::GroupProducts, &fetches, &feeds), 0);
}
