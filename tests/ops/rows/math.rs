//! Rows of family `math`.

use crate::row::Row;

pub(crate) fn unary() -> Vec<Row> {
    vec![
        row!(Signed "-x", "any", "tf.negative", |x: [2, 3]| -x),
        row!(Signed "x.abs()", "any", "tf.abs", |x: [2, 3]| x.abs()),
        row!(Signed "x.sign()", "any", "tf.sign", |x: [2, 3]| x.sign()),
        row!(Number "x.square()", "any", "tf.square", |x: [2, 3]| x.square()),
        row!(Float "x.sqrt()", "any", "tf.sqrt", |x: [2, 3]| x.sqrt()),
        row!(Float "x.rsqrt()", "any", "tf.rsqrt", |x: [2, 3]| x.rsqrt()),
        row!(Float "x.reciprocal()", "any", "tf.reciprocal", |x: [2, 3]| x.reciprocal()),
        row!(Float "x.exp()", "any", "tf.exp", |x: [2, 3]| x.exp()),
        row!(Float "x.expm1()", "any", "tf.expm1", |x: [2, 3]| x.expm1()),
        row!(Float "x.log()", "any", "tf.log", |x: [2, 3]| x.log()),
        row!(Float "x.log1p()", "any", "tf.log1p", |x: [2, 3]| x.log1p()),
        row!(Float "x.sin()", "any", "tf.sin", |x: [2, 3]| x.sin()),
        row!(Float "x.cos()", "any", "tf.cos", |x: [2, 3]| x.cos()),
        row!(Float "x.tanh()", "any", "tf.tanh", |x: [2, 3]| x.tanh()),
        row!(Float "x.sigmoid()", "any", "tf.sigmoid", |x: [2, 3]| x.sigmoid()),
        row!(Float "x.erf()", "any", "tf.erf", |x: [2, 3]| x.erf()),
        row!(Float "x.reciprocal_no_nan()", "any", "tf.math.reciprocal_no_nan", |x: [2, 3]| x.reciprocal_no_nan()),
        row!(Float "x.erfc()", "any", "tf.erfc", |x: [2, 3]| x.erfc()),
        row!(Float "x.tan()", "any", "tf.tan", |x: [2, 3]| x.tan()),
        row!(Float "x.asin()", "any", "tf.asin", |x: [2, 3]| x.asin()),
        row!(Float "x.acos()", "any", "tf.acos", |x: [2, 3]| x.acos()),
        row!(Float "x.atan()", "any", "tf.atan", |x: [2, 3]| x.atan()),
        row!(Float "x.sinh()", "any", "tf.sinh", |x: [2, 3]| x.sinh()),
        row!(Float "x.cosh()", "any", "tf.cosh", |x: [2, 3]| x.cosh()),
        row!(Float "x.asinh()", "any", "tf.asinh", |x: [2, 3]| x.asinh()),
        row!(Float "x.acosh()", "any", "tf.acosh", |x: [2, 3]| x.acosh()),
        row!(Float "x.atanh()", "any", "tf.atanh", |x: [2, 3]| x.atanh()),
        row!(Float "x.lgamma()", "any", "tf.lgamma", |x: [2, 3]| x.lgamma()),
        row!(Float "x.digamma()", "any", "tf.digamma", |x: [2, 3]| x.digamma()),
        row!(Float "x.polygamma(order)", "any", "tf.polygamma", |x: [2, 3]| x.polygamma(1)),
        row!(Float "x.log_sigmoid()", "any", "tf.log_sigmoid", |x: [2, 3]| x.log_sigmoid()),
        row!(Float "x.floor()", "any", "tf.floor", |x: [2, 3]| x.floor()),
        row!(Float "x.ceil()", "any", "tf.ceil", |x: [2, 3]| x.ceil()),
        row!(Float "x.round()", "any", "tf.round, tf.rint", |x: [2, 3]| x.round()),
        row!(Number "x.clip_by_value(low, high)", "[…] with [] and []", "tf.clip_by_value", |x: [2, 3]| {
            x.clip_by_value(x.zeros_like(), x.ones_like())
        }),
        row!(Float "x.l2_normalize(axes)", "any", "tf.nn.l2_normalize", |x: [2, 3]| x.l2_normalize(1)),
        row!(Float "x.l2_normalize_with(axes, epsilon)", "[…] with []", "tf.nn.l2_normalize(epsilon)", |x: [2, 3]| x.l2_normalize_with(1, x.reduce_max(..))),
        row!(Float "x.clip_by_norm(norm)", "[…] with []", "tf.clip_by_norm", |x: [2, 3]| x.clip_by_norm(x.ones_like().reduce_max(..))),
        row!(Float "x.clip_by_average_norm(norm)", "[…] with []", "tf.clip_by_average_norm", |x: [2, 3]| {
            x.clip_by_average_norm(x.ones_like().reduce_max(..))
        }),
        row!(Float "x.clip_by_norm_along(norm, axes)", "[…] with []", "tf.clip_by_norm(axes)", |x: [2, 3]| {
            x.clip_by_norm_along(x.ones_like().reduce_max(..), 1)
        }),
        row!(Float "g.global_norm(&[x, …])", "[…], … → []", "tf.global_norm", |x: [2, 3]| x.graph().global_norm(&[x, x])),
        row!(Float "g.clip_by_global_norm(&[x, …], norm)", "[…], … with []", "tf.clip_by_global_norm", |x: [2, 3]| {
            x.graph().clip_by_global_norm(&[x, x], x.reduce_max(..).stop_gradient())
        }),
        row!(Element "x.cast::<f32>()", "any", "tf.cast", |x: [2, 3]| x.cast::<f32>()),
        row!(Element "x.cast::<i32>()", "any", "tf.cast", |x: [2, 3]| x.cast::<i32>()),
    ]
}

pub(crate) fn binary() -> Vec<Row> {
    vec![
        row!(Number "x + y", "[…] with […]", "tf.add", |x: [2, 3]| x + x.ones_like()),
        row!(Number "x - y", "[…] with […]", "tf.subtract", |x: [2, 3]| x - x.ones_like()),
        row!(Number "x * y", "[…] with […]", "tf.multiply", |x: [2, 3]| x * x.ones_like()),
        row!(Number "x / y", "[…] with […]; integers truncate, as `truncatediv`", "tf.divide", |x: [2, 3]| x / x.ones_like()),
        row!(Number "x.truncatediv(y)", "[…] with […]", "tf.truncatediv", |x: [2, 3]| x.truncatediv(x.ones_like())),
        row!(Number "x.truncatemod(y)", "[…] with […]", "tf.truncatemod", |x: [2, 3]| x.truncatemod(x.ones_like())),
        row!(Float "y.atan2(x)", "[…] with […]", "tf.atan2", |x: [2, 3]| x.ones_like().atan2(x)),
        row!(Float "power.zeta(x)", "[…] with […]; no gradient to the power", "tf.zeta", |x: [2, 3]| x.ones_like().zeta(x)),
        row!(Float "x.div_no_nan(y)", "[…] with […]", "tf.math.divide_no_nan", |x: [2, 3]| x.div_no_nan(x.ones_like())),
        row!(Float "x.xlogy(y)", "[…] with […]", "tf.math.xlogy", |x: [2, 3]| x.xlogy(x.ones_like())),
        row!(Float "x.xdivy(y)", "[…] with […]", "tf.math.xdivy", |x: [2, 3]| x.xdivy(x.ones_like())),
        row!(Number "x.floordiv(y)", "[…] with […]", "tf.floordiv", |x: [2, 3]| x.floordiv(x.ones_like())),
        row!(Number "x.floormod(y)", "[…] with […]", "tf.floormod, tf.mod", |x: [2, 3]| x.floormod(x.ones_like())),
        row!(Number "x.pow(y)", "[…] with […]", "tf.pow", |x: [2, 3]| x.pow(x.ones_like())),
        row!(Number "x.maximum(y)", "[…] with […]", "tf.maximum", |x: [2, 3]| x.maximum(x.ones_like())),
        row!(Number "x.minimum(y)", "[…] with […]", "tf.minimum", |x: [2, 3]| x.minimum(x.ones_like())),
        row!(Number "x.squared_difference(y)", "[…] with […]", "tf.squared_difference", |x: [2, 3]| {
            x.squared_difference(x.ones_like())
        }),
        row!(Number "g.add_n(&[x, …])", "[…], all equal", "tf.add_n", |x: [2, 3]| x.graph().add_n(&[x, x])),
    ]
}

pub(crate) fn logic() -> Vec<Row> {
    vec![
        row!(Element "x.equal(y)", "[…] with […] → bool", "tf.equal", |x: [2, 3]| x.equal(x)),
        row!(Element "x.not_equal(y)", "[…] with […] → bool", "tf.not_equal", |x: [2, 3]| x.not_equal(x)),
        row!(Number "x.less(y)", "[…] with […] → bool", "tf.less", |x: [2, 3]| x.less(x)),
        row!(Number "x.less_equal(y)", "[…] with […] → bool", "tf.less_equal", |x: [2, 3]| x.less_equal(x)),
        row!(Number "x.greater(y)", "[…] with […] → bool", "tf.greater", |x: [2, 3]| x.greater(x)),
        row!(Number "x.greater_equal(y)", "[…] with […] → bool", "tf.greater_equal", |x: [2, 3]| x.greater_equal(x)),
        row!(Float "x.is_nan()", "any → bool", "tf.is_nan", |x: [2, 3]| x.is_nan()),
        row!(Float "x.is_inf()", "any → bool", "tf.is_inf", |x: [2, 3]| x.is_inf()),
        row!(Float "x.is_finite()", "any → bool", "tf.is_finite", |x: [2, 3]| x.is_finite()),
        row!(Bool "x & y", "[…] with […]", "tf.logical_and", |x: [2, 3]| x & !x),
        row!(Bool "x | y", "[…] with […]", "tf.logical_or", |x: [2, 3]| x | !x),
        row!(Bool "x ^ y", "[…] with […]", "tf.logical_xor", |x: [2, 3]| x ^ !x),
        row!(Bool "!x", "any", "tf.logical_not", |x: [2, 3]| !x),
        row!(Element "condition.select(x, y)", "bool […] with […] and […]", "tf.where", |x: [2, 3]| {
            x.equal(x).select(x, x)
        }),
    ]
}

pub(crate) fn products() -> Vec<Row> {
    vec![
        row!(Float "x.matmul(y)", "[…, n, k] with […, k, m] → […, n, m]", "tf.matmul", |x: [2, 2]| x.matmul(x)),
        row!(Float "x.matmul_with(y, true, true)", "[…, k, n] with […, m, k] → […, n, m]", "tf.matmul(transpose_a, transpose_b)", |x: [2, 2]| {
            x.matmul_with(x, true, true)
        }),
        row!(Float "x.xw_plus_b(w, b)", "[n, k] with [k, m] and [m] → [n, m]", "tf.nn.xw_plus_b", |x: [2, 2]| {
            x.xw_plus_b(x, x.reduce_sum(0))
        }),
        row!(Float "x.tensordot(y, axes)", "[…, a, …] with [a, …] → […, …]", "tf.tensordot", |x: [2, 2]| x.tensordot(x, 1)),
        row!(Float "g.einsum(equation, &[x, …])", "by the letters of the equation", "tf.einsum", |x: [2, 3]| {
            x.graph().einsum("ij,kj->ik", &[x, x])
        }),
    ]
}
