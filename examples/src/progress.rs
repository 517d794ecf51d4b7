//! The progress of longer work.

use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{msg} {bar:40} {human_pos}/{human_len}, {eta} left";

/// A bar on the standard error for `steps` steps of `task`; hidden where that is no terminal.
///
/// Print through [`ProgressBar::suspend`] while it is there, which prints in either case.
pub fn progress_bar(steps: usize, task: &'static str) -> ProgressBar {
    // The template is constant and tested; the default style is as good an answer as an error.
    let style =
        ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(steps as u64)
        .with_style(style)
        .with_message(task)
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    use super::{TEMPLATE, progress_bar};

    #[test]
    fn template_is_well_formed() {
        ProgressStyle::with_template(TEMPLATE).unwrap();
    }

    #[test]
    fn bar_counts_to_its_end() {
        let bar = progress_bar(3, "training");
        assert_eq!(bar.length(), Some(3));
        let steps = bar.wrap_iter(0..3).count();
        assert_eq!(steps, 3);
        assert!(bar.is_finished());
    }
}
