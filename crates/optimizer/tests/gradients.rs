//! What gradients are made of, and what is said where there are none.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use aqueduct_graph::{Graph, Tensor, random_normal, shape, zeros};
use aqueduct_optimizer::{Gradient, Gradients, gradient, gradients};
use expect_test::{Expect, expect};

/// The text of everything added by `build`.
fn added(graph: &Graph, build: impl FnOnce()) -> String {
    let before = graph.to_text();
    build();
    graph.check().unwrap();
    let text = graph.to_text();
    text.strip_prefix(&before).unwrap().to_owned()
}

/// The text with this file as `HERE`, without lines and columns.
fn anywhere(text: &str) -> String {
    let mut parts = text.split(file!());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
        text + "HERE" + rest
    })
}

#[track_caller]
fn check(graph: &Graph, build: impl FnOnce(), expected: Expect) {
    expected.assert_eq(&added(graph, build));
}

fn reason<'a>(gradient: &'a Gradient<'_>) -> &'a str {
    match gradient {
        Gradient::NotDifferentiable { reason } | Gradient::NotDerived { reason } => reason,
        other => panic!("{other:?} is no reason"),
    }
}

#[test]
fn a_dense_layer() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let w = g.variable::<f32>("w", zeros([3, 2]));
    let b = g.variable::<f32>("b", zeros([2]));
    let loss = (x.matmul(w) + b).tanh().reduce_mean(..);
    check(
        &g,
        || {
            let found = gradients(loss, (w, b));
            assert_eq!(found[0].dense().unwrap().shape(), w.shape());
            assert_eq!(found[1].dense().unwrap().shape(), b.shape());
        },
        expect![[r#"
            gradients/Shape = Shape i32(Mean) : i32[0]
            gradients/Const = Const 1() : f32[]
            gradients/grad_ys_0 = Fill(gradients/Shape, gradients/Const) : f32[]
            gradients/Mean_grad/Size = Size i32(Mean) : i32[]
            gradients/Mean_grad/one = Const 1() : i32[]
            gradients/Mean_grad/Maximum = Maximum(gradients/Mean_grad/Size, gradients/Mean_grad/one) : i32[]
            gradients/Mean_grad/Size_1 = Size i32(Tanh) : i32[]
            gradients/Mean_grad/truediv = RealDiv(gradients/Mean_grad/Size_1, gradients/Mean_grad/Maximum) : i32[]
            gradients/Mean_grad/Cast = Cast to f32(gradients/Mean_grad/truediv) : f32[]
            gradients/Mean_grad/truediv_1 = RealDiv(gradients/grad_ys_0, gradients/Mean_grad/Cast) : f32[]
            gradients/Mean_grad/ExpandDims = ExpandDims axis 0(gradients/Mean_grad/truediv_1) : f32[1]
            gradients/Mean_grad/ExpandDims_1 = ExpandDims axis 1(gradients/Mean_grad/ExpandDims) : f32[1, 1]
            gradients/Mean_grad/Shape = Shape i32(Tanh) : i32[2]
            gradients/Mean_grad/BroadcastTo = BroadcastTo(gradients/Mean_grad/ExpandDims_1, gradients/Mean_grad/Shape) : f32[?, 2]
            gradients/Tanh_grad/one = Const 1() : f32[]
            gradients/Tanh_grad/Square = Square(Tanh) : f32[?, 2]
            gradients/Tanh_grad/Sub = Sub(gradients/Tanh_grad/one, gradients/Tanh_grad/Square) : f32[?, 2]
            gradients/Tanh_grad/Mul = Mul(gradients/Mean_grad/BroadcastTo, gradients/Tanh_grad/Sub) : f32[?, 2]
            gradients/add_grad/shape = Const [2]() : i32[1]
            gradients/add_grad/SumTo = SumTo(gradients/Tanh_grad/Mul, gradients/add_grad/shape) : f32[2]
            gradients/MatMul_grad/MatMul = MatMul transpose_a(x, gradients/Tanh_grad/Mul) : f32[3, 2]
        "#]],
    );
}

#[test]
fn only_what_was_asked_for_is_built() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let y = g.placeholder::<f32>("y", shape![2]);
    check(
        &g,
        || drop(gradients(x * y, x)),
        expect![[r#"
        mul = Mul(x, y) : f32[2]
        gradients/Shape = Shape i32(mul) : i32[1]
        gradients/Const = Const 1() : f32[]
        gradients/grad_ys_0 = Fill(gradients/Shape, gradients/Const) : f32[2]
        gradients/mul_grad/Mul = Mul(gradients/grad_ys_0, y) : f32[2]
    "#]],
    );
}

#[test]
fn uses_are_added_up() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let y = x + x + x.exp();
    check(
        &g,
        || drop(gradients((y, x), x)),
        expect![[r#"
        gradients/Shape = Shape i32(add_1) : i32[1]
        gradients/Const = Const 1() : f32[]
        gradients/grad_ys_0 = Fill(gradients/Shape, gradients/Const) : f32[2]
        gradients/Shape_1 = Shape i32(x) : i32[1]
        gradients/Const_1 = Const 1() : f32[]
        gradients/grad_ys_1 = Fill(gradients/Shape_1, gradients/Const_1) : f32[2]
        gradients/Exp_grad/Mul = Mul(gradients/grad_ys_0, Exp) : f32[2]
        gradients/AddN = AddN(gradients/grad_ys_1, gradients/Exp_grad/Mul, gradients/grad_ys_0, gradients/grad_ys_0) : f32[2]
    "#]],
    );
}

#[test]
fn gathered_rows_stay_sparse() {
    let g = Graph::new();
    let table = g.variable::<f32>("table", zeros([10, 4]));
    let ids = g.placeholder::<i32>("ids", shape![?, 2]);
    let first = g.placeholder::<i64>("first", shape![]);
    let rows = table.gather(ids);
    let row = table.gather(first);
    check(
        &g,
        || {
            let found = gradients((rows, row), table);
            assert!(matches!(found[0], Gradient::Sparse(_)));
        },
        expect![[r#"
            gradients/Shape = Shape i32(Gather) : i32[3]
            gradients/Const = Const 1() : f32[]
            gradients/grad_ys_0 = Fill(gradients/Shape, gradients/Const) : f32[?, 2, 4]
            gradients/Shape_1 = Shape i32(Gather_1) : i32[1]
            gradients/Const_1 = Const 1() : f32[]
            gradients/grad_ys_1 = Fill(gradients/Shape_1, gradients/Const_1) : f32[4]
            gradients/Gather_1_grad/shape = Const [1, 4]() : i32[2]
            gradients/Gather_1_grad/Reshape = Reshape(gradients/grad_ys_1, gradients/Gather_1_grad/shape) : f32[1, 4]
            gradients/Gather_1_grad/shape_1 = Const [-1]() : i32[1]
            gradients/Gather_1_grad/Reshape_1 = Reshape(first, gradients/Gather_1_grad/shape_1) : i64[1]
            gradients/Gather_1_grad/rows = Const 10() : i64[]
            gradients/Gather_grad/Size = Size i32(ids) : i32[]
            gradients/Gather_grad/Const = Const 4() : i32[]
            gradients/Gather_grad/packed = Pack axis 0(gradients/Gather_grad/Size, gradients/Gather_grad/Const) : i32[2]
            gradients/Gather_grad/Reshape = Reshape(gradients/grad_ys_0, gradients/Gather_grad/packed) : f32[?, 4]
            gradients/Gather_grad/shape = Const [-1]() : i32[1]
            gradients/Gather_grad/Reshape_1 = Reshape(ids, gradients/Gather_grad/shape) : i32[?]
            gradients/Gather_grad/rows = Const 10() : i64[]
            gradients/Cast = Cast to i64(gradients/Gather_grad/Reshape_1) : i64[?]
            gradients/concat = ConcatV2 axis 0(gradients/Gather_1_grad/Reshape, gradients/Gather_grad/Reshape) : f32[?, 4]
            gradients/concat_1 = ConcatV2 axis 0(gradients/Gather_1_grad/Reshape_1, gradients/Cast) : i64[?]
        "#]],
    );
    let dense = gradients(rows.reduce_sum(..) + table.reduce_sum(..), table);
    assert!(matches!(dense[0], Gradient::Dense(_)));
    assert_eq!(dense[0].dense().unwrap().shape(), table.shape());
    g.check().unwrap();
}

#[test]
fn gradients_have_gradients() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let w = g.variable::<f32>("w", random_normal([3, 2]));
    let y = x.matmul(w).sigmoid().square().reduce_max(1);
    let mut slope = gradient(y, w);
    for _ in 0..3 {
        slope = gradient(slope, w);
        assert_eq!(slope.shape(), w.shape());
    }
    g.check().unwrap();
}

#[test]
fn not_connected_is_not_the_same_as_not_differentiable() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![3]);
    let unused = g.placeholder::<f32>("unused", shape![3]);
    let count = g.placeholder::<i64>("count", shape![3]);
    let large = x.greater(0.0).cast::<f32>() * 2.0;
    let stopped = (x * 2.0).stop_gradient() + 1.0;
    let whole = x.cast::<i64>().cast::<f32>() + count.cast::<f32>();
    let shaped = x.shape_tensor().cast::<f32>();
    let w = g.variable::<f32>("w", zeros([3]));
    let written = w.assign(x) * 2.0;
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let larger = g.scan((), xs, |(), y| ((), y.greater(x).cast::<f32>())).1;
    let shuffled = x.random_shuffle(None);
    let branch = g.cond(true, || x.stop_gradient(), || unused.identity());

    let why = |y: Tensor<'_, f32>| reason(&gradients(y, x)[0]).to_owned();
    let reasons = [
        why(large),
        why(stopped),
        why(whole),
        why(shaped),
        why(written),
        why(shuffled),
        why(branch),
        why(larger),
        reason(&gradients(whole, count)[0]).to_owned(),
        reason(&gradients(x.cast::<i64>(), x)[0]).to_owned(),
        reason(&stopped_at(x)[0]).to_owned(),
    ];
    expect![[r#"
        `Greater` (HERE) has no gradient: a comparison gives truth values
        stop_gradient `StopGradient` (HERE) stands between
        `Cast_1` (HERE) has no gradient: it casts floats to a type of whole numbers or truth values
        `Shape` (HERE) has no gradient: it uses the shape of its operand, not the elements
        `w/Assign_1` (HERE) has no gradient: it writes a variable
        `RandomShuffle` (HERE) has no gradient: the order of its rows is random
        stop_gradient `cond/StopGradient` (HERE, called from HERE) stands between
        `scan/Greater` (HERE, called from HERE) has no gradient: a comparison gives truth values
        `count` (HERE) is i64, and only f32 and f64 have gradients
        `Cast_5` (HERE) has no gradient: it casts floats to a type of whole numbers or truth values
        stop_gradients names `Exp` (HERE), which stands between"#]]
    .assert_eq(&anywhere(&reasons.join("\n")));
    assert_eq!(gradients(x * 2.0, unused), [Gradient::NotConnected]);
    assert_eq!(gradients(x * 2.0, count), [Gradient::NotConnected]);
    // No operations are added where nothing flows.
    assert!(!g.to_text().contains("gradients/"));
}

/// Gradients of `exp(x) * 2` with `exp(x)` taken as a constant.
fn stopped_at<'g>(x: Tensor<'g, f32>) -> Vec<Gradient<'g>> {
    let constant = x.exp();
    Gradients::of(constant * 2.0)
        .wrt(x)
        .stop_gradients(constant)
        .build()
}

#[test]
fn stopped_tensors_have_gradients_but_pass_none_on() {
    let g = Graph::new();
    let a = g.placeholder::<f32>("a", shape![]);
    let b = a * 2.0;
    let found = Gradients::of(a + b)
        .wrt((a, b))
        .stop_gradients((a, b))
        .build();
    let ones: Vec<_> = found.iter().map(|found| found.dense().unwrap()).collect();
    assert_eq!(ones[0], ones[1]);
    assert_eq!(ones[0].name(), "gradients/grad_ys_0:0");
    g.check().unwrap();
}

#[test]
fn a_variable_stands_for_all_its_reads() {
    let g = Graph::new();
    let w = g.variable("w", 2.0_f32);
    let again = w.read_value();
    let y = w * again;
    let found = gradients(y, (w, *w, again));
    let names: Vec<String> = found
        .iter()
        .map(|x| x.dense().unwrap().op().type_name().to_owned())
        .collect();
    assert_eq!(names, ["AddN", "Mul", "Mul"]);
}

#[test]
fn weights_must_fit() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![3]);
    let wide = g.placeholder::<f32>("wide", shape![4]);
    let long = g.placeholder::<f64>("long", shape![3]);
    let of = || Gradients::of(x.exp()).wrt(x);
    let fits = of().grad_ys(x).build();
    assert!(!fits[0].dense().unwrap().is_poisoned());
    for wrong in [
        of().grad_ys(wide),
        of().grad_ys(long),
        of().grad_ys(Vec::<Tensor<'_, f32>>::new()),
    ] {
        assert!(wrong.build()[0].dense().unwrap().is_poisoned());
    }
    let report = g.check().unwrap_err().to_string();
    expect![[r#"
        shape mismatch in gradients: `wide:0` is f32[4] but `Exp_1:0` is f32[3]
          --> HERE        scope `gradients_1`, name `grad_ys`
          help: each of grad_ys has the shape and type of its y

        dtype mismatch in gradients: `long:0` is f64[3] but `Exp_2:0` is f32[3]
          --> HERE        scope `gradients_2`, name `grad_ys`
          help: each of grad_ys has the shape and type of its y

        invalid argument in gradients: grad_ys has 0 tensors for 1 ys
          --> HERE        scope `gradients_3`, name `grad_ys`
          help: give one for each of ys"#]]
    .assert_eq(&anywhere(&report));
}

#[test]
fn poison_spreads_without_noise() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![3]);
    let wrong = x.reduce_sum(5);
    assert_eq!(g.check().unwrap_err().0.len(), 1);
    let found = gradients(wrong * 2.0, (x, wrong));
    assert!(
        found
            .iter()
            .all(|found| found.dense().unwrap().is_poisoned())
    );
    assert!(gradients(x, wrong)[0].dense().unwrap().is_poisoned());
    assert_eq!(g.check().unwrap_err().0.len(), 1);
}

#[test]
fn graphs_do_not_mix() {
    let (g, other) = (Graph::new(), Graph::new());
    let x = g.placeholder::<f32>("x", shape![3]);
    let foreign = other.placeholder::<f32>("foreign", shape![3]);
    assert_eq!(
        reason(&gradients(x, foreign)[0]),
        "`foreign:0` belongs to another graph"
    );
    assert_eq!(g.check().unwrap_err().0.len(), 1);
    assert!(other.check().is_ok());
}

#[test]
fn a_missing_gradient_is_a_mistake_of_the_typed_form() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![3]);
    let y = g.placeholder::<f32>("y", shape![3]);
    let nothing = gradient(y, x);
    assert!(nothing.is_poisoned());
    let report = g.check().unwrap_err().to_string();
    expect![[r#"
        no gradient in gradient: `y:0` has no gradient with respect to `x:0`: not connected
          --> HERE        name `gradient`"#]]
    .assert_eq(&anywhere(&report));
}

#[test]
fn bodies_have_gradients_inside() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let w = g.variable::<f32>("w", zeros([3]));
    let (last, slopes) = g.scan(g.zeros::<f32>([3]), xs, |state, x| {
        let next = (state + x * w).tanh();
        (next, (gradient(next, state), gradient(next, w)))
    });
    assert_eq!(slopes.1.shape().to_string(), "[?, 3]");
    assert!(!last.is_poisoned());
    g.check().unwrap();
}

#[test]
fn the_gradient_of_a_scan_is_a_scan_run_backwards() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let w = g.variable::<f32>("w", zeros([3]));
    let (last, ()) = g.scan(g.zeros::<f32>([3]), xs, |h, x| ((h * w + x).tanh(), ()));
    drop(gradients(last, (w, xs)));
    g.check().unwrap();
    let text = g.to_text();
    // What the rules asked for are outputs of the scan; which of them are computed is for the plan to
    // say.
    expect![[r#"
        Scan states 1 sequences 1(zeros_1, xs) : f32[3], f32[?, 3], f32[?, 3], f32[?, 3]
          {
            scan/parameter = Parameter 0() : f32[3]
            scan/parameter_1 = Parameter 1() : f32[3]
            scan/mul = Mul(scan/parameter, w/read) : f32[3]
            scan/add = Add(scan/mul, scan/parameter_1) : f32[3]
            scan/Tanh = Tanh(scan/add) : f32[3]
          } -> scan/Tanh, scan/add, scan/Tanh, scan/parameter
        gradients/Shape = Shape i32(scan) : i32[1]
        gradients/Const = Const 1() : f32[]
        gradients/grad_ys_0 = Fill(gradients/Shape, gradients/Const) : f32[3]
        gradients/scan_grad/zero = Const 0() : f32[]
        gradients/scan_grad/shape = Const [3]() : i32[1]
        gradients/scan_grad/BroadcastTo = BroadcastTo(gradients/scan_grad/zero, gradients/scan_grad/shape) : f32[3]
        gradients/scan_grad/scan = Scan states 2 sequences 3 reverse(gradients/grad_ys_0, gradients/scan_grad/BroadcastTo, scan:1, scan:2, scan:3) : f32[3], f32[3], f32[?, 3]
          {
            gradients/scan_grad/parameter = Parameter 0() : f32[3]
            gradients/scan_grad/scan/Tanh_grad/parameter = Parameter 2() : f32[3]
            gradients/scan_grad/scan/Tanh_grad/parameter_1 = Parameter 3() : f32[3]
            gradients/scan_grad/scan/Tanh_grad/one = Const 1() : f32[]
            gradients/scan_grad/scan/Tanh_grad/Square = Square(gradients/scan_grad/scan/Tanh_grad/parameter_1) : f32[3]
            gradients/scan_grad/scan/Tanh_grad/Sub = Sub(gradients/scan_grad/scan/Tanh_grad/one, gradients/scan_grad/scan/Tanh_grad/Square) : f32[3]
            gradients/scan_grad/scan/Tanh_grad/Mul = Mul(gradients/scan_grad/parameter, gradients/scan_grad/scan/Tanh_grad/Sub) : f32[3]
            gradients/scan_grad/scan/mul_grad/parameter = Parameter 4() : f32[3]
            gradients/scan_grad/scan/mul_grad/Mul = Mul(gradients/scan_grad/scan/Tanh_grad/Mul, w/read) : f32[3]
            gradients/scan_grad/scan/mul_grad/Mul_1 = Mul(gradients/scan_grad/scan/Tanh_grad/Mul, gradients/scan_grad/scan/mul_grad/parameter) : f32[3]
            gradients/scan_grad/parameter_1 = Parameter 1() : f32[3]
            gradients/scan_grad/Add = Add(gradients/scan_grad/parameter_1, gradients/scan_grad/scan/mul_grad/Mul_1) : f32[3]
          } -> gradients/scan_grad/scan/mul_grad/Mul, gradients/scan_grad/Add, gradients/scan_grad/scan/Tanh_grad/Mul
    "#]].assert_eq(text.split_once("scan = ").unwrap().1);
}

#[test]
fn operations_carry_the_callers_line() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let w = g.variable::<f32>("w", zeros([3, 2]));
    let y = x.matmul(w).reduce_max(..) + x.reduce_mean(..);
    let first = g.operation_count();
    let line = line!() + 1;
    drop(gradients(y, (x, w)));
    let view = g.view();
    for id in view.node_ids().skip(first) {
        let at = view.trace_of(id).at;
        assert_eq!((at.file.as_str(), at.line), (file!(), line));
    }
    let origins = view
        .node_ids()
        .skip(first)
        .filter(|id| view.node(*id).origin.is_some());
    assert!(origins.count() > 5);
}
