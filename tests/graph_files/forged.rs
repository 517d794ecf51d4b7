//! Records that no graph has, in files whose checksums are right.

use aqueduct::Shape;
use std::fmt::Write as _;

use aqueduct::ir::{
    Array, Control, GraphRecord, LocationId, Member, Nn, NodeId, OpRecord, Reduce, Reduction,
    RegionId, SizeSource, TensorId, VariableId,
};
use aqueduct::prelude::*;
use aqueduct_tests::hostile::{GraphFolder, exercise, graph_file};
use expect_test::expect;

use crate::allocations::largest_request;
use crate::seeds::small;

fn record() -> GraphRecord {
    let graph = Graph::new();
    small(&graph);
    graph.to_record().unwrap()
}

fn encoded(record: &GraphRecord) -> Vec<u8> {
    graph_file(&bincode::serialize(record).unwrap())
}

/// Why a file is refused, after its name.
fn refusal(bytes: &[u8]) -> String {
    let folder = GraphFolder::new();
    let (result, largest) = largest_request(|| folder.offer(bytes).unwrap_err().to_string());
    assert!(
        largest < (2 << 20) + 4 * bytes.len(),
        "{largest} bytes were asked for"
    );
    let (_, reason) = result.split_once("m.meta` ").unwrap();
    reason.to_owned()
}

/// Why the small graph is refused after a change.
fn forged(change: impl FnOnce(&mut GraphRecord)) -> String {
    let mut record = record();
    change(&mut record);
    refusal(&encoded(&record))
}

fn tensor(node: usize) -> TensorId {
    TensorId::new(NodeId::from_index(node), 0)
}

/// An output of the loop in a collection.
fn member(output: u32) -> Member {
    Member::Tensor(TensorId::new(NodeId::from_index(14), output))
}

fn loop_of(record: &mut GraphRecord, condition: RegionId, body: RegionId) {
    record.nodes[14].op = OpRecord::Plain(
        Control::While {
            condition,
            body,
            states: 1,
            maximum: Some(2),
        }
        .into(),
    );
}

fn placeholder(dims: Vec<Dim>) -> OpRecord {
    let shape = Shape::new(dims);
    OpRecord::Plain(
        Array::Placeholder {
            dtype: DType::F32,
            shape,
        }
        .into(),
    )
}

/// The unknown size that the small graph names.
fn unknown(record: &GraphRecord) -> Dim {
    match &record.nodes[10].op {
        OpRecord::Parameter { shape, .. } => shape.dims()[0],
        _ => unreachable!(),
    }
}

fn far() -> LocationId {
    LocationId::from_index(1 << 20)
}

type Change = fn(&mut GraphRecord);

/// The small graph: 0 is the placeholder `x`, 7 the initial value of the variable `w`, 8 its initializer,
/// 9 its read, 10 and 11 the condition of the loop, 12 and 13 its body, 14 the loop itself, 15 `init`.
const FORGERIES: &[(&str, Change)] = &[
    ("an operand from the future", |r| {
        r.nodes[5].inputs[0] = tensor(6)
    }),
    ("an operand that is the operation", |r| {
        r.nodes[5].inputs[0] = tensor(5)
    }),
    ("an operand beyond the last", |r| {
        r.nodes[5].inputs[0] = tensor(u32::MAX as usize)
    }),
    ("an output beyond the last", |r| {
        r.nodes[5].inputs[0].output = 7
    }),
    ("an operand of another body", |r| {
        r.nodes[13].inputs[1] = tensor(10)
    }),
    ("an operand of an inner body", |r| {
        r.nodes[14].inputs[0] = tensor(13)
    }),
    ("too few operands", |r| _ = r.nodes[5].inputs.pop()),
    ("too many operands", |r| r.nodes[4].inputs.push(tensor(1))),
    ("an operand of the wrong type", |r| {
        r.nodes[5].inputs[0] = tensor(1)
    }),
    ("an output of the wrong type", |r| {
        r.nodes[5].outputs[0] = DType::I64
    }),
    ("an output too many", |r| {
        r.nodes[5].outputs.push(DType::F32)
    }),
    ("an output too few", |r| _ = r.nodes[5].outputs.pop()),
    ("an attribute out of range", |r| {
        r.nodes[5].op = OpRecord::Plain(
            Reduce::Over {
                reduction: Reduction::Sum,
                axes: vec![usize::MAX],
                keep_dims: false,
            }
            .into(),
        );
        r.nodes[5].inputs.pop();
    }),
    ("more pieces than outputs", |r| {
        r.nodes[5].op = OpRecord::Plain(
            Array::Unstack {
                axis: 0,
                count: 1 << 40,
            }
            .into(),
        );
        r.nodes[5].inputs.pop();
    }),
    ("a constant that is not there", |r| {
        r.nodes[1].op = OpRecord::Constant(1 << 40)
    }),
    ("a constant out of order", |r| {
        r.nodes[1].op = OpRecord::Constant(1)
    }),
    ("a constant that nothing uses", |r| {
        r.constants.push(r.constants[0].clone())
    }),
    ("a constant in the wrong form", |r| {
        r.nodes[1].op = OpRecord::Plain(Array::Constant(r.constants[0].clone()).into());
    }),
    ("a parameter in the wrong form", |r| {
        let region = RegionId::from_index(1);
        r.nodes[10].op = OpRecord::Plain(Control::Parameter { region, index: 0 }.into());
    }),
    ("a parameter that is none", |r| {
        r.nodes[10].op = OpRecord::Plain(Array::Identity.into());
    }),
    ("a parameter of no body", |r| {
        r.nodes[5].op = r.nodes[10].op.clone()
    }),
    ("a parameter twice", |r| {
        r.regions[1].parameters[0] = NodeId::from_index(10)
    }),
    ("a parameter too many", |r| {
        r.regions[0].parameters.push(NodeId::from_index(99))
    }),
    ("a parameter of another type", |r| {
        r.nodes[12].op = OpRecord::Parameter {
            dtype: DType::I32,
            shape: Shape::scalar(),
        };
    }),
    ("a custom op that is not registered", |r| {
        r.nodes[5].op = OpRecord::Custom("thing\u{1b}[2J".to_owned());
    }),
    ("a name twice", |r| {
        r.nodes[5].name = r.nodes[4].name.clone()
    }),
    ("a name with control characters", |r| {
        r.nodes[5].name = "a\u{1b}[2J\n".to_owned()
    }),
    ("a name of nothing", |r| r.nodes[5].name = String::new()),
    ("a name that was made of another", |r| {
        r.nodes[5].asked_name = Some("b\n".to_owned())
    }),
    ("a name that is not kept", |r| _ = r.names.pop()),
    ("a name asked for without end", |r| r.names[0].1 = u32::MAX),
    ("names out of order", |r| r.names.swap(0, 1)),
    ("a name in upper case", |r| r.names[0].0 = "INIT".to_owned()),
    ("an operation of no body", |r| {
        r.nodes[5].region = RegionId::from_index(3)
    }),
    ("a body in itself", |r| {
        r.regions[0].parent = RegionId::from_index(1)
    }),
    ("a body in a later one", |r| {
        r.regions[0].parent = RegionId::from_index(2)
    }),
    ("two bodies that are one", |r| {
        let body = RegionId::from_index(1);
        loop_of(r, body, body);
    }),
    ("bodies exchanged", |r| {
        loop_of(r, RegionId::from_index(2), RegionId::from_index(1))
    }),
    ("a body that is the graph", |r| {
        loop_of(r, RegionId::ROOT, RegionId::from_index(2))
    }),
    ("a body beyond the last", |r| {
        loop_of(
            r,
            RegionId::from_index(1),
            RegionId::from_index(u32::MAX as usize),
        );
    }),
    ("a body of a kind that is no name", |r| {
        r.regions[0].kind = "\u{1b}".to_owned()
    }),
    ("a body without results", |r| r.regions[1].results.clear()),
    ("a result twice", |r| r.regions[1].results.push(tensor(13))),
    ("a result of the loop itself", |r| {
        r.regions[1]
            .results
            .push(TensorId::new(NodeId::from_index(14), 9));
        r.collections[0].1.push(member(9));
    }),
    ("a result of another body", |r| {
        r.regions[1].results[0] = tensor(11)
    }),
    ("a result that is not there", |r| {
        r.regions[1].results[0] = tensor(77)
    }),
    ("a condition of floats", |r| {
        r.regions[0].results[0] = tensor(10)
    }),
    ("a loop of more states", |r| {
        if let OpRecord::Plain(op) = &mut r.nodes[14].op
            && let aqueduct::ir::Op::Control(Control::While { states, .. }) = op
        {
            *states = usize::MAX;
        }
    }),
    ("an unknown size out of order", |r| {
        r.nodes[0].op = placeholder(vec![Dim::UNKNOWN, unknown(r)]);
        r.sizes.clear();
    }),
    ("an unknown size of nothing", |r| {
        r.sizes[0] = Some(SizeSource::Axis(tensor(0), 0));
    }),
    ("an unknown size of a known one", |r| {
        r.sizes.push(Some(SizeSource::Element(tensor(0), 1 << 40)));
    }),
    ("a place that is not there", |r| r.nodes[5].site.at = far()),
    ("a place twice", |r| r.locations[1] = r.locations[0].clone()),
    ("an origin in the future", |r| {
        r.nodes[5].origin = Some(NodeId::from_index(6))
    }),
    ("waiting for the future", |r| {
        r.nodes[5].controls = vec![NodeId::from_index(9)]
    }),
    ("waiting twice", |r| {
        r.nodes[5].controls = vec![NodeId::from_index(0); 2]
    }),
    ("a variable twice", |r| {
        r.variables.push(r.variables[0].clone())
    }),
    ("a variable too many", |r| {
        let mut other = r.variables[0].clone();
        other.name = "v".to_owned();
        r.variables.push(other);
        r.names.insert(1, ("v".to_owned(), 1));
    }),
    ("a variable without a name", |r| {
        r.variables[0].name = "\n".to_owned()
    }),
    ("a variable of another shape", |r| {
        r.variables[0].shape = vec![1 << 40; 3]
    }),
    ("a variable of a long shape", |r| {
        r.variables[0].shape = vec![1; 100_000]
    }),
    ("a variable of another type", |r| {
        r.variables[0].dtype = DType::U8
    }),
    ("an initial value that uses the variable", |r| {
        r.variables[0].initial_value = tensor(9)
    }),
    ("an initial value that is not there", |r| {
        r.variables[0].initial_value = tensor(1 << 30)
    }),
    ("an initializer that is none", |r| {
        r.variables[0].initializer = NodeId::from_index(7)
    }),
    ("a read before the initializer", |r| {
        r.variables[0].read = NodeId::from_index(7)
    }),
    ("a variable that is not there", |r| {
        let read = aqueduct::ir::State::Read(VariableId::from_index(5));
        r.nodes[9].op = OpRecord::Plain(read.into());
    }),
    ("a shared variable that is not there", |r| {
        r.shared_variables[0].1 = VariableId::from_index(5);
    }),
    ("a scope that is no path", |r| {
        r.variable_scopes.push("\u{202e}".to_owned())
    }),
    ("a member that is not there", |r| {
        r.collections[0].1[0] = member(9)
    }),
    ("a member twice", |r| {
        let again = r.collections[0].1[0];
        r.collections[0].1.push(again);
    }),
    ("a collection twice", |r| {
        r.collections[1].0 = r.collections[0].0.clone()
    }),
    ("a collection of a strange name", |r| {
        r.collections[0].0 = "\u{7}".to_owned();
        r.collections[0].1[0] = member(9);
    }),
    ("an initializer of all that is none", |r| {
        r.initializer = Some((NodeId::from_index(7), 1))
    }),
    ("an initializer of more than all", |r| {
        r.initializer = Some((NodeId::from_index(15), 9))
    }),
];

/// `UPDATE_EXPECT=1 cargo test -p aqueduct-tests --test graph_files forged` writes the errors anew.
#[test]
fn tables_that_make_no_sense() {
    let mut errors = String::new();
    for (what, change) in FORGERIES {
        let reason = forged(change);
        let reason = reason.strip_prefix("cannot be imported: ").unwrap();
        let first: String = reason.chars().take(150).collect();
        writeln!(errors, "{what}: {}", first.replace('\n', " ")).unwrap();
    }
    expect![[r#"
        an operand from the future: operation `w/Initializer/random_uniform/sub` uses a tensor that is not there before it
        an operand that is the operation: operation `w/Initializer/random_uniform/sub` uses a tensor that is not there before it
        an operand beyond the last: operation `w/Initializer/random_uniform/sub` uses a tensor that is not there before it
        an output beyond the last: operation `w/Initializer/random_uniform/sub` uses a tensor that is not there before it
        an operand of another body: operation `while/mul` uses what belongs to another body
        an operand of an inner body: operation `while` uses what belongs to another body
        too few operands: `w/Initializer/random_uniform/sub` cannot be built: invalid argument in sub: the op takes 2 operands but is given 1   --> tests/graph_files/seeds.rs:3
        too many operands: `w/Initializer/random_uniform/RandomUniform` cannot be built: invalid argument in random_uniform: the op takes 1 operand but is given 2   --> tests/gr
        an operand of the wrong type: `w/Initializer/random_uniform/sub` cannot be built: dtype mismatch in sub: lhs is i32 but rhs is f32   --> tests/graph_files/seeds.rs:36:15        nam
        an output of the wrong type: operation `w/Initializer/random_uniform/sub` has other outputs than it lists
        an output too many: operation `w/Initializer/random_uniform/sub` has other outputs than it lists
        an output too few: operation `w/Initializer/random_uniform/sub` has other outputs than it lists
        an attribute out of range: `w/Initializer/random_uniform/sub` cannot be built: invalid argument in reduce_sum: axis 18446744073709551615 does not exist: x is a scalar   --> test
        more pieces than outputs: operation `w/Initializer/random_uniform/sub` has 1099511627776 outputs but lists 1
        a constant that is not there: operation `w/Initializer/random_uniform/shape` has a value that is not there
        a constant out of order: operation `w/Initializer/random_uniform/shape` has a value out of order
        a constant that nothing uses: the tables of constants and sizes have entries that nothing uses
        a constant in the wrong form: operation `w/Initializer/random_uniform/shape` has its constant, its parameter or its own op in the wrong form
        a parameter in the wrong form: operation `while/parameter` is a parameter of no body, or is listed as one
        a parameter that is none: operation `while/parameter` is a parameter of no body, or is listed as one
        a parameter of no body: operation `w/Initializer/random_uniform/sub` is a parameter of no body, or is listed as one
        a parameter twice: body 2 has a parameter that is one already
        a parameter too many: operation `while` owns a body without all its parameters
        a parameter of another type: `while/mul` cannot be built: dtype mismatch in mul: lhs is i32 but rhs is f32   --> tests/graph_files/seeds.rs:38:54, called from tests/graph_files/se
        a custom op that is not registered: `w/Initializer/random_uniform/sub` is the custom op `thing\u{1b}[2J`, which is not registered   help: call `register_custom_op` with it before the imp
        a name twice: operation `w/Initializer/random_uniform/RandomUniform` does not have a name made of `w/Initializer/random_uniform/sub`
        a name with control characters: an operation is called `a\u{1b}[2J\n`, which is no name
        a name of nothing: an operation is called ``, which is no name
        a name that was made of another: operation `w/Initializer/random_uniform/sub` does not have a name made of `b\n`
        a name that is not kept: the table of names does not keep `x`, which is in use
        a name asked for without end: the table of names says that `init` was asked for 4294967295 times
        names out of order: the table of names has `init` out of order, or twice
        a name in upper case: the table of names says that `INIT` was asked for 1 times
        an operation of no body: operation `w/Initializer/random_uniform/sub` belongs to a body that does not exist
        a body in itself: body 1 comes before the body around it
        a body in a later one: body 1 comes before the body around it
        two bodies that are one: operation `while` owns a body of another operation, or of another body
        bodies exchanged: `while` cannot be built: dtype mismatch in while_loop: the condition is f32 but must be bool   --> tests/graph_files/seeds.rs:38:15        name `while
        a body that is the graph: operation `while` owns a body of another operation, or of another body
        a body beyond the last: operation `while` owns a body that does not exist
        a body of a kind that is no name: body 1 has a kind that is no name
        a body without results: `while` cannot be built: invalid argument in while_loop: the body returns 0 results but the loop has 1 state   --> tests/graph_files/seeds.rs:38:15   
        a result twice: operation `while` has other outputs than it lists
        a result of the loop itself: body 2 gives what it has not
        a result of another body: `while` cannot be built: invalid argument in while_loop: the body returns 0 results but the loop has 1 state   --> tests/graph_files/seeds.rs:38:15   
        a result that is not there: `while` cannot be built: invalid argument in while_loop: the body returns 0 results but the loop has 1 state   --> tests/graph_files/seeds.rs:38:15   
        a condition of floats: `while` cannot be built: dtype mismatch in while_loop: the condition is f32 but must be bool   --> tests/graph_files/seeds.rs:38:15        name `while
        a loop of more states: `while` cannot be built: invalid argument in while_loop: the op takes 18446744073709551615 operands but is given 1   --> tests/graph_files/seeds.rs:38
        an unknown size out of order: operation `x` names an unknown size out of order
        an unknown size of nothing: operation `x` names an unknown size that is not there
        an unknown size of a known one: the tables of constants and sizes have entries that nothing uses
        a place that is not there: operation `w/Initializer/random_uniform/sub` was built at a place that is not there
        a place twice: the table of locations has tests/graph_files/seeds.rs:35:15 twice
        an origin in the future: operation `w/Initializer/random_uniform/sub` is built on behalf of a later one
        waiting for the future: operation `w/Initializer/random_uniform/sub` waits for operations out of order
        waiting twice: operation `w/Initializer/random_uniform/sub` waits for operations out of order
        a variable twice: variable `w` has a name that is taken, or is none
        a variable too many: variable `v` has an initializer that does not assign its initial value
        a variable without a name: variable `\n` has a name that is taken, or is none
        a variable of another shape: `w/Assign` cannot be built: shape mismatch in assign: value has shape [1] but the variable has shape [1099511627776, 1099511627776, 1099511627776]   -
        a variable of a long shape: `w/Assign` cannot be built: shape mismatch in assign: value has shape [1] but the variable has shape [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 
        a variable of another type: `w/Assign` cannot be built: dtype mismatch in assign: the variable is u8 but value is f32   --> tests/graph_files/seeds.rs:36:15        name `w/Assign
        an initial value that uses the variable: variable `w` has an initializer that does not assign its initial value
        an initial value that is not there: variable `w` has an initializer that does not assign its initial value
        an initializer that is none: operation `w/Assign` uses variable `w` out of order
        a read before the initializer: operation `w/read` uses variable `w` out of order
        a variable that is not there: operation `w/read` uses a variable that does not exist
        a shared variable that is not there: the table of shared variables has `w` for a variable that does not exist
        a scope that is no path: the table of variable scopes has `\u{202e}`, which is no path of names
        a member that is not there: collection `results` has a member that does not exist
        a member twice: collection `results` has a member twice
        a collection twice: the table of collections has `results` out of order, or twice
        a collection of a strange name: collection `\u{7}` has a member that does not exist
        an initializer of all that is none: the initializer of all variables does not initialize the variables that it covers
        an initializer of more than all: the initializer of all variables does not initialize the variables that it covers
    "#]].assert_eq(&errors);
}

/// Eight bytes anywhere say that there is more of something than any file has.
#[test]
fn lengths_beyond_the_file() {
    let record = bincode::serialize(&record()).unwrap();
    let folder = GraphFolder::new();
    for place in 0..record.len() - 8 {
        for length in [1_u64 << 31, 1 << 40, 1 << 63, u64::MAX] {
            let mut bytes = record.clone();
            bytes[place..place + 8].copy_from_slice(&length.to_le_bytes());
            let bytes = graph_file(&bytes);
            let (_, largest) = largest_request(|| folder.offer(&bytes).is_ok());
            assert!(
                largest < 2 << 20,
                "{length} at {place}: {largest} bytes were asked for"
            );
        }
    }
    let good = graph_file(&record);
    for length in [0, good.len() as u64, 1 << 40, u64::MAX] {
        let mut bytes = good.clone();
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        assert!(refusal(&bytes).starts_with("is damaged: "));
    }
}

#[test]
fn records_that_are_too_long_or_too_short() {
    let record = bincode::serialize(&record()).unwrap();
    let longer = [&record[..], &[0]].concat();
    for record in [&longer[..], &record[..record.len() - 1], &[]] {
        let reason = refusal(&graph_file(record));
        assert!(
            reason.starts_with("is damaged: its header is malformed: "),
            "{reason}"
        );
    }
}

/// Numbers of kinds that there are not.
#[test]
fn ops_beyond_the_last() {
    let record = record();
    let relu = OpRecord::Plain(Nn::Softmax.into());
    let number = bincode::serialize(&relu).unwrap();
    let mut forged = record.clone();
    forged.nodes[0].op = relu;
    let bytes = bincode::serialize(&forged).unwrap();
    let mut places = bytes.windows(number.len());
    let place = places.position(|window| window == number).unwrap();
    for field in (0..number.len()).step_by(4) {
        for kind in [100_u32, 1 << 31, u32::MAX] {
            let mut bytes = bytes.clone();
            bytes[place + field..place + field + 4].copy_from_slice(&kind.to_le_bytes());
            let reason = refusal(&graph_file(&bytes));
            let expected =
                format!("is damaged: its header is malformed: invalid value: integer `{kind}`");
            assert!(reason.starts_with(&expected), "{reason}");
        }
    }
}

#[test]
fn versions_of_the_past_and_of_the_future() {
    let good = encoded(&record());
    let of_version = |version: u32| {
        let mut bytes = good.clone();
        bytes[8..12].copy_from_slice(&version.to_le_bytes());
        refusal(&bytes)
    };
    assert_eq!(of_version(0), "is damaged: there is no format version 0");
    for version in [2, 1 << 16, u32::MAX] {
        assert_eq!(
            of_version(version),
            format!(
                "has graph format version {version}, and this version of Aqueduct reads up to 1: it was \
                 written by a later one"
            )
        );
    }
}

/// A name may be long. An error does not show all of it, nor a long list of numbers.
#[test]
fn names_and_lists_of_a_megabyte() {
    let long = "x".repeat(1 << 20);
    let rename = |record: &mut GraphRecord| {
        record.nodes[0].name.clone_from(&long);
        record.nodes[0].asked_name = None;
        record.names.last_mut().unwrap().0.clone_from(&long);
    };
    let mut record = record();
    rename(&mut record);
    let graph = GraphFolder::new().offer(&encoded(&record)).unwrap();
    assert!(graph.get_operation_by_name(&long).is_ok());
    exercise(&graph);
    let shown = "x".repeat(1000) + "... (1048576 bytes)";
    let reason = forged(|record| {
        rename(record);
        record.nodes[0].region = RegionId::from_index(9);
    });
    assert_eq!(
        reason,
        format!("cannot be imported: operation `{shown}` belongs to a body that does not exist")
    );
    let short = |reason: String| assert!(reason.len() < 12_000, "{}", reason.len());
    short(forged(|record| {
        rename(record);
        record.nodes[14].inputs.push(tensor(0));
    }));
    short(forged(|record| {
        let perm = vec![7; 1 << 17];
        record.nodes[5].op = OpRecord::Plain(Array::Transpose { perm }.into());
        record.nodes[5].inputs.pop();
    }));
}

/// Bodies in bodies: as many as calls may nest, and too many.
#[test]
fn bodies_in_bodies() {
    fn nest<'g>(g: &'g Graph, depth: usize, x: Tensor<'g, f64>) -> Tensor<'g, f64> {
        if depth == 0 {
            return x.sin();
        }
        g.scan(x, g.constant([0.0_f64]), |state, _| {
            (nest(g, depth - 1, state), ())
        })
        .0
    }
    let deep = || {
        let g = Graph::new();
        let x = g.placeholder::<f64>("x", shape![]);
        nest(&g, 20, x);
        let mut record = g.to_record().unwrap();
        let folder = GraphFolder::new();
        assert!(exercise(&folder.offer(&encoded(&record)).unwrap()) > 0);
        let innermost = record.regions.last().unwrap().clone();
        for _ in 0..100_000 {
            let mut inner = innermost.clone();
            inner.parent = RegionId::from_index(record.regions.len());
            inner.parameters.clear();
            inner.results.clear();
            record.regions.push(inner);
        }
        assert_eq!(
            refusal(&encoded(&record)),
            "cannot be imported: body 33 is nested too deep"
        );
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(deep);
    thread.unwrap().join().unwrap();
}

/// A size has one place where it is found first, and is told to be nowhere else.
#[test]
fn a_size_that_is_found_elsewhere() {
    let graph = Graph::new();
    let x = graph.placeholder::<f32>("x", shape![?, ?]);
    let row = x.reshape([-1]);
    let again = row.identity();
    let once = WhileOptions::new().maximum_iterations(1);
    graph.while_loop_with(once, again, |_| true, |y| y * 2.0);
    graph.check().unwrap();
    let mut record = graph.to_record().unwrap();
    let first = Some(SizeSource::Axis(row.id(), 0));
    let place = record.sizes.iter().position(|size| *size == first);
    record.sizes[place.unwrap()] = Some(SizeSource::Axis(again.id(), 0));
    assert_eq!(
        refusal(&encoded(&record)),
        "cannot be imported: the table of sizes does not say where each size is found first"
    );
}
