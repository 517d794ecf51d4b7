//! Functions that take one number at a time: how far they are from the exact ones, and their edges.

use aqueduct_graph::Value;
use aqueduct_graph::ir::{Binary, Unary};
use ndarray::{Array1, array};

use super::math::{binary, unary};
use crate::kernels::rare::Rare;

/// The bounds that `rare.rs` states, measured by the same functions of `f64`, over floats of every
/// exponent and sign.
#[test]
fn functions_of_f32_are_accurate() {
    type Pair = (fn(f32) -> f32, fn(f64) -> f64);
    let functions: [(&str, Pair, f64); 13] = [
        ("tan", (Rare::tan, Rare::tan), 1.0),
        ("asin", (Rare::asin, Rare::asin), 1.0),
        ("acos", (Rare::acos, Rare::acos), 1.0),
        ("atan", (Rare::atan, Rare::atan), 1.0),
        ("sinh", (Rare::sinh, Rare::sinh), 2.0),
        ("cosh", (Rare::cosh, Rare::cosh), 2.0),
        ("asinh", (Rare::asinh, Rare::asinh), 2.0),
        ("acosh", (Rare::acosh, Rare::acosh), 2.0),
        ("atanh", (Rare::atanh, Rare::atanh), 2.0),
        ("erf", (Rare::erf, Rare::erf), 1.0),
        ("erfc", (Rare::erfc, Rare::erfc), 3.0),
        ("lgamma", (Rare::lgamma, Rare::lgamma), 1.0),
        ("digamma", (Rare::digamma, Rare::digamma), 1.0),
    ];
    // A prime number: all exponents are met with mantissas of all kinds.
    const STEP: usize = 100_003;
    for (name, (function, wide), bound) in functions {
        for x in (0..=u32::MAX).step_by(STEP).map(f32::from_bits) {
            let (y, exact) = (f64::from(function(x)), wide(f64::from(x)));
            let unit = unit_of_f32(exact);
            let is_right = (y - exact).abs() <= bound * unit
                || y == f64::from(exact as f32)
                || (y.is_nan() && exact.is_nan());
            assert!(is_right, "{name} of {x} is {y}, not {exact}");
        }
    }
}

/// The last place of the `f32` that is nearest; of numbers below the normal ones, of the least of
/// these, as they may be flushed.
fn unit_of_f32(number: f64) -> f64 {
    if number.abs() < f64::from(f32::MIN_POSITIVE) {
        return f64::from(f32::MIN_POSITIVE);
    }
    2.0_f64.powi(super::double_double::exponent(number) - 23)
}

/// The nearest `f64` to results of Python's mpmath with 200 bits and more.
#[test]
fn functions_of_f64_are_accurate() {
    let functions: [(Unary, &[(f64, f64)]); 13] = [
        (
            Unary::Tan,
            &[
                (-99.3, 2.828476603309057),
                (-1.57, -1255.7655915007897),
                (-0.3, -0.30933624960962325),
                (1e-05, 1.0000000000333334e-05),
                (1.2, 2.5721516221263188),
                (10000000000.0, -0.5583496378112418),
            ],
        ),
        (
            Unary::Asin,
            &[
                (-0.99, -1.4292568534704693),
                (-0.584, -0.6236476102435548),
                (-1e-06, -1.0000000000001666e-06),
                (0.3, 0.3046926540153975),
                (0.7, 0.775397496610753),
            ],
        ),
        (
            Unary::Acos,
            &[
                (-0.99, 3.000053180265366),
                (-0.504, 2.0990200959485676),
                (1e-06, 1.5707953267948966),
                (0.3, 1.2661036727794992),
                (0.7, 0.7953988301841436),
            ],
        ),
        (
            Unary::Atan,
            &[
                (-40.0, -1.5458015331759765),
                (-0.678, -0.5958077710322512),
                (1e-06, 9.999999999996666e-07),
                (1.1, 0.8329812666744317),
            ],
        ),
        (
            Unary::Sinh,
            &[
                (-700.5, -8.360929810337492e+303),
                (-0.727, -0.7927539032809124),
                (1e-06, 1.0000000000001666e-06),
                (1.8, 2.94217428809568),
                (30.1, 5905190462127.739),
            ],
        ),
        (
            Unary::Cosh,
            &[
                (-700.5, 8.360929810337492e+303),
                (-1.717, 2.8737020685545347),
                (1e-06, 1.0000000000005),
                (0.3, 1.0453385141288605),
                (30.1, 5905190462127.739),
            ],
        ),
        (
            Unary::Asinh,
            &[
                (-1e+200, -461.2101657793691),
                (-3.5, -1.9657204716496515),
                (1e-06, 9.999999999998333e-07),
                (0.461, 0.4460600770807209),
                (25.0, 3.9124227656412556),
            ],
        ),
        (
            Unary::Acosh,
            &[
                (1.000001, 0.00141421344446382),
                (1.11, 0.4648450835592694),
                (2.5, 1.566799236972411),
                (1e+200, 461.2101657793691),
            ],
        ),
        (
            Unary::Atanh,
            &[
                (-0.999, -3.8002011672501994),
                (-0.115, -0.11551101944314482),
                (1e-06, 1.0000000000003333e-06),
                (0.5, 0.5493061443340549),
            ],
        ),
        (
            Unary::Erf,
            &[
                (-2.5, -0.999593047982555),
                (-2.8e-07, -3.159461667867353e-07),
                (0.3, 0.3286267594591274),
                (1.1, 0.8802050695740817),
            ],
        ),
        (
            Unary::Erfc,
            &[
                (-2.5, 1.999593047982555),
                (0.3, 0.6713732405408726),
                (1.355, 0.05533208884958151),
                (10.0, 2.088487583762545e-45),
                (26.0, 5.663192408856143e-296),
            ],
        ),
        (
            Unary::Lgamma,
            &[
                (-20.3, -41.887292480135244),
                (-0.5, 1.2655121234846454),
                (1e-06, 13.815509980749432),
                (0.3, 1.0957979948180756),
                (7.5, 7.534364236758733),
                (10000000000.0, 220258509288.81058),
            ],
        ),
        (
            Unary::Digamma,
            &[
                (-20.3, 5.317549924239749),
                (-0.5, 0.03648997397857652),
                (1e-06, -1000000.5772140201),
                (0.27, -3.9074725474343266),
                (7.5, 1.9467574842460869),
                (10000000000.0, 23.025850929890456),
            ],
        ),
    ];
    for (function, points) in functions {
        let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        unary(function, Value::vector(x), Value::vector(y));
    }
}

/// As above.
#[test]
fn functions_of_pairs_are_accurate() {
    binary(
        Binary::Zeta,
        array![2.0, 2.0, 1.0625, 3.0, 30.0, 60.5, 2.0, 3.0, 4.0],
        array![1e-3, 1.0, 0.5, 700.25, 456.5, 20.0, -0.5, -2.75, -7.125],
        array![
            1_000_001.642_533_195_8,
            1.644_934_066_848_226_4,
            18.050_021_021_803_595,
            1.021_136_895_527_200_9e-6,
            2.676_368_175_847_889_8e-79,
            2.047_328_791_932_217_6e-79,
            8.934_802_200_544_679,
            62.058_826_529_857_59,
            4_098.499_641_899_436
        ],
    );
    binary(
        Binary::Atan2,
        array![0.3, -1e-9, 5.0, -2.5],
        array![-2.0, 3.0, 1e-8, -0.1],
        array![
            2.992_702_705_980_296,
            -3.333_333_333_333_333_7e-10,
            1.570_796_324_794_896_6,
            -1.610_775_013_918_186_7
        ],
    );
}

/// TensorFlow's numbers, but for those of powers that no run should wait for.
#[test]
fn functions_at_their_edges() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let pi = std::f64::consts::PI;
    let both = |function, x: Array1<f64>, y: Array1<f64>| {
        let narrow = |numbers: &Array1<f64>| numbers.mapv(|number| number as f32);
        unary(function, narrow(&x), narrow(&y));
        unary(function, x, y);
    };
    let x = array![-inf, -1.5, -1.0, -0.0, 0.0, 1.0, 1.5, inf];
    let all = [
        (
            Unary::Tan,
            [
                nan,
                -14.101_419_947_171_719,
                -1.557_407_724_654_902_3,
                -0.0,
                0.0,
                1.557_407_724_654_902_3,
                14.101_419_947_171_719,
                nan,
            ],
        ),
        (
            Unary::Asin,
            [nan, nan, -pi / 2.0, -0.0, 0.0, pi / 2.0, nan, nan],
        ),
        (
            Unary::Acos,
            [nan, nan, pi, pi / 2.0, pi / 2.0, 0.0, nan, nan],
        ),
        (
            Unary::Atan,
            [
                -pi / 2.0,
                -0.982_793_723_247_329,
                -pi / 4.0,
                -0.0,
                0.0,
                pi / 4.0,
                0.982_793_723_247_329,
                pi / 2.0,
            ],
        ),
        (
            Unary::Acosh,
            [nan, nan, nan, nan, nan, 0.0, 0.962_423_650_119_206_9, inf],
        ),
        (Unary::Atanh, [nan, nan, -inf, -0.0, 0.0, inf, nan, nan]),
        (
            Unary::Lgamma,
            [
                inf,
                0.860_047_015_376_481,
                inf,
                inf,
                inf,
                0.0,
                -0.120_782_237_635_245_22,
                inf,
            ],
        ),
        (
            Unary::Digamma,
            [
                nan,
                0.703_156_640_645_243_2,
                nan,
                nan,
                nan,
                -0.577_215_664_901_532_9,
                0.036_489_973_978_576_52,
                inf,
            ],
        ),
    ];
    for (function, y) in all {
        both(function, x.clone(), Array1::from(y.to_vec()));
    }
    let far = array![-inf, -800.0, 800.0, inf];
    both(Unary::Sinh, far.clone(), array![-inf, -inf, inf, inf]);
    both(Unary::Cosh, far.clone(), array![inf, inf, inf, inf]);
    both(Unary::Erfc, far, array![2.0, 2.0, 0.0, 0.0]);
    both(
        Unary::Asinh,
        array![-inf, -0.0, inf],
        array![-inf, -0.0, inf],
    );
    binary(
        Binary::Zeta,
        array![
            2.0, 2.0, 3.0, 2.5, 1.0, 0.5, 2.0, 2.0, inf, 2.0, nan, 1e300, 2.0
        ],
        array![
            0.0, -1.0, -1.0, -0.5, 1.0, 1.0, inf, -inf, 1.0, nan, 1.0, 2.0, -1e300
        ],
        array![
            inf, inf, nan, nan, inf, nan, 0.0, inf, 1.0, nan, nan, 0.0, inf
        ],
    );
    binary(
        Binary::Atan2,
        array![0.0, 0.0, -0.0, 1.0, inf, -inf, nan, 1.0],
        array![0.0, -0.0, -0.0, 0.0, inf, inf, 1.0, -inf],
        array![0.0, pi, -pi, pi / 2.0, pi / 4.0, -pi / 4.0, nan, pi],
    );
}

/// TensorFlow's numbers.
#[test]
fn truncated_quotients_leave_rests_of_the_sign_of_the_dividend() {
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    binary(
        Binary::TruncateMod,
        array![7.0, -7.0, 7.0, -7.0, 1.0, inf, 1.0, -1.0, nan, -6.0],
        array![2.0, 2.0, -2.0, -2.0, 0.0, 2.0, inf, -inf, 1.0, 2.0],
        array![1.0, -1.0, 1.0, -1.0, nan, nan, 1.0, -1.0, nan, -0.0],
    );
    binary(
        Binary::TruncateMod,
        array![7, -7, 7, -7, i32::MIN],
        array![2, 2, -2, -2, -1],
        array![1, -1, 1, -1, 0],
    );
    binary(
        Binary::TruncateMod,
        array![255_u8],
        array![2_u8],
        array![1_u8],
    );
}
