//! Axes: which values they show, and where their ticks stand.

use std::ops::Range;

use anyhow::ensure;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use crate::general::general;

/// Steps between ticks within a power of ten; with 10, the next one's.
const ROUND: [f64; 3] = [1.0, 2.0, 5.0];

/// How values are laid along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    Linear,
    Logarithmic,
}

impl Scale {
    /// Whether the value has a place on the axis.
    pub(super) fn has(self, value: f64) -> bool {
        match self {
            Scale::Linear => value.is_finite(),
            Scale::Logarithmic => value.is_finite() && value > 0.0,
        }
    }

    /// How far along the axis a value is, in units of the scale.
    fn place(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Logarithmic => value.log10(),
        }
    }

    /// The value at a place.
    fn value(self, place: f64) -> f64 {
        match self {
            Scale::Linear => place,
            Scale::Logarithmic => 10_f64.powf(place),
        }
    }
}

/// An axis that starts and ends at a tick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    scale: Scale,
    /// At least two values, rising.
    ticks: Vec<f64>,
}

impl Axis {
    /// The axis that shows all these values, each of which has a place on the scale; with so many ticks
    /// at most, if it can.
    ///
    /// Fails if there is no value.
    pub(super) fn over(
        scale: Scale,
        ticks: u32,
        values: impl IntoIterator<Item = f64>,
    ) -> anyhow::Result<Axis> {
        let places = values.into_iter().map(|value| scale.place(value));
        let (least, greatest) = places.fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(least, greatest), place| (least.min(place), greatest.max(place)),
        );
        ensure!(least <= greatest, "no point to draw");
        let (least, greatest) = widened(scale, least, greatest);
        let places = match scale {
            Scale::Linear => linear_ticks(f64::from(ticks), least, greatest),
            Scale::Logarithmic => logarithmic_ticks(f64::from(ticks), least, greatest),
        };
        let ticks = places.into_iter().map(|place| scale.value(place)).collect();
        Ok(Axis { scale, ticks })
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let range = self.range();
        let (first, last) = (self.scale.place(range.start), self.scale.place(range.end));
        let along = (self.scale.place(*value) - first) / (last - first);
        start + (along * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        match self.ticks.as_slice() {
            [first, .., last] => *first..*last,
            [] | [_] => 0.0..1.0,
        }
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        general(*value, 6)
    }
}

/// Gives a single place some room.
fn widened(scale: Scale, least: f64, greatest: f64) -> (f64, f64) {
    if least < greatest {
        return (least, greatest);
    }
    let room = match scale {
        Scale::Linear if least != 0.0 => least.abs() / 2.0,
        Scale::Linear | Scale::Logarithmic => 0.5,
    };
    (least - room, greatest + room)
}

/// Multiples of the smallest round step that does not give too many.
fn linear_ticks(ticks: f64, least: f64, greatest: f64) -> Vec<f64> {
    let step = round_step((greatest - least) / (ticks - 1.0));
    let first = (least / step).floor();
    let last = (greatest / step).ceil();
    let count = (last - first) as u32;
    (0..=count)
        .map(|tick| (first + f64::from(tick)) * step)
        .collect()
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor = ROUND.into_iter().find(|factor| factor * power >= step);
    factor.unwrap_or(10.0) * power
}

/// Powers of ten, with 2 and 5 times them if that is not too many.
fn logarithmic_ticks(ticks: f64, least: f64, greatest: f64) -> Vec<f64> {
    let factors = ROUND.len() as f64;
    let decades = greatest - least;
    if decades > ticks / factors {
        let step = ((decades / ticks).ceil()).max(1.0);
        let first = (least / step).floor() as i32;
        let last = (greatest / step).ceil() as i32;
        return (first..=last).map(|tick| f64::from(tick) * step).collect();
    }
    let powers = least.floor() as i32..=greatest.ceil() as i32;
    let ticks = powers.flat_map(|power| ROUND.map(|factor| f64::from(power) + factor.log10()));
    enclosing(&ticks.collect::<Vec<_>>(), least, greatest)
}

/// The part of rising ticks from the last at or below `least` to the first at or above `greatest`.
fn enclosing(ticks: &[f64], least: f64, greatest: f64) -> Vec<f64> {
    let below = ticks
        .partition_point(|&tick| tick <= least)
        .saturating_sub(1);
    let above = ticks.partition_point(|&tick| tick < greatest);
    ticks.iter().take(above + 1).skip(below).copied().collect()
}

#[cfg(test)]
mod tests {
    use plotters::coord::ranged1d::{Ranged as _, ValueFormatter as _};

    use super::{Axis, Scale};

    #[track_caller]
    fn check(scale: Scale, values: &[f64], labels: &[&str]) {
        let axis = Axis::over(scale, 8, values.iter().copied()).unwrap();
        let ticks: Vec<_> = axis.ticks.iter().map(Axis::format).collect();
        assert_eq!(ticks, labels, "{values:?}");
    }

    #[test]
    fn linear_ticks_are_round_and_enclose_the_values() {
        let check = |values: &[f64], labels: &[&str]| check(Scale::Linear, values, labels);
        check(&[24.8, 0.08], &["0", "5", "10", "15", "20", "25"]);
        check(&[1.0, 100.0], &["0", "20", "40", "60", "80", "100"]);
        check(&[-1.0, 1.0], &["-1", "-0.5", "0", "0.5", "1"]);
        check(&[0.1, 0.3], &["0.1", "0.15", "0.2", "0.25", "0.3"]);
        check(&[3.0], &["1.5", "2", "2.5", "3", "3.5", "4", "4.5"]);
        check(&[0.0], &["-0.6", "-0.4", "-0.2", "0", "0.2", "0.4", "0.6"]);
    }

    #[test]
    fn logarithmic_ticks_are_round_and_enclose_the_values() {
        let check = |values: &[f64], labels: &[&str]| check(Scale::Logarithmic, values, labels);
        check(
            &[0.08, 24.8],
            &["0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50"],
        );
        check(&[1.0, 10.0], &["1", "2", "5", "10"]);
        check(&[1e-4, 3.0], &["0.0001", "0.001", "0.01", "0.1", "1", "10"]);
        check(&[3.0], &["0.5", "1", "2", "5", "10"]);
    }

    #[test]
    fn values_lie_along_the_axis_by_their_scale() {
        let place = |scale, value| {
            Axis::over(scale, 8, [1.0, 100.0])
                .unwrap()
                .map(&value, (0, 200))
        };
        assert_eq!(place(Scale::Linear, 50.0), 100);
        assert_eq!(place(Scale::Logarithmic, 10.0), 100);
    }

    #[test]
    fn many_decades_have_few_ticks() {
        let axis = Axis::over(Scale::Logarithmic, 8, [1e-30, 1.0]).unwrap();
        assert!(axis.ticks.len() <= 10, "{axis:?}");
        assert_eq!(axis.range(), 1e-32..1.0);
    }

    #[test]
    fn nothing_has_no_axis() {
        assert!(Axis::over(Scale::Linear, 8, []).is_err());
    }
}
