//! The colours of series.

use plotters::style::RGBColor;

/// The palette of Okabe and Ito, made for every kind of colour vision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Colour {
    /// The first series.
    Blue,
    /// The second.
    Vermilion,
    /// The third.
    Green,
    /// The fourth.
    Purple,
    /// The fifth.
    Orange,
    /// The sixth.
    Sky,
    /// The seventh.
    Black,
}

const ALL: [Colour; 7] = [
    Colour::Blue,
    Colour::Vermilion,
    Colour::Green,
    Colour::Purple,
    Colour::Orange,
    Colour::Sky,
    Colour::Black,
];

impl Colour {
    /// The colour of a series by its place; they come again if there are too few.
    pub(super) fn of_series(place: usize) -> Colour {
        ALL[place % ALL.len()]
    }

    pub(super) fn rgb(self) -> RGBColor {
        match self {
            Colour::Blue => RGBColor(0, 114, 178),
            Colour::Vermilion => RGBColor(213, 94, 0),
            Colour::Green => RGBColor(0, 158, 115),
            Colour::Purple => RGBColor(204, 121, 167),
            Colour::Orange => RGBColor(230, 159, 0),
            Colour::Sky => RGBColor(86, 180, 233),
            Colour::Black => RGBColor(0, 0, 0),
        }
    }
}
