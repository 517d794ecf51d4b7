//! The reports of mistakes made while building, as a user sees them: each once, each with its line.

use std::sync::Arc;

use aqueduct::ir::{Fact, Problem, Reduction, Update};
use aqueduct::prelude::*;
use aqueduct::{
    Computation, CustomError, CustomGradient, CustomOp, Minimize, Sizes, value_initializer,
};
use aqueduct_tests::{mistakes_of, relative};
use expect_test::{Expect, expect};
use ndarray::ArrayViewD;

/// The graph has taken down these mistakes and no others.
fn check(graph: &Graph, anchor: u32, expected: Expect) {
    expected.assert_eq(&mistakes_of(graph, file!(), anchor));
}

#[test]
fn matmul_of_matrices_that_do_not_fit() {
    let here = line!();
    let g = Graph::new();
    let images = g.placeholder::<f32>("images", shape![?, 784]);
    let logits = g.variable_scope("hidden", || {
        let w = g.get_variable::<f32>("w", [128, 10]);
        images.matmul(w)
    });
    let _probabilities = (logits * 2.0).reduce_mean(0);
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in matmul: inner dimensions 784 and 128 differ
          --> tests/diagnostics.rs:+5:16        scope `hidden`, name `hidden/MatMul`
          lhs  images    f32[?, 784]   from tests/diagnostics.rs:+2:20
          rhs  hidden/w  f32[128, 10]  from tests/diagnostics.rs:+4:19
          help: rhs needs 784 rows"#]],
    );
}

#[test]
fn shapes_that_do_not_broadcast() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let _ = x + g.zeros::<f32>([4]).named("offset");
    let _ = 1.0 - x.sigmoid().maximum(g.ones::<f32>([2, 2, 2]));
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in add: shapes [?, 3] and [4] do not broadcast: axis 1 has sizes 3 and 4
          --> tests/diagnostics.rs:+3:13        name `add`
          lhs  x       f32[?, 3]  from tests/diagnostics.rs:+2:15
          rhs  offset  f32[4]     from tests/diagnostics.rs:+3:19
          help: sizes must be equal, or one of them 1

        shape mismatch in maximum: shapes [?, 3] and [2, 2, 2] do not broadcast: axis 2 has sizes 3 and 2
          --> tests/diagnostics.rs:+4:31        name `Maximum`
          lhs  Sigmoid  f32[?, 3]     from tests/diagnostics.rs:+4:21
          rhs  ones     f32[2, 2, 2]  from tests/diagnostics.rs:+4:41
          help: sizes must be equal, or one of them 1"#]],
    );
}

#[test]
fn axes_out_of_range() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let _ = x.reduce_sum(2);
    let _ = x.reduce_mean([0, 0]);
    let _ = x.expand_dims(-4);
    let _ = g.stack(&[x, x], 3);
    let _ = g.concat(&[x, x], i64::MIN);
    let _ = x.transpose([0, 2]);
    let _ = x.size_of(5);
    let _ = g.constant(1.0_f32).reduce_max(0);
    check(
        &g,
        here,
        expect![[r#"
            invalid argument in reduce_sum: axis 2 is out of range for rank 2
              --> tests/diagnostics.rs:+3:15        name `Sum`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: axes run from -2 to 1

            invalid argument in reduce_mean: axes [0, 0] name an axis twice
              --> tests/diagnostics.rs:+4:15        name `Mean`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: name each axis once

            invalid argument in expand_dims: axis -4 is out of range for rank 3
              --> tests/diagnostics.rs:+5:15        name `ExpandDims`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: axes run from -3 to 2

            invalid argument in stack: axis 3 is out of range for rank 3
              --> tests/diagnostics.rs:+6:15        name `stack`
              input 0  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              input 1  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: axes run from -3 to 2

            invalid argument in concat: axis -9223372036854775808 is out of range for rank 2
              --> tests/diagnostics.rs:+7:15        name `concat`
              input 0  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              input 1  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: axes run from -2 to 1

            invalid argument in transpose: [0, 2] is not a permutation of the 2 axes of x
              --> tests/diagnostics.rs:+8:15        name `transpose`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: name each axis of x once

            invalid argument in slice: axis 5 is out of range for rank 2
              --> tests/diagnostics.rs:+9:15        name `strided_slice`
              x  Shape  i32[2]  from tests/diagnostics.rs:+9:15
              help: axes run from -2 to 1

            invalid argument in reduce_max: axis 0 is out of range for rank 0
              --> tests/diagnostics.rs:+10:33        name `Max`
              x  Const  f32[]  from tests/diagnostics.rs:+10:15
              help: a scalar has no axes"#]],
    );
}

#[test]
fn element_types_that_differ() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![3]).any();
    let n = g.constant([1_i64, 2, 3]).named("n").any();
    let _ = x.add(n);
    let _ = n.matmul(n, false, false);
    let _ = x.select(n, n);
    let _ = g.stack_any(&[x, n], 0);
    let _ = x.reduce(Reduction::All, .., false);
    let _ = n.typed::<f32>() * 2.0;
    check(
        &g,
        here,
        expect![[r#"
            dtype mismatch in add: lhs is f32 but rhs is i64
              --> tests/diagnostics.rs:+4:15        name `Add`
              lhs  x  f32[3]  from tests/diagnostics.rs:+2:15
              rhs  n  i64[3]  from tests/diagnostics.rs:+3:15
              help: cast one of them: `.cast::<f32>()`

            dtype mismatch in matmul: lhs is i64 but must be f32 or f64
              --> tests/diagnostics.rs:+5:15        name `MatMul`
              lhs  n  i64[3]  from tests/diagnostics.rs:+3:15
              rhs  n  i64[3]  from tests/diagnostics.rs:+3:15
              help: cast it: `.cast::<f32>()`

            dtype mismatch in select: condition is f32 but must be bool
              --> tests/diagnostics.rs:+6:15        name `Select`
              condition  x  f32[3]  from tests/diagnostics.rs:+2:15
              lhs        n  i64[3]  from tests/diagnostics.rs:+3:15
              rhs        n  i64[3]  from tests/diagnostics.rs:+3:15
              help: cast it: `.cast::<bool>()`

            dtype mismatch in stack: input 0 is f32 but input 1 is i64
              --> tests/diagnostics.rs:+7:15        name `stack`
              input 0  x  f32[3]  from tests/diagnostics.rs:+2:15
              input 1  n  i64[3]  from tests/diagnostics.rs:+3:15
              help: cast one of them: `.cast::<f32>()`

            dtype mismatch in reduce_all: x is f32 but must be bool
              --> tests/diagnostics.rs:+8:15        name `All`
              x  x  f32[3]  from tests/diagnostics.rs:+2:15
              help: cast it: `.cast::<bool>()`

            dtype mismatch in identity: `n:0` is i64, not f32
              --> tests/diagnostics.rs:+9:15        name `typed`
              x  n  i64[3]  from tests/diagnostics.rs:+3:15
              help: convert it: `.cast(DType::F32)`"#]],
    );
}

#[test]
fn shapes_that_do_not_hold_the_elements() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 28, 28]);
    let six = g.zeros::<f32>([2, 3]).named("six");
    let _ = six.reshape([4]);
    let _ = six.reshape([-1, 4]);
    let _ = x.reshape([-1, -1]);
    let _ = six.broadcast_to([2, 4]);
    let _ = x.reshape([-1, 784, 0]);
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in reshape: shapes [2, 3] and [4] have 6 and 4 elements
              --> tests/diagnostics.rs:+4:17        name `Reshape`
              x      six    f32[2, 3]  from tests/diagnostics.rs:+3:17
              shape  shape  i32[1]     from tests/diagnostics.rs:+4:17
              help: give sizes whose product is 6; one of them may be -1, for what is left

            shape mismatch in reshape: the elements of shape [2, 3] cannot be divided over [-1, 4]: 6 is not a multiple of 4
              --> tests/diagnostics.rs:+5:17        name `Reshape_1`
              x      six      f32[2, 3]  from tests/diagnostics.rs:+3:17
              shape  shape_1  i32[2]     from tests/diagnostics.rs:+5:17
              help: give sizes whose product divides 6

            shape mismatch in reshape: shape has 2 entries of -1
              --> tests/diagnostics.rs:+6:15        name `Reshape_2`
              x      x        f32[?, 28, 28]  from tests/diagnostics.rs:+2:15
              shape  shape_2  i32[2]          from tests/diagnostics.rs:+6:15
              help: at most one size can be worked out

            shape mismatch in broadcast_to: shape [2, 3] does not broadcast to [2, 4]: axis 1 has sizes 3 and 4
              --> tests/diagnostics.rs:+7:17        name `BroadcastTo`
              x      six      f32[2, 3]  from tests/diagnostics.rs:+3:17
              shape  shape_3  i32[2]     from tests/diagnostics.rs:+7:17
              help: a size must be 1 or that of the result, counted from the last axis

            shape mismatch in reshape: the -1 in [-1, 784, 0] could be any size beside a size of 0
              --> tests/diagnostics.rs:+8:15        name `Reshape_3`
              x      x        f32[?, 28, 28]  from tests/diagnostics.rs:+2:15
              shape  shape_4  i32[3]          from tests/diagnostics.rs:+8:15
              help: give the size in place of -1"#]],
    );
}

#[test]
fn sizes_that_are_none() {
    let here = line!();
    let g = Graph::new();
    let _ = g.zeros::<f32>([2, -3]);
    let _ = g.placeholder::<f32>("x", shape![2]).reshape([-2]);
    let _ = random_normal([-1]).tensor::<f32>(&g);
    let _ = g.fill(sizes![g.constant(i64::MIN)], 1.0_f32);
    let _ = g.zeros::<f32>([i64::MAX, i64::MAX]);
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let _ = g.zeros::<f32>(Sizes::from(lengths));
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in fill: sizes gives the negative size -3
              --> tests/diagnostics.rs:+2:15        scope `zeros`, name `zeros`
              sizes  zeros/shape  i32[2]  from tests/diagnostics.rs:+2:15
              value  zeros/Const  f32[]   from tests/diagnostics.rs:+2:15
              help: a size is 0 or more

            shape mismatch in reshape: shape gives the negative size -2
              --> tests/diagnostics.rs:+3:50        name `Reshape`
              x      x      f32[2]  from tests/diagnostics.rs:+3:15
              shape  shape  i32[1]  from tests/diagnostics.rs:+3:50
              help: a size is 0 or more

            shape mismatch in random_standard_normal: shape gives the negative size -1
              --> tests/diagnostics.rs:+4:33        scope `random_normal`, name `random_normal/RandomStandardNormal`
              shape  random_normal/shape  i32[1]  from tests/diagnostics.rs:+4:33
              help: a size is 0 or more

            shape mismatch in fill: sizes gives the negative size -9223372036854775808
              --> tests/diagnostics.rs:+5:15        name `Fill`
              sizes  packed   i64[1]  from tests/diagnostics.rs:+5:15
              value  Const_1  f32[]   from tests/diagnostics.rs:+5:15
              help: a size is 0 or more

            shape mismatch in fill: a result of shape [9223372036854775807, 9223372036854775807] is larger than any memory
              --> tests/diagnostics.rs:+6:15        scope `zeros_1`, name `zeros_1`
              sizes  zeros_1/shape  i64[2]  from tests/diagnostics.rs:+6:15
              value  zeros_1/Const  f32[]   from tests/diagnostics.rs:+6:15
              help: look at the sizes that this operation is given

            shape mismatch in fill: the length of sizes is unknown
              --> tests/diagnostics.rs:+8:15        scope `zeros_2`, name `zeros_2`
              sizes  lengths        i32[?]  from tests/diagnostics.rs:+7:21
              value  zeros_2/Const  f32[]   from tests/diagnostics.rs:+8:15
              help: the rank of the result must be known while building: give sizes a fixed length"#]],
    );
}

#[test]
fn slices_that_do_not_exist() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let _ = x.slice((0, 3));
    let _ = x.slice((0, 0, 0));
    let _ = x.slice((ELLIPSIS, ELLIPSIS));
    let _ = x.slice((.., -4));
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in slice: index 3 is out of range for axis 1 of size 3
              --> tests/diagnostics.rs:+3:15        name `strided_slice`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: axis 1 takes -3 to 2

            shape mismatch in slice: the slice names 3 axes but x has rank 2
              --> tests/diagnostics.rs:+4:15        name `strided_slice_1`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: name at most one bound an axis

            invalid argument in slice: the slice has 2 ellipses but may have 1
              --> tests/diagnostics.rs:+5:15        name `strided_slice_2`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15

            shape mismatch in slice: index -4 is out of range for axis 1 of size 3
              --> tests/diagnostics.rs:+6:15        name `strided_slice_3`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: axis 1 takes -3 to 2"#]],
    );
}

#[test]
fn pieces_that_do_not_fit() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 5]);
    let halves = x.split(2, 1);
    let _ = halves[0] + halves[1];
    let rows = x.unstack(4, 1);
    let _ = g.stack(&rows, 0);
    let parts = x.split_sizes(&[2, 2], 1);
    let _ = g.concat(&parts, 1);
    let _ = x.split(0, 0);
    let _ = x.split(usize::MAX, 0);
    let _ = x.unstack(usize::MAX, 0);
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in split: axis 1 of size 5 does not divide into 2 equal pieces
          --> tests/diagnostics.rs:+3:20        name `split`
          x  x  f32[?, 5]  from tests/diagnostics.rs:+2:15
          help: give the sizes of the pieces

        shape mismatch in unstack: axis 1 has size 5 but is unstacked into 4 tensors
          --> tests/diagnostics.rs:+5:18        name `unstack`
          x  x  f32[?, 5]  from tests/diagnostics.rs:+2:15
          help: unstack it into 5

        shape mismatch in split: axis 1 has size 5 but the pieces [2, 2] add up to 4
          --> tests/diagnostics.rs:+7:19        name `split_1`
          x  x  f32[?, 5]  from tests/diagnostics.rs:+2:15
          help: the pieces must add up to 5

        invalid argument in split: an axis cannot be split into 0 pieces
          --> tests/diagnostics.rs:+9:15        name `split_2`
          x  x  f32[?, 5]  from tests/diagnostics.rs:+2:15

        invalid argument in split: 18446744073709551615 results are more than 1048576
          --> tests/diagnostics.rs:+10:15        name `split_3`
          x  x  f32[?, 5]  from tests/diagnostics.rs:+2:15
          help: keep it in one tensor, and loop over that with `scan`

        invalid argument in unstack: 18446744073709551615 results are more than 1048576
          --> tests/diagnostics.rs:+11:15        name `unstack_1`
          x  x  f32[?, 5]  from tests/diagnostics.rs:+2:15
          help: keep it in one tensor, and loop over that with `scan`"#]],
    );
}

#[test]
fn names_that_are_none() {
    let here = line!();
    let g = Graph::new();
    let _ = g.placeholder::<f32>("two words", shape![]);
    let _ = g.variable("", 1.0_f32);
    let _ = g.get_variable::<f32>("_w", [1]);
    let _ = g.name_scope("a:b", || g.constant(1.0_f32).named("é"));
    g.variable_scope("", || ());
    check(
        &g,
        here,
        expect![[r#"
        name error in placeholder: "two words" is not a name
          --> tests/diagnostics.rs:+2:15        name `two words`
          help: a name is a letter, a digit or a dot, then letters, digits and any of _ . - /

        name error in variable: "" is not a name
          --> tests/diagnostics.rs:+3:15
          help: a name is a letter, a digit or a dot, then letters, digits and any of _ . - /

        name error in get_variable: "_w" is not a name
          --> tests/diagnostics.rs:+4:15        name `_w`
          help: a name is a letter, a digit or a dot, then letters, digits and any of _ . - /

        name error in name_scope: "a:b" is not a name
          --> tests/diagnostics.rs:+5:15        name `a:b`
          help: a name is a letter, a digit or a dot, then letters, digits and any of _ . - /

        name error in named: "é" is not a name
          --> tests/diagnostics.rs:+5:56        scope `a_b`, name `é`
          help: a name is a letter, a digit or a dot, then letters, digits and any of _ . - /

        name error in variable_scope: "" is not a name
          --> tests/diagnostics.rs:+6:7
          help: a name is a letter, a digit or a dot, then letters, digits and any of _ . - /"#]],
    );
}

#[test]
fn variables_that_are_there_or_not() {
    let here = line!();
    let g = Graph::new();
    let make = || g.get_variable::<f32>("w", [2]);
    let _first = g.variable_scope("layer", make);
    let second = g.variable_scope("layer", make);
    let _ = second.assign_add(second * 2.0);
    let reuse = VariableScope::new().reuse(Reuse::Yes);
    let (missing, other) = g.variable_scope_with("layer", reuse, || {
        (
            g.get_variable::<f32>("b", [2]),
            g.get_variable::<f32>("w", [3]),
        )
    });
    let _ = missing + other;
    let _ = g.get_variable_with::<f32>("v", [2], value_initializer(ndarray::arr1(&[1.0_f32])));
    check(
        &g,
        here,
        expect![[r#"
        name error in get_variable: variable layer/w already exists, made at tests/diagnostics.rs:+2:21
          --> tests/diagnostics.rs:+2:21        scope `layer_1`, name `layer/w`
          help: to share it, open the scope with Reuse::Yes or Reuse::Auto; to have a second one, give it or its scope another name

        name error in get_variable: variable layer/b does not exist, and the scope only reuses
          --> tests/diagnostics.rs:+9:15        scope `layer_2`, name `layer/b`
          help: make it first outside of the reusing scope, or use Reuse::Auto

        shape mismatch in get_variable: variable layer/w is f32[2], made at tests/diagnostics.rs:+2:21, not f32[3]
          --> tests/diagnostics.rs:+10:15        scope `layer_2`, name `layer/w`
          help: share it with its own type and shape, or give the new one another name

        shape mismatch in const: the initial value is f32[1], the variable f32[2]
          --> tests/diagnostics.rs:+14:15        scope `v/Initializer/Const`, name `v/Initializer/Const`
          help: give a value of the variable's own type and shape"#]],
    );
}

#[test]
fn variables_whose_shape_or_value_does_not_fit() {
    let here = line!();
    let g = Graph::new();
    let n = g.placeholder::<i32>("n", shape![]);
    let v = g.variable("v", g.zeros::<f32>(sizes![n, 2]));
    let _ = v.assign_add(1.0);
    let w = g.variable("w", [1.0_f32, 2.0]);
    let _ = w.assign(g.zeros::<f32>([3]));
    let _ = w.scatter_add(g.constant([0_i32]), g.zeros::<f32>([2]));
    let _ = w.any().update(Update::Set, g.constant([1_i32, 2]).any());
    let _ = g.global_variables_initializer();
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in assign: the initial value has the unknown shape [?, 2]
              --> tests/diagnostics.rs:+3:15        name `v/Assign`
              value  zeros  f32[?, 2]  from tests/diagnostics.rs:+3:31
              help: a variable keeps one shape: start from a value whose shape is known

            shape mismatch in assign: value has shape [3] but the variable has shape [2]
              --> tests/diagnostics.rs:+6:15        name `w/Assign_1`
              value  zeros_1  f32[3]  from tests/diagnostics.rs:+6:24
              help: a write does not broadcast: give a value of the variable's shape

            shape mismatch in scatter_add: updates has shape [2] but must have shape [1]
              --> tests/diagnostics.rs:+7:15        name `w/ScatterAdd`
              indices  Const_2  i32[1]  from tests/diagnostics.rs:+7:29
              updates  zeros_2  f32[2]  from tests/diagnostics.rs:+7:50
              help: give one row of the variable for each index

            dtype mismatch in assign: the variable is f32 but value is i32
              --> tests/diagnostics.rs:+8:21        name `w/Assign_2`
              value  Const_3  i32[2]  from tests/diagnostics.rs:+8:43
              help: cast one of them: `.cast::<f32>()`"#]],
    );
}

#[test]
fn operands_of_another_graph() {
    let here = line!();
    let (g, other) = (Graph::new(), Graph::new());
    let x = g.placeholder::<f32>("x", shape![3]);
    let y = other.placeholder::<f32>("y", shape![3]);
    let _ = (x + y).tanh();
    let _ = g.stack(&[y, x], 0);
    let _ = g.concat(&[y], 0);
    let _ = x.reshape(other.constant([3_i32]));
    let _ = g.zeros::<f32>(sizes![y.size_of(0), 2]);
    let _ = g.group([x.op(), y.op()]);
    let (_, stacked) = g.scan(x, (), |h, ()| (h, y));
    let _ = stacked * 2.0;
    let _ = g.cond(g.constant(true), || x, || y);
    let _ = g.scan(y, x, |h, _| (h, ()));
    let _ = gradients(x * 2.0, y);
    let v = g.variable("v", y);
    let _ = GradientDescentOptimizer::new(0.1).minimize((v * y).reduce_sum(..));
    check(
        &g,
        here,
        expect![[r#"
            operand of another graph in add: `y:0`, built at tests/diagnostics.rs:+3:19, belongs to another graph
              --> tests/diagnostics.rs:+4:13        name `add`
              lhs  x  f32[3]  from tests/diagnostics.rs:+2:15
              help: build both in one graph, or fetch it there and feed it here

            operand of another graph in stack: `y:0`, built at tests/diagnostics.rs:+3:19, belongs to another graph
              --> tests/diagnostics.rs:+5:15        name `stack`
              input  x  f32[3]  from tests/diagnostics.rs:+2:15
              help: build both in one graph, or fetch it there and feed it here

            operand of another graph in concat: `y:0`, built at tests/diagnostics.rs:+3:19, belongs to another graph
              --> tests/diagnostics.rs:+6:15        name `concat`
              help: build both in one graph, or fetch it there and feed it here

            operand of another graph in reshape: `Const:0`, built at tests/diagnostics.rs:+7:29, belongs to another graph
              --> tests/diagnostics.rs:+7:15        name `Reshape`
              x  x  f32[3]  from tests/diagnostics.rs:+2:15
              help: build both in one graph, or fetch it there and feed it here

            operand of another graph in stack: `strided_slice:0`, built at tests/diagnostics.rs:+8:37, belongs to another graph
              --> tests/diagnostics.rs:+8:15        scope `zeros`, name `zeros/packed`
              input  zeros/Const  i32[]  from tests/diagnostics.rs:+8:15
              help: build both in one graph, or fetch it there and feed it here

            operand of another graph in control_dependencies: `y` belongs to another graph
              --> tests/diagnostics.rs:+9:15        name `y`
              help: order operations of one graph

            operand of another graph in identity: `y:0`, built at tests/diagnostics.rs:+3:19, belongs to another graph
              --> tests/diagnostics.rs:+10:26        scope `scan`, name `scan/Identity`
              help: build both in one graph, or fetch it there and feed it here

            operand of another graph in identity: `y:0`, built at tests/diagnostics.rs:+3:19, belongs to another graph
              --> tests/diagnostics.rs:+12:15        scope `cond`, name `cond/Identity_1`
              help: build both in one graph, or fetch it there and feed it here

            operand of another graph in scan: `y:0`, built at tests/diagnostics.rs:+3:19, belongs to another graph
              --> tests/diagnostics.rs:+13:15        scope `scan_1`, name `scan_1`
              state 0  x  f32[3]  from tests/diagnostics.rs:+2:15
              help: build both in one graph, or fetch it there and feed it here

            operand of another graph in gradients: `y:0` belongs to another graph
              --> tests/diagnostics.rs:+14:13        name `gradients`
              help: take gradients within one graph

            operand of another graph in placeholder: `y:0`, built at tests/diagnostics.rs:+3:19, belongs to another graph
              --> tests/diagnostics.rs:+15:15        name `initial_value`
              help: build both in one graph, or fetch it there and feed it here"#]],
    );
}

#[test]
fn tensors_of_a_body_used_outside() {
    let here = line!();
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let mut inside = None;
    let _ = g.scan(g.zeros::<f32>([3]), xs, |h, x| {
        inside = Some(x * 2.0);
        (h + x, ())
    });
    let inside = inside.expect("the body has run");
    let _ = (inside + 1.0).tanh();
    let _ = g.control_dependencies([inside], || xs * 3.0);
    let _ = g.cond(g.constant(true), || inside, || inside);
    check(
        &g,
        here,
        expect![[r#"
            out of region in add: `scan/mul:0` belongs to the body of the scan called at tests/diagnostics.rs:+4:15
              --> tests/diagnostics.rs:+9:13        name `add`
              lhs  scan/mul  f32[3]  from tests/diagnostics.rs:+5:23, called from tests/diagnostics.rs:+4:15
              rhs  Const     f32[]   from tests/diagnostics.rs:+9:13
              help: return it from the body, and use what the scan gives back

            out of region in control_dependencies: `scan/mul` belongs to the body of the scan called at tests/diagnostics.rs:+4:15
              --> tests/diagnostics.rs:+10:15        name `scan/mul`
              help: order after the scan itself

            out of region in identity: `scan/mul:0` belongs to the body of the scan called at tests/diagnostics.rs:+4:15
              --> tests/diagnostics.rs:+11:15        scope `cond`, name `cond/Identity`
              x  scan/mul  f32[3]  from tests/diagnostics.rs:+5:23, called from tests/diagnostics.rs:+4:15
              help: return it from the body, and use what the scan gives back

            out of region in identity: `scan/mul:0` belongs to the body of the scan called at tests/diagnostics.rs:+4:15
              --> tests/diagnostics.rs:+11:15        scope `cond`, name `cond/Identity_1`
              x  scan/mul  f32[3]  from tests/diagnostics.rs:+5:23, called from tests/diagnostics.rs:+4:15
              help: return it from the body, and use what the scan gives back"#]],
    );
}

#[test]
fn whiles_that_do_not_fit() {
    let here = line!();
    let g = Graph::new();
    let h = g.placeholder::<f32>("h", shape![3]);
    let last = g.while_loop(h, |h| h.less(1.0), |h| h * 2.0);
    let _ = last.matmul(h);
    let last = g.while_loop(h, |_| true, |h| g.stack(&[h, h], 0));
    let _ = last + 1.0;
    let last = g.while_loop(vec![h, h], |_| true, |h| vec![h[0]]);
    let _ = last[1] + 1.0;
    let last = g.while_loop(h.any(), |_| true, |h| h.cast(DType::I32));
    let _ = last.typed::<f32>();
    let last = g.while_loop(h, |h| (h + g.zeros::<f32>([4])).less(1.0), |h| h * 2.0);
    let _ = last + 1.0;
    let mut inside = h;
    let mut below = None;
    let _ = g.while_loop(
        h,
        |h| {
            let found = h.less(1.0).reduce_all(..);
            below = Some(found);
            found
        },
        |h| {
            inside = h * 2.0;
            inside
        },
    );
    let _ = (
        inside + 1.0,
        below.expect("the condition was built").logical_not(),
    );
    let limit = ScanOptions::new().limit(h.cast::<i32>());
    let _ = g.scan_with(limit, h, h, |h, x| (h * x, ()));
    let _ = g.foldl_from_first(g.constant(1.0_f32), |a, b| a + b);
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in while_loop: the condition has shape [3] but must be a scalar
              --> tests/diagnostics.rs:+3:18        scope `while`, name `while`
              state 0  h  f32[3]  from tests/diagnostics.rs:+2:15
              help: `reduce_all(..)` or `reduce_any(..)` what the condition returns

            shape mismatch in while_loop: loop state 0 has shape [3] but the body returns [2, 3]
              --> tests/diagnostics.rs:+5:18        scope `while_1`, name `while_1`
              state 0  h  f32[3]  from tests/diagnostics.rs:+2:15
              help: loop state keeps its shape

            invalid argument in while_loop: the body takes a state of 2 tensors and gives one of 1 tensor
              --> tests/diagnostics.rs:+7:18        scope `while_2`, name `while_2`
              state 0  h  f32[3]  from tests/diagnostics.rs:+2:15
              state 1  h  f32[3]  from tests/diagnostics.rs:+2:15
              help: return a state of the form that came in

            dtype mismatch in while_loop: loop state 0 is f32 but the body returns i32
              --> tests/diagnostics.rs:+9:18        scope `while_3`, name `while_3`
              state 0  h  f32[3]  from tests/diagnostics.rs:+2:15
              help: loop state keeps its dtype: `.cast::<f32>()` what the body returns

            shape mismatch in add: shapes [3] and [4] do not broadcast: axis 0 has sizes 3 and 4
              --> tests/diagnostics.rs:+11:36, called from tests/diagnostics.rs:+11:18        scope `while_4`, name `while_4/add`
              lhs  while_4/parameter  f32[3]  from tests/diagnostics.rs:+11:18
              rhs  while_4/zeros      f32[4]  from tests/diagnostics.rs:+11:43, called from tests/diagnostics.rs:+11:18
              help: sizes must be equal, or one of them 1

            out of region in add: `while_5/mul:0` belongs to the body of the while called at tests/diagnostics.rs:+15:15
              --> tests/diagnostics.rs:+28:9        name `add_3`
              lhs  while_5/mul  f32[3]  from tests/diagnostics.rs:+23:22, called from tests/diagnostics.rs:+15:15
              rhs  Const_3      f32[]   from tests/diagnostics.rs:+28:9
              help: return it from the body, and use what the while gives back

            out of region in logical_not: `while_5/All:0` belongs to the body of the while called at tests/diagnostics.rs:+15:15
              --> tests/diagnostics.rs:+29:49        name `LogicalNot`
              x  while_5/All  bool[]  from tests/diagnostics.rs:+18:37, called from tests/diagnostics.rs:+15:15
              help: return it from the body, and use what the while gives back

            shape mismatch in scan: limit has shape [3] but must be a scalar
              --> tests/diagnostics.rs:+32:15        scope `scan`, name `scan`
              state 0     h     f32[3]  from tests/diagnostics.rs:+2:15
              sequence 0  h     f32[3]  from tests/diagnostics.rs:+2:15
              limit       Cast  i32[3]  from tests/diagnostics.rs:+31:44
              help: reshape limit to rank 0

            shape mismatch in scan: sequence 0, `Const_4:0`, is a scalar but must have an axis
              --> tests/diagnostics.rs:+33:15        name `scan`
              sequence 0  Const_4  f32[]  from tests/diagnostics.rs:+33:34
              help: the loop runs over axis 0 of its sequences"#]],
    );
}

#[test]
fn bodies_that_do_not_keep_their_state() {
    let here = line!();
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let h = g.zeros::<f32>([3]);
    let (last, _) = g.scan(h, xs, |h, x| (g.stack(&[h, x], 0), ()));
    let _ = last.matmul(xs);
    let (last, all) = g.scan(vec![h, h], xs, |h, x| (vec![h[0]], x * 2.0));
    let _ = last[1].tanh() + all.tanh();
    let (last, all) = g.scan(vec![h], xs, |h, x| (vec![h[0], x, x], x));
    let _ = last[0].tanh() + all.tanh();
    let (last, _) = g.scan(h.any(), xs, |h, _| (h.cast(DType::I32), ()));
    let _ = last.typed::<f32>();
    let (last, _) = g.scan(h, (), |h, ()| (h, ()));
    let _ = last + 1.0;
    let (last, _) = g.scan(h, g.constant(1.0_f32), |h, x| (h + x.reduce_sum(0), ()));
    let _ = last + 1.0;
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in scan: loop state 0 has shape [3] but the body returns [2, 3]
              --> tests/diagnostics.rs:+4:23        scope `scan`, name `scan`
              state 0     zeros  f32[3]     from tests/diagnostics.rs:+3:15
              sequence 0  xs     f32[?, 3]  from tests/diagnostics.rs:+2:16
              help: loop state keeps its shape

            invalid argument in scan: the body takes a state of 2 tensors and gives one of 1 tensor
              --> tests/diagnostics.rs:+6:25        scope `scan_1`, name `scan_1`
              state 0     zeros  f32[3]     from tests/diagnostics.rs:+3:15
              state 1     zeros  f32[3]     from tests/diagnostics.rs:+3:15
              sequence 0  xs     f32[?, 3]  from tests/diagnostics.rs:+2:16
              help: return a state of the form that came in

            invalid argument in scan: the body takes a state of 1 tensor and gives one of 3 tensors
              --> tests/diagnostics.rs:+8:25        scope `scan_2`, name `scan_2`
              state 0     zeros  f32[3]     from tests/diagnostics.rs:+3:15
              sequence 0  xs     f32[?, 3]  from tests/diagnostics.rs:+2:16
              help: return a state of the form that came in

            dtype mismatch in scan: loop state 0 is f32 but the body returns i32
              --> tests/diagnostics.rs:+10:23        scope `scan_3`, name `scan_3`
              state 0     zeros  f32[3]     from tests/diagnostics.rs:+3:15
              sequence 0  xs     f32[?, 3]  from tests/diagnostics.rs:+2:16
              help: loop state keeps its dtype: `.cast::<f32>()` what the body returns

            invalid argument in scan: the loop has neither a sequence nor a length
              --> tests/diagnostics.rs:+12:23        scope `scan_4`, name `scan_4`
              state 0  zeros  f32[3]  from tests/diagnostics.rs:+3:15
              help: give it a sequence to run over, or a number of steps

            shape mismatch in scan: sequence 0, `Const_1:0`, is a scalar but must have an axis
              --> tests/diagnostics.rs:+14:23        scope `scan_5`, name `scan_5`
              sequence 0  Const_1  f32[]  from tests/diagnostics.rs:+14:33
              help: the loop runs over axis 0 of its sequences"#]],
    );
}

#[test]
fn branches_that_differ() {
    let here = line!();
    let g = Graph::new();
    let (on, x) = (g.constant(true), g.zeros::<f32>([3]));
    let _ = g.cond(on, || x.any(), || x.cast::<i32>().any());
    let _ = g.cond(on, || x, || x.expand_dims(0)) * 2.0;
    let results = g.cond(on, || vec![x, x], || vec![x]);
    let _ = results[0] + results[1];
    let results = g.cond(on, || vec![x], || vec![x, x]);
    let _ = results[0] * 2.0;
    let _ = g.cond(g.placeholder::<bool>("many", shape![2]), || x, || x);
    check(
        &g,
        here,
        expect![[r#"
            dtype mismatch in cond: result 0 is f32 in one branch but i32 in the other
              --> tests/diagnostics.rs:+3:15        scope `cond`, name `cond`
              predicate  Const  bool[]  from tests/diagnostics.rs:+2:22
              help: cast one of them: `.cast::<f32>()`

            shape mismatch in cond: result 0 has shape [3] in one branch but [1, 3] in the other
              --> tests/diagnostics.rs:+4:15        scope `cond_1`, name `cond_1`
              predicate  Const  bool[]  from tests/diagnostics.rs:+2:22
              help: both must have one rank

            invalid argument in cond: the branches return 2 results and 1 result
              --> tests/diagnostics.rs:+5:21        scope `cond_2`, name `cond_2`
              predicate  Const  bool[]  from tests/diagnostics.rs:+2:22
              help: return as many from both

            invalid argument in cond: the branches return 1 result and 2 results
              --> tests/diagnostics.rs:+7:21        scope `cond_3`, name `cond_3`
              predicate  Const  bool[]  from tests/diagnostics.rs:+2:22
              help: return as many from both

            shape mismatch in cond: predicate has shape [2] but must be a scalar
              --> tests/diagnostics.rs:+9:15        scope `cond_4`, name `cond_4`
              predicate  many  bool[2]  from tests/diagnostics.rs:+9:22
              help: reshape predicate to rank 0"#]],
    );
}

#[test]
fn building_on_a_finalized_graph() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![3]);
    g.finalize();
    let y = (x * 2.0).tanh();
    let _ = y.named("y");
    check(
        &g,
        here,
        expect![[r#"
            finalized graph in const: the graph was finalized at tests/diagnostics.rs:+3:7
              --> tests/diagnostics.rs:+4:13        name `Const`
              help: build everything before `finalize`, or make a new graph"#]],
    );
}

#[test]
fn gradients_that_do_not_exist() {
    let here = line!();
    let g = Graph::new();
    let w = g.variable("w", [1.0_f32, 2.0]);
    let x = g.placeholder::<f32>("x", shape![2]);
    let optimizer = GradientDescentOptimizer::new(0.1);
    let _ = optimizer.minimize(x.square());
    let _ = optimizer.minimize(w.cast::<i32>().cast::<f32>());
    let _ = gradient(x.stop_gradient(), x) * 2.0;
    let _ = Gradients::of(x * w)
        .wrt(w)
        .grad_ys(g.zeros::<f32>([3]))
        .build();
    let _ = optimizer.minimize_with(
        x * w,
        Minimize::new().variables([] as [Variable<'_, f32>; 0]),
    );
    check(
        &g,
        here,
        expect![[r#"
            no gradient in minimize: no gradients provided for any variable by the loss `Square:0`: `w`: not connected
              --> tests/diagnostics.rs:+5:23        name `GradientDescent`
              help: the loss must depend on a variable through operations that have gradients

            no gradient in minimize: no gradients provided for any variable by the loss `Cast_1:0`: `w`: `Cast` (tests/diagnostics.rs:+6:34) has no gradient: it casts floats to a type of whole numbers or truth values
              --> tests/diagnostics.rs:+6:23        name `GradientDescent`
              help: the loss must depend on a variable through operations that have gradients

            no gradient in gradient: `StopGradient:0` has no gradient with respect to `x:0`: stop_gradient `StopGradient` (tests/diagnostics.rs:+7:24) stands between
              --> tests/diagnostics.rs:+7:13        name `gradient`

            shape mismatch in gradients: `zeros:0` is f32[3] but `mul_1:0` is f32[2]
              --> tests/diagnostics.rs:+11:10        scope `gradients_3`, name `grad_ys`
              help: each of grad_ys has the shape and type of its y

            no gradient in minimize: there are no variables to train
              --> tests/diagnostics.rs:+12:23        name `GradientDescent`
              help: make one with `variable` or `get_variable`, or name those to train"#]],
    );
}

#[test]
fn a_mistake_found_in_the_gradient_of_an_operation() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let y = x.matmul(g.zeros::<f32>([3, 2]));
    let weights = g.placeholder::<f32>("weights", shape![?, 2]);
    g.finalize();
    let found = Gradients::of(y).wrt(x).grad_ys(weights).build();
    assert!(found[0].dense().is_some_and(|slope| slope.is_poisoned()));
    check(
        &g,
        here,
        expect![[r#"
        finalized graph in matmul: the graph was finalized at tests/diagnostics.rs:+5:7
          --> tests/diagnostics.rs:+6:58        scope `gradients/MatMul_grad`, name `gradients/MatMul_grad/MatMul`
          lhs  weights  f32[?, 2]  from tests/diagnostics.rs:+4:21
          rhs  zeros    f32[3, 2]  from tests/diagnostics.rs:+3:24
          in the gradient of `MatMul`, built at tests/diagnostics.rs:+3:15
          help: build everything before `finalize`, or make a new graph"#]],
    );
}

#[test]
fn nothing_follows_from_a_mistake() {
    let here = line!();
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let wrong = xs.reshape([-1]).matmul(xs);

    let pieces = wrong.split(2, 1);
    let rows = wrong.unstack(5, 7);
    let _ = g.stack(&rows, 9) + g.concat(&pieces, -9);
    let _ = wrong.reduce_sum([3, 4]).expand_dims(9).transpose([5, 1]);
    let _ = wrong.slice((1, 2, 3)).gather(g.constant(1_i32)).size_of(3);
    let _ = wrong.cast::<i32>().any().select(wrong.any(), wrong.any());
    let _ = wrong.any().typed::<i64>().sum_to([3]);
    let _ = wrong.bias_add(xs).xw_plus_b(xs, wrong).random_shuffle(None);

    let v = g.variable("v", wrong);
    let _ = v.scatter_add(g.constant([1_i32]), wrong);
    let _ = g.group([v.assign(wrong).op(), v.initializer()]);
    let _ = g.variable("chained", v.initialized_value());
    let _ = g.global_variables_initializer();
    let _ = g.control_dependencies([v.assign_add(1.0)], || xs * 2.0);

    let (last, all) = g.scan((wrong, xs), wrong, |(a, b), x| ((b, a), (x.matmul(a), b)));
    let _ = last.0.matmul(all.0) + all.1.reshape([2]);
    let _ = g.cond(wrong.any().typed(), || wrong, || xs.reduce_sum(..));

    let w = g.variable("w", [1.0_f32]);
    let loss = mean_squared_error(wrong, w.value());
    let _ = gradients(loss, (w, xs, wrong));
    let _ = gradient(loss, w).reshape([7]);
    let _ = Gradients::of(xs * w).wrt(w).grad_ys(wrong).build();
    let _ = Adam::new(0.1).minimize(loss);
    let _ = GradientDescentOptimizer::new(wrong).minimize(w.square());
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in matmul: lhs has shape [?] but must be a matrix
          --> tests/diagnostics.rs:+3:34        name `MatMul`
          lhs  Reshape  f32[?]     from tests/diagnostics.rs:+3:20
          rhs  xs       f32[?, 3]  from tests/diagnostics.rs:+2:16
          help: reshape lhs to rank 2"#]],
    );
}

#[test]
fn training_by_a_mistaken_loss_is_no_second_mistake() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let (outputs, _) = dynamic_rnn(&GruCell::new(4), x);
    let train = AdamOptimizer::new(0.1).minimize(outputs.square());
    assert!(g.trainable_variables().is_empty());
    assert!(train.is_poisoned());
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in dynamic_rnn: the input has shape [?, 3] but must be [batch, time, inputs]
              --> tests/diagnostics.rs:+3:24        name `dynamic_rnn`
              input  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: give the axis that is missing with `expand_dims`, or call the cell itself for a single step"#]],
    );
}

#[test]
fn what_unwrap_prints_is_the_report() {
    let g = Graph::new();
    let _ = g.constant([1.0_f32]).matmul(g.constant([2.0]));
    let mistakes = g.check().unwrap_err();
    assert_eq!(format!("{mistakes:?}"), mistakes.to_string());
    assert_eq!(format!("{:?}", mistakes.0[0]), mistakes.0[0].to_string());
}

#[test]
fn a_run_returns_the_mistakes_that_it_depends_on() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let (a, b) = (x.reduce_sum(1), x.reduce_sum(2));
    let (fine, step) = (x * 2.0, g.variable("step", 0_i32));
    let ordered = g.control_dependencies([a], || x * 3.0);
    let sess = Session::new(&g);
    let value = sess.run(fine, feed![x => [1.0, 2.0]]).unwrap();
    assert_eq!(value, ndarray::arr1(&[2.0, 4.0]).into_dyn());
    sess.run(step.initializer(), feed![]).unwrap();
    assert!(sess.run(ordered, feed![x => [1.0, 2.0]]).is_err());
    let error = sess.run((b, a, fine), feed![]).unwrap_err();
    let text = relative(&error.to_string(), file!(), here);
    expect![[r#"
        invalid argument in reduce_sum: axis 1 is out of range for rank 1
          --> tests/diagnostics.rs:+3:21        name `Sum`
          x  x  f32[2]  from tests/diagnostics.rs:+2:15
          help: axes run from -1 to 0

        invalid argument in reduce_sum: axis 2 is out of range for rank 1
          --> tests/diagnostics.rs:+3:38        name `Sum_1`
          x  x  f32[2]  from tests/diagnostics.rs:+2:15
          help: axes run from -1 to 0"#]]
    .assert_eq(&text);
}

#[test]
fn a_dependency_that_cannot_be_kept_poisons_what_should_have_kept_it() {
    let (g, other) = (Graph::new(), Graph::new());
    let x = g.constant(1.0_f32);
    let y = g.control_dependencies([other.no_op()], || x * 2.0);
    let grouped = g.group([other.no_op(), x.op()]);
    let sess = Session::new(&g);
    assert!(sess.run(y, feed![]).is_err());
    assert!(sess.run(grouped, feed![]).is_err());
    assert!(sess.run(x * 2.0, feed![]).is_ok());
    assert_eq!(g.check().unwrap_err().0.len(), 2);
}

#[test]
fn losses_and_activations_that_do_not_fit() {
    let here = line!();
    let g = Graph::new();
    let logits = g.placeholder::<f32>("logits", shape![?, 3]);
    let column = g.placeholder::<f32>("column", shape![?, 1]);
    let classes = g.placeholder::<i64>("classes", shape![?, 3]);
    let _ = softmax_cross_entropy_with_logits(column, logits).reduce_mean(..);
    let _ = sparse_softmax_cross_entropy_with_logits(classes, logits);
    // Broadcast they would give a loss of every pair, silently.
    let _ = sigmoid_cross_entropy_with_logits(column, logits);
    let _ = logits.softmax_along(2) + 1.0;
    let _ = g.constant(1.0_f32).log_softmax();
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in softmax_cross_entropy_with_logits: logits has shape [?, 3] but labels has shape [?, 1]
              --> tests/diagnostics.rs:+5:13        scope `softmax_cross_entropy_with_logits_sg`, name `softmax_cross_entropy_with_logits_sg`
              logits  logits                                                     f32[?, 3]  from tests/diagnostics.rs:+2:20
              labels  softmax_cross_entropy_with_logits_sg/labels_stop_gradient  f32[?, 1]  from tests/diagnostics.rs:+5:13
              help: labels and logits must have one shape

            shape mismatch in sparse_softmax_cross_entropy_with_logits: logits has shape [?, 3] but labels has shape [?, 3]
              --> tests/diagnostics.rs:+6:13        scope `SparseSoftmaxCrossEntropyWithLogits`, name `SparseSoftmaxCrossEntropyWithLogits/SparseSoftmaxCrossEntropyWithLogits`
              logits  logits   f32[?, 3]  from tests/diagnostics.rs:+2:20
              labels  classes  i64[?, 3]  from tests/diagnostics.rs:+4:21
              help: labels has the shape of logits without the last axis: [?]

            shape mismatch in sigmoid_cross_entropy_with_logits: logits has shape [?, 3] but labels has shape [?, 1]
              --> tests/diagnostics.rs:+8:13        name `logistic_loss`
              labels  column  f32[?, 1]  from tests/diagnostics.rs:+3:20
              logits  logits  f32[?, 3]  from tests/diagnostics.rs:+2:20
              help: labels and logits must have one shape

            invalid argument in softmax: axis 2 is out of range for rank 2
              --> tests/diagnostics.rs:+9:20        name `Softmax`
              logits  logits  f32[?, 3]  from tests/diagnostics.rs:+2:20
              help: axes run from -2 to 1

            shape mismatch in log_softmax: logits is a scalar but must have an axis
              --> tests/diagnostics.rs:+10:33        name `LogSoftmax`
              logits  Const_1  f32[]  from tests/diagnostics.rs:+10:15
              help: give logits an axis with `expand_dims(0)`"#]],
    );
}

#[test]
fn dense_layers_that_cannot_be() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let open = g.placeholder::<f32>("open", shape![3, ?]);
    let hidden = Dense::new(4).activation(Tensor::relu).apply(open);
    let _ = Dense::new(4).apply(hidden);
    let _ = Dense::new(4).apply(x.reduce_sum(0));
    let _ = Dense::new(0).name("none").apply(x);
    let _ = Dense::new(2)
        .activation(|sums| sums.bias_add(g.zeros::<f32>([5])))
        .apply(x);
    let _ = Dense::new(2).name("not a name").apply(x);
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in dense: the last axis of x, of shape [3, ?], has an unknown size
              --> tests/diagnostics.rs:+4:57        name `dense`
              x  open  f32[3, ?]  from tests/diagnostics.rs:+3:18
              help: the kernel has a row for each input: fix the size with `reshape`

            shape mismatch in dense: x has shape [3] but must have at least 2 axes
              --> tests/diagnostics.rs:+6:27        name `dense`
              x  Sum  f32[3]  from tests/diagnostics.rs:+6:35
              help: the last axis holds the inputs of the layer, those before it the examples

            invalid argument in dense: units is 0 but must be at least 1
              --> tests/diagnostics.rs:+7:40        name `none`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15

            shape mismatch in bias_add: the last axis of x has size 2 but bias has 5 elements
              --> tests/diagnostics.rs:+9:33, called from tests/diagnostics.rs:+10:10        scope `dense_2`, name `dense_2/BiasAdd_1`
              x     dense_2/BiasAdd  f32[?, 2]  from tests/diagnostics.rs:+10:10
              bias  dense_2/zeros    f32[5]     from tests/diagnostics.rs:+9:44, called from tests/diagnostics.rs:+10:10
              help: bias needs 2 elements

            name error in variable_scope: "not a name" is not a name
              --> tests/diagnostics.rs:+11:46        name `not a name`
              help: a name is a letter, a digit or a dot, then letters, digits and any of _ . - /"#]],
    );
}

#[test]
fn dropout_that_cannot_be() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let _ = x.dropout(0.0).relu();
    let _ = x.dropout(1.5);
    let _ = x.dropout(f64::NAN);
    let _ = x.dropout(g.constant([0.5_f32, 0.5]));
    let noise = |sizes: [usize; 3]| DropoutOptions::new().noise_shape(sizes);
    let _ = x.dropout_with(0.5, noise([2, 1, 3]));
    let _ = x.dropout_with(0.5, DropoutOptions::new().noise_shape([4, 1]));
    let _ = x.dropout_with(0.5, DropoutOptions::new().noise_shape([1, 2]));
    check(
        &g,
        here,
        expect![[r#"
            invalid argument in dropout: keep_prob is 0 but must be in (0, 1]
              --> tests/diagnostics.rs:+3:15        name `dropout`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: it is the part that is kept, not the part that is dropped

            invalid argument in dropout: keep_prob is 1.5 but must be in (0, 1]
              --> tests/diagnostics.rs:+4:15        name `dropout`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: it is the part that is kept, not the part that is dropped

            invalid argument in dropout: keep_prob is NaN but must be in (0, 1]
              --> tests/diagnostics.rs:+5:15        name `dropout`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: it is the part that is kept, not the part that is dropped

            shape mismatch in dropout: keep_prob has shape [2] but must be a scalar
              --> tests/diagnostics.rs:+6:15        name `dropout`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: reshape keep_prob to rank 0

            shape mismatch in dropout: noise of shape [2, 1, 3] does not broadcast to shape [?, 3]
              --> tests/diagnostics.rs:+8:15        scope `dropout_4`, name `SelectV2`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: a size of noise_shape is that of x, or 1

            shape mismatch in dropout: noise of shape [1, 2] does not broadcast to shape [?, 3]
              --> tests/diagnostics.rs:+10:15        scope `dropout_6`, name `SelectV2`
              x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
              help: a size of noise_shape is that of x, or 1"#]],
    );
}

#[test]
fn tensordot_over_axes_that_do_not_fit() {
    let here = line!();
    let g = Graph::new();
    let a = g.placeholder::<f32>("a", shape![?, 2, 3]);
    let b = g.placeholder::<f32>("b", shape![3, 4]);
    let wrong = a.tensordot(b, 2);
    let _ = a.tensordot(b, 3);
    let _ = a.tensordot(b, ([1, 2], [0, 0]));
    let _ = a.tensordot(b, (vec![1, 2], vec![0]));
    let _ = a.tensordot(b, ([3], [0]));
    let _ = wrong.tensordot(wrong, 9) + wrong.argmax(9).cast::<f32>() + wrong.cumsum(-9);
    let _ = wrong.squeeze(7) + wrong.rank_tensor().cast();
    check(
        &g,
        here,
        expect![[r#"
            shape mismatch in tensordot: axis 1 of lhs has size 2 but axis 0 of rhs has size 3
              --> tests/diagnostics.rs:+4:19        scope `Tensordot`, name `Tensordot`
              lhs  a  f32[?, 2, 3]  from tests/diagnostics.rs:+2:15
              rhs  b  f32[3, 4]     from tests/diagnostics.rs:+3:15
              help: sum over axes of one size

            invalid argument in tensordot: rhs has rank 2, less than the 3 axes
              --> tests/diagnostics.rs:+5:15        scope `Tensordot_1`, name `Tensordot_1`
              lhs  a  f32[?, 2, 3]  from tests/diagnostics.rs:+2:15
              rhs  b  f32[3, 4]     from tests/diagnostics.rs:+3:15
              help: sum over fewer axes

            invalid argument in tensordot: axes [0, 0] name axis 0 of rhs twice
              --> tests/diagnostics.rs:+6:15        scope `Tensordot_2`, name `Tensordot_2`
              lhs  a  f32[?, 2, 3]  from tests/diagnostics.rs:+2:15
              rhs  b  f32[3, 4]     from tests/diagnostics.rs:+3:15
              help: name each axis once

            invalid argument in tensordot: axes name 2 of lhs but 1 of rhs
              --> tests/diagnostics.rs:+7:15        scope `Tensordot_3`, name `Tensordot_3`
              lhs  a  f32[?, 2, 3]  from tests/diagnostics.rs:+2:15
              rhs  b  f32[3, 4]     from tests/diagnostics.rs:+3:15
              help: name as many axes of each

            invalid argument in tensordot: axis 3 is out of range for rank 3
              --> tests/diagnostics.rs:+8:15        scope `Tensordot_4`, name `Tensordot_4`
              lhs  a  f32[?, 2, 3]  from tests/diagnostics.rs:+2:15
              rhs  b  f32[3, 4]     from tests/diagnostics.rs:+3:15
              help: axes run from -3 to 2"#]],
    );
}

#[test]
fn axes_that_are_not_there() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let _ = (x.argmax(2), x.cumsum(-3), x.reduce_logsumexp([0, -2]));
    let _ = (x.squeeze(1), x.squeeze([0, 5]));
    check(
        &g,
        here,
        expect![[r#"
        invalid argument in argmax: axis 2 is out of range for rank 2
          --> tests/diagnostics.rs:+3:16        name `ArgMax`
          x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
          help: axes run from -2 to 1

        invalid argument in cumsum: axis -3 is out of range for rank 2
          --> tests/diagnostics.rs:+3:29        name `Cumsum`
          x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
          help: axes run from -2 to 1

        invalid argument in reduce_max: axes [0, -2] name an axis twice
          --> tests/diagnostics.rs:+3:43        scope `ReduceLogSumExp`, name `ReduceLogSumExp/Max`
          x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
          help: name each axis once

        shape mismatch in squeeze: axis 1 has size 3, not 1
          --> tests/diagnostics.rs:+4:16        name `Squeeze`
          x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
          help: only axes of size 1 can be squeezed

        invalid argument in squeeze: axis 5 is out of range for rank 2
          --> tests/diagnostics.rs:+4:30        name `Squeeze_1`
          x  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
          help: axes run from -2 to 1"#]],
    );
}

/// An op of two operands, whose rules are as wrong as its fields say.
#[derive(Debug)]
struct Mistaken {
    outputs: usize,
    /// How many gradients its rule gives: of these the last has the shape of an output.
    gradients: usize,
}

impl CustomOp for Mistaken {
    fn name(&self) -> &str {
        "mistaken"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        match inputs {
            [a, b] if a.shape.compatible(&b.shape) => Ok(vec![a.clone(); self.outputs]),
            [a, b] => Err(
                Problem::shape(format!("a has shape {} but b has {}", a.shape, b.shape))
                    .help("give both one shape"),
            ),
            _ => Err(Problem::argument("mistaken takes two operands")),
        }
    }

    fn compute(&self, _: &mut Computation<'_>) -> Result<(), CustomError> {
        Ok(())
    }

    fn gradient(&self) -> CustomGradient {
        let gradients = self.gradients;
        CustomGradient::flows(move |step| {
            let g = step.grads()[0];
            let sum = g.reduce(Reduction::Sum, 0, false);
            vec![Some(sum), Some(g.cast(DType::F64)), Some(g)][..gradients].to_vec()
        })
    }
}

#[test]
fn mistakes_with_and_of_custom_ops() {
    let here = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let op =
        |outputs, gradients| -> Arc<dyn CustomOp> { Arc::new(Mistaken { outputs, gradients }) };
    g.custom(op(1, 2), &[x.any(), g.zeros::<f32>([4]).any()]);
    g.custom(op(3, 2), &[x.any(), x.any()]);
    let _ = g.custom_tensor::<i64>(op(1, 2), &[x.any(), x.any()]);
    let sum = g.custom_tensor::<f32>(op(1, 2), &[x.any(), (x * 2.0).any()]);
    let _ = gradient(sum, x);
    let sum = g.custom_tensor::<f32>(op(1, 3), &[x.any(), (x * 2.0).any()]);
    let _ = gradient(sum, x);
    let _ = g.closure("no name", x, x.shape(), |x: ArrayViewD<'_, f32>| {
        Ok::<_, CustomError>(x.to_owned())
    });
    check(
        &g,
        here,
        expect![[r#"
        shape mismatch in mistaken: a has shape [?, 3] but b has [4]
          --> tests/diagnostics.rs:+5:7        name `mistaken`
          input 0  x      f32[?, 3]  from tests/diagnostics.rs:+2:15
          input 1  zeros  f32[4]     from tests/diagnostics.rs:+5:37
          help: give both one shape

        invalid argument in mistaken: its shape rule gives 3 outputs but the op declares 1 output
          --> tests/diagnostics.rs:+6:7        name `mistaken_1`
          input 0  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
          input 1  x  f32[?, 3]  from tests/diagnostics.rs:+2:15
          help: `CustomOp::output_count` says how many outputs `infer` gives

        dtype mismatch in identity: `mistaken_2:0` is f32, not i64
          --> tests/diagnostics.rs:+7:15        name `typed`
          x  mistaken_2  f32[?, 3]  from tests/diagnostics.rs:+7:15
          help: convert it: `.cast(DType::I64)`

        shape mismatch in the gradient of mistaken: `gradients/mistaken_3_grad/Sum:0` is f32[3] but `x:0` is f32[?, 3]
          --> tests/diagnostics.rs:+9:13        scope `gradients/mistaken_3_grad`, name `custom_grad`
          in the gradient of `mistaken_3`, built at tests/diagnostics.rs:+8:17
          help: the gradient of operand 0 has the operand's shape and type

        dtype mismatch in the gradient of mistaken: `gradients/mistaken_3_grad/Cast:0` is f64[?, 3] but `mul:0` is f32[?, 3]
          --> tests/diagnostics.rs:+9:13        scope `gradients/mistaken_3_grad`, name `custom_grad`
          in the gradient of `mistaken_3`, built at tests/diagnostics.rs:+8:17
          help: the gradient of operand 1 has the operand's shape and type

        invalid argument in the gradient of mistaken: the rule gives 3 gradients but the op has 2 operands
          --> tests/diagnostics.rs:+11:13        scope `gradients_1/mistaken_4_grad`, name `custom_grad`
          in the gradient of `mistaken_4`, built at tests/diagnostics.rs:+10:17
          help: give one for each operand: `None` where no gradient flows

        name error in closure: "no name" is not a name
          --> tests/diagnostics.rs:+12:15        name `no name`
          help: a name is a letter, a digit or a dot, then letters, digits and any of _ . - /"#]],
    );
}

/// Names have no bound; the columns of a report do.
#[test]
fn a_name_that_is_wider_than_any_column() {
    let g = Graph::new();
    let long = "x".repeat(100_000);
    let x = g.placeholder::<f32>(&long, shape![2]);
    let _ = x + g.zeros::<f32>([3]);
    let report = g.check().unwrap_err().to_string();
    let shown = format!("lhs  {}... (100000 bytes)  f32[2]", &long[..1000]);
    assert!(report.contains(&shown), "{report}");
    assert!(report.len() < 10_000);
}
