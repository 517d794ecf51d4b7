//! Every node and every mistake names a line of the user, never one of the library: all public
//! builders are `#[track_caller]`.

#![expect(
    clippy::op_ref,
    clippy::eq_op,
    reason = "every operator is called, also on references"
)]

mod arrays;
mod losses;
mod math;
mod training;

use std::path::Path;
use std::sync::Arc;

use aqueduct::ir::{
    Accumulation, Activation, Binary, Compare, Extreme, Fact, Logical, PadMode, PartUpdate,
    Problem, Reduction, SizeReason, SliceSpec, Test, Unary, Update,
};
use aqueduct::prelude::*;
use aqueduct::{
    Computation, CustomError, CustomGradient, CustomOp, CustomStep, FanMode, FanShape,
    IndexedSlices, Initializer, Minimize, PrintOptions, PrintTo, ScanOptions, Sizes, Trace, Value,
    check_gradient, value_initializer, variance_scaling, weighted_sum,
};
use ndarray::{ArrayViewD, arr1, arr2};

/// Fails for each place that is not in this file.
fn assert_here(what: &str, trace: &Trace) {
    let here = Path::new(file!()).parent();
    let places = std::iter::once(&trace.at).chain(&trace.called_from);
    for place in places {
        let file = Path::new(&place.file);
        assert_eq!(file.parent(), here, "{what} was built at {trace}");
    }
}

fn assert_all_here(graph: &Graph) {
    let view = graph.view();
    for id in view.node_ids() {
        assert_here(&view.node(id).name, &view.trace_of(id));
    }
    for id in view.variable_ids() {
        let variable = view.variable(id);
        assert_here(&variable.name, &view.trace(variable.site));
    }
    drop(view);
    for mistake in graph.check().err().iter().flat_map(|all| &all.0) {
        assert_here(&mistake.message, &mistake.at);
        let notes = mistake.operands.iter().map(|note| &note.from);
        for trace in notes.chain(mistake.on_behalf_of.iter().map(|(_, at)| at)) {
            assert_here(&mistake.message, trace);
        }
    }
}

/// Builds with every public builder on tensors of the given types of elements.
fn build_everything(g: &Graph) {
    let x = g.placeholder::<f32>("x", shape![?, 4]);
    let n = g.placeholder::<i32>("n", shape![]);
    arrays(g, x, n);
    places_and_paddings(g, x, n);
    arithmetic(g, x, n);
    elements(g, x, n);
    clipping(g, x);
    arrays::arrays(g, x, n);
    losses::losses(g, x);
    losses::normalisation(g, x);
    math::math(x);
    untyped(g, x.any(), n.any());
    along_axes(g, x);
    random(g, n);
    variables(g, x);
    control(g, x, n);
    debugging(g, x, n);
    custom(g, x, n);
    training(g, x);
    networks(g, x, n);
    images(g);
    recurrent(g, x, n);
}

#[test]
fn an_operand_of_another_graph_is_moved_on_the_users_line() {
    let (g, other) = (Graph::new(), Graph::new());
    let rhs = other.placeholder::<f32>("rhs", shape![3, ?, 2]);
    let _ = g.zeros::<f32>([2, 3]).tensordot(rhs, 1);
    assert_all_here(&g);
    assert_all_here(&other);
}

fn arrays<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let _ = (
        g.constant(vec![1_u8]),
        g.constant(&[true][..]),
        g.constant([[1_i64]]),
    );
    let _ = (
        g.constant(arr2(&[[1.0_f64]])),
        g.constant_value(Value::scalar(1_i32), "c"),
    );
    let _ = (
        g.zeros::<f32>(sizes![n, 2]),
        g.ones::<bool>([2]),
        g.fill([2], n),
    );
    let _ = g.fill(sizes![n.cast::<i64>(), 3_i64], 1.5_f32);
    let _ = (
        g.stack(&[x, x], 0),
        g.concat(&[x, x], -1),
        g.number(DType::U8, 1.0, "one"),
    );
    let _ = (
        x.identity(),
        x.stop_gradient(),
        x.shape_tensor(),
        x.size_of(0),
        x.size(),
    );
    let _ = (
        g.placeholder_with_default("d", 1.5_f32, shape![]),
        x.ensure_shape(shape![3, ?]),
    );
    let _ = (
        x.reshape([-1]),
        x.reshape(sizes![n, -1]),
        x.broadcast_to(sizes![2, n, 4]),
    );
    let _ = (
        x.expand_dims(0),
        x.transpose([1, 0]),
        x.slice((.., 1..)),
        x.slice(0),
    );
    let _ = (x.unstack(4, 1), x.split(2, 1), x.split_sizes(&[1, 3], 1));
    let _ = (
        x.gather(n),
        x.gather(3),
        x.gather_along(n, 1),
        x.zeros_like(),
        x.ones_like(),
    );
    let _ = (x.sum_to([1, 4]), x.expand_dims(0).squeeze(..));
    let _ = (
        x.reduce_sum(..),
        x.reduce_sum_keep(0),
        x.reduce_mean(-1),
        x.reduce_mean_keep([0]),
    );
    let _ = (
        x.reduce_max(..),
        x.reduce_max_keep(0),
        x.reduce_min(-1),
        x.reduce_min_keep([0]),
    );
    let _ = (x.less(1.0).reduce_all(..), x.less(x).reduce_any(0));
}

fn places_and_paddings<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let lengths = g.placeholder::<i32>("lengths", shape![?]);
    let pairs = g.constant([[0_i64, 1], [1, 0]]);
    let mask = g.placeholder::<bool>("mask", shape![?]);
    let _ = (
        g.range(n),
        g.range_with(1.0_f32, x.reduce_sum(..), 2.0),
        g.range_any(n.any(), n.any(), n.any()),
    );
    let _ = (
        x.tile([2, 1]),
        x.tile(sizes![n, 1]),
        x.pad([[1, 0], [0, 1]]),
        x.pad(pairs),
        x.pad_with([sizes![n, 0], sizes![0, n]], 1.0),
        x.pad_reflect([[0, 0], [1, 1]]),
        x.pad_symmetric(pairs),
    );
    let reflect = PadMode::Reflect;
    let padded = x.any().pad([[0, 0], [1, 1]], reflect.clone());
    let _ = padded.pad_grad([[0, 0], [1, 1]], reflect);
    let _ = (
        x.reverse_sequence(lengths, 1, 0),
        x.reverse(..),
        x.slice(step_by(.., -1)),
        x.slice_sizes(&[1, 0], &[2, -1]),
    );
    let places = g.constant([[0_i32, 1]]);
    let _ = (
        x.gather_nd(places),
        g.scatter_nd(places, g.constant([1.0_f32]), [2, 2]),
        x.any()
            .reduce(Reduction::Sum, 1, false)
            .scatter_nd(lengths.any().expand_dims(1), [9]),
    );
    let _ = (
        n.one_hot::<bool>(n),
        n.one_hot_with(5_i64, 1.0_f32, -1.0, 0),
        mask.where_true(),
        n.expand_dims(0).unique(),
        n.expand_dims(0).unique_with_counts(),
        n.expand_dims(0).first_occurrence().any().is_own_place(),
        x.boolean_mask(mask),
        x.boolean_mask(x.greater(0.0)),
        x.boolean_mask_along(g.constant([true; 4]), 1),
    );
    let _ = (
        lengths.sequence_mask(n),
        lengths.sequence_mask(3),
        lengths.sequence_mask_to_longest(),
    );
}

fn along_axes<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let _ = (x.reduce_prod(..), x.reduce_prod_keep(0));
    let _ = (x.reduce_logsumexp(-1), x.reduce_logsumexp_keep(..));
    let flags = x.less(1.0);
    let _ = (flags.reduce_all_keep(0), flags.reduce_any_keep(..));
    let _ = (x.argmax(1), x.argmax_as::<i32>(0));
    let _ = (x.argmin(-1), x.argmin_as::<i32>(0));
    let _ = (x.cumsum(0), x.cumsum_with(1, true, false));
    let _ = (x.cumprod(0), x.cumprod_with(1, false, true));
    let _ = (x.squeeze([-2]), x.rank_tensor());
    let steps = g.placeholder::<f32>("steps", shape![?, ?, 4]);
    let w = g.zeros::<f32>([4, 4]);
    let _ = (
        steps.matmul(w),
        steps.tensordot(w, 1),
        steps.tensordot(steps, ([0, 1], [0, 1])),
        steps.tensordot(w, 0),
        w.tensordot(w, (vec![0], vec![-1])),
    );
    let any = x.any();
    let _ = (
        any.reduce_logsumexp(0, false),
        any.arg(Extreme::Largest, 0, DType::I64),
        any.cumulative(Accumulation::Sum, 0, false, false),
        any.linear_recurrence(any, 0, true),
        any.tensordot(any, (vec![0, 1], vec![0, 1])),
    );
    let _ = (any.stop_gradient(), any.rank_tensor());
    let _ = gradient(x.cumprod(1) * x.reduce_prod_keep(..), x);
}

fn arithmetic<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let v = g.variable("operand", [1.0_f32; 4]);
    let _ = (
        x + x,
        x - v,
        x * 2.0,
        x / &x,
        &x + x,
        &x - v,
        &x * 2.0,
        &x / &v,
    );
    let _ = (
        v + x,
        v - v,
        v * 2.0,
        v / &x,
        &v + x,
        &v - v,
        &v * 2.0,
        &v / &v,
    );
    let _ = (
        2.0 + x,
        2.0 - x,
        2.0 * x,
        2.0 / x,
        2.0 + v,
        2.0 - v,
        2.0 * v,
        2.0 / v,
    );
    let _ = (-x, -v, n + 1, 3 - n);
    let _ = (
        x.add(1.0),
        x.sub(v),
        x.mul(x),
        x.div(2.0),
        x.maximum(0.0),
        x.minimum(v),
    );
    let _ = (
        x.neg(),
        x.tanh(),
        x.sigmoid(),
        x.exp(),
        x.log(),
        x.sqrt(),
        x.rsqrt(),
    );
    let _ = (
        x.reciprocal(),
        x.abs(),
        x.sign(),
        x.square(),
        x.squared_difference(1.0),
    );
    let _ = (
        x.less(0.0),
        x.less_equal(v),
        x.greater(x),
        x.greater_equal(0.0),
    );
    let _ = (
        n.equal(0),
        n.not_equal(1),
        x.cast::<i64>(),
        n.equal(2).select(x, 0.0),
    );
    let w = g.zeros::<f32>([4, 4]);
    let _ = (
        x.matmul(w),
        x.matmul_with(w, false, true),
        x.relu(),
        x.bias_add(v),
    );
    let _ = (
        x.xw_plus_b(w, v),
        mean_squared_error(x, x),
        x.tanh().named("renamed"),
    );
}

fn elements<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let counts = g.variable("counts", [1_i64; 4]);
    let _ = (
        x.expm1(),
        x.log1p(),
        x.sin(),
        x.cos(),
        x.erf(),
        x.floor(),
        x.ceil(),
        x.round(),
    );
    let _ = (-n, -counts, n.neg(), n.abs(), n.sign(), n.square());
    let _ = (
        x.pow(2.0),
        n.pow(3),
        x.floordiv(x),
        n.floordiv(2),
        x.floormod(x),
        n.floormod(2),
    );
    let (small, large) = (x.less(1.0), x.greater(10.0));
    let _ = (x.is_nan(), x.is_inf(), x.is_finite());
    let _ = (
        small & large,
        small | &large,
        small ^ true,
        !small,
        &small & large,
        &small | &large,
        &small ^ false,
        !&small,
    );
    let _ = (
        small.logical_and(large),
        small.logical_or(true),
        small.logical_xor(large),
        small.logical_not(),
    );
    let (x, small) = (x.any(), small.any());
    let _ = (
        x.test(Test::IsNan),
        small.logical(Logical::And, small, "l"),
        small.logical_not(),
    );
}

fn clipping<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let v = g.variable("bound", [1.0_f32; 4]);
    let _ = (
        x.clip_by_value(0.0, v),
        x.clip_by_norm(1.0),
        x.clip_by_norm_along(1.0, 1),
        x.clip_by_average_norm(1.0),
        g.global_norm(&[x, x]),
        g.global_norm::<f64>(&[]),
        g.clip_by_global_norm(&[x, x], 1.0),
    );
    let (x, v) = (x.any(), v.value().any());
    let one = g.number(DType::F32, 1.0, "one");
    let _ = (
        x.clip_by_value(v, v),
        x.clip_by_norm(one, [0]),
        g.global_norm_any(&[x]),
        g.clip_by_global_norm_any(&[x, v], one),
    );
}

fn untyped<'g>(g: &'g Graph, x: AnyTensor<'g>, n: AnyTensor<'g>) {
    let spec = SliceSpec {
        bounds: vec![NEW_AXIS, ELLIPSIS],
    };
    let _ = (
        x.identity(),
        x.shape_tensor(DType::I64),
        x.size(DType::I64),
        x.size_of(-1),
    );
    let _ = (
        x.reshape([-1]),
        x.broadcast_to([2, 4]),
        x.expand_dims(1),
        x.transpose(vec![1, 0]),
    );
    let _ = (
        g.placeholder_with_default_any("d", x, shape![?, 4]),
        x.ensure_shape(shape![3, ?]),
        x.ensure_size(1, 4, SizeReason::new("f", "x", "give four")),
    );
    let _ = (
        x.slice(spec.clone()),
        x.slice(spec.clone())
            .slice_grad(spec, Sizes::vector(x.shape_tensor(DType::I32))),
    );
    let _ = (
        x.unstack(4, 1),
        x.split(2, None, 1),
        x.gather(n, 0),
        x.zeros_like(),
        x.ones_like(),
    );
    let _ = (
        g.stack_any(&[x, x], 0),
        g.concat_any(&[x], 0),
        aqueduct::ir::add_n(g, &[x, x]),
        g.add_n(&[x.typed::<f32>(), x.typed()]),
    );
    let _ = (
        x.unary(Unary::Exp),
        x.binary(Binary::Add, x, "b"),
        x.compare(Compare::Less, x),
    );
    let _ = (
        x.add(x),
        x.sub(x),
        x.mul(x),
        x.div(x),
        x.scale(2.0),
        x.relu(),
        x.cast(DType::F64),
    );
    let _ = (
        x.matmul(x, true, false),
        x.compare(Compare::Equal, x).select(x, x),
    );
    let _ = (
        x.reduce(Reduction::Max, .., true),
        x.sum_to([4]),
        x.typed::<f32>(),
    );
    let _ = IndexedSlices {
        values: x,
        indices: g.constant([0_i32]).any(),
        rows: n,
    }
    .to_dense();
}

fn random<'g>(g: &'g Graph, n: Tensor<'g, i32>) {
    let _ = (
        g.random_int([2], 0_i64, 5_i64, None),
        g.zeros::<f32>([3]).random_shuffle(Some(1)),
        g.zeros::<f32>([2, 3]).multinomial(n, Some(1)),
    );
    let _ = (
        zeros([2]).tensor::<bool>(g),
        ones([2]).tensor::<i32>(g),
        fill([2], 3.0).tensor::<f64>(g),
    );
    let _ = random_normal(sizes![n, 2])
        .mean(1.0)
        .stddev(2.0)
        .seed(3)
        .tensor::<f32>(g);
    let _ = random_uniform([2], 0.0, 1.0).tensor::<f64>(g);
    let _ = truncated_normal([2]).tensor::<f32>(g);
}

fn variables<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let _ = (
        g.variable("a", 1.0_f32),
        g.variable("b", vec![1_i64]),
        g.variable("c", [[1_u8]]),
    );
    let _ = (
        g.variable("d", arr1(&[1.0_f64])),
        g.variable("e", g.zeros::<f32>([2])),
    );
    let _ = g.untrained_variable::<f32>("f", random_normal([2, 3]));
    let initializers: Vec<Initializer> = vec![
        zeros_initializer(),
        ones_initializer(),
        constant_initializer(2.0),
        value_initializer(arr1(&[1.0_f32, 2.0])),
        random_uniform_initializer(0.0, 1.0),
        random_normal_initializer(0.0, 1.0),
        truncated_normal_initializer(0.0, 1.0),
        glorot_uniform(),
        glorot_normal(),
        variance_scaling(2.0, FanMode::In, FanShape::TruncatedNormal),
    ];
    for (number, initializer) in initializers.into_iter().enumerate() {
        let name = format!("made{number}");
        g.variable_scope("scope", || {
            g.get_variable_with::<f32>(&name, [2], initializer)
        });
    }
    let v = g.get_variable::<f32>("v", [1, 4]);
    let _ = g.get_any_variable("any", DType::F64, &[2], VariableOptions::new());
    let _ = (
        v.assign(x),
        v.assign_add(x),
        v.assign_sub(v),
        v.read_value(),
    );
    let _ = v.scatter_add(g.constant([0_i32]), g.zeros([1, 4]));
    parts_of_variables(v, g.constant([0_i32]));
    let _ = (
        v.is_initialized(),
        v.initialized_value(),
        v.any().read_value(),
    );
    let _ = (
        v.any().update(Update::Set, x.any()),
        v.any().is_initialized(),
    );
    let _ = v
        .any()
        .scatter(PartUpdate::Sub, g.constant([0_i64]).any(), x.any());
    let _ = (v.any().typed::<f32>(), v.any().typed::<i32>());
    let _ = (
        g.global_variables_initializer(),
        g.variables_initializer(g.trainable_variables()),
        g.no_op(),
        g.group([x, x]).named("grouped"),
    );
    let _ = (
        g.group_named([x], "named"),
        g.group_scope(&g.open_name_scope("open"), [x]),
    );
    let _ = g.name_scope("names", || g.control_dependencies([x], || g.no_op()));
}

fn parts_of_variables<'g>(v: Variable<'g, f32>, row: Tensor<'g, i32>) {
    let _ = (
        v.scatter_update(row, 1.0),
        v.scatter_sub(row, 1.0),
        v.scatter_mul(row, 1.0),
        v.scatter_div(row, 1.0),
        v.scatter_min(row, 1.0),
        v.scatter_max(row, 1.0),
    );
    let rows = row.expand_dims(0);
    let _ = (
        v.scatter_nd_update(rows, 1.0),
        v.scatter_nd_add(rows, 1.0),
        v.scatter_nd_sub(row, 1.0),
    );
    let _ = v
        .any()
        .scatter_nd(PartUpdate::Max, rows.any(), v.any().value());
}

fn control<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let h = g.zeros::<f32>([4]);
    let _ = g.scan(h, x, |h, x| (h + x * 2.0, h));
    let _ = g.scan((h, [h]), vec![x], |(a, [b]), x| {
        ((b, [a]), (x[0], n, 1.0 - x[0]))
    });
    let options = ScanOptions::new().length(n).reverse();
    let _ = g.scan_with(options, h, (), |h, ()| {
        (h, g.get_variable::<f32>("in_body", [4]).value())
    });
    let _ = g.cond(n.equal(0), || (h, [n]), || (h * 2.0, [n + 1]));
    let _ = g.cond(
        true,
        || g.scan(h, x, |h, x| (x + h, ())).0,
        || x.initialized(g),
    );
    let _ = (
        g.map_fn((x, [x]), |(a, [b])| a * b),
        g.foldl(h, x, |h, x| h + x),
        g.foldr(h, x, |h, x| h - x),
        g.foldl_from_first((x, [x]), |(a, [b]), (x, _)| (b + x, [a])),
        g.foldr_from_last(x, |h, x| h - x),
    );
    let limited = ScanOptions::new().limit(n);
    let _ = g.scan_with(limited, h, x, |h, x| (h * x, x));
    let _ = g.while_loop(
        (n, [h]),
        |(left, _)| left.greater(0),
        |(left, [h])| (left - 1, [h * 2.0]),
    );
    let _ = g.while_loop_with(
        WhileOptions::new().maximum_iterations(3),
        h,
        |_| true,
        |h| {
            g.while_loop(
                h,
                |h| h.less(n.cast::<f32>()).reduce_all(..),
                |h| h + x.slice(0),
            )
        },
    );
}

fn networks<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let _ = (
        x.relu6(),
        x.leaky_relu(0.1),
        x.elu(),
        x.selu(),
        x.softplus(),
        x.softsign(),
    );
    let _ = (
        x.softmax(),
        x.log_softmax(),
        x.softmax_along(0),
        x.log_softmax_along(-2),
    );
    let _ = (
        x.any().activation(Activation::Elu),
        x.any().softmax_cross_entropy(x.any()),
    );
    let _ = (
        softmax_cross_entropy_with_logits(x, x),
        softmax_cross_entropy_with_logits_v2(x, x),
        sigmoid_cross_entropy_with_logits(x, x),
        l2_loss(x),
        embedding_lookup(x, n),
    );
    let classes = g.placeholder::<i64>("classes", shape![?]);
    let sparse = sparse_softmax_cross_entropy_with_logits(classes, x);
    let _ = (sparse, gradient(sparse, x));
    let _ = x.any().sparse_softmax_cross_entropy(classes.any());
    let _ = classes.any().one_hot_like(x.any());
    let _ = (
        x.dropout(0.5),
        x.dropout(g.constant(0.5_f32)),
        x.dropout_with(0.5, DropoutOptions::new().seed(1).noise_shape([1, 4])),
    );
    let hidden = Dense::new(3).activation(|x| x.tanh() * 2.0).apply(x);
    // A function that is handed over by its name does not know who calls it.
    let hidden = Dense::new(3).activation(Tensor::relu).apply(hidden);
    let _ = Dense::new(2).name("named").apply(hidden.expand_dims(0));
}

fn images(g: &Graph) {
    let x = g.placeholder::<f32>("images", shape![?, 6, 6, 2]);
    let filter = g.get_variable::<f32>("filter", [3, 3, 2, 2]);
    let options = ConvOptions::new(1, Padding::Same);
    let y = x.conv2d(filter, 1, Padding::Same) + x.conv2d_with(filter, options.dilations(2));
    let pooled = (
        y.max_pool2d(2, 2, Padding::Same),
        y.avg_pool2d(2, 2, Padding::Same),
    );
    let layers = (
        Conv2d::new(2, 3).activation(|x| x.tanh() * 2.0).apply(x),
        Conv1d::new(2, 3).apply(x.slice((.., 0))),
        MaxPooling2d::new(2, 2).apply(x).flatten(),
        AveragePooling1d::new(2, 2).apply(x.slice((.., 0))),
        Dropout::new(0.5)
            .training(x.reduce_sum(..).greater(0.0))
            .apply(x),
    );
    let _ = layers;
    let large = y.conv2d_transpose(filter, x.shape_tensor(), options);
    let slope = gradient(pooled.0 + pooled.1, x);
    let _ = (
        gradient(slope, x),
        gradient(gradient(large, filter.value()), x),
    );
    let signal = x.reshape(sizes![x.size_of(0), 36, 2]);
    let filter = g.get_variable::<f32>("filter1d", [3, 2, 2]);
    let _ = (
        signal.conv1d(filter, 1, Padding::Same),
        signal.conv1d_with(filter, options),
        signal.max_pool1d(2, 1, Padding::Same),
        signal.avg_pool1d(2, 1, Padding::Same),
    );
}

#[test]
fn mistakes_of_images_name_the_users_lines() {
    let g = Graph::new();
    let images = g.placeholder::<f32>("images", shape![?, 6, 6, 2]);
    let filter = g.zeros::<f32>([3, 2, 2]);
    let signal = g.zeros::<f32>([5, 9, 2]);
    let _ = (
        images.conv1d(filter, 1, Padding::Same),
        images.max_pool1d(2, 1, Padding::Same),
        signal.conv2d(filter, 1, Padding::Same),
        images.avg_pool2d(0, 1, Padding::Same),
    );
    assert_eq!(g.check().unwrap_err().0.len(), 4);
    assert_all_here(&g);
}

fn recurrent<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    type AnyCell<'g> = Box<dyn RnnCell<'g, Element = f32, State = Tensor<'g, f32>> + 'g>;
    let boxed: AnyCell<'g> = Box::new(GruCell::new(4).activation(Tensor::relu));
    let users: AnyCell<'g> = Box::new(UsersCell(BasicRnnCell::new(4).activation(|x| x * 2.0)));
    let _ = boxed.call(x, boxed.zero_state(g, x.size_of(0)));
    let keep = g.placeholder::<f32>("keep", shape![]);
    let lstm = LstmCell::new(4)
        .use_peepholes()
        .cell_clip(1.0)
        .num_proj(4)
        .proj_clip(1.0)
        .name("full");
    let dropped = DropoutWrapper::new(lstm)
        .input_keep_prob(keep)
        .output_keep_prob(0.5)
        .state_keep_prob(0.5);
    let masked = DropoutWrapper::new(UsersCell(BasicRnnCell::new(4)))
        .input_keep_prob(keep)
        .state_keep_prob(0.5)
        .variational();
    let residual = ResidualWrapper::new(users).residual_fn(|x, y| x + y);
    let inner = MultiRnnCell::new([BasicLstmCell::new(4), BasicLstmCell::new(4)]);
    let cell = MultiRnnCell::new((
        InputProjectionWrapper::new(dropped, 4).activation(|x| x.tanh()),
        OutputProjectionWrapper::new(masked, 4).activation(Tensor::tanh),
        residual,
        MultiRnnCell::new(vec![boxed]),
        ResidualWrapper::new(inner),
    ));
    let steps = [x, x * 2.0];
    let sequences = g.stack(&steps, 1);
    let lengths = n * g.ones::<i32>(sizes![x.size_of(0)]);
    let options = || RnnOptions::new().sequence_length(lengths);
    let _ = static_rnn(&cell, &steps);
    let _ = static_rnn_with(&cell, &steps, options());
    let (outputs, last) = dynamic_rnn(&cell, sequences);
    let options_too = options().initial_state(last).time_major().scope("again");
    let _ = dynamic_rnn_with(&cell, g.stack(&steps, 0), options_too);
    let pair = || (GruCell::new(4), UsersCell(BasicRnnCell::new(3)));
    let (a, b) = pair();
    let _ = bidirectional_dynamic_rnn(&a, &b, sequences);
    let options = || RnnOptions::new().sequence_length(lengths).scope("both");
    let _ = bidirectional_dynamic_rnn_with(&a, &b, sequences, options());
    let _ = stack_bidirectional_dynamic_rnn(&[GruCell::new(4)], &[GruCell::new(4)], sequences);
    let _ = static_bidirectional_rnn(&a, &b, &steps);
    let _ = static_bidirectional_rnn_with(&a, &b, &steps, options());
    let _ = outputs;
    g.name_scope("refused", || {
        let elsewhere = Graph::new();
        let x = elsewhere.placeholder::<f32>("x", shape![2, 3, 4]);
        let lengths = elsewhere.constant([1, 2, 3]);
        let wrong_too = || RnnOptions::new().sequence_length(lengths);
        let (a, b) = (GruCell::new(4), GruCell::new(0));
        let _ = bidirectional_dynamic_rnn(&a, &b, x.reduce_sum(0));
        let _ = bidirectional_dynamic_rnn_with(&a, &b, x, RnnOptions::new().time_major());
        let _ = dynamic_rnn_with(&a, x, wrong_too());
        let _ = static_rnn_with(&a, &x.unstack(3, 1), wrong_too());
        let _ = static_rnn(&MultiRnnCell::new(Vec::<GruCell<'_, f32>>::new()), &[x]);
        assert_all_here(&elsewhere);
    });
}

/// A cell of a user's own around one of ours.
struct UsersCell<'g>(BasicRnnCell<'g, f32>);

impl<'g> RnnCell<'g> for UsersCell<'g> {
    type Element = f32;
    type State = Tensor<'g, f32>;

    fn state(&self, parts: &mut StateParts<'_, 'g, f32>) -> Tensor<'g, f32> {
        self.0.state(parts)
    }

    fn call(&self, x: Tensor<'g, f32>, h: Tensor<'g, f32>) -> (Tensor<'g, f32>, Tensor<'g, f32>) {
        self.0.call(x * 1.0, h + 0.0)
    }
}

/// A helper of a user's, without `#[track_caller]`.
trait Initialized<'g> {
    fn initialized(self, graph: &'g Graph) -> Tensor<'g, f32>;
}

impl<'g> Initialized<'g> for Tensor<'g, f32> {
    fn initialized(self, graph: &'g Graph) -> Tensor<'g, f32> {
        graph.variable("helped", [0.0_f32; 4]).initialized_value()
    }
}

fn debugging<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let options = PrintOptions::new().data(&[n.any()]).summarize(5);
    let _ = (
        x.print("x"),
        x.print_with("n", options.to(PrintTo::Log)),
        x.any().print("x"),
        x.check_numerics("x"),
        x.any().check_numerics("x"),
    );
    let _ = (
        g.assert(x.less(1.0), &[x.any()], "x"),
        g.assert_with(true, &[x.any(), n.any()], "x", 10),
        g.assert_equal(n, 2, ""),
        g.assert_less(x, 1.0, "x"),
        g.assert_less_equal(x, x, ""),
        g.assert_greater(x, 1.0, ""),
        g.assert_greater_equal(n, 1, "n"),
    );
    let _ = (g.tuple((x, n)), g.tuple_after([x], [n]));
    let _ = gradient((x.check_numerics("x") + x.print("x")).reduce_sum(..), x);
}

fn custom<'g>(g: &'g Graph, x: Tensor<'g, f32>, n: Tensor<'g, i32>) {
    let op: Arc<dyn CustomOp> = Arc::new(Square);
    let y = g.custom(op.clone(), &[x.any()])[0];
    let z = g.custom_tensor::<f32>(op.clone(), &[y]);
    let _ = g.custom_operation(op, &[n.any()]);
    let _ = gradient(gradient(z.reduce_sum(..), x).reduce_sum(..), x);
    let pass_on = |x: ArrayViewD<'_, f32>| Ok::<_, CustomError>(x.to_owned());
    let _ = g.closure("closure", x, x.shape(), pass_on);
    own_gradients(g, x);
}

fn own_gradients<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let doubled = |step: &CustomStep<'_>| step.grads().len() as f64 * 2.0;
    let y = g.gradient_override(
        "Square",
        move |step| vec![Some(step.grads()[0].scale(doubled(step)))],
        || x.square(),
    );
    let z = g.custom_gradient(
        y,
        |y| y.exp(),
        |step| vec![Some(step.grads()[0].scale(3.0))],
    );
    let _ = gradient(weighted_sum(z), x);
    let _ = check_gradient(&Session::new(g), z, x, feed![x => [[0.1_f32; 4]]]);
}

/// A custom op whose gradient names the lines of this file.
#[derive(Debug)]
struct Square;

impl CustomOp for Square {
    fn name(&self) -> &str {
        "square"
    }

    fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
        Ok(inputs.to_vec())
    }

    fn compute(&self, run: &mut Computation<'_>) -> Result<(), CustomError> {
        let x = run.input::<f32>(0)?;
        Ok(run.give(0, x.mapv(|x| x * x))?)
    }

    fn gradient(&self) -> CustomGradient {
        CustomGradient::flows(|step| vec![Some(step.operands()[0].scale(2.0).mul(step.grads()[0]))])
    }
}

/// A step with a branch, a loop in it, and something random in that.
fn gated<'g>(
    g: &'g Graph,
    h: Tensor<'g, f32>,
    x: Tensor<'g, f32>,
    w: Variable<'g, f32>,
    table: Variable<'g, f32>,
) -> Tensor<'g, f32> {
    g.cond(
        x.reduce_sum(..).greater(0.0),
        || {
            let inner = g.scan(h, w.value(), |h, row| ((h * row).tanh(), ())).0;
            let noise = random_uniform(x.shape_tensor(), 0.0, 1.0).tensor::<f32>(g);
            inner * noise * table.gather(g.constant([1, 1])).reduce_sum(0)
        },
        || h * x,
    )
}

fn training<'g>(g: &'g Graph, x: Tensor<'g, f32>) {
    let w = g.variable::<f32>("w", random_normal([4, 4]));
    let table = g.variable::<f32>("table", zeros([10, 4]));
    let rows = table.gather(g.constant([1_i64, 1]));
    let hidden = (x.matmul(w) + table.gather(g.constant([1_i32, 2, 2])).reduce_mean(0)).sigmoid();
    let loss = mean_squared_error(hidden, x) + rows.square().reduce_sum(..);
    let _ = (
        gradients(loss, (w, table)),
        gradient(hidden.reduce_max(..), w),
    );
    let _ = gradient(gradient(loss, w).square().reduce_sum(..), w);
    let _ = Gradients::of(loss)
        .wrt(x)
        .grad_ys(g.constant(2.0_f32))
        .build();
    let _ = gradients(table.gather(3), table)[0].dense();
    let hidden = g
        .scan(x.slice(0), x, |h, x| (gated(g, h, x, w, table), ()))
        .0;
    let _ = gradients(gradient(hidden, w), (table, x));
    let step = get_or_create_global_step(g);
    let _ = GradientDescent::new(0.1).minimize(loss);
    let _ = GradientDescentOptimizer::new(g.constant(0.1_f32))
        .minimize_with(loss, Minimize::new().variables([table]).global_step(step));
    training::training(g, w, x);
    let adam = Adam::new(0.1);
    let pairs = adam.compute_gradients(loss, [w]);
    let _ = (
        adam.apply_gradients(g, &pairs, Some(step)),
        adam.minimize(loss),
    );
    let _ = (
        Momentum::new(0.1, 0.9).minimize(loss),
        Momentum::new(0.1, 0.9).nesterov().minimize(loss),
        Adagrad::new(0.1).minimize(loss),
        Adadelta::new(0.1).minimize(loss),
        RmsProp::new(0.1).minimize(loss),
        RmsProp::new(0.1).centered().minimize(loss),
        AdamW::new(0.1, 0.1).minimize(loss),
        ProximalAdagrad::new(0.1).minimize(loss),
        AdagradDa::new(0.1, step).minimize(loss),
        ProximalGradientDescent::new(0.1).minimize(loss),
        AdamW::new(0.1, 0.1).decayed_variables([w]).minimize(loss),
        Ftrl::new(0.1)
            .learning_rate_power(-0.25)
            .beta(1.0)
            .minimize(loss),
    );
    let (pairs, _) = clip_gradients_by_global_norm(g, &pairs, 1.0);
    for (gradient, _) in &pairs {
        let _ = gradient.clip_by_value(-1.0, 1.0).clip_by_norm(1.0);
        let _ = gradient.map(|values| values.typed::<f32>().square().any());
    }
}

#[test]
fn nodes_name_the_users_lines() {
    let g = Graph::new();
    build_everything(&g);
    assert_all_here(&g);
    let report = g.check().expect_err("`typed` of another type is a mistake");
    assert_eq!(report.0.len(), 1, "{report}");
}

#[test]
fn mistakes_name_the_users_lines() {
    let g = Graph::new();
    g.finalize();
    build_everything(&g);
    assert!(g.check().unwrap_err().0.len() > 50);
    assert_all_here(&g);
}

/// Builders that are added later: whatever gives handles of new parts of a graph must know its caller.
#[test]
fn builders_know_their_callers() {
    // These give handles of what is there.
    const GETTERS: [&str; 9] = [
        "global_variables",
        "trainable_variables",
        "variables_of",
        "tensors_of",
        "update_ops",
        "get_losses",
        "get_losses_in",
        "get_regularization_losses",
        "get_regularization_losses_in",
    ];
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/graph/src");
    let folders = [
        "build",
        "layers",
        "losses",
        "rnn",
        "../../optimizer/src/learning_rate",
    ];
    let folders = folders.map(|folder| format!("{source}/{folder}"));
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut builders = 0;
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        // Each piece ends with the attributes of the function that the next one begins with.
        let pieces: Vec<&str> = text.split("pub fn ").collect();
        for (before, function) in pieces.iter().zip(&pieces[1..]) {
            let signature = function.split(" {\n").next().unwrap();
            let name = signature.split(['<', '(']).next().unwrap();
            let result = signature
                .rsplit_once("-> ")
                .map_or("", |(_, result)| result);
            let handles = ["Tensor<", "Variable<", "Operation<"];
            if !handles.iter().any(|handle| result.contains(handle)) || GETTERS.contains(&name) {
                continue;
            }
            let attributes = before.rsplit("\n\n").next().unwrap();
            assert!(
                attributes.contains("#[track_caller]"),
                "`{name}` is not `#[track_caller]`"
            );
            builders += 1;
        }
    }
    assert!(builders > 100, "found only {builders} builders");
}
