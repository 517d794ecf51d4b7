//! Cases for the shape rules, in a notation of their own.
//!
//! `f32[a, 3, ?]` is a fact: `a` is the unknown size with that identity, `?` one without.
//! `i32=[2, a]` and `i64=5` are small integer tensors whose elements are known as far as written.
//! Several facts are joined by `; `.

mod array;
mod control;
mod conv;
mod debug_custom;
mod index;
mod ints;
mod math;
mod pad;
mod range;
mod reduce;
mod reduce_nn_random;
mod reshape;
mod segment;
mod slice;
mod state;

use crate::element::DType;
use crate::fact::{Fact, Int};
use crate::ids::{RegionId, VariableId};
use crate::infer::{Surroundings, infer};
use crate::mistake::{MistakeKind, Problem};
use crate::op::{Control, Op};
use crate::shape::{Shape, Symbol};

/// Asserts what the rule gives.
#[track_caller]
fn check(op: impl Into<Op>, inputs: &str, outputs: &str) {
    check_in(&Plain::default(), op, inputs, outputs);
}

/// As [`check`], with variables and bodies.
#[track_caller]
fn check_in(around: &Plain, op: impl Into<Op>, inputs: &str, outputs: &str) {
    let op = op.into();
    match infer_in(around, &op, &facts(inputs)) {
        Ok(found) => assert_eq!(write_facts(&found), outputs, "{op:?} of {inputs}"),
        Err(problem) => panic!("{op:?} of {inputs} fails: {problem:?}"),
    }
}

/// Asserts that the rule finds a problem, given as `kind: message | help`.
#[track_caller]
fn check_problem(op: impl Into<Op>, inputs: &str, problem: &str) {
    check_problem_in(&Plain::default(), op, inputs, problem);
}

/// As [`check_problem`], with variables and bodies.
#[track_caller]
fn check_problem_in(around: &Plain, op: impl Into<Op>, inputs: &str, problem: &str) {
    let op = op.into();
    match infer_in(around, &op, &facts(inputs)) {
        Ok(found) => panic!("{op:?} of {inputs} gives {}", write_facts(&found)),
        Err(found) => assert_eq!(write_problem(&found), problem, "{op:?} of {inputs}"),
    }
}

/// Applies the rule where bodies, unless `around` says otherwise, take what they are given.
fn infer_in(around: &Plain, op: &Op, inputs: &[Fact]) -> Result<Vec<Fact>, Problem> {
    let (states, sequences) = match op {
        Op::Control(Control::Scan {
            states, sequences, ..
        }) => (*states, *sequences),
        Op::Control(Control::While { states, .. }) => (*states, 0),
        _ => (0, 0),
    };
    let elements = inputs.iter().skip(states).take(sequences);
    let given = inputs.iter().take(states).cloned();
    let given = given.chain(elements.map(Fact::element)).collect();
    infer(op, inputs, &Given { around, given })
}

/// Bodies whose parameters are these, if nothing else is said of them.
struct Given<'a> {
    around: &'a Plain,
    given: Vec<Fact>,
}

impl Surroundings for Given<'_> {
    fn variable(&self, id: VariableId) -> Fact {
        Surroundings::variable(self.around, id)
    }

    fn parameters(&self, region: RegionId) -> Vec<Fact> {
        match self.around.parameters {
            "" => self.given.clone(),
            _ => self.around.parameters(region),
        }
    }

    fn results(&self, region: RegionId) -> Vec<Fact> {
        self.around.results(region)
    }
}

/// One variable, and two bodies with the same parameters.
#[derive(Default)]
struct Plain {
    variable: &'static str,
    parameters: &'static str,
    results: [&'static str; 2],
}

impl Plain {
    fn variable(variable: &'static str) -> Plain {
        Plain {
            variable,
            ..Plain::default()
        }
    }
}

/// The ids of the two bodies.
fn bodies() -> [RegionId; 2] {
    [0, 1].map(RegionId::from_index)
}

impl Surroundings for Plain {
    fn variable(&self, _: VariableId) -> Fact {
        fact(self.variable)
    }

    fn parameters(&self, _: RegionId) -> Vec<Fact> {
        facts(self.parameters)
    }

    fn results(&self, region: RegionId) -> Vec<Fact> {
        facts(self.results[region.index()])
    }
}

fn facts(text: &str) -> Vec<Fact> {
    let words = text.split("; ").filter(|word| !word.is_empty());
    words.map(fact).collect()
}

fn fact(text: &str) -> Fact {
    let at = text
        .find(['[', '='])
        .expect("a fact has a shape or elements");
    let (dtype, rest) = text.split_at(at);
    let dtype = DType::ALL
        .into_iter()
        .find(|known| known.rust_name() == dtype)
        .expect("the dtype is known");
    match rest.strip_prefix('=') {
        Some(elements) => {
            let scalar = !elements.starts_with('[');
            Fact::of_ints(dtype, scalar, list(elements).map(int).collect())
        }
        None => Fact::new(dtype, shape(rest)),
    }
}

fn shape(text: &str) -> Shape {
    let dims = list(text).map(|word| int(word).as_dim().expect("not negative"));
    Shape::new(dims.collect())
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    inner.split(", ").filter(|word| !word.is_empty())
}

fn int(word: &str) -> Int {
    match word.as_bytes() {
        b"?" => Int::UNKNOWN,
        [letter @ b'a'..=b'z'] => Int::Unknown(symbol(*letter)),
        _ => Int::Known(word.parse().expect("a number")),
    }
}

fn symbol(letter: u8) -> Symbol {
    Symbol::new(u32::from(letter))
}

fn write_facts(facts: &[Fact]) -> String {
    let words: Vec<String> = facts.iter().map(write_fact).collect();
    words.join("; ")
}

fn write_fact(fact: &Fact) -> String {
    let nothing_known = |ints: &Vec<Int>| ints.iter().all(|int| *int == Int::UNKNOWN);
    match &fact.ints {
        Some(ints) if !nothing_known(ints) => {
            let words: Vec<String> = ints.iter().map(|int| write_int(*int)).collect();
            match fact.rank() {
                0 => format!("{}={}", fact.dtype, words.concat()),
                _ => format!("{}=[{}]", fact.dtype, words.join(", ")),
            }
        }
        _ => {
            let dims = fact.shape.dims().iter();
            let words: Vec<String> = dims.map(|dim| write_int(Int::from(*dim))).collect();
            format!("{}[{}]", fact.dtype, words.join(", "))
        }
    }
}

fn write_int(int: Int) -> String {
    match int {
        Int::Known(number) => number.to_string(),
        Int::Unknown(symbol_of) => {
            let letter = (b'a'..=b'z').find(|letter| symbol(*letter) == symbol_of);
            letter.map_or('?', char::from).to_string()
        }
    }
}

fn write_problem(problem: &Problem) -> String {
    let kind = match problem.kind {
        MistakeKind::Shape => "shape",
        MistakeKind::DType => "dtype",
        MistakeKind::Argument => "argument",
        _ => "other",
    };
    match &problem.help {
        Some(help) => format!("{kind}: {} | {help}", problem.message),
        None => format!("{kind}: {}", problem.message),
    }
}

#[test]
fn a_result_larger_than_any_memory_is_refused() {
    let op = crate::op::Array::Fill;
    check_problem(
        op,
        "i64=[4611686018427387904, 4]; f32[]",
        "shape: a result of shape [4611686018427387904, 4] is larger than any memory | look at the sizes \
         that this operation is given",
    );
}

#[test]
fn the_notation_reads_what_it_writes() {
    for text in [
        "f32[]",
        "i32[2]",
        "bool[a, 3, ?]",
        "i32=[2, a]",
        "i64=-5",
        "i32[0]",
    ] {
        assert_eq!(write_fact(&fact(text)), text);
    }
}
