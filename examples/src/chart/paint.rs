//! What a chart looks like.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Scale};
use super::canvas::{Canvas, DENSITY, FONT};
use super::{Chart, Mark, Panels, Series};

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

/// The ticks that an axis has at most.
const CHART_TICKS: u32 = 8;
const PANEL_TICKS: u32 = 5;

/// Sizes of what is around a plot.
struct Frame {
    margin: i32,
    top: i32,
    text: i32,
    x_labels: i32,
    y_labels: i32,
}

const CHART: Frame = Frame {
    margin: MARGIN,
    top: 8,
    text: TEXT_SIZE,
    x_labels: 50,
    y_labels: 68,
};

const PANEL: Frame = Frame {
    margin: 12,
    top: 34,
    text: 12,
    x_labels: 36,
    y_labels: 36,
};

type Plot<'a> = ChartContext<'a, BitMapBackend<'a>, Cartesian2d<Axis, Axis>>;

/// Paints the chart over the whole canvas.
pub(super) fn paint(chart: &Chart, canvas: &Canvas<'_>) -> anyhow::Result<()> {
    let area = paint_heading(&chart.title, &chart.series, canvas)?;
    paint_plot(chart, axes(&[chart], CHART_TICKS)?, &CHART, &area)
}

/// Paints the panels in rows, under one legend.
pub(super) fn paint_panels(panels: &Panels, canvas: &Canvas<'_>) -> anyhow::Result<()> {
    let series = panels.charts.first().map_or(&[][..], |chart| &chart.series);
    let area = paint_heading(&panels.title, series, canvas)?;
    let charts: Vec<&Chart> = panels.charts.iter().collect();
    let axes = axes(&charts, PANEL_TICKS)?;
    let title = text(PANEL.text + 2, INK, FontStyle::Bold);
    for (chart, area) in charts.iter().zip(area.split_evenly(panels.grid())) {
        let corner = (dots(PANEL.margin + PANEL.y_labels), dots(PANEL.margin));
        area.draw_text(&chart.title, &title, corner)?;
        paint_plot(chart, axes.clone(), &PANEL, &area)?;
    }
    Ok(())
}

/// Paints title and legend on a white canvas, and returns what is left of it.
fn paint_heading<'a>(
    title: &str,
    series: &[Series],
    canvas: &Canvas<'a>,
) -> anyhow::Result<Canvas<'a>> {
    canvas.fill(&WHITE)?;
    let style = text(TITLE_SIZE, INK, FontStyle::Bold);
    canvas.draw_text(title, &style, (dots(MARGIN), dots(MARGIN)))?;
    let bottom = paint_legend(series, canvas)?;
    Ok(canvas.split_vertically(dots(bottom)).1)
}

/// Paints the legend in rows over the plot, never in it, and returns where the plot may begin.
fn paint_legend(series: &[Series], canvas: &Canvas<'_>) -> anyhow::Result<i32> {
    let style = text(TEXT_SIZE, INK, FontStyle::Normal).pos(Pos::new(HPos::Left, VPos::Center));
    let left = dots(MARGIN);
    let right = canvas.dim_in_pixel().0 as i32 - left;
    let (mut x, mut y) = (left, dots(LEGEND_TOP + LEGEND_ROW / 2));
    for series in series {
        let before_name = dots(swatch_width(series.mark) + SWATCH_GAP);
        let name_width = canvas.estimate_text_size(&series.name, &style)?.0 as i32;
        let width = before_name + name_width;
        if x + width > right && x > left {
            (x, y) = (left, y + dots(LEGEND_ROW));
        }
        paint_swatch(canvas, series.mark, (x, y), series.colour.rgb())?;
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
        Mark::Dots { radius } => 2 * radius,
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
        Mark::Dots { .. } => {
            canvas.draw(&Circle::new((x + width / 2, y), width / 2, colour.filled()))?;
        }
    }
    Ok(())
}

/// Axes that show every point of the charts.
fn axes(charts: &[&Chart], ticks: u32) -> anyhow::Result<(Axis, Axis)> {
    let points = || charts.iter().flat_map(|chart| chart.drawable());
    let scale = charts.first().map_or(Scale::Linear, |chart| chart.y_scale);
    Ok((
        Axis::over(Scale::Linear, ticks, points().map(|(x, _)| x))?,
        Axis::over(scale, ticks, points().map(|(_, y)| y))?,
    ))
}

/// Paints axes, grid and series.
fn paint_plot(
    chart: &Chart,
    (x_axis, y_axis): (Axis, Axis),
    frame: &Frame,
    canvas: &Canvas<'_>,
) -> anyhow::Result<()> {
    let mut plot = ChartBuilder::on(canvas)
        .margin(dots(frame.margin))
        .margin_top(dots(frame.top))
        .set_label_area_size(LabelAreaPosition::Bottom, dots(frame.x_labels))
        .set_label_area_size(LabelAreaPosition::Left, dots(frame.y_labels))
        .build_cartesian_2d(x_axis, y_axis)?;
    plot.configure_mesh()
        .bold_line_style(GRID.stroke_width(DENSITY))
        .light_line_style(TRANSPARENT)
        .axis_style(AXIS.stroke_width(DENSITY))
        .label_style(text(frame.text - 1, QUIET_INK, FontStyle::Normal))
        .set_all_tick_mark_size(dots(TICK))
        .y_label_offset(dots(TEXT_RISE))
        .axis_desc_style(text(frame.text, INK, FontStyle::Normal))
        .x_desc(&chart.x_label)
        .y_desc(&chart.y_label)
        .draw()?;
    for series in &chart.series {
        for run in drawable_runs(chart, series) {
            paint_run(&mut plot, series.mark, run, series.colour.rgb())?;
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
        Mark::Dots { radius } => {
            let disk = |&point| Circle::new(point, dots(radius), colour.filled());
            plot.draw_series(run.iter().map(disk))?;
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
