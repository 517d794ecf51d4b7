//! A progress bar that lets lines be printed above it.

use indicatif::{ProgressBar, ProgressStyle};

/// The progress of so many steps, on the terminal's standard error; nothing where that is no terminal.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Nothing of `steps` steps is done. The bar goes away when it is dropped.
    pub fn new(steps: usize) -> Progress {
        let bar = ProgressBar::new(steps as u64);
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} steps, {eta} left");
        Progress {
            bar: match style {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            },
        }
    }

    /// One more step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Prints a line to standard output, above the bar.
    #[allow(clippy::print_stdout, reason = "a notebook prints its figures")]
    pub fn println(&self, line: &str) {
        self.bar.suspend(|| println!("{line}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
