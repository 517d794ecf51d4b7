//! Ops against TensorFlow's numbers: what they give, and what their gradients are.

#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

mod arrays;
mod elements;
mod losses;
mod reductions;
mod segments;

use aqueduct::prelude::*;
use aqueduct::{Element, Feeds, Value};
use aqueduct_tests::{Modes, Reference, Tolerance, compare, report};

/// The operands of a case.
struct Inputs<'g>(Vec<AnyTensor<'g>>);

impl<'g> Inputs<'g> {
    fn x(&self, place: usize) -> Tensor<'g, f32> {
        self.0[place].typed()
    }

    fn ints(&self, place: usize) -> Tensor<'g, i32> {
        self.0[place].typed()
    }

    fn all(&self) -> Vec<Tensor<'g, f32>> {
        self.0.iter().map(|input| input.typed()).collect()
    }
}

/// The outputs of a case, by its name; `None` if its op is not here.
type Build = for<'g> fn(&str, &Inputs<'g>) -> Option<Vec<AnyTensor<'g>>>;

/// Outputs as a [`Build`] gives them.
fn outputs<'g, T: Element>(tensors: impl IntoIterator<Item = Tensor<'g, T>>) -> Vec<AnyTensor<'g>> {
    tensors.into_iter().map(Tensor::any).collect()
}

/// Runs every case of the file.
#[track_caller]
fn check(file: &str, build: Build) {
    let reference = Reference::open(file);
    let mut run = Vec::new();
    let mut results = Vec::new();
    for (number, case) in reference.cases().into_iter().enumerate() {
        let g = Graph::new();
        let given = reference.series(case, "in");
        let inputs = Inputs(given.iter().map(|value| placeholder(&g, value)).collect());
        if let Some(outputs) = build(case, &inputs) {
            run.push(case);
            let result = check_case(&reference, (number, case), &inputs, &outputs);
            results.push(result.map_err(|why| format!("{case}: {why}")));
        }
    }
    reference.check_all_named(run, []);
    report(results);
}

fn placeholder<'g>(g: &'g Graph, value: &Value) -> AnyTensor<'g> {
    let shape = value.shape();
    match value.dtype() {
        DType::F32 => g.placeholder::<f32>("x", shape).any(),
        DType::I32 => g.placeholder::<i32>("x", shape).any(),
        DType::I64 => g.placeholder::<i64>("x", shape).any(),
        DType::Bool => g.placeholder::<bool>("x", shape).any(),
        DType::F64 | DType::U8 => panic!("no reference input is {}", value.dtype()),
    }
}

fn check_case<'g>(
    reference: &Reference,
    (number, case): (usize, &str),
    inputs: &Inputs<'g>,
    outputs: &[AnyTensor<'g>],
) -> Result<(), String> {
    let g = inputs.0[0].graph();
    let cotangents = reference.series(case, "cot");
    let weights: Vec<AnyTensor<'_>> = cotangents.iter().map(|w| placeholder(g, w)).collect();
    // What is not of floats has no gradient, nor a cotangent.
    let floats = outputs.iter().copied();
    let floats: Vec<AnyTensor<'_>> = floats.filter(|output| output.dtype().is_float()).collect();
    let slopes = Gradients::of(floats)
        .wrt(&inputs.0)
        .grad_ys(&weights)
        .build();
    let feeds = || {
        let mut feeds = Feeds::new();
        let operands = inputs.0.iter().zip(reference.series(case, "in"));
        for (tensor, value) in operands.chain(weights.iter().zip(cotangents.clone())) {
            feeds.add_any(*tensor, value.clone());
        }
        feeds
    };
    // TensorFlow's `None` is stored as zeros.
    let slopes = slopes.iter().zip(&inputs.0);
    let slopes = slopes.map(|(slope, x)| slope.dense().unwrap_or_else(|| x.zeros_like()));
    let fetches: Vec<AnyTensor<'_>> = outputs.iter().copied().chain(slopes).collect();
    let modes = Modes::of_case(g, number);
    let found = modes.run(|sess| sess.run(fetches.clone(), feeds()))?;
    let (values, slopes) = found.split_at(outputs.len());

    let expected = reference.series(case, "out");
    if expected.len() != values.len() {
        return Err(format!("{} outputs, not {}", values.len(), expected.len()));
    }
    for (place, (value, expected)) in values.iter().zip(expected).enumerate() {
        compare(value, expected, Tolerance::REFERENCE)
            .map_err(|why| format!("output {place} {why}"))?;
    }
    for (place, slope) in slopes.iter().enumerate() {
        if let Some(expected) = reference.get(&format!("{case}|grad:{place}")) {
            compare(slope, expected, Tolerance::REFERENCE)
                .map_err(|why| format!("gradient {place} {why}"))?;
        }
    }
    Ok(())
}

#[test]
fn unary() {
    let build: Build = |case, inputs| {
        let x = inputs.x(0);
        Some(outputs([match case {
            "abs" => x.abs(),
            "cos" => x.cos(),
            "erf" => x.erf(),
            "exp" => x.exp(),
            "floor" => x.floor(),
            "log" => x.log(),
            "log1p" => x.log1p(),
            "neg" => -x,
            "reciprocal" => x.reciprocal(),
            "relu" => x.relu(),
            "relu6" => x.relu6(),
            "leaky_relu" => x.leaky_relu(0.2),
            "elu" => x.elu(),
            "selu" => x.selu(),
            "softplus" | "softplus_extreme" => x.softplus(),
            "softsign" => x.softsign(),
            "round" | "round_half_even" => x.round(),
            "rsqrt" => x.rsqrt(),
            "sigmoid" | "sigmoid_extreme" => x.sigmoid(),
            "sign" => x.sign(),
            "sin" => x.sin(),
            "sqrt" => x.sqrt(),
            "square" => x.square(),
            "tanh" | "tanh_extreme" => x.tanh(),
            _ => return None,
        }]))
    };
    check("unary_ops.npz", build);
}

#[test]
fn binary() {
    let build: Build = |case, inputs| {
        let (a, b) = (inputs.x(0), inputs.x(1));
        let (function, _shapes) = case.split_once('_')?;
        Some(outputs([match function {
            "add" => a + b,
            "sub" => a - b,
            "mul" => a * b,
            "div" => a / b,
            "maximum" => a.maximum(b),
            "minimum" => a.minimum(b),
            "sqdiff" => a.squared_difference(b),
            "pow" => a.pow(b),
            "floormod" => a.floormod(b),
            _ => return None,
        }]))
    };
    check("binary_ops.npz", build);
}

#[test]
fn clip() {
    let build: Build = |case, inputs| {
        let (g, x) = (inputs.0[0].graph(), inputs.x(0));
        let together = |norm: f32| {
            let (mut clipped, norm) = g.clip_by_global_norm(&inputs.all(), norm);
            clipped.push(norm);
            clipped
        };
        Some(outputs(match case {
            "clip_by_value" => vec![x.clip_by_value(-1.0, 1.0)],
            "clip_by_norm_active" | "clip_by_norm_zero" => vec![x.clip_by_norm(1.0)],
            "clip_by_norm_inactive" => vec![x.clip_by_norm(10.0)],
            "clip_by_norm_axes1" => vec![x.clip_by_norm_along(1.0, 1)],
            "global_norm" => vec![g.global_norm(&inputs.all())],
            "clip_by_global_norm_active" => together(0.5),
            "clip_by_global_norm_inactive" => together(10.0),
            _ => return None,
        }))
    };
    check("clip_ops.npz", build);
    let averages: Build = |case, inputs| {
        let x = inputs.x(0);
        Some(outputs([match case {
            "clip_by_average_norm_active" => x.clip_by_average_norm(0.25),
            "clip_by_average_norm_inactive" => x.clip_by_average_norm(10.0),
            _ => return None,
        }]))
    };
    check("clip_more.npz", averages);
}

#[test]
fn reduce() {
    let build: Build = |case, inputs| {
        let x = inputs.x(0);
        Some(outputs([match case {
            "sum_all" => x.reduce_sum(..),
            "sum_ax0" => x.reduce_sum(0),
            "sum_ax1_keep" => x.reduce_sum_keep(1),
            "sum_ax02" => x.reduce_sum([0, 2]),
            "sum_axneg" => x.reduce_sum(-1),
            "mean_all" => x.reduce_mean(..),
            "mean_ax0" => x.reduce_mean(0),
            "mean_ax1_keep" => x.reduce_mean_keep(1),
            "mean_ax02" => x.reduce_mean([0, 2]),
            "mean_axneg" => x.reduce_mean(-1),
            "max_all" => x.reduce_max(..),
            "max_ax0" => x.reduce_max(0),
            "max_ax1_keep" => x.reduce_max_keep(1),
            "max_ax02" => x.reduce_max([0, 2]),
            "max_axneg" => x.reduce_max(-1),
            "max_ties_ax0_keep" => x.reduce_max_keep(0),
            "max_ties_ax1" => x.reduce_max(1),
            "min_all" | "min_ties_all" => x.reduce_min(..),
            "min_ax0" => x.reduce_min(0),
            "min_ax1_keep" => x.reduce_min_keep(1),
            "min_ax02" => x.reduce_min([0, 2]),
            "min_axneg" => x.reduce_min(-1),
            "prod_all" => x.reduce_prod(..),
            "prod_ax0" => x.reduce_prod(0),
            "prod_ax1_keep" => x.reduce_prod_keep(1),
            "prod_ax02" => x.reduce_prod([0, 2]),
            "prod_axneg" => x.reduce_prod(-1),
            "prod_zero_ax2" => x.reduce_prod(2),
            "logsumexp_all" => x.reduce_logsumexp(..),
            "logsumexp_ax0" => x.reduce_logsumexp(0),
            "logsumexp_ax1_keep" => x.reduce_logsumexp_keep(1),
            "logsumexp_ax02" => x.reduce_logsumexp([0, 2]),
            "logsumexp_axneg" => x.reduce_logsumexp(-1),
            _ => return None,
        }]))
    };
    check("reduce_ops.npz", build);
}

#[test]
fn matmul() {
    let build: Build = |case, inputs| {
        let (a, b) = (inputs.x(0), inputs.x(1));
        Some(outputs([match case {
            "matmul_00" | "batch_matmul" => a.matmul(b),
            "matmul_01" => a.matmul_with(b, false, true),
            "matmul_10" => a.matmul_with(b, true, false),
            "matmul_11" => a.matmul_with(b, true, true),
            "tensordot" => a.tensordot(b, 1),
            "bias_add" => a.bias_add(b),
            "xw_plus_b" => a.xw_plus_b(b, inputs.x(2)),
            _ => return None,
        }]))
    };
    check("matmul_ops.npz", build);
}

#[test]
fn convolutions() {
    let build: Build = |case, inputs| {
        if case == "conv2d_explicit" {
            let padding = Padding::Explicit([[2, 1], [0, 3]]);
            return Some(outputs([inputs.x(0).conv2d(inputs.x(1), [2, 1], padding)]));
        }
        let (function, rest) = case
            .split_once("_same")
            .or_else(|| case.split_once("_valid"))?;
        let padding = if case.contains("_same") {
            Padding::Same
        } else {
            Padding::Valid
        };
        // The two numbers behind a letter.
        let pair = |letter: &str| -> Option<[usize; 2]> {
            let digits = rest.split('_').find_map(|word| word.strip_prefix(letter))?;
            let mut digits = digits.chars().filter_map(|digit| digit.to_digit(10));
            Some([digits.next()? as usize, digits.next()? as usize])
        };
        let strides = pair("s").unwrap_or([1, 1]);
        let x = inputs.x(0);
        Some(outputs([match function {
            "conv2d" => {
                let dilations = pair("d").unwrap_or([1, 1]);
                let options = ConvOptions::new(strides, padding).dilations(dilations);
                x.conv2d_with(inputs.x(1), options)
            }
            "conv1d" => x.conv1d(inputs.x(1), 2, padding),
            "conv2d_transpose" => {
                let height = if padding == Padding::Same { 6 } else { 7 };
                let options = ConvOptions::new(2, padding);
                x.conv2d_transpose(inputs.x(1), [2, height, 6, 3], options)
            }
            "max_pool" => x.max_pool2d(pair("k")?, strides, padding),
            "avg_pool" => x.avg_pool2d(pair("k")?, strides, padding),
            "max_pool1d" => x.max_pool1d(3, 2, padding),
            "avg_pool1d" => x.avg_pool1d(3, 2, padding),
            _ => return None,
        }]))
    };
    check("conv.npz", build);
}

#[test]
fn losses() {
    let build: Build = |case, inputs| {
        let x = inputs.x(0);
        let labels = || inputs.x(1);
        let classes = || inputs.0[1].typed::<i64>();
        Some(outputs([match case {
            "l2_loss" => l2_loss(x),
            "log_softmax" => x.log_softmax(),
            "mean_squared_error" => mean_squared_error(x, labels()),
            "sigmoid_xent" => sigmoid_cross_entropy_with_logits(labels(), x),
            "softmax" => x.softmax(),
            "softmax_axis0" => x.softmax_along(0),
            "softmax_xent_v1" => softmax_cross_entropy_with_logits(labels(), x),
            "softmax_xent_v2" | "softmax_xent_v2_extreme" | "softmax_xent_v2_rank3" => {
                softmax_cross_entropy_with_logits_v2(labels(), x)
            }
            "sparse_xent" | "sparse_xent_rank3" => {
                sparse_softmax_cross_entropy_with_logits(classes(), x)
            }
            _ => return None,
        }]))
    };
    check("losses.npz", build);
}

#[test]
fn arrays() {
    let build: Build = |case, inputs| {
        let floats = slices(case, inputs).or_else(|| moves(case, inputs));
        let floats = floats.or_else(|| sums_along(case, inputs)).map(outputs);
        floats.or_else(|| (case == "argmax_ties").then(|| outputs([inputs.x(0).argmax(1)])))
    };
    check("array_ops.npz", build);
}

/// Slices, and what a slice can stand for.
fn slices<'g>(case: &str, inputs: &Inputs<'g>) -> Option<Vec<Tensor<'g, f32>>> {
    // Not every case has an operand of floats first.
    let x = || inputs.x(0);
    Some(vec![match case {
        "slice_mid" => x().slice((.., 1)),
        "slice_last" => x().slice((.., -1)),
        "slice_range" => x().slice((1..3, step_by(0..4, 2), 1..4)),
        "slice_negstride" => x().slice((step_by(.., -1), .., step_by(.., -2))),
        "slice_newaxis_ellipsis" => x().slice((ELLIPSIS, NEW_AXIS, 1..3)),
        "slice_ellipsis_mid" => x().slice((1, ELLIPSIS, 2)),
        "tf_slice" => x().slice_sizes(&[0, 1, 2], &[2, 3, -1]),
        "reverse" => x().reverse(1),
        _ => return None,
    }])
}

fn sums_along<'g>(case: &str, inputs: &Inputs<'g>) -> Option<Vec<Tensor<'g, f32>>> {
    Some(vec![match case {
        "cumsum" => inputs.x(0).cumsum(1),
        "cumsum_excl_rev" => inputs.x(0).cumsum_with(2, true, true),
        _ => return None,
    }])
}

fn moves<'g>(case: &str, inputs: &Inputs<'g>) -> Option<Vec<Tensor<'g, f32>>> {
    // Not every case has an operand of floats first.
    let x = || inputs.x(0);
    let g = inputs.0[0].graph();
    Some(match case {
        "gather" | "gather_rank2_idx" => vec![x().gather(inputs.ints(1))],
        "embedding_lookup" => vec![embedding_lookup(x(), inputs.ints(1))],
        "gather_axis1" => vec![x().gather_along(inputs.ints(1), 1)],
        "split_num" => x().split(2, 1),
        "split_sizes" => x().split_sizes(&[1, 3, 1], 2),
        "split_axis0_neg" => x().split(5, -1),
        "stack0" => vec![g.stack(&inputs.all(), 0)],
        "stack1" => vec![g.stack(&inputs.all(), 1)],
        "unstack1" => x().unstack(4, 1),
        "transpose" => vec![x().transpose([2, 1, 0])],
        "transpose_102" => vec![x().transpose([1, 0, 2])],
        "transpose_201" => vec![x().transpose([2, 0, 1])],
        "reshape" => vec![x().reshape([6, -1])],
        "concat0" => vec![g.concat(&inputs.all(), 0)],
        "concat_last" => vec![g.concat(&inputs.all(), -1)],
        "gather_nd" => vec![x().gather_nd(inputs.ints(1))],
        "one_hot" => vec![inputs.ints(0).one_hot(4)],
        "tile" => vec![x().tile([2, 1, 3])],
        "pad" => vec![x().pad([[1, 2], [0, 1]])],
        "pad_value" => vec![x().pad_with([[0, 1], [2, 0]], 7.0)],
        "pad_reflect" => vec![x().pad_reflect([[1, 1], [2, 1]])],
        "pad_symmetric" => vec![x().pad_symmetric([[1, 1], [2, 1]])],
        "reverse_sequence" => vec![x().reverse_sequence(inputs.ints(1), 1, 0)],
        "boolean_mask" => vec![x().boolean_mask(inputs.0[1].typed::<bool>())],
        "expand_squeeze" => vec![x().expand_dims(1).squeeze(1)],
        "squeeze_all" => vec![x().squeeze(..)],
        "where3" => vec![inputs.0[0].typed::<bool>().select(inputs.x(1), inputs.x(2))],
        // TensorFlow 1 chooses rows by a vector; here it is broadcast like everything else.
        "where3_vector_cond" => {
            let rows = inputs.0[0].typed::<bool>().expand_dims(1);
            vec![rows.select(inputs.x(1), inputs.x(2))]
        }
        _ => return None,
    })
}

/// Values and gradients that TensorFlow 2.15 gives for sums of `exp` of infinities, NaN and nothing.
#[test]
fn logsumexp_of_infinities() {
    const INF: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    let cases: [(&[f32], f32, &[f32]); 7] = [
        (&[INF, 1.0], INF, &[NAN, 0.0]),
        (&[INF, INF], INF, &[NAN, NAN]),
        (&[INF, -INF], INF, &[NAN, 0.0]),
        (&[-INF, -INF], -INF, &[NAN, NAN]),
        (&[-INF, 1.0], 1.0, &[0.0, 1.0]),
        (&[NAN, 1.0], NAN, &[NAN, NAN]),
        (&[], -INF, &[]),
    ];
    report(cases.map(|(x, sum, slope)| {
        let g = Graph::new();
        let point = g.placeholder::<f32>("x", shape![?]);
        let y = point.reduce_logsumexp(..);
        let fetches = vec![y.any(), gradient(y, point).any()];
        let modes = Modes::new(&g, []);
        let values = modes.run(|sess| sess.run(fetches.clone(), feed![point => x]))?;
        let expected = [Value::scalar(sum), Value::vector(slope.to_vec())];
        for (value, expected) in values.iter().zip(&expected) {
            compare(value, expected, Tolerance::REFERENCE)
                .map_err(|why| format!("{x:?}: {why}"))?;
        }
        Ok(())
    }));
}
