//! One row after the other: what is fed, and what must come of it.

use aqueduct::prelude::*;
use aqueduct::{DType, Element, Feeds, Value};
use aqueduct_tests::{Modes, Tolerance, compare, report};
use expect_test::Expect;

pub(crate) type Any = AnyTensor<'static>;

/// Operations on placeholders, beside a variable that every run counts up before it comes to them.
///
/// Every row is run in all modes. After each one the session is fed well, and must give what it gave
/// before; the variable must have counted the runs that ended well, and no others.
pub(crate) struct Table {
    modes: Modes,
    inputs: Vec<Any>,
    fetches: Vec<(&'static str, Any)>,
    slopes: Vec<Any>,
    counter: Variable<'static, f32>,
    counted: Any,
    good: Vec<Value>,
    results: Vec<Value>,
    runs: f32,
    faults: Vec<Result<(), String>>,
}

impl Table {
    /// A placeholder for each of these values, of its type and rank, with no size known; and what is
    /// made of them, which they suit, with the word that reports have for it.
    pub(crate) fn new<const N: usize>(
        good: [Value; N],
        build: impl FnOnce(&'static Graph, [Any; N]) -> Vec<(&'static str, Any)>,
    ) -> Table {
        let g = Graph::new().leak();
        let counter = g.variable("counter", 0.0_f32);
        let counted = counter.assign_add(1.0).any();
        let inputs = good.each_ref().map(|value| placeholder(g, value));
        let fetches = build(g, inputs);
        let slopes = slopes(&fetches, &inputs);
        g.check().unwrap();
        let mut table = Table {
            modes: Modes::new(g, []).initialized(),
            inputs: inputs.to_vec(),
            fetches,
            slopes,
            counter,
            counted,
            good: good.to_vec(),
            results: Vec::new(),
            runs: 0.0,
            faults: Vec::new(),
        };
        table.results = table.run(&good).unwrap();
        table.runs += 1.0;
        table
    }

    /// A row whose values have results: TensorFlow's, unless a comment says otherwise.
    pub(crate) fn gives<const N: usize, const M: usize>(
        self,
        what: &str,
        values: [Value; N],
        expected: [Value; M],
    ) -> Table {
        self.gives_all(what, &values, &expected)
    }

    /// The same, of as many values as it takes.
    pub(crate) fn gives_all(mut self, what: &str, values: &[Value], expected: &[Value]) -> Table {
        let judged = self.run(values).and_then(|found| {
            self.runs += 1.0;
            same(&found, expected)
        });
        self.judge(what, values, judged);
        self
    }

    /// A row that each operation must refuse, in these words: what is wrong with which value, and what
    /// to do. TensorFlow refuses it too, unless a comment says otherwise.
    pub(crate) fn refuses<const N: usize>(
        mut self,
        what: &str,
        values: [Value; N],
        expected: &Expect,
    ) -> Table {
        let before = self.variables();
        let mut told = Vec::new();
        for (subject, fetch) in &self.fetches {
            let fetches = vec![self.counted, *fetch];
            let run = |sess: &Session| sess.run(fetches.clone(), feeds(&self.inputs, &values));
            let words = self.modes.failure(run);
            match words.and_then(|report| in_short(subject, &report)) {
                Ok(words) if told.contains(&words) => {}
                Ok(words) => told.push(words),
                Err(why) => self.faults.push(Err(format!("{what}: {subject}: {why}"))),
            }
        }
        expected.assert_eq(&told.join("\n\n"));
        let untouched = before.and_then(|before| same(&self.variables()?, &before));
        self.judge(what, &values, untouched);
        self
    }

    /// Fails with all that was wrong.
    #[track_caller]
    pub(crate) fn check(self) {
        report(self.faults);
    }

    fn judge(&mut self, what: &str, values: &[Value], judged: Result<(), String>) {
        let slopes = self.slopes_agree(values);
        let after = self.still_works();
        for (words, outcome) in [
            ("", judged),
            (", of the gradient", slopes),
            (", and then", after),
        ] {
            let told = outcome.map_err(|why| format!("{what}{words}: {why}"));
            self.faults.push(told);
        }
    }

    /// Whether all ways to run them give the same gradients, or all refuse to.
    fn slopes_agree(&self, values: &[Value]) -> Result<(), String> {
        let run = |sess: &Session| sess.run(self.slopes.clone(), feeds(&self.inputs, values));
        self.modes.outcome(run).map(drop)
    }

    /// Whether a good feed has its results, and the variable the count of the runs that succeeded.
    fn still_works(&mut self) -> Result<(), String> {
        same(&self.variables()?[..1], &[Value::scalar(self.runs)])?;
        let found = self.run(&self.good)?;
        self.runs += 1.0;
        same(&found, &self.results)
    }

    /// The values of all variables, the counter's first.
    fn variables(&self) -> Result<Vec<Value>, String> {
        let all = self.counter.any().graph().global_variables();
        let values = |sess: &Session| {
            let values = all.iter().map(|variable| sess.any_value(*variable));
            values.collect::<aqueduct::Result<Vec<Value>>>()
        };
        self.modes.run(values)
    }

    fn run(&self, values: &[Value]) -> Result<Vec<Value>, String> {
        let results = self.fetches.iter().map(|(_, fetch)| *fetch);
        let fetches: Vec<Any> = [self.counted].into_iter().chain(results).collect();
        let outcome = |sess: &Session| sess.run(fetches.clone(), feeds(&self.inputs, values));
        let mut found = self.modes.run(outcome)?;
        found.remove(0);
        Ok(found)
    }
}

/// The gradients of what is made to what is fed, where there are any.
fn slopes(fetches: &[(&'static str, Any)], inputs: &[Any]) -> Vec<Any> {
    let float = |tensor: &Any| tensor.dtype() == DType::F32;
    let losses = fetches.iter().map(|(_, fetch)| *fetch).filter(float);
    let losses = losses.map(|fetch| fetch.typed::<f32>().square().reduce_sum(..));
    let Some(loss) = losses.reduce(|sum, loss| sum + loss) else {
        return Vec::new();
    };
    let inputs: Vec<Any> = inputs.iter().copied().filter(float).collect();
    let slopes = gradients(loss, &inputs);
    slopes.iter().filter_map(Gradient::dense).collect()
}

fn placeholder(g: &'static Graph, value: &Value) -> Any {
    let shape = || vec![shape![?].dims()[0]; value.shape().len()];
    let name = "fed";
    match value.dtype() {
        DType::F32 => g.placeholder::<f32>(name, shape()).any(),
        DType::F64 => g.placeholder::<f64>(name, shape()).any(),
        DType::I32 => g.placeholder::<i32>(name, shape()).any(),
        DType::I64 => g.placeholder::<i64>(name, shape()).any(),
        DType::U8 => g.placeholder::<u8>(name, shape()).any(),
        DType::Bool => g.placeholder::<bool>(name, shape()).any(),
    }
}

fn feeds<'f>(inputs: &[Any], values: &'f [Value]) -> Feeds<'f> {
    let pairs = inputs.iter().zip(values);
    pairs.fold(Feeds::new(), |feeds, (input, value)| {
        feeds.with(*input, value)
    })
}

fn same(found: &[Value], expected: &[Value]) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{} results, not {}", found.len(), expected.len()));
    }
    let pairs = found.iter().zip(expected).enumerate();
    for (place, (found, expected)) in pairs {
        compare(found, expected, Tolerance::REFERENCE)
            .map_err(|why| format!("result {place} {why}: {found}"))?;
    }
    Ok(())
}

/// What a report says is wrong, and to be done; with the subject, if that is not the one expected. The
/// report must name a line of these tests.
fn in_short(subject: &str, report: &str) -> Result<String, String> {
    let first = report.lines().next().unwrap_or_default();
    let what = first.strip_prefix(&format!("{subject} failed: "));
    let last = report.lines().last().unwrap_or_default();
    match last.strip_prefix("  help: ") {
        Some(help) if report.contains("--> tests/hostile_feeds/") => {
            Ok(format!("{}\n{help}", what.unwrap_or(first)))
        }
        _ => Err(format!("a report that lacks something:\n{report}\n")),
    }
}

/// A tensor of `f32`.
pub(crate) fn f(x: Any) -> Tensor<'static, f32> {
    x.typed()
}

/// A tensor of `i32`.
pub(crate) fn i(x: Any) -> Tensor<'static, i32> {
    x.typed()
}

/// A value of rank 0.
pub(crate) fn n<T: Element>(number: T) -> Value {
    Value::scalar(number)
}

/// A value of rank 1.
pub(crate) fn v<T: Element, const N: usize>(numbers: [T; N]) -> Value {
    Value::vector(numbers.to_vec())
}

/// A value of these sizes.
pub(crate) fn a<T: Element, const R: usize, const N: usize>(
    sizes: [usize; R],
    numbers: [T; N],
) -> Value {
    Value::new(sizes.to_vec(), T::into_data(numbers.to_vec())).unwrap()
}

/// Zeros of these sizes: to be used for none at all.
pub(crate) fn none<T: Element, const R: usize>(sizes: [usize; R]) -> Value {
    Value::zeros(T::DTYPE, &sizes).unwrap()
}
