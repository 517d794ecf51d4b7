//! All that can be done with a graph that a stranger has made, as far as it ends soon.

use aqueduct::ir::{Array, Control, NodeId, Op, RegionId, TensorId};
use aqueduct::prelude::*;
use aqueduct::{Data, Error, Feeds, SessionOptions, Value};

/// The most elements that a result of known shape may have, and the most steps of a loop.
const MOST: usize = 1 << 12;

/// Of graphs with more operations less is tried.
const MANY_OPERATIONS: usize = 50;

/// Graphs with more operations are looked at only.
const MOST_OPERATIONS: usize = 2000;

/// Draws a graph, looks into its collections, builds gradients of it and runs it, with and without
/// them. How many of the runs gave values.
///
/// # Panics
/// Something panics, or a run fails that should not.
pub fn exercise(graph: &Graph) -> usize {
    look(graph);
    if graph.operation_count() > MOST_OPERATIONS {
        return 0;
    }
    let small = is_small(graph);
    let before = if small { run(graph) } else { 0 };
    differentiate(graph);
    let after = if small { run(graph) } else { 0 };
    before + after
}

/// Everything that shows a graph or finds something in it.
fn look(graph: &Graph) {
    let _ = (graph.to_text(), graph.to_dot(), format!("{graph:?}"));
    for operation in root_operations(graph) {
        let found = graph.get_operation_by_name(&operation.name());
        assert_eq!(found.ok(), Some(operation));
        let _ = operation.trace().to_string();
    }
    for variable in graph.global_variables() {
        let _ = graph.get_variable_by_name(&variable.name());
    }
    let _ = (graph.update_ops(), losses::get_losses(graph));
}

fn differentiate(graph: &Graph) {
    let floats: Vec<AnyTensor<'_>> = tensors(graph)
        .into_iter()
        .filter(|tensor| tensor.dtype().is_float())
        .collect();
    let newest = floats.iter().rev().take(effort(graph)).copied();
    for y in newest {
        let _ = gradients(y, floats.clone());
        let variables = graph.trainable_variables();
        let _ = gradients(y, variables);
    }
    let _ = get_or_create_global_step(graph);
}

/// Runs all that is not in a body; how many runs gave values.
fn run(graph: &Graph) -> usize {
    let options = SessionOptions::new().threads(1);
    let mut successes = 0;
    for options in [options.optimize(false), options] {
        let sess = Session::with_options(graph, options);
        for variable in graph.global_variables() {
            sane(sess.run(variable.initializer(), small_feeds(graph)));
        }
        let all = tensors(graph);
        let fetched: Vec<AnyTensor<'_>> = all.iter().rev().take(16).copied().collect();
        for tensor in fetched.iter().take(effort(graph)) {
            successes += sane(sess.run(vec![*tensor], small_feeds(graph)));
        }
        successes += sane(sess.run(fetched, small_feeds(graph)));
        for operation in root_operations(graph).into_iter().rev().take(effort(graph)) {
            sane(sess.run(operation, small_feeds(graph)));
        }
    }
    successes
}

/// How many of the newest tensors or operations are tried alone.
fn effort(graph: &Graph) -> usize {
    if graph.operation_count() > MANY_OPERATIONS {
        1
    } else {
        4
    }
}

fn sane<T>(outcome: Result<T, Error>) -> usize {
    match outcome {
        Ok(_) => 1,
        Err(Error::Internal(message)) => panic!("{message}"),
        Err(error) => {
            let _ = error.to_string();
            0
        }
    }
}

fn root_operations(graph: &Graph) -> Vec<Operation<'_>> {
    let view = graph.view();
    let ids: Vec<NodeId> = view
        .node_ids()
        .filter(|id| view.node(*id).region == RegionId::ROOT)
        .collect();
    drop(view);
    ids.into_iter()
        .map(|id| Operation::new(graph, id))
        .collect()
}

fn tensors(graph: &Graph) -> Vec<AnyTensor<'_>> {
    root_operations(graph)
        .into_iter()
        .flat_map(Operation::outputs)
        .collect()
}

/// Whether nothing in the graph says that it takes long: results and loops are short, and every loop that
/// asks a condition has a maximum.
fn is_small(graph: &Graph) -> bool {
    let view = graph.view();
    view.node_ids().all(|id| {
        let node = view.node(id);
        let loops_end = match &node.op {
            Op::Control(Control::While { maximum, .. }) => {
                maximum.is_some_and(|maximum| maximum <= 16)
            }
            Op::Array(Array::Constant(value)) => !has_large(value.data()),
            _ => true,
        };
        let sizes_are_small = node.outputs.iter().all(|fact| {
            let known = fact.shape.dims().iter().filter_map(|dim| dim.known());
            known
                .map(|size| size.max(1))
                .try_fold(1_usize, usize::checked_mul)
                .is_some_and(|elements| elements <= MOST)
        });
        loops_end && sizes_are_small
    })
}

/// Numbers that may become sizes, or lengths of loops.
fn has_large(data: &Data) -> bool {
    match data {
        Data::I32(values) => values.iter().any(|value| value.unsigned_abs() > 64),
        Data::I64(values) => values.iter().any(|value| value.unsigned_abs() > 64),
        Data::F32(_) | Data::F64(_) | Data::U8(_) | Data::Bool(_) => false,
    }
}

/// Small values for all placeholders; unknown sizes are 2.
fn small_feeds(graph: &Graph) -> Feeds<'static> {
    let mut feeds = Feeds::new();
    let view = graph.view();
    let placeholders: Vec<NodeId> = view
        .node_ids()
        .filter(|id| matches!(view.node(*id).op, Op::Array(Array::Placeholder { .. })))
        .collect();
    drop(view);
    for id in placeholders {
        let tensor = AnyTensor::new(graph, TensorId::new(id, 0));
        let sizes: Vec<usize> = tensor
            .shape()
            .dims()
            .iter()
            .map(|dim| dim.known().unwrap_or(2))
            .collect();
        if let Some(value) = small_value(tensor.dtype(), &sizes) {
            feeds.add_any(tensor, value);
        }
    }
    feeds
}

/// Zeros and ones; `None` if there would be many.
fn small_value(dtype: DType, sizes: &[usize]) -> Option<Value> {
    let count = sizes
        .iter()
        .try_fold(1_usize, |count, size| count.checked_mul(*size))?;
    if count > MOST {
        return None;
    }
    let bits = || (0..count).map(|place| place % 3 == 1);
    let data = match dtype {
        DType::F32 => Data::F32(bits().map(|bit| if bit { 1.5 } else { 0.25 }).collect()),
        DType::F64 => Data::F64(bits().map(|bit| if bit { 1.5 } else { 0.25 }).collect()),
        DType::I32 => Data::I32(bits().map(i32::from).collect()),
        DType::I64 => Data::I64(bits().map(i64::from).collect()),
        DType::U8 => Data::U8(bits().map(u8::from).collect()),
        DType::Bool => Data::Bool(bits().collect()),
    };
    Value::new(sizes.to_vec(), data)
}
