//! Cases of family `nn`.

use super::{Case, case, input};

pub(crate) fn nn() -> Vec<Case> {
    let mut cases = activations();
    cases.extend(vec![
        case("bias_add", [input([2, 3]), input([3])], |x| {
            x[0].bias_add(x[1])
        }),
        case("bias_add of rank 3", [input([2, 2, 3]), input([3])], |x| {
            x[0].bias_add(x[1])
        }),
    ]);
    cases
}

fn activations() -> Vec<Case> {
    let mut cases = Vec::new();
    for (low, high) in [(0.5, 2.0), (-2.0, -0.5)] {
        let name = format!("relu within {low}..{high}");
        let input = input([2, 3]).within(low, high);
        cases.push(case(name, [input], |x| x[0].relu()));
    }
    cases
}
