//! numpy's `repr` of an array and of a number.

use ndarray::ArrayView2;

use crate::general::split_exponent;

/// The digits after the point that numpy prints at most.
const PRECISION: usize = 8;

/// Formats a matrix as `repr` does in numpy 1.14 to 1.26, with the default print options.
///
/// Numbers have the fewest digits that tell them apart, at most eight after the point, and are
/// padded to one width with the points in one column. numpy's shortening of an array of more than
/// 1,000 elements and its line break inside a row of more than 75 characters are left out.
pub fn array_repr(matrix: ArrayView2<'_, f32>) -> String {
    if matrix.is_empty() {
        let (rows, columns) = matrix.dim();
        return format!("array([], shape=({rows}, {columns}), dtype=float32)");
    }
    let cells = Cells::of(matrix);
    let rows: Vec<String> = matrix
        .rows()
        .into_iter()
        .map(|row| {
            let row: Vec<String> = row.iter().map(|&value| cells.format(value)).collect();
            format!("[{}]", row.join(", "))
        })
        .collect();
    format!("array([{}], dtype=float32)", rows.join(",\n       "))
}

/// Formats a number as `print` does a `float32` of numpy 1.14 to 1.26: the fewest digits that tell it
/// apart, with an exponent below 1e-4 and from 1e16 on.
pub fn float_repr(value: f32) -> String {
    if !value.is_finite() {
        return value.to_string().to_lowercase();
    }
    if value == 0.0 || (1e-4..1e16).contains(&f64::from(value.abs())) {
        return format!("{value:?}");
    }
    let (mantissa, exponent) = scientific(value);
    mantissa + &exponent
}

/// How every number of one array is printed.
struct Cells {
    notation: Notation,
    /// Characters after the point.
    fraction: usize,
    /// Characters of a whole cell.
    width: usize,
}

impl Cells {
    fn of(matrix: ArrayView2<'_, f32>) -> Cells {
        let notation = Notation::of(matrix);
        let split = matrix.iter().map(|&value| notation.split(value));
        let (mut whole, mut fraction, mut after, mut other) = (0, 0, 0, 0);
        for number in split {
            match number {
                Number::Finite(digits) => {
                    whole = whole.max(digits.whole.len());
                    fraction = fraction.max(digits.fraction.len());
                    after = after.max(digits.exponent.len());
                }
                Number::Other(text) => other = other.max(text.len()),
            }
        }
        Cells {
            notation,
            fraction,
            width: other.max(whole + 1 + fraction + after),
        }
    }

    fn format(&self, value: f32) -> String {
        let text = match self.notation.split(value) {
            Number::Finite(digits) => digits.join(self.notation.filler(), self.fraction),
            Number::Other(text) => text,
        };
        format!("{text:>width$}", width = self.width)
    }
}

#[derive(Clone, Copy)]
enum Notation {
    Positional,
    Scientific,
}

impl Notation {
    /// numpy's rule: powers of ten where sizes are extreme or too far from each other.
    fn of(matrix: ArrayView2<'_, f32>) -> Notation {
        let sizes = matrix.iter().map(|value| value.abs());
        let sizes = sizes.filter(|&size| size > 0.0 && size.is_finite());
        let (least, greatest) = sizes.fold((f32::INFINITY, 0.0_f32), |(least, greatest), size| {
            (least.min(size), greatest.max(size))
        });
        if greatest >= 1e8 || f64::from(least) < 1e-4 || greatest / least > 1000.0 {
            Notation::Scientific
        } else {
            Notation::Positional
        }
    }

    /// What fills up a fraction that is shorter than the longest of the array.
    fn filler(self) -> char {
        match self {
            Notation::Positional => ' ',
            Notation::Scientific => '0',
        }
    }

    fn split(self, value: f32) -> Number {
        if !value.is_finite() {
            return Number::Other(value.to_string().to_lowercase());
        }
        let (mantissa, exponent) = match self {
            Notation::Positional => (shortest(value), String::new()),
            Notation::Scientific => scientific(value),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((&mantissa, ""));
        Number::Finite(Digits {
            whole: whole.to_owned(),
            fraction: fraction.to_owned(),
            exponent,
        })
    }
}

enum Number {
    Finite(Digits),
    /// NaN or an infinity.
    Other(String),
}

/// A finite number in text, in pieces: `-1`, `25`, `e+10`.
struct Digits {
    whole: String,
    fraction: String,
    exponent: String,
}

impl Digits {
    /// The number with its fraction filled up to `length`.
    fn join(&self, filler: char, length: usize) -> String {
        let missing = length.saturating_sub(self.fraction.len());
        let fill = String::from(filler).repeat(missing);
        format!("{}.{}{fill}{}", self.whole, self.fraction, self.exponent)
    }
}

/// The shortest digits that read back as `value`, cut to [`PRECISION`] after the point.
fn shortest(value: f32) -> String {
    let shortest = value.to_string();
    match shortest.split_once('.') {
        Some((_, fraction)) if fraction.len() > PRECISION => {
            let cut = format!("{value:.PRECISION$}");
            cut.trim_end_matches('0').to_owned()
        }
        _ => shortest,
    }
}

/// The shortest mantissa, and an exponent with its sign and at least two digits.
fn scientific(value: f32) -> (String, String) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = split_exponent(&text).unwrap_or((&text, 0));
    (mantissa.to_owned(), format!("e{exponent:+03}"))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{array_repr, float_repr};

    #[test]
    fn prints_the_table_of_notebook_002() {
        let y0 = array![
            [0.465_113_64, -0.921_773, 0.928_494_3],
            [0.965_572_66, -0.930_754_9, 0.978_326_6],
            [0.998_320_7, -0.938_738_35, 0.993_547],
        ];
        let printed = "\
array([[ 0.46511364, -0.921773  ,  0.9284943 ],
       [ 0.96557266, -0.9307549 ,  0.9783266 ],
       [ 0.9983207 , -0.93873835,  0.993547  ]], dtype=float32)";
        assert_eq!(array_repr(y0.view()), printed);
    }

    /// Each row as numpy 1.26 prints it.
    #[test]
    fn prints_rows_as_numpy_does() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let cases: [(&[f32], &str); 18] = [
            (&[0.0, 0.0], "0., 0."),
            (&[1.0, -1.0], " 1., -1."),
            (&[100.25, -3.0], "100.25,  -3.  "),
            (&[0.123_456_79, 0.1], "0.12345679, 0.1       "),
            (&[0.000_123_456_78, 0.1], "0.00012346, 0.1       "),
            (&[1e-4, 0.05], "1.e-04, 5.e-02"),
            (&[9.9e-5, 0.05], "9.9e-05, 5.0e-02"),
            (&[1000.0, 1.0], "1000.,    1."),
            (&[1001.0, 1.0], "1.001e+03, 1.000e+00"),
            (&[1e-5, -0.25], " 1.0e-05, -2.5e-01"),
            (&[1e9, 0.1], "1.e+09, 1.e-01"),
            (&[16_777_216.0, 0.0], "16777216.,        0."),
            (&[99_999_999.0, 1e6], "1.e+08, 1.e+06"),
            (&[f32::MAX, 1e35], "3.4028235e+38, 1.0000000e+35"),
            (&[nan, inf], "nan, inf"),
            (&[-inf, 2.0], "-inf,   2."),
            (&[1e-5, nan], "1.e-05,    nan"),
            (&[0.123_456_79, -inf], "0.12345679,       -inf"),
        ];
        for (row, printed) in cases {
            let matrix = Array2::from_shape_fn((1, row.len()), |(_, column)| row[column]);
            let expected = format!("array([[{printed}]], dtype=float32)");
            assert_eq!(array_repr(matrix.view()), expected);
        }
    }

    #[test]
    fn prints_numbers_as_numpy_does() {
        let cases = [
            (0.548_108_94, "0.54810894"),
            (0.000_187_473_94, "0.00018747394"),
            (6.705_546e-5, "6.705546e-05"),
            (1e-4, "1e-04"),
            (0.0142185, "0.0142185"),
            (0.0, "0.0"),
            (-3.0, "-3.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1e-45, "1e-45"),
            (f32::NAN, "nan"),
            (f32::NEG_INFINITY, "-inf"),
        ];
        for (value, printed) in cases {
            assert_eq!(float_repr(value), printed);
        }
    }

    #[test]
    fn prints_an_array_without_elements() {
        let empty = Array2::zeros((0, 3));
        assert_eq!(
            array_repr(empty.view()),
            "array([], shape=(0, 3), dtype=float32)"
        );
    }
}
