//! Tests of the kernels, with the helpers that they share.

mod accuracy;
mod along_axis;
mod array;
mod conv;
mod double_double;
mod elements;
mod fused;
mod index;
mod math;
mod matmul;
mod nn;
mod order;
mod pad;
mod rare;
mod reduce;
mod reduced;
mod reference;
mod segment;
mod table;
mod unique;

use aqueduct_graph::ir::{Data, Fact, Int, Op, RegionId, Surroundings, VariableId, infer};
use aqueduct_graph::{DType, Value, each_data};

use super::{Args, Failure, Spec, kernel};

/// The op's results, of the types and shapes that the shape rule gives, must be close to the
/// expected ones.
#[track_caller]
fn check(op: impl Into<Op>, inputs: &[Value], expected: &[Value]) {
    let op = op.into();
    let facts: Vec<Fact> = inputs.iter().map(fact).collect();
    let facts = infer(&op, &facts, &Nowhere).unwrap();
    assert_eq!(facts.len(), expected.len(), "{op:?}");
    let actual = run(&op, inputs, &facts).unwrap();
    for (actual, expected) in actual.iter().zip(expected) {
        assert_close(&op, actual, expected);
    }
}

/// The failure of an op whose result would have this type and shape.
#[track_caller]
fn failure(op: impl Into<Op>, inputs: &[Value], dtype: DType, shape: &[usize]) -> String {
    let result = run(&op.into(), inputs, &[Fact::new(dtype, shape)]);
    result.unwrap_err().message
}

fn run(op: &Op, inputs: &[Value], outputs: &[Fact]) -> Result<Vec<Value>, Failure> {
    let facts: Vec<Fact> = inputs.iter().map(fact).collect();
    let spec = Spec {
        inputs: &facts,
        outputs,
    };
    let kernel = kernel(op, &spec).expect("the op runs as a kernel");
    let mut results: Vec<Value> = outputs.iter().map(unwritten).collect();
    let late = |output: &Fact| !output.shape.is_known();
    let mut args = Args::new();
    for (index, input) in inputs.iter().enumerate() {
        let planned_in = op.uses_shape_only() || op.size_inputs().contains(&index);
        args.push_input((!planned_in).then(|| input.data().into()));
    }
    for (result, output) in results.iter_mut().zip(outputs) {
        if late(output) {
            args.skip_output();
        } else {
            args.push_output(result.data_mut().into());
        }
    }
    kernel(&mut args)?;
    let made = args.take_made();
    drop(args);
    for (index, value) in made {
        assert!(late(&outputs[index]), "{op:?} had a place for its result");
        results[index] = value;
    }
    Ok(results)
}

/// All that is known of an operand when a plan is made, the values of small integer tensors included.
fn fact(value: &Value) -> Fact {
    let mut fact = Fact::new(value.dtype(), value.shape());
    if fact.ints.is_some() {
        fact.ints = Some(
            numbers(value)
                .iter()
                .map(|number| Int::Known(*number as i64))
                .collect(),
        );
    }
    fact
}

/// The surroundings of ops that have none.
struct Nowhere;

impl Surroundings for Nowhere {
    fn variable(&self, variable: VariableId) -> Fact {
        panic!("no kernel uses {variable:?}")
    }
    fn parameters(&self, region: RegionId) -> Vec<Fact> {
        panic!("no kernel uses {region:?}")
    }
    fn results(&self, region: RegionId) -> Vec<Fact> {
        panic!("no kernel uses {region:?}")
    }
}

/// A value that a kernel must overwrite: elements it forgets are seen in the result.
fn unwritten(fact: &Fact) -> Value {
    // A result of late shape is replaced by what the kernel makes.
    let sizes = fact.shape.sizes().unwrap_or_default();
    let mut value = Value::zeros(fact.dtype, &sizes).unwrap();
    match value.data_mut() {
        Data::F32(values) => values.fill(1e30),
        Data::F64(values) => values.fill(1e30),
        Data::I32(values) => values.fill(-77),
        Data::I64(values) => values.fill(-77),
        Data::U8(values) => values.fill(77),
        Data::Bool(values) => (0..).zip(values).for_each(|(i, value)| *value = i % 3 == 0),
    }
    value
}

/// Within 1e-5 relative or 1e-6 absolute for floats, equal for all others.
#[track_caller]
fn assert_close(op: &Op, actual: &Value, expected: &Value) {
    assert_eq!(actual.shape(), expected.shape(), "{op:?}");
    let same = match (actual.data(), expected.data()) {
        (Data::F32(a), Data::F32(b)) => a
            .iter()
            .zip(b)
            .all(|(a, b)| close((*a).into(), (*b).into())),
        (Data::F64(a), Data::F64(b)) => a.iter().zip(b).all(|(a, b)| close(*a, *b)),
        (a, b) => a == b,
    };
    assert!(same, "{op:?}\n actual  {actual}\nexpected {expected}");
}

fn close(actual: f64, expected: f64) -> bool {
    let difference = (actual - expected).abs();
    actual == expected
        || (actual.is_nan() && expected.is_nan())
        || difference <= (1e-5 * expected.abs()).max(1e-6)
}

/// An integer vector that gives sizes.
fn sizes(sizes: &[usize]) -> Value {
    Value::vector(sizes.iter().map(|size| *size as i32).collect())
}

/// 0, 1, 2, … in this shape.
fn counting(shape: &[usize]) -> Value {
    let count = shape.iter().product::<usize>();
    let numbers = (0..count).map(|number| number as f32);
    Value::new(shape.to_vec(), Data::F32(numbers.collect())).unwrap()
}

/// The elements of numbers as `f64`.
fn numbers(value: &Value) -> Vec<f64> {
    each_data!(value.data(), values => {
        values.iter().map(|value| value.to_string().parse().unwrap()).collect()
    })
}
