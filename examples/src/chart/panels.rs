//! Charts side by side.

use std::path::Path;

use super::{Chart, canvas, paint};

/// Width and height of a panel, and height of title and legend, in pixels.
const PANEL: canvas::Size = (288, 216);
const HEADING: u32 = 100;

/// Charts in rows, saved as one PNG file. They share their axes, which show every point of each, so that
/// they can be compared; the legend, and the kind of the y axis, are those of the first.
pub struct Panels {
    pub(super) title: String,
    columns: usize,
    pub(super) charts: Vec<Chart>,
}

impl Panels {
    /// No chart yet, in rows of so many, at least 1.
    pub fn new(title: impl Into<String>, columns: usize) -> Panels {
        Panels {
            title: title.into(),
            columns: columns.max(1),
            charts: Vec::new(),
        }
    }

    /// Adds a chart behind the last, or under the first of its row.
    pub fn panel(mut self, chart: Chart) -> Panels {
        self.charts.push(chart);
        self
    }

    /// Rows and columns.
    pub(super) fn grid(&self) -> (usize, usize) {
        (self.charts.len().div_ceil(self.columns), self.columns)
    }

    /// Draws the charts into a PNG file, making its directory if there is none.
    ///
    /// Fails if there is no point to draw, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> anyhow::Result<()> {
        let (rows, columns) = self.grid();
        let (width, height) = PANEL;
        let size = (columns as u32 * width, rows as u32 * height + HEADING);
        canvas::save(path.as_ref(), size, |canvas| {
            paint::paint_panels(self, canvas)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Chart, Panels};

    #[test]
    fn stand_in_rows() {
        let directory = tempfile::tempdir().unwrap();
        let chart =
            |step: u32| Chart::new(format!("Step: {step}")).line("y", [(0.0, 0.0), (1.0, 1.0)]);
        let panels = (1..=4).fold(Panels::new("Study", 3), |panels, step| {
            panels.panel(chart(step))
        });
        assert_eq!(panels.grid(), (2, 3));
        panels.save(directory.path().join("study.png")).unwrap();
    }

    #[test]
    fn of_nothing_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let refused = Panels::new("Nothing", 3).save(directory.path().join("nothing.png"));
        assert!(refused.is_err());
    }
}
