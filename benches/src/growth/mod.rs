//! How building, differentiating and planning grow with the size of a graph.
//!
//! Times are those that the thread had on a processor, so that what else the machine does is left out.
//! Runs have one thread.
//!
//! `cargo run --release -p aqueduct-benches -- growth --family chain --sizes 1000,10000`

mod families;

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::ensure;
use aqueduct::prelude::*;
use aqueduct::{Feeds, export_meta_graph, import_meta_graph};
use ndarray::ArrayD;

pub(crate) use families::Family;
use families::Subject;

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Growth {
    /// The families of graphs; all of them if not given
    #[arg(long, value_delimiter = ',')]
    family: Vec<Family>,

    /// How large the graphs are
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 3_000, 10_000, 30_000, 100_000])]
    sizes: Vec<usize>,

    /// A family ends with the size that takes longer than this
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    patience: f64,
}

impl Growth {
    /// Prints a table for each family.
    pub(crate) fn print(&self) -> anyhow::Result<()> {
        let families = match self.family.as_slice() {
            [] => families::ALL,
            some => some,
        };
        for family in families {
            println!("\n### {family}: {}\n", family.unit());
            let mut table = Table::new();
            for size in &self.sizes {
                let measured = measure(*family, *size)?;
                table.row(*size, &measured);
                let total: Duration = measured.times.iter().map(|(_, time)| *time).sum();
                if total.as_secs_f64() > self.patience {
                    break;
                }
            }
            table.exponents();
        }
        Ok(())
    }
}

/// What one graph has taken.
struct Measured {
    operations: usize,
    times: Vec<(&'static str, Duration)>,
}

impl Measured {
    fn time<T>(&mut self, phase: &'static str, work: impl FnOnce() -> T) -> T {
        let start = processor_time();
        let result = work();
        let taken = processor_time().saturating_sub(start);
        self.times.push((phase, taken));
        result
    }
}

/// How long this thread was on a processor; where the system does not tell, how long the program runs.
fn processor_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

fn measure(family: Family, size: usize) -> anyhow::Result<Measured> {
    let mut measured = Measured {
        operations: 0,
        times: Vec::new(),
    };
    let g = Graph::new();
    let subject = measured.time("build", || family.build(&g, size));
    let fetches = measured.time("differentiate", || fetches(&subject));
    measured.operations = g.operation_count();
    measured.time("check", || g.check())?;
    runs(&mut measured, &g, &subject, &fetches)?;
    measured.time("text", || g.to_text().len());
    measured.time("drawing", || g.to_dot().len());
    through_file(&mut measured, &g)?;
    measured.time("drop", || drop(g));
    Ok(measured)
}

/// Measures what it takes to write the graph to a file, and to read it again.
fn through_file(measured: &mut Measured, g: &Graph) -> anyhow::Result<()> {
    let path = std::env::temp_dir().join("aqueduct-growth-graph");
    measured.time("export", || export_meta_graph(g, &path))?;
    let again = measured.time("import", || import_meta_graph(&path))?;
    std::fs::remove_file(&path)?;
    ensure!(
        again.operation_count() == g.operation_count(),
        "a graph comes back whole"
    );
    Ok(())
}

/// What is run: values and slopes, and operations.
type Fetches<'g> = (Vec<AnyTensor<'g>>, Vec<Operation<'g>>);

fn fetches<'g>(subject: &Subject<'g>) -> Fetches<'g> {
    let mut values: Vec<_> = subject.ys.iter().map(|y| y.any()).collect();
    let mut operations = subject.operations.clone();
    if subject.train {
        let losses = subject.ys.iter();
        operations.extend(losses.map(|loss| AdamOptimizer::new(0.01).minimize(*loss)));
    } else if !subject.ys.is_empty() {
        let slopes = gradients(&subject.ys, &subject.xs);
        values.extend(slopes.iter().filter_map(Gradient::dense));
    }
    (values, operations)
}

fn feeds<'f>(subject: &Subject<'_>) -> Feeds<'f> {
    let mut feeds = Feeds::new();
    for x in &subject.fed {
        let sizes = x.shape().sizes().unwrap_or_default();
        let count = sizes.iter().product::<usize>();
        let ramp = (0..count).map(|place| place as f32 * 0.1 - 0.3).collect();
        if let Ok(ramp) = ArrayD::from_shape_vec(sizes, ramp) {
            feeds.add(*x, ramp);
        }
    }
    feeds
}

fn runs(
    measured: &mut Measured,
    g: &Graph,
    subject: &Subject<'_>,
    fetches: &Fetches<'_>,
) -> anyhow::Result<()> {
    let initializer = g.global_variables_initializer();
    let options = SessionOptions::new().threads(1);
    let plain = Session::with_options(g, options.optimize(false));
    let optimized = Session::with_options(g, options);
    plain.run(initializer, feed![])?;
    measured.time("initialize", || optimized.run(initializer, feed![]))?;
    measured.time("plain", || plain.run(fetches, feeds(subject)))?;
    measured.time("plain again", || plain.run(fetches, feeds(subject)))?;
    measured.time("optimized", || optimized.run(fetches, feeds(subject)))?;
    measured.time("again", || optimized.run(fetches, feeds(subject)))?;
    let explained = measured.time("explain", || {
        optimized
            .explain(fetches, feeds(subject))
            .map(|told| told.to_string().len())
    })?;
    ensure!(explained > 0, "a plan has a text");
    let directory = std::env::temp_dir().join("aqueduct-growth");
    if g.global_variables().is_empty() {
        measured.time("save", || ());
    } else {
        std::fs::create_dir_all(&directory)?;
        let saver = Saver::new(g);
        measured.time("save", || saver.save(&optimized, directory.join("all")))?;
        std::fs::remove_dir_all(&directory)?;
    }
    measured.time("drop session", || drop((plain, optimized)));
    Ok(())
}

/// Prints rows as they are measured, and what they have in common.
struct Table {
    phases: Vec<&'static str>,
    rows: Vec<(f64, Vec<f64>)>,
}

impl Table {
    fn new() -> Table {
        Table {
            phases: Vec::new(),
            rows: Vec::new(),
        }
    }

    fn row(&mut self, size: usize, measured: &Measured) {
        if self.rows.is_empty() {
            self.phases = measured.times.iter().map(|(phase, _)| *phase).collect();
            println!("| n | operations | {} |", self.phases.join(" | "));
            println!("|{}", " ---: |".repeat(self.phases.len() + 2));
        }
        let seconds: Vec<f64> = measured
            .times
            .iter()
            .map(|(_, time)| time.as_secs_f64())
            .collect();
        let mut line = format!("| {size} | {} |", measured.operations);
        for seconds in &seconds {
            // Writing to a string cannot fail.
            let _ = write!(line, " {seconds:.3} |");
        }
        println!("{line}");
        self.rows.push((size as f64, seconds));
    }

    /// The exponent of each phase: the slope between the last two rows, in logarithms.
    fn exponents(&self) {
        let [.., (n, before), (m, after)] = self.rows.as_slice() else {
            return;
        };
        let slopes = before.iter().zip(after).map(|(before, after)| {
            if *after < 0.005 {
                return "-".to_owned();
            }
            format!("{:.2}", (after / before).ln() / (m / n).ln())
        });
        println!(
            "| exponent | | {} |",
            slopes.collect::<Vec<_>>().join(" | ")
        );
    }
}
