//! Functions of elements beyond arithmetic.

use super::{Build, check, outputs};

#[test]
fn more_functions() {
    let build: Build = |case, inputs| {
        let (x, y) = (inputs.x(0), || inputs.x(1));
        Some(outputs([match case {
            "tan" => x.tan(),
            "asin" => x.asin(),
            "acos" => x.acos(),
            "atan" => x.atan(),
            "atan2" | "atan2_outer" => x.atan2(y()),
            "sinh" => x.sinh(),
            "cosh" => x.cosh(),
            "asinh" => x.asinh(),
            "acosh" => x.acosh(),
            "atanh" => x.atanh(),
            "erfc" => x.erfc(),
            "lgamma" => x.lgamma(),
            "digamma" => x.digamma(),
            "polygamma_1" => x.polygamma(1),
            "polygamma_2" => x.polygamma(2),
            "polygamma_3" => x.polygamma(3),
            "zeta" => x.zeta(y()),
            "div_no_nan" => x.div_no_nan(y()),
            "reciprocal_no_nan" => x.reciprocal_no_nan(),
            "xdivy" => x.xdivy(y()),
            "xlogy" => x.xlogy(y()),
            "truncatediv" => x.truncatediv(y()),
            "log_sigmoid" => x.log_sigmoid(),
            "swish" => x.swish(),
            "crelu" => x.crelu(-1),
            "crelu_axis" => x.crelu(0),
            _ => return None,
        }]))
    };
    check("elements_more.npz", build);
}
