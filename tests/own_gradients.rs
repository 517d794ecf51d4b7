//! Gradients of the user's own: in place of those of operations, and of whole functions.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use aqueduct::CustomStep;
use aqueduct::prelude::*;
use aqueduct_tests::{Modes, relative};
use expect_test::{Expect, expect};
use ndarray::ArrayD;

/// What a rule gives.
type Found<'g> = Vec<Option<AnyTensor<'g>>>;

/// Ten times what comes.
fn tenfold<'g>(step: &CustomStep<'g>) -> Found<'g> {
    vec![Some(step.grads()[0].scale(10.0))]
}

/// What comes, as it is.
fn straight<'g>(step: &CustomStep<'g>) -> Found<'g> {
    vec![Some(step.grads()[0])]
}

/// The values of `tensors` in all modes, which agree.
#[track_caller]
fn values<const N: usize>(
    tensors: [Tensor<'static, f64>; N],
    x: Tensor<'static, f64>,
    fed: &[f64],
) -> [Vec<f64>; N] {
    let graph = x.graph();
    graph.check().unwrap();
    let any: Vec<AnyTensor<'_>> = tensors.iter().map(|tensor| tensor.any()).collect();
    let modes = Modes::of_case(graph, 0);
    let found = modes.run(|sess| sess.run(any.clone(), feed![x => fed]));
    let found = found.unwrap_or_else(|why| panic!("{why}"));
    let mut found = found.into_iter().map(|value| {
        let array: ArrayD<f64> = value.into_array().unwrap();
        array.into_iter().collect()
    });
    std::array::from_fn(|_| found.next().unwrap_or_default())
}

fn vector(graph: &'static Graph) -> Tensor<'static, f64> {
    graph.placeholder::<f64>("x", shape![?])
}

fn sum_of(tensor: Tensor<'static, f64>) -> Tensor<'static, f64> {
    tensor.reduce_sum(..)
}

fn slope(y: Tensor<'static, f64>, x: Tensor<'static, f64>) -> Tensor<'static, f64> {
    gradient(sum_of(y), x)
}

#[test]
fn operations_of_the_type_built_in_the_body_have_the_gradient() {
    let g = Graph::new().leak();
    let x = vector(g);
    let (inside, other, inner) = g.gradient_override("Relu", tenfold, || {
        let inner = g.gradient_override("Relu", straight, || x.relu());
        (x.relu(), x.square(), inner)
    });
    let outside = x.relu();
    let slopes = [inside, other, inner, outside].map(|y| slope(y, x));
    let [value, same] = values([inside, outside], x, &[-1.0, 2.0]);
    assert_eq!(value, same);
    let found = values(slopes, x, &[-1.0, 2.0]);
    let expected = [[10.0, 10.0], [-2.0, 4.0], [1.0, 1.0], [0.0, 1.0]];
    assert_eq!(found, expected.map(Vec::from));
}

#[test]
fn guided_backpropagation_lets_the_positive_through() {
    let g = Graph::new().leak();
    let x = vector(g);
    let guided = |step: &CustomStep<'_>| -> bool { step.outputs().len() == 1 };
    let y = g.gradient_override(
        "Relu",
        move |step| {
            assert!(guided(step));
            let y = step.outputs()[0].typed::<f64>();
            let grad = step.grads()[0].typed::<f64>();
            vec![Some(
                y.greater(0.0).select(grad.relu(), y.zeros_like()).any(),
            )]
        },
        || x.relu(),
    );
    let weights = g.constant([1.0, -1.0, 1.0, -1.0]);
    let [found] = values([slope(y * weights, x)], x, &[1.0, 2.0, -3.0, -4.0]);
    assert_eq!(found, [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn what_lets_no_gradient_through_may_be_given_one() {
    let g = Graph::new().leak();
    let x = vector(g);
    let rounded = g.gradient_override("Round", straight, || (x * 3.0).round());
    let [value, found] = values([rounded, slope(rounded, x)], x, &[0.3, 1.1]);
    assert_eq!(value, [1.0, 3.0]);
    assert_eq!(found, [3.0, 3.0]);
}

#[test]
fn loops_and_branches_keep_it() {
    let g = Graph::new().leak();
    let x = vector(g);
    let (scanned, branch, repeated) = g.gradient_override(
        "Square",
        |step| {
            let x = step.operands()[0];
            vec![Some(step.grads()[0].mul(x).scale(10.0))]
        },
        || {
            let (_, squares) = g.scan(g.constant(0.0), x, |sum, x| (sum + x, x.square()));
            let is_positive = sum_of(x).greater(0.0);
            let branch = g.cond(is_positive, || x.square(), || x * 2.0);
            let options = WhileOptions::new().maximum_iterations(2);
            let (_, repeated) = g.while_loop_with(
                options,
                (g.constant(0_i32), x),
                |(i, _)| i.less(2),
                |(i, x)| (i + 1, x.square()),
            );
            (squares, branch, repeated)
        },
    );
    let first = [scanned, branch, repeated].map(|y| slope(y, x));
    let second = [slope(first[0], x), slope(first[1], x)];
    let found = values(first, x, &[1.0, 2.0]);
    let expected = [[10.0, 20.0], [10.0, 20.0], [100.0, 800.0]];
    assert_eq!(found, expected.map(Vec::from));
    let found = values(second, x, &[1.0, 2.0]);
    assert_eq!(found, [[10.0, 10.0], [10.0, 10.0]].map(Vec::from));
}

/// `ln(1 + exp(x))` with a gradient without infinities.
fn log1p_exp(x: Tensor<'static, f64>) -> Tensor<'static, f64> {
    let function = |x: Tensor<'static, f64>| (x.exp() + 1.0).log();
    x.graph().custom_gradient(x, function, |step| {
        let (x, grad) = (step.operands()[0].typed::<f64>(), step.grads()[0]);
        vec![Some((grad.typed::<f64>() * x.sigmoid()).any())]
    })
}

#[test]
fn a_function_may_have_a_gradient_of_its_own() {
    let g = Graph::new().leak();
    let x = vector(g);
    let y = log1p_exp(x);
    let first = slope(y, x);
    let second = slope(first, x);
    let plain = slope((x.exp() + 1.0).log(), x);
    let found = values([y, first, second, plain], x, &[0.0, 1000.0]);
    assert_eq!(found[1], [0.5, 1.0]);
    assert_eq!(found[2], [0.25, 0.0]);
    assert!(found[3][1].is_nan());
}

#[test]
fn functions_in_loops_and_branches_keep_their_gradient() {
    let g = Graph::new().leak();
    let x = vector(g);
    let (_, scanned) = g.scan(g.constant(0.0), x, |sum, x| (sum + x, log1p_exp(x)));
    let is_positive = sum_of(x).greater(0.0);
    let branch = g.cond(is_positive, || log1p_exp(x) * log1p_exp(x * 2.0), || x);
    let first = [scanned, branch].map(|y| slope(y, x));
    let second = first.map(|first| slope(first, x));
    let found = values(first, x, &[0.0, 1000.0]);
    assert_eq!(found[0], [0.5, 1.0]);
    assert!(found[1][0].is_finite());
    let found = values(second, x, &[0.0, 1.0]);
    assert_eq!(found[0][0], 0.25);
    assert!(found[1].iter().all(|x| x.is_finite()));
}

#[test]
fn all_results_of_a_function_are_walked_back_from_at_once() {
    let g = Graph::new().leak();
    let x = vector(g);
    let scale = g.constant(2.0);
    let (doubled, squared, _) = g.custom_gradient(
        (x, scale),
        |(x, scale)| (x * scale, x.square(), x.round()),
        |step| {
            let grads = step.grads();
            assert_eq!((step.operands().len(), grads.len()), (2, 3));
            // No sum of what each gives by itself.
            vec![Some(grads[0].mul(grads[1]).add(grads[2])), None]
        },
    );
    let found = slope(doubled * 3.0 + squared * 5.0, x);
    let alone = slope(squared, x);
    let found = values([found, alone], x, &[1.0, 7.0]);
    assert_eq!(found, [[15.0, 15.0], [0.0, 0.0]].map(Vec::from));
    let of_scale = gradients(doubled, scale).remove(0);
    assert_eq!(of_scale, Gradient::NotConnected);
}

#[test]
fn gradients_stop_where_they_are_told_to() {
    let g = Graph::new().leak();
    let x = vector(g);
    let y = log1p_exp(x);
    let stopped = Gradients::of(y + x).wrt(x).stop_gradients(y).build();
    let stopped = stopped[0].typed::<f64>().unwrap();
    let [found] = values([stopped], x, &[0.0]);
    assert_eq!(found, [1.0]);
}

#[test]
fn what_a_function_uses_beside_its_arguments_has_no_gradient() {
    let anchor = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let w = g.variable("w", 2.0_f32);
    let y = g.custom_gradient(x, |x| x * w, straight);
    let found = gradients(y, w).remove(0);
    let Gradient::NotDifferentiable { reason } = found else {
        panic!("{found:?}");
    };
    expect!["`IdentityN` (tests/own_gradients.rs:+4:15) has a gradient of the user's, of the arguments of its function alone"].assert_eq(&relative(&reason, file!(), anchor));
}

#[track_caller]
fn check_mistakes(graph: &Graph, anchor: u32, expected: Expect) {
    let mistakes = graph.check().err().map(|mistakes| mistakes.to_string());
    expected.assert_eq(&relative(&mistakes.unwrap_or_default(), file!(), anchor));
}

#[test]
fn mistakes_of_rules_show_the_call_that_has_them_called() {
    let anchor = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let wrong_shape = |step: &CustomStep<'_>| step.operands().len();
    let y = g.gradient_override(
        "Tanh",
        move |step| {
            assert_eq!(wrong_shape(step), 1);
            vec![Some(step.grads()[0].typed::<f32>().reduce_sum(..).any())]
        },
        || x.tanh(),
    );
    let first = gradients(y, x);
    let two = g.custom_gradient(x, |x| x, |step| vec![Some(step.grads()[0]); 2]);
    let second = gradients(two, x);
    assert!(first[0].dense().is_some() && second[0].dense().is_some());
    check_mistakes(
        &g,
        anchor,
        expect![[r#"
            shape mismatch in the gradient of Tanh: `gradients/Tanh_grad/Sum:0` is f32[] but `x:0` is f32[?, 2]
              --> tests/own_gradients.rs:+12:17        scope `gradients/Tanh_grad`, name `custom_grad`
              in the gradient of `Tanh`, built at tests/own_gradients.rs:+10:14
              help: the gradient of operand 0 has the operand's shape and type

            invalid argument in the gradient of custom_gradient: the rule gives 2 gradients but the op has 1 operand
              --> tests/own_gradients.rs:+14:18        scope `gradients_1/IdentityN_grad`, name `custom_grad`
              in the gradient of `IdentityN`, built at tests/own_gradients.rs:+13:17
              help: give one for each operand: `None` where no gradient flows"#]],
    );
}

#[test]
fn a_type_that_was_not_built_is_a_mistake() {
    let anchor = line!();
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    g.gradient_override("ReLU", tenfold, || x.relu().sigmoid());
    g.gradient_override("Rint", tenfold, || x.relu().sigmoid());
    g.gradient_override("Rint", tenfold, || x);
    g.gradient_override("While", tenfold, || {
        g.while_loop(x.reduce_sum(..), |x| x.less(9.0), |x| x + 1.0)
    });
    let other = Graph::new();
    let foreign = other.placeholder::<f32>("foreign", shape![?]);
    g.custom_gradient((x, foreign), |(x, _)| x, straight);
    check_mistakes(
        &g,
        anchor,
        expect![[r#"
            invalid argument in gradient_override: no operation of type "ReLU" whose gradient can be replaced was built in the body
              --> tests/own_gradients.rs:+3:7
              help: there are operations of type `Relu`

            invalid argument in gradient_override: no operation of type "Rint" whose gradient can be replaced was built in the body
              --> tests/own_gradients.rs:+4:7
              help: it builds operations of the types `Relu`, `Sigmoid`

            invalid argument in gradient_override: no operation of type "Rint" whose gradient can be replaced was built in the body
              --> tests/own_gradients.rs:+5:7
              help: the body builds no operations

            invalid argument in gradient_override: no operation of type "While" whose gradient can be replaced was built in the body
              --> tests/own_gradients.rs:+6:7
              help: loops and branches have no other gradient: give one to a function around them by `custom_gradient`

            operand of another graph in identity: `foreign:0`, built at tests/own_gradients.rs:+10:25, belongs to another graph
              --> tests/own_gradients.rs:+11:7        name `IdentityN`
              x  x  f32[?]  from tests/own_gradients.rs:+2:15
              help: build both in one graph, or fetch it there and feed it here"#]],
    );
}
