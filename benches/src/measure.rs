//! Turns of measurement: `benches/run` writes seconds, a number a line; a line of JSON answers.
//!
//! It needs the standard library alone: the sides in Rust of `benches/peers/` take it in too.

use std::fmt::Debug;
use std::time::Instant;
use std::{fs, io};

/// Steps whose losses are compared between the sides.
pub(crate) const COMPARED_STEPS: usize = 3;
/// The fewest samples of a turn: a slow side is measured longer than asked for.
const LEAST_SAMPLES: usize = 2;
/// The most samples of a turn.
const MOST_SAMPLES: usize = 20_000;

/// What a line of the report is about.
pub(crate) struct Label {
    side: &'static str,
    case: String,
    threads: String,
}

impl Label {
    /// No number of threads stands for all.
    pub(crate) fn new(side: &'static str, case: &str, threads: Option<usize>) -> Label {
        Label {
            side,
            case: case.to_owned(),
            threads: threads.map_or("all".to_owned(), |threads| threads.to_string()),
        }
    }

    fn print(&self, rest: &str) {
        let Label {
            side,
            case,
            threads,
        } = self;
        let peak = peak_mib().map_or("null".to_owned(), |peak| format!("{peak:.1}"));
        println!(
            r#"{{"side": "{side}", "case": "{case}", "threads": "{threads}", "peak_mib": {peak}, {rest}}}"#
        );
    }
}

/// Says that everything is ready, in which version, and what the first steps gave.
pub(crate) fn announce(label: &Label, version: &str, losses: &[f32]) {
    label.print(&format!(r#""version": "{version}", "losses": {losses:?}"#));
}

/// Measures one turn of `seconds`, or else one for each line of the standard input.
///
/// A sample tells its own milliseconds. Fails as a sample does, and on a line that is no number.
pub(crate) fn serve<E: From<io::Error>>(
    label: &Label,
    seconds: Option<f64>,
    mut sample: impl FnMut() -> Result<f64, E>,
) -> Result<(), E> {
    if let Some(seconds) = seconds {
        return turn(label, seconds, &mut sample);
    }
    for line in io::stdin().lines() {
        let seconds = line?.trim().parse().map_err(io::Error::other)?;
        turn(label, seconds, &mut sample)?;
    }
    Ok(())
}

fn turn<E>(
    label: &Label,
    seconds: f64,
    sample: &mut impl FnMut() -> Result<f64, E>,
) -> Result<(), E> {
    let start = Instant::now();
    let mut samples = Vec::new();
    while samples.len() < LEAST_SAMPLES
        || (start.elapsed().as_secs_f64() < seconds && samples.len() < MOST_SAMPLES)
    {
        samples.push(sample()?);
    }
    samples.sort_by(f64::total_cmp);
    let (count, median, p10) = (
        samples.len(),
        samples[samples.len() / 2],
        samples[samples.len() / 10],
    );
    label.print(&format!(
        r#""median_ms": {median:.6}, "p10_ms": {p10:.6}, "samples": {count}"#
    ));
    Ok(())
}

/// The milliseconds that something takes, and what it gives.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64() * 1e3, result)
}

/// The losses of the first steps, which also warm up.
pub(crate) fn first_losses<E: Debug>(
    step: &mut impl FnMut() -> Result<f32, E>,
) -> Result<Vec<f32>, E> {
    (0..COMPARED_STEPS).map(|_| step()).collect()
}

/// The most memory that this process ever had resident, if the system tells.
fn peak_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
