//! C's `%g`, in which Python 2 and numpy before 1.14 print a float.

/// Formats `value` as C's `%.{digits}g` does: so many significant digits, no trailing zeros, an
/// exponent of two digits or more where the number is below 1e-4 or needs more digits than asked.
///
/// No digits counts as one, as in C. The notebooks' losses are `general(loss, 6)`.
pub fn general(value: impl Into<f64>, digits: usize) -> String {
    let value = value.into();
    let last = digits.max(1) - 1;
    // The exponent is that of the rounded number: 999999.5 is 1e+06.
    let scientific = format!("{value:.last$e}");
    let Some((mantissa, exponent)) = split_exponent(&scientific) else {
        return scientific.to_lowercase(); // NaN and the infinities have no exponent.
    };
    match usize::try_from(last as i64 - exponent) {
        Ok(decimals) if exponent >= -4 => trim_fraction(&format!("{value:.decimals$}")).to_owned(),
        _ => format!("{}e{exponent:+03}", trim_fraction(mantissa)),
    }
}

/// Splits what `{:e}` writes into mantissa and exponent; `None` for a number that is not finite.
pub(crate) fn split_exponent(scientific: &str) -> Option<(&str, i64)> {
    let (mantissa, exponent) = scientific.split_once('e')?;
    Some((mantissa, exponent.parse().ok()?))
}

/// Drops the zeros that end a fraction, and the point if nothing follows it.
fn trim_fraction(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn prints_the_losses_of_the_notebooks() {
        let cases = [
            (24.83029, "24.8303"),
            (8.0307, "8.0307"),
            (13.188, "13.188"),
            (0.206_640_66, "0.206641"),
            (6.705_546e-5, "6.70555e-05"),
            (6.7055e-5, "6.7055e-05"),
        ];
        for (value, printed) in cases {
            assert_eq!(general(value, 6), printed);
        }
        assert_eq!(general(0.118_941_84_f32, 6), "0.118942");
    }

    #[test]
    fn chooses_the_form_by_the_rounded_exponent() {
        let cases = [
            (123_456.0, "123456"),
            (1_234_567.0, "1.23457e+06"),
            (999_999.5, "1e+06"),
            (1e-4, "0.0001"),
            (9.999_999_5e-5, "0.0001"),
            (9.999e-5, "9.999e-05"),
            (0.000_123_456_78, "0.000123457"),
            (1e22, "1e+22"),
            (-1e100, "-1e+100"),
        ];
        for (value, printed) in cases {
            assert_eq!(general(value, 6), printed);
        }
    }

    #[test]
    fn keeps_zeros_and_signs_as_c_does() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (100.0, "100"),
            (-3.25, "-3.25"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, printed) in cases {
            assert_eq!(general(value, 6), printed);
        }
    }

    #[test]
    fn honours_the_number_of_digits() {
        assert_eq!(general(2.5, 0), "2");
        assert_eq!(general(2.5, 1), "2");
        assert_eq!(general(35.0, 1), "4e+01");
        assert_eq!(general(0.1, 17), "0.10000000000000001");
        assert_eq!(general(2.0 / 3.0, 3), "0.667");
    }
}
