//! Line charts as PNG files.

mod axis;
mod canvas;
mod colour;
mod paint;
mod panels;

use std::path::Path;

use axis::Scale;
pub use colour::Colour;
pub use panels::Panels;

/// Width and height of a chart, in pixels.
const SIZE: canvas::Size = (900, 560);

/// A chart of lines and points over two axes, saved as a PNG file of 900 by 560 pixels.
///
/// Series take the [colours](Colour) in their order, unless they are told one; a later series lies over
/// an earlier one. A point that cannot be drawn (not finite, or not above zero
/// on a logarithmic axis) is left out, and a line has a gap there.
pub struct Chart {
    title: String,
    x_label: String,
    y_label: String,
    y_scale: Scale,
    series: Vec<Series>,
}

struct Series {
    name: String,
    mark: Mark,
    colour: Colour,
    points: Vec<(f64, f64)>,
}

#[derive(Clone, Copy)]
enum Mark {
    Line,
    Points,
    Dots { radius: i32 },
}

impl Chart {
    /// A chart without series.
    pub fn new(title: impl Into<String>) -> Chart {
        Chart {
            title: title.into(),
            x_label: String::new(),
            y_label: String::new(),
            y_scale: Scale::Linear,
            series: Vec::new(),
        }
    }

    /// Names the axes.
    pub fn axes(mut self, x: impl Into<String>, y: impl Into<String>) -> Chart {
        self.x_label = x.into();
        self.y_label = y.into();
        self
    }

    /// Makes the y axis logarithmic.
    pub fn log_y(mut self) -> Chart {
        self.y_scale = Scale::Logarithmic;
        self
    }

    /// Adds a line through the points, in their order.
    pub fn line(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Chart {
        self.series(name.into(), Mark::Line, points.into_iter().collect())
    }

    /// Adds an open circle at each point, so that a line beneath stays in sight.
    pub fn points(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Chart {
        self.series(name.into(), Mark::Points, points.into_iter().collect())
    }

    /// Adds a dot of this radius in pixels at each point: a large one stays in sight under a small one.
    pub fn dots(
        self,
        name: impl Into<String>,
        radius: u8,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Chart {
        let radius = i32::from(radius);
        self.series(
            name.into(),
            Mark::Dots { radius },
            points.into_iter().collect(),
        )
    }

    fn series(mut self, name: String, mark: Mark, points: Vec<(f64, f64)>) -> Chart {
        let colour = Colour::of_series(self.series.len());
        self.series.push(Series {
            name,
            mark,
            colour,
            points,
        });
        self
    }

    /// Gives the series added last a colour.
    pub fn coloured(mut self, colour: Colour) -> Chart {
        if let Some(series) = self.series.last_mut() {
            series.colour = colour;
        }
        self
    }

    /// Draws the chart into a PNG file, making its directory if there is none.
    ///
    /// Fails if the chart has no point to draw, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> anyhow::Result<()> {
        canvas::save(path.as_ref(), SIZE, |canvas| paint::paint(self, canvas))
    }

    fn drawable(&self) -> impl Iterator<Item = (f64, f64)> {
        let points = self.series.iter().flat_map(|series| &series.points);
        points.copied().filter(|&point| self.can_draw(point))
    }

    fn can_draw(&self, (x, y): (f64, f64)) -> bool {
        Scale::Linear.has(x) && self.y_scale.has(y)
    }
}

/// The points of numbers that belong to the steps 1, 2, 3, …
pub fn over_steps(numbers: &[f32]) -> impl Iterator<Item = (f64, f64)> {
    numbered_from(1, numbers)
}

/// The points of numbers that belong to the epochs 0, 1, 2, …
pub fn over_epochs(numbers: &[f32]) -> impl Iterator<Item = (f64, f64)> {
    numbered_from(0, numbers)
}

fn numbered_from(first: u32, numbers: &[f32]) -> impl Iterator<Item = (f64, f64)> {
    (first..)
        .zip(numbers)
        .map(|(number, &value)| (f64::from(number), f64::from(value)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Chart, over_epochs, over_steps};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

    /// Width and height, from the header of a PNG file.
    fn size(png: &[u8]) -> (u32, u32) {
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        (number(16), number(20))
    }

    #[test]
    fn saves_a_png_and_makes_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/down/loss.png");
        let loss = |step: u32| (f64::from(step), 1.0 / f64::from(step + 1));
        Chart::new("Loss")
            .axes("step", "loss")
            .line("training", (0..100).map(loss))
            .points("printed", (0..100).step_by(10).map(loss))
            .dots("a few", 3, (0..100).step_by(50).map(loss))
            .log_y()
            .save(&path)
            .unwrap();
        let png = fs::read(path).unwrap();
        assert!(png.starts_with(PNG));
        assert_eq!(size(&png), (900, 560));
    }

    #[test]
    fn leaves_out_what_cannot_be_drawn() {
        let directory = tempfile::tempdir().unwrap();
        let losses = [0.0, 1.0, f64::NAN, 2.0, 3.0, f64::INFINITY, -1.0];
        let points = || (0..).map(f64::from).zip(losses);
        let chart = Chart::new("Gaps").line("a", points()).points("b", points());
        chart.save(directory.path().join("linear.png")).unwrap();
        let chart = chart.log_y();
        chart.save(directory.path().join("log.png")).unwrap();
    }

    #[test]
    fn steps_count_from_one_and_epochs_from_zero() {
        let points: Vec<_> = over_steps(&[4.0, 2.0]).collect();
        assert_eq!(points, [(1.0, 4.0), (2.0, 2.0)]);
        let points: Vec<_> = over_epochs(&[4.0, 2.0]).collect();
        assert_eq!(points, [(0.0, 4.0), (1.0, 2.0)]);
    }

    #[test]
    fn refuses_a_chart_of_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("empty.png");
        let error = Chart::new("Empty")
            .line("zero", [(1.0, 0.0)])
            .log_y()
            .save(&path)
            .unwrap_err();
        assert!(format!("{error:#}").contains("no point to draw"));
        assert!(!path.exists());
    }
}
