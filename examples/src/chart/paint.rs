//! What a chart looks like.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::canvas::{Canvas, DENSITY, FONT};
use super::{Chart, Mark, Series};

/// The palette of Okabe and Ito, made for every kind of colour vision.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];
const INK: RGBColor = RGBColor(34, 34, 34);
const QUIET_INK: RGBColor = RGBColor(85, 85, 85);
const GRID: RGBColor = RGBColor(230, 230, 230);
const AXIS: RGBColor = RGBColor(150, 150, 150);

// Lengths are in pixels of the picture.
const MARGIN: i32 = 24;
const TITLE_SIZE: i32 = 21;
const TEXT_SIZE: i32 = 15;
const LEGEND_TOP: i32 = 58;
const LEGEND_ROW: i32 = 24;
const LEGEND_GAP: i32 = 28;
const SWATCH: i32 = 26;
const SWATCH_GAP: i32 = 8;
/// How far the middle of lower-case letters is above that of their line.
const TEXT_RISE: i32 = 2;
const TICK: i32 = 6;
const LINE_WIDTH: f64 = 2.2;
const RADIUS: i32 = 4;

type Plot<'a> = ChartContext<'a, BitMapBackend<'a>, Cartesian2d<Axis, Axis>>;

/// Paints the chart over the whole canvas.
pub(super) fn paint(chart: &Chart, canvas: &Canvas<'_>) -> anyhow::Result<()> {
    canvas.fill(&WHITE)?;
    let title = text(TITLE_SIZE, INK, FontStyle::Bold);
    canvas.draw_text(&chart.title, &title, (dots(MARGIN), dots(MARGIN)))?;
    let bottom = paint_legend(chart, canvas)?;
    paint_plot(chart, &canvas.split_vertically(dots(bottom)).1)
}

/// Paints the legend in rows over the plot, never in it, and returns where the plot may begin.
fn paint_legend(chart: &Chart, canvas: &Canvas<'_>) -> anyhow::Result<i32> {
    let style = text(TEXT_SIZE, INK, FontStyle::Normal).pos(Pos::new(HPos::Left, VPos::Center));
    let left = dots(MARGIN);
    let right = canvas.dim_in_pixel().0 as i32 - left;
    let (mut x, mut y) = (left, dots(LEGEND_TOP + LEGEND_ROW / 2));
    for (series, colour) in chart.series.iter().zip(colours()) {
        let before_name = dots(swatch_width(series.mark) + SWATCH_GAP);
        let name_width = canvas.estimate_text_size(&series.name, &style)?.0 as i32;
        let width = before_name + name_width;
        if x + width > right && x > left {
            (x, y) = (left, y + dots(LEGEND_ROW));
        }
        paint_swatch(canvas, series.mark, (x, y), colour)?;
        let name = (x + before_name, y + dots(TEXT_RISE));
        canvas.draw_text(&series.name, &style, name)?;
        x += width + dots(LEGEND_GAP);
    }
    Ok(y / DENSITY as i32 + LEGEND_ROW)
}

fn swatch_width(mark: Mark) -> i32 {
    match mark {
        Mark::Line => SWATCH,
        Mark::Points => 2 * RADIUS,
    }
}

/// Paints the sample of a mark, from a point to the right.
fn paint_swatch(
    canvas: &Canvas<'_>,
    mark: Mark,
    (x, y): (i32, i32),
    colour: RGBColor,
) -> anyhow::Result<()> {
    let width = dots(swatch_width(mark));
    match mark {
        Mark::Line => canvas.draw(&PathElement::new([(x, y), (x + width, y)], line(colour)))?,
        Mark::Points => canvas.draw(&Circle::new((x + width / 2, y), width / 2, line(colour)))?,
    }
    Ok(())
}

/// Paints axes, grid and series.
fn paint_plot(chart: &Chart, canvas: &Canvas<'_>) -> anyhow::Result<()> {
    let mut plot = ChartBuilder::on(canvas)
        .margin(dots(MARGIN))
        .margin_top(dots(8))
        .set_label_area_size(LabelAreaPosition::Bottom, dots(50))
        .set_label_area_size(LabelAreaPosition::Left, dots(68))
        .build_cartesian_2d(chart.x_axis()?, chart.y_axis()?)?;
    plot.configure_mesh()
        .bold_line_style(GRID.stroke_width(DENSITY))
        .light_line_style(TRANSPARENT)
        .axis_style(AXIS.stroke_width(DENSITY))
        .label_style(text(TEXT_SIZE - 1, QUIET_INK, FontStyle::Normal))
        .set_all_tick_mark_size(dots(TICK))
        .y_label_offset(dots(TEXT_RISE))
        .axis_desc_style(text(TEXT_SIZE, INK, FontStyle::Normal))
        .x_desc(&chart.x_label)
        .y_desc(&chart.y_label)
        .draw()?;
    for (series, colour) in chart.series.iter().zip(colours()) {
        for run in drawable_runs(chart, series) {
            paint_run(&mut plot, series.mark, run, colour)?;
        }
    }
    Ok(())
}

fn paint_run(
    plot: &mut Plot<'_>,
    mark: Mark,
    run: &[(f64, f64)],
    colour: RGBColor,
) -> anyhow::Result<()> {
    match mark {
        Mark::Line => {
            // Piece by piece, with round joints: plotters draws needles where one path turns sharply.
            let piece = |ends: &[(f64, f64)]| PathElement::new(ends, line(colour));
            plot.draw_series(run.windows(2).map(piece))?;
            let joint = |&point| Circle::new(point, line_dots() / 2, colour.filled());
            plot.draw_series(run.iter().map(joint))?;
        }
        Mark::Points => {
            let circle = |&point| Circle::new(point, dots(RADIUS), line(colour));
            plot.draw_series(run.iter().map(circle))?;
        }
    }
    Ok(())
}

/// The points of a series, cut where one cannot be drawn.
fn drawable_runs<'a>(
    chart: &'a Chart,
    series: &'a Series,
) -> impl Iterator<Item = &'a [(f64, f64)]> {
    let runs = series.points.split(|&point| !chart.can_draw(point));
    runs.filter(|run| !run.is_empty())
}

/// A colour for each series; they come again if there are too few.
fn colours() -> impl Iterator<Item = RGBColor> {
    COLOURS.into_iter().cycle()
}

fn line(colour: RGBColor) -> ShapeStyle {
    colour.stroke_width(line_dots())
}

fn line_dots() -> u32 {
    (LINE_WIDTH * f64::from(DENSITY)).round() as u32
}

fn text(size: i32, colour: RGBColor, style: FontStyle) -> TextStyle<'static> {
    (FONT, dots(size), style).into_font().color(&colour)
}

/// Pixels in dots.
fn dots(pixels: i32) -> i32 {
    pixels * DENSITY as i32
}
