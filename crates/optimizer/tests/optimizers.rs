//! What optimizers add to a graph.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use aqueduct_graph::{AnyTensor, Graph, shape, zeros};
use aqueduct_optimizer::{
    AdamOptimizer, GradientDescentOptimizer, Minimize, Optimizer, get_or_create_global_step,
};
use expect_test::{Expect, expect};

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
fn check(build: impl for<'g> FnOnce(&'g Graph), expected: Expect) {
    let g = Graph::new();
    build(&g);
    g.check().unwrap();
    expected.assert_eq(&g.to_text());
}

fn names(g: &Graph) -> Vec<String> {
    let variables = g.global_variables();
    variables.iter().map(|variable| variable.name()).collect()
}

#[test]
fn gradient_descent() {
    check(
        |g| {
            let w = g.variable("w", [3.0_f32, 4.0]);
            let train = GradientDescentOptimizer::new(0.1).minimize(w.square());
            assert_eq!(
                (train.name().as_str(), train.type_name()),
                ("GradientDescent", "NoOp")
            );
        },
        expect![[r#"
            Const = Const [3, 4]() : f32[2]
            w/Assign = Assign `w`(Const) : f32[2]
            w/read = Identity `w`() : f32[2]
            Square = Square(w/read) : f32[2]
            gradients/Shape = Shape i32(Square) : i32[1]
            gradients/Const = Const 1() : f32[]
            gradients/grad_ys_0 = Fill(gradients/Shape, gradients/Const) : f32[2]
            gradients/Square_grad/Const = Const 2() : f32[]
            gradients/Square_grad/mul = Mul(w/read, gradients/Square_grad/Const) : f32[2]
            gradients/Square_grad/Mul_1 = Mul(gradients/grad_ys_0, gradients/Square_grad/mul) : f32[2]
            GradientDescent/update_w/learning_rate = Const 0.1() : f32[]
            GradientDescent/update_w/Mul = Mul(gradients/Square_grad/Mul_1, GradientDescent/update_w/learning_rate) : f32[2]
            GradientDescent/update_w/w/AssignSub = AssignSub `w`(GradientDescent/update_w/Mul) : f32[2]
            GradientDescent = NoOp() after ^GradientDescent/update_w/w/AssignSub
        "#]],
    );
}

#[test]
fn adam() {
    check(
        |g| {
            let w = g.variable("w", [3.0_f32, 4.0]);
            let train = AdamOptimizer::new(0.1).minimize(w.reduce_sum(..));
            assert_eq!((train.name().as_str(), train.type_name()), ("Adam", "NoOp"));
        },
        expect![[r#"
            Const = Const [3, 4]() : f32[2]
            w/Assign = Assign `w`(Const) : f32[2]
            w/read = Identity `w`() : f32[2]
            Sum = Sum axes [0](w/read) : f32[]
            gradients/Shape = Shape i32(Sum) : i32[0]
            gradients/Const = Const 1() : f32[]
            gradients/grad_ys_0 = Fill(gradients/Shape, gradients/Const) : f32[]
            gradients/Sum_grad/ExpandDims = ExpandDims axis 0(gradients/grad_ys_0) : f32[1]
            gradients/Sum_grad/shape = Const [2]() : i32[1]
            gradients/Sum_grad/BroadcastTo = BroadcastTo(gradients/Sum_grad/ExpandDims, gradients/Sum_grad/shape) : f32[2]
            beta1_power/Initializer/Const/shape = Const []() : i32[0]
            beta1_power/Initializer/Const/Const = Const 0.9() : f32[]
            beta1_power/Initializer/Const = Fill(beta1_power/Initializer/Const/shape, beta1_power/Initializer/Const/Const) : f32[]
            beta1_power/Assign = Assign `beta1_power`(beta1_power/Initializer/Const) : f32[]
            beta1_power/read = Identity `beta1_power`() : f32[]
            beta2_power/Initializer/Const/shape = Const []() : i32[0]
            beta2_power/Initializer/Const/Const = Const 0.999() : f32[]
            beta2_power/Initializer/Const = Fill(beta2_power/Initializer/Const/shape, beta2_power/Initializer/Const/Const) : f32[]
            beta2_power/Assign = Assign `beta2_power`(beta2_power/Initializer/Const) : f32[]
            beta2_power/read = Identity `beta2_power`() : f32[]
            w/Adam/Initializer/zeros/shape = Const [2]() : i32[1]
            w/Adam/Initializer/zeros/Const = Const 0() : f32[]
            w/Adam/Initializer/zeros = Fill(w/Adam/Initializer/zeros/shape, w/Adam/Initializer/zeros/Const) : f32[2]
            w/Adam/Assign = Assign `w/Adam`(w/Adam/Initializer/zeros) : f32[2]
            w/Adam/read = Identity `w/Adam`() : f32[2]
            w/Adam/Initializer_1/zeros/shape = Const [2]() : i32[1]
            w/Adam/Initializer_1/zeros/Const = Const 0() : f32[]
            w/Adam/Initializer_1/zeros = Fill(w/Adam/Initializer_1/zeros/shape, w/Adam/Initializer_1/zeros/Const) : f32[2]
            w/Adam_1/Assign = Assign `w/Adam_1`(w/Adam/Initializer_1/zeros) : f32[2]
            w/Adam_1/read = Identity `w/Adam_1`() : f32[2]
            Adam/one = Const 1() : f32[]
            Adam/Sub = Sub(Adam/one, beta2_power/read) : f32[]
            Adam/Sqrt = Sqrt(Adam/Sub) : f32[]
            Adam/Sub_1 = Sub(Adam/one, beta1_power/read) : f32[]
            Adam/truediv = RealDiv(Adam/Sqrt, Adam/Sub_1) : f32[]
            Adam/learning_rate = Const 0.1() : f32[]
            Adam/beta1 = Const 0.9() : f32[]
            Adam/beta2 = Const 0.999() : f32[]
            Adam/Mul = Mul(Adam/learning_rate, Adam/truediv) : f32[]
            Adam/one_1 = Const 1() : f32[]
            Adam/Sub_2 = Sub(Adam/one_1, Adam/beta1) : f32[]
            Adam/smallest = Const 0.000000000000000000000000000000098607613() : f32[]
            Adam/zero = Const 0() : f32[]
            Adam/one_2 = Const 1() : f32[]
            Adam/Sub_3 = Sub(Adam/one_2, Adam/beta2) : f32[]
            Adam/smallest_1 = Const 0.000000000000000000000000000000098607613() : f32[]
            Adam/zero_1 = Const 0() : f32[]
            Adam/epsilon = Const 0.00000001() : f32[]
            Adam/update_w/Sub = Sub(gradients/Sum_grad/BroadcastTo, w/Adam/read) : f32[2]
            Adam/update_w/Mul = Mul(Adam/update_w/Sub, Adam/Sub_2) : f32[2]
            Adam/update_w/Add = Add(w/Adam/read, Adam/update_w/Mul) : f32[2]
            Adam/update_w/Abs = Abs(Adam/update_w/Add) : f32[2]
            Adam/update_w/Less = Less(Adam/update_w/Abs, Adam/smallest) : bool[2]
            Adam/update_w/Select = Select(Adam/update_w/Less, Adam/zero, Adam/update_w/Add) : f32[2]
            Adam/update_w/Square = Square(gradients/Sum_grad/BroadcastTo) : f32[2]
            Adam/update_w/Sub_1 = Sub(Adam/update_w/Square, w/Adam_1/read) : f32[2]
            Adam/update_w/Mul_1 = Mul(Adam/update_w/Sub_1, Adam/Sub_3) : f32[2]
            Adam/update_w/Add_1 = Add(w/Adam_1/read, Adam/update_w/Mul_1) : f32[2]
            Adam/update_w/Abs_1 = Abs(Adam/update_w/Add_1) : f32[2]
            Adam/update_w/Less_1 = Less(Adam/update_w/Abs_1, Adam/smallest_1) : bool[2]
            Adam/update_w/Select_1 = Select(Adam/update_w/Less_1, Adam/zero_1, Adam/update_w/Add_1) : f32[2]
            Adam/update_w/w/Adam/Assign = Assign `w/Adam`(Adam/update_w/Select) : f32[2]
            Adam/update_w/w/Adam_1/Assign = Assign `w/Adam_1`(Adam/update_w/Select_1) : f32[2]
            Adam/update_w/Sqrt = Sqrt(Adam/update_w/w/Adam_1/Assign) : f32[2]
            Adam/update_w/Mul_2 = Mul(Adam/update_w/w/Adam/Assign, Adam/Mul) : f32[2]
            Adam/update_w/Add_2 = Add(Adam/update_w/Sqrt, Adam/epsilon) : f32[2]
            Adam/update_w/truediv = RealDiv(Adam/update_w/Mul_2, Adam/update_w/Add_2) : f32[2]
            Adam/update_w/w/AssignSub = AssignSub `w`(Adam/update_w/truediv) : f32[2]
            Adam/Const = Const 0.9() : f32[]
            Adam/mul_1 = Mul(beta1_power/read, Adam/Const) : f32[]
            Adam/Const_1 = Const 0.999() : f32[]
            Adam/mul_2 = Mul(beta2_power/read, Adam/Const_1) : f32[]
            Adam/beta1_power/Assign = Assign `beta1_power`(Adam/mul_1) after ^Adam/update_w/w/AssignSub : f32[]
            Adam/beta2_power/Assign = Assign `beta2_power`(Adam/mul_2) after ^Adam/update_w/w/AssignSub : f32[]
            Adam = NoOp() after ^Adam/update_w/w/AssignSub, ^Adam/beta1_power/Assign, ^Adam/beta2_power/Assign
        "#]],
    );
}

#[test]
fn sparse_gradients() {
    check(
        |g| {
            let table = g.variable::<f32>("table", zeros([4, 2]));
            let ids = g.placeholder::<i64>("ids", shape![?]);
            let pairs =
                GradientDescentOptimizer::new(0.1).compute_gradients(table.gather(ids), [table]);
            let _ = GradientDescentOptimizer::new(0.1).apply_gradients(g, &pairs, None);
            let _ = AdamOptimizer::new(0.1).apply_gradients(g, &pairs, None);
        },
        expect![[r#"
            zeros/shape = Const [4, 2]() : i32[2]
            zeros/Const = Const 0() : f32[]
            zeros = Fill(zeros/shape, zeros/Const) : f32[4, 2]
            table/Assign = Assign `table`(zeros) : f32[4, 2]
            table/read = Identity `table`() : f32[4, 2]
            ids = Placeholder() : i64[?]
            Gather = GatherV2 axis 0(table/read, ids) : f32[?, 2]
            gradients/Shape = Shape i32(Gather) : i32[2]
            gradients/Const = Const 1() : f32[]
            gradients/grad_ys_0 = Fill(gradients/Shape, gradients/Const) : f32[?, 2]
            gradients/Gather_grad/rows = Const 4() : i64[]
            GradientDescent/update_table/learning_rate = Const 0.1() : f32[]
            GradientDescent/update_table/Mul = Mul(gradients/grad_ys_0, GradientDescent/update_table/learning_rate) : f32[?, 2]
            GradientDescent/update_table/table/ScatterSub = ScatterSub `table`(ids, GradientDescent/update_table/Mul) : f32[4, 2]
            GradientDescent = NoOp() after ^GradientDescent/update_table/table/ScatterSub
            beta1_power/Initializer/Const/shape = Const []() : i32[0]
            beta1_power/Initializer/Const/Const = Const 0.9() : f32[]
            beta1_power/Initializer/Const = Fill(beta1_power/Initializer/Const/shape, beta1_power/Initializer/Const/Const) : f32[]
            beta1_power/Assign = Assign `beta1_power`(beta1_power/Initializer/Const) : f32[]
            beta1_power/read = Identity `beta1_power`() : f32[]
            beta2_power/Initializer/Const/shape = Const []() : i32[0]
            beta2_power/Initializer/Const/Const = Const 0.999() : f32[]
            beta2_power/Initializer/Const = Fill(beta2_power/Initializer/Const/shape, beta2_power/Initializer/Const/Const) : f32[]
            beta2_power/Assign = Assign `beta2_power`(beta2_power/Initializer/Const) : f32[]
            beta2_power/read = Identity `beta2_power`() : f32[]
            table/Adam/Initializer/zeros/shape = Const [4, 2]() : i32[2]
            table/Adam/Initializer/zeros/Const = Const 0() : f32[]
            table/Adam/Initializer/zeros = Fill(table/Adam/Initializer/zeros/shape, table/Adam/Initializer/zeros/Const) : f32[4, 2]
            table/Adam/Assign = Assign `table/Adam`(table/Adam/Initializer/zeros) : f32[4, 2]
            table/Adam/read = Identity `table/Adam`() : f32[4, 2]
            table/Adam/Initializer_1/zeros/shape = Const [4, 2]() : i32[2]
            table/Adam/Initializer_1/zeros/Const = Const 0() : f32[]
            table/Adam/Initializer_1/zeros = Fill(table/Adam/Initializer_1/zeros/shape, table/Adam/Initializer_1/zeros/Const) : f32[4, 2]
            table/Adam_1/Assign = Assign `table/Adam_1`(table/Adam/Initializer_1/zeros) : f32[4, 2]
            table/Adam_1/read = Identity `table/Adam_1`() : f32[4, 2]
            Adam/one = Const 1() : f32[]
            Adam/Sub = Sub(Adam/one, beta2_power/read) : f32[]
            Adam/Sqrt = Sqrt(Adam/Sub) : f32[]
            Adam/Sub_1 = Sub(Adam/one, beta1_power/read) : f32[]
            Adam/truediv = RealDiv(Adam/Sqrt, Adam/Sub_1) : f32[]
            Adam/learning_rate = Const 0.1() : f32[]
            Adam/beta1 = Const 0.9() : f32[]
            Adam/beta2 = Const 0.999() : f32[]
            Adam/Mul = Mul(Adam/learning_rate, Adam/truediv) : f32[]
            Adam/one_1 = Const 1() : f32[]
            Adam/Sub_2 = Sub(Adam/one_1, Adam/beta1) : f32[]
            Adam/smallest = Const 0.000000000000000000000000000000098607613() : f32[]
            Adam/zero = Const 0() : f32[]
            Adam/one_2 = Const 1() : f32[]
            Adam/Sub_3 = Sub(Adam/one_2, Adam/beta2) : f32[]
            Adam/smallest_1 = Const 0.000000000000000000000000000000098607613() : f32[]
            Adam/zero_1 = Const 0() : f32[]
            Adam/epsilon = Const 0.00000001() : f32[]
            Adam/update_table/ExpandDims = ExpandDims axis 1(ids) : i64[?, 1]
            Adam/update_table/shape = Const [4, 2]() : i32[2]
            Adam/update_table/ScatterNd = ScatterNd(Adam/update_table/ExpandDims, gradients/grad_ys_0, Adam/update_table/shape) : f32[4, 2]
            Adam/update_table/Square = Square(Adam/update_table/ScatterNd) : f32[4, 2]
            Adam/update_table/Mul = Mul(table/Adam/read, Adam/beta1) : f32[4, 2]
            Adam/update_table/Mul_1 = Mul(Adam/update_table/ScatterNd, Adam/Sub_2) : f32[4, 2]
            Adam/update_table/Add = Add(Adam/update_table/Mul, Adam/update_table/Mul_1) : f32[4, 2]
            Adam/update_table/Mul_2 = Mul(table/Adam_1/read, Adam/beta2) : f32[4, 2]
            Adam/update_table/Mul_3 = Mul(Adam/update_table/Square, Adam/Sub_3) : f32[4, 2]
            Adam/update_table/Add_1 = Add(Adam/update_table/Mul_2, Adam/update_table/Mul_3) : f32[4, 2]
            Adam/update_table/table/Adam/Assign = Assign `table/Adam`(Adam/update_table/Add) : f32[4, 2]
            Adam/update_table/table/Adam_1/Assign = Assign `table/Adam_1`(Adam/update_table/Add_1) : f32[4, 2]
            Adam/update_table/Sqrt = Sqrt(Adam/update_table/table/Adam_1/Assign) : f32[4, 2]
            Adam/update_table/Mul_4 = Mul(Adam/update_table/table/Adam/Assign, Adam/Mul) : f32[4, 2]
            Adam/update_table/Add_2 = Add(Adam/update_table/Sqrt, Adam/epsilon) : f32[4, 2]
            Adam/update_table/truediv = RealDiv(Adam/update_table/Mul_4, Adam/update_table/Add_2) : f32[4, 2]
            Adam/update_table/table/AssignSub = AssignSub `table`(Adam/update_table/truediv) : f32[4, 2]
            Adam/Const = Const 0.9() : f32[]
            Adam/mul_1 = Mul(beta1_power/read, Adam/Const) : f32[]
            Adam/Const_1 = Const 0.999() : f32[]
            Adam/mul_2 = Mul(beta2_power/read, Adam/Const_1) : f32[]
            Adam/beta1_power/Assign = Assign `beta1_power`(Adam/mul_1) after ^Adam/update_table/table/AssignSub : f32[]
            Adam/beta2_power/Assign = Assign `beta2_power`(Adam/mul_2) after ^Adam/update_table/table/AssignSub : f32[]
            Adam = NoOp() after ^Adam/update_table/table/AssignSub, ^Adam/beta1_power/Assign, ^Adam/beta2_power/Assign
        "#]],
    );
}

#[test]
fn slots_are_named_as_tensorflow_names_them() {
    let g = Graph::new();
    let loss = g.variable_scope("rnn", || {
        let w = g.get_variable::<f32>("w", [2]);
        let b = g.get_variable::<f32>("b", [2]);
        let _unused = g.get_variable::<f32>("unused", [2]);
        w * b
    });
    let step = get_or_create_global_step(&g);
    let first = g.name_scope("train", || {
        AdamOptimizer::new(0.1).minimize_with(loss, Minimize::new().global_step(step))
    });
    let second = AdamOptimizer::new(0.1).minimize(loss);
    assert_eq!(first.name(), "train/Adam");
    assert_eq!(second.name(), "Adam");
    expect![[r#"
        rnn/w
        rnn/b
        rnn/unused
        global_step
        train/beta1_power
        train/beta2_power
        rnn/w/Adam
        rnn/w/Adam_1
        rnn/b/Adam
        rnn/b/Adam_1
        beta1_power
        beta2_power
        rnn/w/Adam_2
        rnn/w/Adam_3
        rnn/b/Adam_2
        rnn/b/Adam_3"#]]
    .assert_eq(&names(&g).join("\n"));
    assert_eq!(g.trainable_variables().len(), 3);
    assert!(
        g.to_text()
            .contains("train/Adam/global_step/AssignAdd = AssignAdd `global_step`")
    );
    g.check().unwrap();
}

#[test]
fn learning_rates_may_be_tensors_of_another_type() {
    let g = Graph::new();
    let rate = g.placeholder::<f32>("rate", shape![]);
    let (narrow, wide) = (g.variable("narrow", 1.0_f32), g.variable("wide", 1.0_f64));
    let loss = narrow.cast::<f64>() * wide;
    let _ = AdamOptimizer::new(rate).minimize(loss);
    let _ = GradientDescentOptimizer::new(rate).minimize(loss);
    let _ = AdamOptimizer::new(0.1).minimize_with(loss, Minimize::new().variables([wide]));
    g.check().unwrap();
    let powers = g
        .global_variables()
        .into_iter()
        .filter(|variable| variable.name().contains("power"));
    let powers: Vec<String> = powers
        .map(|power| format!("{}: {}", power.name(), power.dtype()))
        .collect();
    assert_eq!(
        powers,
        [
            "beta1_power: f32",
            "beta2_power: f32",
            "beta1_power_1: f64",
            "beta2_power_1: f64"
        ]
    );
}

#[test]
fn only_listed_variables_are_trained() {
    let g = Graph::new();
    let (w, frozen) = (g.variable("w", 1.0_f32), g.variable("frozen", 1.0_f32));
    let options = Minimize::new().variables([w]);
    let _ = GradientDescentOptimizer::new(0.1).minimize_with(w * frozen, options);
    assert!(!g.to_text().contains("update_frozen"));
    assert!(g.to_text().contains("update_w"));
}

#[test]
fn a_loss_that_no_variable_moves_is_a_mistake() {
    let g = Graph::new();
    let (w, v) = (g.variable("w", 1.0_f32), g.variable("v", 1.0_f32));
    let _ = v;
    let loss = w.greater(0.5).cast::<f32>();
    let train = AdamOptimizer::new(0.1).minimize(loss);
    assert!(train.is_poisoned());
    let nothing = AdamOptimizer::new(0.1).apply_gradients(&g, &[], None);
    assert!(nothing.is_poisoned());
    let report = g.check().unwrap_err().to_string();
    expect![[r#"
        no gradient in minimize: no gradients provided for any variable by the loss `Cast:0`: `w`: `Greater` (HERE) has no gradient: a comparison gives truth values; `v`: not connected
          --> HERE        name `Adam`
          help: the loss must depend on a variable through operations that have gradients

        no gradient in apply_gradients: there are no variables to train
          --> HERE        name `Adam`
          help: make one with `variable` or `get_variable`, or name those to train"#]].assert_eq(&anywhere(&report));
    assert_eq!(names(&g), ["w", "v"]);
}

#[test]
fn a_learning_rate_that_is_no_scalar_of_floats_is_a_mistake() {
    let g = Graph::new();
    let (w, v) = (g.variable("w", 1.0_f32), g.variable("v", 1.0_f64));
    let rates = g.placeholder::<f32>("rates", shape![2]);
    let count: AnyTensor<'_> = g.placeholder::<i64>("count", shape![]).any();
    let loss = w.square() + v.square().cast::<f32>();
    // One report each, though two variables use the rate, each in its own type.
    assert!(
        GradientDescentOptimizer::new(rates)
            .minimize(loss)
            .is_poisoned()
    );
    assert!(AdamOptimizer::new(count).minimize(loss).is_poisoned());
    let report = g.check().unwrap_err().to_string();
    expect![[r#"
        shape mismatch in learning_rate: `rates:0` is f32[2], and learning_rate is a scalar
          --> HERE        scope `GradientDescent`, name `learning_rate`
          help: give a number or a tensor of shape []

        dtype mismatch in learning_rate: `count:0` is i64[], and learning_rate is a float
          --> HERE        scope `Adam`, name `learning_rate`
          help: give a number, or cast the tensor to f32"#]]
    .assert_eq(&anywhere(&report));
}

#[test]
fn poison_reaches_the_train_operation_without_noise() {
    let g = Graph::new();
    let w = g.variable::<f32>("w", zeros([3]));
    let train = AdamOptimizer::new(0.1).minimize(w.reduce_sum(7));
    assert!(train.is_poisoned());
    assert_eq!(g.check().unwrap_err().0.len(), 1);
}

#[test]
fn operations_carry_the_callers_line() {
    let g = Graph::new();
    let w = g.variable::<f32>("w", zeros([3]));
    let table = g.variable::<f32>("table", zeros([4, 3]));
    let loss = (table.gather(g.constant([0_i32, 1])) * w).square();
    let first = g.operation_count();
    let _ = AdamOptimizer::new(0.1).minimize_with(
        loss,
        Minimize::new().global_step(get_or_create_global_step(&g)),
    );
    let _ = GradientDescentOptimizer::new(0.1).minimize(loss);
    let view = g.view();
    for id in view.node_ids().skip(first) {
        let trace = view.trace_of(id);
        assert_eq!(trace.at.file, file!(), "{}", view.node(id).name);
        assert!(trace.called_from.is_none());
    }
}

/// What TensorFlow 2.15 names them when `minimize` is called in these scopes.
#[test]
fn slots_take_the_variable_scope_and_powers_the_name_scope() {
    let g = Graph::new();
    let w = g.variable_scope("weights", || g.get_variable::<f32>("w", [2]));
    let train = || AdamOptimizer::new(0.1).minimize(w.square()).name();
    let names = [
        g.variable_scope("learning", train),
        g.name_scope("ns", train),
    ];
    assert_eq!(names, ["learning/Adam", "ns/Adam"]);
    let variables: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
    assert_eq!(
        variables,
        [
            "weights/w",
            "learning/beta1_power",
            "learning/beta2_power",
            "learning/weights/w/Adam",
            "learning/weights/w/Adam_1",
            "ns/beta1_power",
            "ns/beta2_power",
            "weights/w/Adam",
            "weights/w/Adam_1",
        ]
    );
}
