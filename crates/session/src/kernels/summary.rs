//! Values in words, for people who look at a run: in TensorFlow 1's form.

use aqueduct_graph::Float;

use crate::kernels::Slice;
use crate::kernels::gather::unravel;

/// The first `limit` elements of an array: `[1.5 2 3...]`, `[[0 1 2 3][4 5...]...]`.
pub(super) fn summary(elements: Slice<'_>, sizes: &[usize], limit: usize) -> String {
    let count = elements.len();
    let shown = limit.min(count);
    let inner = inner_sizes(sizes);
    let mut text = String::from("[");
    for place in 0..shown {
        let starts = inner
            .iter()
            .filter(|inner| place.is_multiple_of(**inner))
            .count();
        if starts == 0 && place > 0 {
            text.push(' ');
        }
        text.push_str(&"[".repeat(starts));
        text.push_str(&word(elements, place));
        let ends = inner
            .iter()
            .filter(|inner| (place + 1).is_multiple_of(**inner));
        text.push_str(&"]".repeat(ends.count()));
    }
    if shown < count {
        let open = |inner: &&usize| !shown.is_multiple_of(**inner);
        if inner.last().as_ref().is_some_and(open) {
            text.push_str("...");
        }
        text.push_str(&"]".repeat(inner.iter().filter(open).count()));
        text.push_str("...");
    }
    text.push(']');
    text
}

/// The number of elements in each part of an array that has brackets of its own, from the outermost
/// axis but one to the rows.
fn inner_sizes(sizes: &[usize]) -> Vec<usize> {
    let part = |axis: usize| sizes.iter().skip(axis).product::<usize>().max(1);
    (1..sizes.len()).map(part).collect()
}

/// One element.
fn word(elements: Slice<'_>, place: usize) -> String {
    fn one<T: ToString>(values: &[T], place: usize) -> String {
        values.get(place).map(T::to_string).unwrap_or_default()
    }
    match elements {
        Slice::F32(values) => values
            .get(place)
            .map(|value| float(*value))
            .unwrap_or_default(),
        Slice::F64(values) => values
            .get(place)
            .map(|value| float(*value))
            .unwrap_or_default(),
        Slice::I32(values) => one(values, place),
        Slice::I64(values) => one(values, place),
        Slice::U8(values) => one(values, place),
        Slice::Bool(values) => values
            .get(place)
            .map(|value| u8::from(*value).to_string())
            .unwrap_or_default(),
    }
}

/// A float in the fewest digits of C's `%g` that TensorFlow would take: 6 of an `f32` if they name it
/// exactly, else 9; 15 or 17 of an `f64`.
pub(crate) fn float<T: Float>(value: T) -> String {
    let (few, all) = if T::DTYPE.width() == 4 {
        (6, 9)
    } else {
        (15, 17)
    };
    let value = value.to_f64();
    let short = general(value, few);
    let read: Option<f64> = short.parse().ok();
    if read.is_some_and(|read| T::from_f64(read) == T::from_f64(value)) || !value.is_finite() {
        short
    } else {
        general(value, all)
    }
}

/// C's `%g` with so many significant digits.
fn general(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let parts = scientific.split_once('e');
    let parts =
        parts.and_then(|(mantissa, exponent)| Some((mantissa, exponent.parse::<i64>().ok()?)));
    let Some((mantissa, exponent)) = parts else {
        return scientific.to_lowercase(); // Of what is not finite there is no exponent.
    };
    let without_zeros = |number: &str| match number.contains('.') {
        true => number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => number.to_owned(),
    };
    let decimals = i64::try_from(digits).unwrap_or(i64::MAX) - 1 - exponent;
    match usize::try_from(decimals) {
        Ok(decimals) if exponent >= -4 => without_zeros(&format!("{value:.decimals$}")),
        Ok(_) | Err(_) => format!("{}e{exponent:+03}", without_zeros(mantissa)),
    }
}

/// An element of an array of these sizes by its place: `indices[1, 0]`; of a scalar its name alone.
pub(super) fn element_name(array: &str, sizes: &[usize], place: usize) -> String {
    if sizes.is_empty() {
        return array.to_owned();
    }
    format!("{array}{}", coordinates(sizes, place))
}

/// Where in an array of these sizes a place is: `[1, 0]`.
pub(crate) fn coordinates(sizes: &[usize], place: usize) -> String {
    let coordinates: Vec<String> = unravel(place, sizes).map(|n| n.to_string()).collect();
    format!("[{}]", coordinates.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_written_as_tensorflow_does() {
        let numbers: Vec<i64> = (0..24).collect();
        let all = Slice::I64(&numbers);
        let cases: [(&[usize], usize, &str); 9] = [
            (&[24], 0, "[...]"),
            (&[24], 3, "[0 1 2...]"),
            (&[2, 3, 4], 0, "[...]"),
            (&[2, 3, 4], 3, "[[[0 1 2...]]...]"),
            (&[2, 3, 4], 4, "[[[0 1 2 3]]...]"),
            (&[2, 3, 4], 5, "[[[0 1 2 3][4...]]...]"),
            (&[2, 3, 4], 12, "[[[0 1 2 3][4 5 6 7][8 9 10 11]]...]"),
            (
                &[2, 3, 4],
                20,
                "[[[0 1 2 3][4 5 6 7][8 9 10 11]][[12 13 14 15][16 17 18 19]]...]",
            ),
            (
                &[2, 3, 4],
                usize::MAX,
                "[[[0 1 2 3][4 5 6 7][8 9 10 11]][[12 13 14 15][16 17 18 19][20 21 22 23]]]",
            ),
        ];
        for (sizes, limit, expected) in cases {
            assert_eq!(summary(all, sizes, limit), expected, "{sizes:?} {limit}");
        }
        assert_eq!(summary(Slice::F32(&[1.0, 2.0]), &[1, 2], 3), "[[1 2]]");
        assert_eq!(summary(Slice::F32(&[]), &[2, 0], 3), "[]");
        assert_eq!(summary(Slice::F32(&[]), &[0, 2], 3), "[]");
        assert_eq!(summary(Slice::I32(&[3]), &[], 3), "[3]");
    }

    #[test]
    fn elements_of_every_type() {
        let floats = [
            1.0,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            0.1,
            -0.0,
            1.0 / 3.0,
            123_456_789.0,
            1e20,
            1e10,
            1e-7,
        ];
        assert_eq!(
            summary(Slice::F32(&floats), &[11], 11),
            "[1 nan inf -inf 0.1 -0 0.333333343 123456792 1e+20 1e+10 1e-07]"
        );
        let third = [1.0_f64 / 3.0];
        assert_eq!(summary(Slice::F64(&third), &[], 1), "[0.33333333333333331]");
        assert_eq!(summary(Slice::Bool(&[true, false]), &[2], 2), "[1 0]");
        assert_eq!(summary(Slice::U8(&[200, 3]), &[2], 2), "[200 3]");
    }

    #[test]
    fn elements_are_named_by_their_coordinates() {
        assert_eq!(element_name("x", &[], 0), "x");
        assert_eq!(element_name("x", &[3], 2), "x[2]");
        assert_eq!(element_name("x", &[2, 3], 5), "x[1, 2]");
    }
}
