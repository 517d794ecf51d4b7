//! Comparison of values, and the report of all that differ.

use aqueduct::{DType, Value};

/// How far a float may be from the expected one: within either bound is enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// As a part of the expected number.
    pub relative: f64,
    /// As a difference.
    pub absolute: f64,
}

impl Tolerance {
    /// For results in `f32` against TensorFlow's.
    pub const REFERENCE: Tolerance = Tolerance {
        relative: 1e-5,
        absolute: 1e-6,
    };

    /// Not a bit may differ, but any NaN is as good as another.
    pub const EXACT: Tolerance = Tolerance {
        relative: 0.0,
        absolute: 0.0,
    };

    fn holds(self, actual: f64, expected: f64) -> bool {
        if self == Tolerance::EXACT {
            let both_nan = actual.is_nan() && expected.is_nan();
            return both_nan || actual.to_bits() == expected.to_bits();
        }
        let bound = self.absolute.max(self.relative * expected.abs());
        // An infinity differs from itself by NaN.
        actual == expected
            || (actual.is_nan() && expected.is_nan())
            || (actual - expected).abs() <= bound
    }
}

/// Whether a value is the expected one: of its type and shape, floats within the tolerance,
/// everything else equal.
///
/// # Errors
/// The first difference, in words.
pub fn compare(actual: &Value, expected: &Value, tolerance: Tolerance) -> Result<(), String> {
    let form = |value: &Value| format!("{}{:?}", value.dtype(), value.shape());
    if form(actual) != form(expected) {
        return Err(format!("is {}, not {}", form(actual), form(expected)));
    }
    let (Some(actual_floats), Some(expected_floats)) = (floats(actual), floats(expected)) else {
        return if actual == expected {
            Ok(())
        } else {
            Err(format!("is {actual}, not {expected}"))
        };
    };
    let pairs = actual_floats.iter().zip(&expected_floats);
    let wrong = |(actual, expected): (&f64, &f64)| !tolerance.holds(*actual, *expected);
    match pairs.clone().position(wrong) {
        None => Ok(()),
        Some(place) => Err(format!(
            "element {place} is {}, not {}",
            actual_floats[place], expected_floats[place]
        )),
    }
}

/// The elements as `f64`, if they are floats; no bit is lost.
pub(crate) fn floats(value: &Value) -> Option<Vec<f64>> {
    match value.dtype() {
        DType::F32 => value
            .as_slice::<f32>()
            .map(|values| values.iter().copied().map(f64::from).collect()),
        DType::F64 => value.as_slice::<f64>().map(<[f64]>::to_vec),
        DType::I32 | DType::I64 | DType::U8 | DType::Bool => None,
    }
}

/// Fails with every failure, so that one does not hide the others.
///
/// # Panics
/// There is a failure.
#[track_caller]
pub fn report(results: impl IntoIterator<Item = Result<(), String>>) {
    let failures: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
