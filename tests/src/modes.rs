//! The ways in which a graph can be run, held against each other.

use std::fmt::Display;

use aqueduct::prelude::*;
use aqueduct::{DType, Error, Pass, SessionOptions, Value};

use crate::compare::{Tolerance, compare, floats};
use crate::imported::imported;

/// Sessions of one graph, one for each way to run it. All start from the same variables; draws are the
/// same if the graph is seeded.
///
/// What must hold: a strict session gives the bits of the plain one, optimised sessions give the same
/// bits on any number of threads, and what a pass computes in another order stays near.
#[derive(Debug)]
pub struct Modes {
    plain: Session,
    strict: Session,
    /// Optimised: on one thread, and with their numbers on more.
    single: Session,
    threaded: Vec<(usize, Session)>,
    alone: Vec<(Pass, Session)>,
}

impl Modes {
    /// All ways, and each of these passes alone. The graph is one that can be exported and imported.
    ///
    /// # Panics
    /// The imported graph differs.
    pub fn new(graph: &Graph, alone: impl IntoIterator<Item = Pass>) -> Modes {
        imported(graph);
        let session = |options| Session::with_options(graph, options);
        let options = SessionOptions::new;
        let threaded = [2, 8].map(|count| (count, session(options().threads(count))));
        let alone = alone.into_iter();
        Modes {
            plain: session(options().optimize(false)),
            strict: session(options().strict(true)),
            single: session(options().threads(1)),
            threaded: threaded.into(),
            alone: alone
                .map(|pass| (pass, session(options().only(pass).threads(2))))
                .collect(),
        }
    }

    /// All ways, and one of the passes alone: over many cases each has its turn.
    pub fn of_case(graph: &Graph, case: usize) -> Modes {
        Modes::new(graph, [Pass::ALL[case % Pass::ALL.len()]])
    }

    /// Gives all variables their initial values, the same ones everywhere.
    ///
    /// # Panics
    /// An initializer fails.
    #[must_use]
    pub fn initialized(self) -> Modes {
        let graph = self.plain.graph();
        for sess in self.sessions() {
            sess.run(graph.global_variables_initializer(), feed![])
                .expect("the variables have initial values");
        }
        self.share_variables();
        self
    }

    /// Gives the plain session's values of the variables to all others.
    ///
    /// # Panics
    /// A variable has none.
    pub fn share_variables(&self) {
        for variable in self.plain.graph().global_variables() {
            let value = self.plain.any_value(variable).expect("it has a value");
            for sess in self.sessions() {
                sess.load_value(variable, value.clone())
                    .expect("the value is the variable's own");
            }
        }
    }

    /// Does the same work in all sessions, and gives the plain one's results.
    ///
    /// # Errors
    /// The work fails, or two ways do not agree: in words.
    pub fn run<R, E>(&self, work: impl Fn(&Session) -> Result<R, E>) -> Result<R, String>
    where
        R: Results,
        E: Display,
    {
        self.outcome(work)?.map_err(|error| error.to_string())
    }

    /// Does the same work in all sessions, and gives the plain one's outcome. Where others fail, it
    /// fails too, with the same words; they may go on without it, for an operation that is left out
    /// cannot fail.
    ///
    /// # Errors
    /// Two ways do not agree: in words.
    pub fn outcome<R, E>(
        &self,
        work: impl Fn(&Session) -> Result<R, E>,
    ) -> Result<Result<R, E>, String>
    where
        R: Results,
        E: Display,
    {
        let [plain, single] = self.same_bits(&work)?;
        agree("optimised", &single, &plain, Bounds::Near)?;
        for (pass, sess) in &self.alone {
            let bounds = if pass.reorders() {
                Bounds::Near
            } else {
                Bounds::Exact
            };
            let name = format!("only {}", pass.name());
            agree(&name, &work(sess), &plain, bounds)?;
        }
        Ok(plain)
    }

    /// Does work that fails in all sessions, with the same words.
    ///
    /// # Errors
    /// A session does not fail, or says something else.
    pub fn failure<R>(
        &self,
        work: impl Fn(&Session) -> aqueduct::Result<R>,
    ) -> Result<String, String> {
        let words = |sess| {
            let outcome = work(sess).map(drop);
            outcome.err().map(|error| error.to_string())
        };
        let expected = words(&self.plain).ok_or("the plain session does not fail")?;
        let others = self.sessions().map(words);
        for found in others {
            if found.as_ref() != Some(&expected) {
                return Err(format!("fails with {found:?}, not {expected}"));
            }
        }
        Ok(expected)
    }

    /// Compares the variables where no bit may differ: of the strict session with those of the plain
    /// one, and of optimised sessions with each other. Training amplifies the last bits of small
    /// gradients, so the others may be anywhere.
    ///
    /// # Errors
    /// Two ways do not agree: in words.
    pub fn check_variables(&self) -> Result<(), String> {
        for variable in self.plain.graph().global_variables() {
            let value = |sess: &Session| Ok::<_, Error>(vec![sess.any_value(variable)?]);
            self.same_bits(value)
                .map(drop)
                .map_err(|why| format!("{}: {why}", variable.name()))?;
        }
        Ok(())
    }

    /// The outcomes of the plain and of the optimised sessions, each the same in all that share it.
    fn same_bits<R, E>(
        &self,
        work: impl Fn(&Session) -> Result<R, E>,
    ) -> Result<[Result<R, E>; 2], String>
    where
        R: Results,
        E: Display,
    {
        let plain = work(&self.plain);
        agree("strict", &work(&self.strict), &plain, Bounds::Exact)?;
        Ok([plain, self.same_on_all_threads(work)?])
    }

    /// The outcome of the optimised sessions.
    fn same_on_all_threads<R, E>(
        &self,
        work: impl Fn(&Session) -> Result<R, E>,
    ) -> Result<Result<R, E>, String>
    where
        R: Results,
        E: Display,
    {
        let single = work(&self.single);
        for (count, sess) in &self.threaded {
            let name = format!("{count} threads, not one");
            agree(&name, &work(sess), &single, Bounds::Exact)?;
        }
        Ok(single)
    }

    fn sessions(&self) -> impl Iterator<Item = &Session> {
        let others = self.threaded.iter().map(|(_, sess)| sess);
        let others = others.chain(self.alone.iter().map(|(_, sess)| sess));
        [&self.plain, &self.strict, &self.single]
            .into_iter()
            .chain(others)
    }
}

/// What work gives that can be compared.
pub trait Results {
    /// The values, one after the other.
    fn values(&self) -> Vec<Value>;
}

impl Results for Vec<Value> {
    fn values(&self) -> Vec<Value> {
        self.clone()
    }
}

/// Figures of a training.
impl Results for Vec<f32> {
    fn values(&self) -> Vec<Value> {
        vec![Value::vector(self.clone())]
    }
}

impl Results for () {
    fn values(&self) -> Vec<Value> {
        Vec::new()
    }
}

#[derive(Clone, Copy, Debug)]
enum Bounds {
    Exact,
    Near,
}

impl Bounds {
    /// Rounding is relative to the numbers that were added up, of which the largest element tells.
    fn tolerance(self, expected: &Value) -> Tolerance {
        let relative = match (self, expected.dtype()) {
            (Bounds::Exact, _) => return Tolerance::EXACT,
            (Bounds::Near, DType::F32) => 1e-4,
            (Bounds::Near, _) => 1e-9,
        };
        Tolerance {
            relative: 0.0,
            absolute: relative * largest(expected).max(1.0),
        }
    }
}

/// The largest magnitude of a finite float.
fn largest(value: &Value) -> f64 {
    let finite = floats(value).into_iter().flatten();
    let finite = finite.filter(|number| number.is_finite());
    finite.fold(0.0, |most, number| most.max(number.abs()))
}

fn agree<R: Results, E: Display>(
    name: &str,
    found: &Result<R, E>,
    expected: &Result<R, E>,
    bounds: Bounds,
) -> Result<(), String> {
    let difference = match (found, expected) {
        (Ok(found), Ok(expected)) => difference(&found.values(), &expected.values(), bounds),
        (Err(found), Err(expected)) if found.to_string() == expected.to_string() => None,
        (Err(found), Err(expected)) => Some(format!("fails with {found}, not {expected}")),
        (Err(found), Ok(_)) => Some(format!("fails with {found}")),
        (Ok(_), Err(_)) => None,
    };
    difference.map_or(Ok(()), |why| Err(format!("{name}: {why}")))
}

fn difference(found: &[Value], expected: &[Value], bounds: Bounds) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} values, not {}", found.len(), expected.len()));
    }
    let mut pairs = found.iter().zip(expected).enumerate();
    pairs.find_map(|(place, (found, expected))| {
        let result = compare(found, expected, bounds.tolerance(expected));
        result.err().map(|why| format!("value {place} {why}"))
    })
}
