//! Orders, batches of indices, updated parts.

use aqueduct::prelude::*;

use super::{Build, Inputs, check, outputs};

#[test]
fn orders_and_indices() {
    let build: Build = |case, inputs| orders(case, inputs).or_else(|| indices(case, inputs));
    check("array_more.npz", build);
}

fn orders<'g>(case: &str, inputs: &Inputs<'g>) -> Option<Vec<AnyTensor<'g>>> {
    let x = inputs.x(0);
    let top = |k| {
        let (values, places) = x.top_k(k);
        vec![values.any(), places.any()]
    };
    Some(match case {
        "top_k" => top(3),
        "top_k_ties" => top(2),
        "top_k_vector" => top(1),
        "sort" => outputs([x.sort(-1)]),
        "sort_axis_descending" => outputs([x.sort_with(1, Direction::Descending)]),
        "argsort_ties" => outputs([x.argsort(0)]),
        "argsort_ties_descending" => outputs([x.argsort_with(-1, Direction::Descending)]),
        "in_top_k" | "in_top_k_no_class" => outputs([x.in_top_k(inputs.ints(1), 2)]),
        _ => return None,
    })
}

fn indices<'g>(case: &str, inputs: &Inputs<'g>) -> Option<Vec<AnyTensor<'g>>> {
    let (x, indices) = (inputs.x(0), inputs.ints(1));
    let updates = || inputs.x(2);
    Some(outputs([match case {
        "gather_batch" => x.gather_batch(indices, 1, 1),
        "gather_batch_axis" => x.gather_batch(indices, 2, 1),
        "gather_batch_both" => {
            let g = x.graph();
            let indices = g.concat(&[indices, indices.slice((.., ..1))], 1);
            x.gather_batch(indices, 2, 2)
        }
        "tensor_scatter_update" => x.tensor_scatter_update(indices, updates()),
        "tensor_scatter_add" | "tensor_scatter_add_twice" => {
            x.tensor_scatter_add(indices, updates())
        }
        "tensor_scatter_sub" => x.tensor_scatter_sub(indices, updates()),
        _ => return None,
    }]))
}
