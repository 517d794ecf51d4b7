//! Names and printed forms, as TensorFlow has them.

use aqueduct::ScanOptions;
use aqueduct::prelude::*;
use expect_test::expect;

#[test]
fn names_are_made_unique() {
    let g = Graph::new();
    let first = g.variable("Variable", 1.0_f32);
    let second = g.variable("Variable", 2.0_f32);
    assert_eq!(
        (first.name(), second.name()),
        ("Variable".into(), "Variable_1".into())
    );
    let p = g.placeholder::<f32>("Placeholder", shape![?, 2]);
    let q = g.placeholder::<f32>("Placeholder", shape![2, ?]);
    let names = [
        p.name(),
        q.name(),
        (p + 1.0).name(),
        p.add(1.0).name(),
        (p * 2.0).name(),
        p.matmul(q).name(),
        p.reduce_mean(..).name(),
        p.slice((.., 0)).name(),
        (p - 1.0).name(),
        (1.0 / p).name(),
        (-p).name(),
        p.sub(1.0).name(),
        p.mul(1.0).name(),
        p.tanh().named("hidden").name(),
        p.tanh().name(),
        p.unstack(2, 1)[1].name(),
    ];
    assert_eq!(
        names,
        [
            "Placeholder:0",
            "Placeholder_1:0",
            "add:0",
            "Add_1:0",
            "mul:0",
            "MatMul:0",
            "Mean:0",
            "strided_slice:0",
            "sub:0",
            "truediv:0",
            "Neg:0",
            "Sub_1:0",
            "Mul_1:0",
            "hidden:0",
            "Tanh:0",
            "unstack:1",
        ]
    );
}

#[test]
fn powers_quotients_and_logic_are_named_as_in_tensorflow() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![2]);
    let names = [
        x.pow(2.0).name(),
        x.floordiv(2.0).name(),
        x.floormod(2.0).name(),
        x.is_nan().name(),
        (x.is_inf() & true).name(),
        (x.is_finite() | true).name(),
        (x.is_inf() ^ true).name(),
        (!x.is_inf()).name(),
        x.is_inf().logical_or(false).name(),
    ];
    assert_eq!(
        names,
        [
            "Pow:0",
            "floordiv:0",
            "FloorMod:0",
            "IsNan:0",
            "and:0",
            "or:0",
            "xor:0",
            "LogicalNot:0",
            "LogicalOr:0"
        ]
    );
}

#[test]
fn scopes_that_are_entered_again() {
    let g = Graph::new();
    let build = || {
        let shared = g.get_variable::<f32>("g", [2]);
        let own = g.variable("Variable", 0.0_f32);
        let sum = shared + own;
        [shared.name(), own.name(), sum.name()]
    };
    let first = g.variable_scope("w", build);
    let reuse = VariableScope::new().reuse(Reuse::Yes);
    let again = g.variable_scope_with("w", reuse, build);
    assert_eq!(first, ["w/g", "w/Variable", "w/add:0"]);
    assert_eq!(again, ["w/g", "w_1/Variable", "w_1/add:0"]);
    // `get_variable` does not see name scopes.
    let names = g.name_scope("ns", || {
        let shared = g.get_variable::<f32>("g3", [2]);
        [shared.name(), g.variable("Variable", 0.0_f32).name()]
    });
    assert_eq!(names, ["g3", "ns/Variable"]);
    let nested = g.variable_scope("a", || {
        g.name_scope("b", || {
            g.variable_scope("c", || {
                let shared = g.get_variable::<f32>("v", [1]);
                [shared.name(), shared.value().tanh().name()]
            })
        })
    });
    assert_eq!(nested, ["a/c/v", "a/b/c/Tanh:0"]);
    g.check().unwrap();
}

#[test]
fn variables_are_made_of_the_operations_that_tensorflow_makes() {
    let g = Graph::new();
    let names = |from: usize| {
        let view = g.view();
        view.node_ids()
            .skip(from)
            .map(|id| format!("{}:{}", view.node(id).name, view.node(id).op.type_name()))
            .collect::<Vec<_>>()
    };
    g.get_variable::<f32>("v", [3, 4]);
    let got = names(0);
    expect![[r#"
        v/Initializer/random_uniform/shape:Const
        v/Initializer/random_uniform/min:Const
        v/Initializer/random_uniform/max:Const
        v/Initializer/random_uniform/RandomUniform:RandomUniform
        v/Initializer/random_uniform/sub:Sub
        v/Initializer/random_uniform/mul:Mul
        v/Initializer/random_uniform:Add
        v/Assign:Assign
        v/read:Identity"#]]
    .assert_eq(&got.join("\n"));
    g.variable::<f32>("Variable", random_normal([2]));
    expect![[r#"
        random_normal/shape:Const
        random_normal/RandomStandardNormal:RandomStandardNormal
        random_normal/mean:Const
        random_normal/stddev:Const
        random_normal/mul:Mul
        random_normal:Add
        Variable/Assign:Assign
        Variable/read:Identity"#]]
    .assert_eq(&names(got.len()).join("\n"));
}

/// The names of the operations from number `from` on.
fn operations(g: &Graph, from: usize) -> Vec<String> {
    let view = g.view();
    let nodes = view.node_ids().skip(from).map(|id| view.node(id));
    nodes.map(|node| node.name.clone()).collect()
}

#[test]
fn dense_layers_are_made_of_the_operations_that_tensorflow_makes() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    Dense::new(4).activation(Tensor::relu).apply(x);
    expect![[r#"
        dense/kernel/Initializer/random_uniform/shape
        dense/kernel/Initializer/random_uniform/min
        dense/kernel/Initializer/random_uniform/max
        dense/kernel/Initializer/random_uniform/RandomUniform
        dense/kernel/Initializer/random_uniform/sub
        dense/kernel/Initializer/random_uniform/mul
        dense/kernel/Initializer/random_uniform
        dense/kernel/Assign
        dense/kernel/read
        dense/MatMul
        dense/bias/Initializer/zeros/shape
        dense/bias/Initializer/zeros/Const
        dense/bias/Initializer/zeros
        dense/bias/Assign
        dense/bias/read
        dense/BiasAdd
        dense/Relu"#]]
    .assert_eq(&operations(&g, 1).join("\n"));
}

#[test]
fn dense_layers_take_the_default_names_of_tensorflow() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 4]);
    let layer = || Dense::new(4).apply(x).name();
    let named = |reuse| Dense::new(4).name("mine").reuse(reuse).apply(x).name();
    let pair = || [layer(), layer()];
    let reusing = |reuse| g.variable_scope_with("s", VariableScope::new().reuse(reuse), pair);
    let names = [
        pair(),
        g.variable_scope("s", pair),
        [g.name_scope("n", layer), named(Reuse::No)],
        [named(Reuse::Yes), named(Reuse::Auto)],
        [g.variable_scope("mine", layer), layer()],
        reusing(Reuse::Yes),
        reusing(Reuse::Auto),
    ];
    assert_eq!(
        names.concat(),
        [
            "dense/BiasAdd:0",
            "dense_1/BiasAdd:0",
            "s/dense/BiasAdd:0",
            "s/dense_1/BiasAdd:0",
            "n/dense/BiasAdd:0",
            "mine/BiasAdd:0",
            "mine_1/BiasAdd:0",
            "mine_2/BiasAdd:0",
            "mine_3/dense/BiasAdd:0",
            "dense_2/BiasAdd:0",
            "s_1/dense/BiasAdd:0",
            "s_1/dense_1/BiasAdd:0",
            "s_2/dense/BiasAdd:0",
            "s_2/dense_1/BiasAdd:0",
        ]
    );
    let variables = g.global_variables();
    let kernels: Vec<String> = variables.iter().step_by(2).map(|v| v.name()).collect();
    assert_eq!(
        kernels,
        [
            "dense/kernel",
            "dense_1/kernel",
            "s/dense/kernel",
            "s/dense_1/kernel",
            "dense_2/kernel",
            "mine/kernel",
            "mine/dense/kernel",
            "dense_3/kernel",
        ]
    );
    g.check().unwrap();
}

#[test]
fn a_scope_of_the_users_takes_a_default_name() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 4]);
    g.variable_scope("dense", || g.get_variable::<f32>("other", [2]));
    let names = [
        Dense::new(4).apply(x).name(),
        Dense::new(4).name("dense").apply(x).name(),
    ];
    assert_eq!(names, ["dense_1/BiasAdd:0", "dense_2/BiasAdd:0"]);
    let last: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
    assert_eq!(
        last,
        [
            "dense/other",
            "dense_1/kernel",
            "dense_1/bias",
            "dense/kernel",
            "dense/bias"
        ]
    );
}

#[test]
fn losses_and_dropout_name_their_operations() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 3]);
    let classes = g.placeholder::<i32>("classes", shape![?]);
    let keep_prob = g.placeholder::<f32>("keep_prob", shape![]);
    let names = [
        softmax_cross_entropy_with_logits(x, x).name(),
        softmax_cross_entropy_with_logits_v2(x, x).name(),
        sparse_softmax_cross_entropy_with_logits(classes, x).name(),
        sigmoid_cross_entropy_with_logits(x, x).name(),
        l2_loss(x).name(),
        embedding_lookup(x, classes).name(),
        x.dropout(0.75).name(),
        x.dropout(keep_prob).name(),
        x.relu6().softplus().softsign().name(),
        x.elu().selu().leaky_relu(0.1).name(),
        x.log_softmax().name(),
        x.softmax_along(0).name(),
    ];
    assert_eq!(
        names,
        [
            "softmax_cross_entropy_with_logits_sg:0",
            "softmax_cross_entropy_with_logits:0",
            "SparseSoftmaxCrossEntropyWithLogits/SparseSoftmaxCrossEntropyWithLogits:0",
            "logistic_loss:0",
            "L2Loss:0",
            "embedding_lookup:0",
            "dropout/SelectV2:0",
            "dropout_1/SelectV2:0",
            "Softsign:0",
            "LeakyRelu:0",
            "LogSoftmax:0",
            "transpose_1:0",
        ]
    );
}

#[test]
fn optimizers_name_their_variables() {
    let g = Graph::new();
    let w = g.variable("w", [1.0_f32]);
    let train = Adam::new(0.1).minimize(w.square());
    let names: Vec<String> = g.global_variables().iter().map(|v| v.name()).collect();
    assert_eq!(
        names,
        ["w", "beta1_power", "beta2_power", "w/Adam", "w/Adam_1"]
    );
    assert_eq!((train.name(), train.type_name()), ("Adam".into(), "NoOp"));
    let again = g.name_scope("second", || Adam::new(0.1).minimize(w.square()));
    assert_eq!(again.name(), "second/Adam");
    let names: Vec<String> = g
        .global_variables()
        .iter()
        .skip(5)
        .map(|v| v.name())
        .collect();
    assert_eq!(
        names,
        [
            "second/beta1_power",
            "second/beta2_power",
            "w/Adam_2",
            "w/Adam_3"
        ]
    );
}

#[test]
fn printed_forms() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("Placeholder", shape![?, 2]);
    let v = g.variable("Variable", 1.0_f32);
    let pieces = x.split(2, 1);
    let sum = g.control_dependencies([v.initializer()], || pieces[1] + v);
    let text = [
        x.to_string(),
        format!("{x:?}"),
        v.to_string(),
        format!("{v:?}"),
        x.any().to_string(),
        v.any().to_string(),
        g.constant([1_i64]).to_string(),
        g.constant(true).to_string(),
        sum.op().to_string(),
        format!("{:?}", sum.op()),
        format!("{:?}", g.no_op()),
        format!("{g:?}").chars().take(5).collect(),
    ];
    expect![[r#"
        Tensor("Placeholder:0", shape=(?, 2), dtype=float32)
        <tf.Tensor 'Placeholder:0' shape=(?, 2) dtype=float32>
        <tf.Variable 'Variable:0' shape=() dtype=float32_ref>
        <tf.Variable 'Variable:0' shape=() dtype=float32_ref>
        Tensor("Placeholder:0", shape=(?, 2), dtype=float32)
        <tf.Variable 'Variable:0' shape=() dtype=float32_ref>
        Tensor("Const_1:0", shape=(1,), dtype=int64)
        Tensor("Const_2:0", shape=(), dtype=bool)
        name: "add"
        op: "Add"
        input: "split:1"
        input: "Variable/read"
        input: "^Variable/Assign"
        <tf.Operation 'add' type=Add>
        <tf.Operation 'NoOp' type=NoOp>
        Graph"#]]
    .assert_eq(&text.join("\n"));
}

#[test]
fn the_text_of_a_graph() {
    let g = Graph::new();
    let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    let n = g.placeholder::<i32>("n", shape![]);
    let w = g.variable::<f32>("w", zeros([3, 3]));
    let (last, all) = g.scan_with(
        ScanOptions::new().reverse(),
        g.zeros::<f32>([1, 3]),
        xs,
        |h, x| {
            let next = (h.matmul_with(w, false, true) + x).tanh();
            (next, next.reshape([3]))
        },
    );
    let count = g.variable("count", 0_i64);
    let chosen = g.control_dependencies([count.assign_add(1)], || {
        g.cond(
            n.greater(0),
            || last.reduce_max_keep(1),
            || last.slice((.., 0..1)) * 0.5,
        )
    });
    let _ = random_uniform(sizes![n, 2], 0.0, 1.0)
        .seed(3)
        .tensor::<f32>(&g);
    let _ = all.gather(n).cast::<i64>();
    let _ = chosen + g.zeros::<f32>([4, 4, 4]).transpose([2, 1, 0]).matmul(w);
    expect![[r#"
        xs = Placeholder() : f32[?, 3]
        n = Placeholder() : i32[]
        zeros/shape = Const [3, 3]() : i32[2]
        zeros/Const = Const 0() : f32[]
        zeros = Fill(zeros/shape, zeros/Const) : f32[3, 3]
        w/Assign = Assign `w`(zeros) : f32[3, 3]
        w/read = Identity `w`() : f32[3, 3]
        zeros_1/shape = Const [1, 3]() : i32[2]
        zeros_1/Const = Const 0() : f32[]
        zeros_1 = Fill(zeros_1/shape, zeros_1/Const) : f32[1, 3]
        scan = Scan states 1 sequences 1 reverse(zeros_1, xs) : f32[1, 3], f32[?, 3]
          {
            scan/parameter = Parameter 0() : f32[1, 3]
            scan/parameter_1 = Parameter 1() : f32[3]
            scan/MatMul = MatMul transpose_b(scan/parameter, w/read) : f32[1, 3]
            scan/add = Add(scan/MatMul, scan/parameter_1) : f32[1, 3]
            scan/Tanh = Tanh(scan/add) : f32[1, 3]
            scan/shape = Const [3]() : i32[1]
            scan/Reshape = Reshape(scan/Tanh, scan/shape) : f32[3]
          } -> scan/Tanh, scan/Reshape
        Const = Const 0() : i64[]
        count/Assign = Assign `count`(Const) : i64[]
        count/read = Identity `count`() : i64[]
        Const_1 = Const 1() : i64[]
        count/AssignAdd = AssignAdd `count`(Const_1) : i64[]
        Const_2 = Const 0() after ^count/AssignAdd : i32[]
        Greater = Greater(n, Const_2) after ^count/AssignAdd : bool[]
        cond = Cond(Greater) after ^count/AssignAdd : f32[1, 1]
          {
            cond/Max = Max axes [1] keep_dims(scan) : f32[1, 1]
          } -> cond/Max
          {
            cond/strided_slice = StridedSlice [:, 0:1](scan) : f32[1, 1]
            cond/Const = Const 0.5() : f32[]
            cond/mul = Mul(cond/strided_slice, cond/Const) : f32[1, 1]
          } -> cond/mul
        random_uniform/Const = Const 2() : i32[]
        random_uniform/packed = Pack axis 0(n, random_uniform/Const) : i32[2]
        random_uniform/min = Const 0() : f32[]
        random_uniform/max = Const 1() : f32[]
        random_uniform/RandomUniform = RandomUniform seeds (87654321, 3)(random_uniform/packed) : f32[?, 2]
        random_uniform/sub = Sub(random_uniform/max, random_uniform/min) : f32[]
        random_uniform/mul = Mul(random_uniform/RandomUniform, random_uniform/sub) : f32[?, 2]
        random_uniform = Add(random_uniform/mul, random_uniform/min) : f32[?, 2]
        Gather = GatherV2 axis 0(scan:1, n) : f32[3]
        Cast = Cast to i64(Gather) : i64[3]
        zeros_2/shape = Const [4, 4, 4]() : i32[3]
        zeros_2/Const = Const 0() : f32[]
        zeros_2 = Fill(zeros_2/shape, zeros_2/Const) : f32[4, 4, 4]
        transpose = Transpose perm [2, 1, 0](zeros_2) : f32[4, 4, 4]
        MatMul = MatMul(transpose, w/read) : poisoned
        add = Add(cond, MatMul) : poisoned
    "#]].assert_eq(&g.to_text());
}
