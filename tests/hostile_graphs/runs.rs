//! What a session does with what was built.

use std::cell::Cell;
use std::fmt;

use aqueduct::prelude::*;
use aqueduct::{Error, Feeds, SessionOptions, Value};
use aqueduct_tests::{Tolerance, compare};

use crate::scene::Scene;

/// How much was tried, over all cases.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    cases: Cell<usize>,
    operations: Cell<usize>,
    mistakes: Cell<usize>,
    runs: Cell<usize>,
    failed: Cell<usize>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cases: {}, operations: {}, mistakes: {}, runs: {}, of which failed: {}",
            self.cases.get(),
            self.operations.get(),
            self.mistakes.get(),
            self.runs.get(),
            self.failed.get()
        )
    }
}

fn count(figure: &Cell<usize>, more: usize) {
    figure.set(figure.get() + more);
}

/// Runs all that a scene has in a plain and in a strict session.
pub(crate) fn check<'g>(scene: &Scene<'g>, figures: &Figures) -> Result<(), String> {
    count(&figures.cases, 1);
    count(&figures.operations, scene.graph.operation_count());
    check_mistakes(scene.graph, figures)?;
    let canary = Canary::new(scene.graph);
    let pair = Pair::new(scene.graph);
    canary.start(&pair)?;
    for variable in scene.graph.global_variables() {
        pair.check_operation(&canary, figures, variable.initializer(), &[])?;
    }
    let feeds = hostile_feeds(scene);
    let fetches = fetches(scene);
    for fetch in &fetches {
        pair.check_one(&canary, figures, *fetch, &feeds)?;
    }
    pair.check_together(&canary, figures, &fetches, &feeds)?;
    for operation in scene.operations().into_iter().take(4) {
        pair.check_operation(&canary, figures, operation, &feeds)?;
    }
    Ok(())
}

/// Each mistake can be printed and names the file of the call.
fn check_mistakes(graph: &Graph, figures: &Figures) -> Result<(), String> {
    let Err(mistakes) = graph.check() else {
        return Ok(());
    };
    count(&figures.mistakes, mistakes.0.len());
    for mistake in &mistakes.0 {
        let text = mistake.to_string();
        if !mistake.at.at.file.contains("hostile_graphs") || text.is_empty() {
            return Err(format!("a mistake of another file: {text}"));
        }
    }
    Ok(())
}

/// What is newest, as much as there is time for.
fn fetches<'g>(scene: &Scene<'g>) -> Vec<AnyTensor<'g>> {
    const MOST: usize = 24;
    let own = scene.tensors().into_iter().rev();
    own.take(MOST).collect()
}

fn hostile_feeds<'g>(scene: &Scene<'g>) -> Vec<(AnyTensor<'g>, Value)> {
    let mut feeds = Vec::new();
    for placeholder in scene.placeholders() {
        if let Some(value) = scene.value_for(placeholder.dtype(), &placeholder.shape()) {
            feeds.push((placeholder, value));
        }
    }
    if scene.below(6) == 5 {
        let odd = scene.any();
        feeds.extend(
            scene
                .value_for(odd.dtype(), &odd.shape())
                .map(|value| (odd, value)),
        );
    }
    feeds
}

/// A variable and a sum of it: what must work whatever else has failed.
struct Canary<'g> {
    variable: Variable<'g, f32>,
    sum: Tensor<'g, f32>,
}

impl<'g> Canary<'g> {
    const VALUE: [f32; 2] = [0.1, -3.0];

    fn new(graph: &'g Graph) -> Canary<'g> {
        let _root = graph.at_root();
        let variable = graph.variable("canary", Canary::VALUE);
        Canary {
            variable,
            sum: (variable.value() * 2.0).reduce_sum(..),
        }
    }

    fn start(&self, pair: &Pair) -> Result<(), String> {
        for sess in pair.sessions() {
            sess.run(self.variable.initializer(), feed![])
                .map_err(|error| format!("the canary has no value: {error}"))?;
        }
        Ok(())
    }

    fn check(&self, sess: &Session) -> Result<(), String> {
        let sum: Result<f32, Error> = sess.run(self.sum, feed![]).map(|sum| sum.sum());
        match sum {
            Ok(-5.8) => Ok(()),
            Ok(sum) => Err(format!("the canary sums to {sum}")),
            Err(error) => Err(format!("the canary does not run: {error}")),
        }
    }
}

/// A plain and a strict session of one graph, which must do the same.
struct Pair {
    plain: Session,
    strict: Session,
    /// Whether a run has changed the variables of one of them only.
    parted: Cell<bool>,
}

type Given<'a, 'g> = &'a [(AnyTensor<'g>, Value)];

fn feeds_of(given: Given<'_, '_>) -> Feeds<'static> {
    let mut feeds = Feeds::new();
    for (tensor, value) in given {
        feeds.add_any(*tensor, value.clone());
    }
    feeds
}

impl Pair {
    fn new(graph: &Graph) -> Pair {
        let plain = SessionOptions::new().optimize(false);
        let strict = SessionOptions::new().strict(true).threads(2);
        Pair {
            plain: Session::with_options(graph, plain),
            strict: Session::with_options(graph, strict),
            parted: Cell::new(false),
        }
    }

    fn sessions(&self) -> [&Session; 2] {
        [&self.plain, &self.strict]
    }

    fn check_operation(
        &self,
        canary: &Canary<'_>,
        figures: &Figures,
        operation: Operation<'_>,
        given: Given<'_, '_>,
    ) -> Result<(), String> {
        let work = |sess: &Session| sess.run(operation, feeds_of(given)).map(|()| Vec::new());
        self.guarded(canary, figures, &operation.name(), work)
    }

    fn check_one<'g>(
        &self,
        canary: &Canary<'_>,
        figures: &Figures,
        fetch: AnyTensor<'g>,
        given: Given<'_, 'g>,
    ) -> Result<(), String> {
        self.guarded(canary, figures, &fetch.name(), |sess| {
            sess.run(vec![fetch], feeds_of(given))
        })
    }

    fn check_together<'g>(
        &self,
        canary: &Canary<'_>,
        figures: &Figures,
        fetches: &[AnyTensor<'g>],
        given: Given<'_, 'g>,
    ) -> Result<(), String> {
        self.guarded(canary, figures, "all together", |sess| {
            sess.run(fetches.to_vec(), feeds_of(given))
        })
    }

    /// Does the same in both, and looks at the variables of a session in which it fails.
    fn guarded(
        &self,
        canary: &Canary<'_>,
        figures: &Figures,
        what: &str,
        work: impl Fn(&Session) -> Result<Vec<Value>, Error>,
    ) -> Result<(), String> {
        let mut outcomes = Vec::new();
        for sess in self.sessions() {
            let before = values(sess);
            let outcome = work(sess);
            if let Err(error) = &outcome {
                same_values(&before, &values(sess))
                    .map_err(|why| format!("{what}: {why} after {error}"))?;
                canary
                    .check(sess)
                    .map_err(|why| format!("{what}: {why} after {error}"))?;
            }
            outcomes.push(outcome);
        }
        let outcomes: [Result<Vec<Value>, Error>; 2] = match outcomes.try_into() {
            Ok(outcomes) => outcomes,
            Err(_) => return Err("two sessions".to_owned()),
        };
        self.judge(figures, what, outcomes)
    }

    /// What is left out of an optimised plan cannot fail; otherwise both do the same.
    fn judge(
        &self,
        figures: &Figures,
        what: &str,
        [plain, strict]: [Result<Vec<Value>, Error>; 2],
    ) -> Result<(), String> {
        count(&figures.runs, 1);
        let why = match (&plain, &strict) {
            _ if self.parted.get() => None,
            (Err(Error::Internal(message)), _) | (_, Err(Error::Internal(message))) => {
                Some(message.clone())
            }
            (Ok(plain), Ok(strict)) => {
                difference(strict, plain).or_else(|| self.variables_differ())
            }
            (Err(plain), Err(strict)) => {
                count(&figures.failed, 1);
                (plain.to_string() != strict.to_string() && !is_about_memory(plain))
                    .then(|| format!("fails with {strict}, not {plain}"))
            }
            (Ok(_), Err(error)) => Some(format!("only the strict session fails: {error}")),
            (Err(_), Ok(_)) => {
                self.parted.set(true);
                None
            }
        };
        why.map_or(Ok(()), |why| Err(format!("{what}: {why}")))
    }

    fn variables_differ(&self) -> Option<String> {
        let [plain, strict] = self.sessions().map(values);
        same_values(&plain, &strict).err()
    }
}

/// The plans ask for different amounts, and one may ask first for what another has no need of.
fn is_about_memory(error: &Error) -> bool {
    matches!(error, Error::OutOfMemory { .. })
}

fn difference(found: &[Value], expected: &[Value]) -> Option<String> {
    let mut pairs = found.iter().zip(expected);
    pairs.find_map(|(found, expected)| compare(found, expected, Tolerance::EXACT).err())
}

/// What each variable has, if it has something.
fn values(sess: &Session) -> Vec<(String, Option<Value>)> {
    let variables = sess.graph().global_variables().into_iter();
    variables
        .map(|variable| (variable.name(), sess.any_value(variable).ok()))
        .collect()
}

fn same_values(
    before: &[(String, Option<Value>)],
    after: &[(String, Option<Value>)],
) -> Result<(), String> {
    for ((name, before), (_, after)) in before.iter().zip(after) {
        let same = match (before, after) {
            (Some(before), Some(after)) => compare(after, before, Tolerance::EXACT).is_ok(),
            (None, None) => true,
            _ => false,
        };
        if !same {
            return Err(format!(
                "variable `{name}` differs: {before:?} and {after:?}"
            ));
        }
    }
    Ok(())
}
