//! Orders, indices, matrices, grids, `einsum`.

use aqueduct::prelude::*;

use super::{Build, Inputs, check, outputs};

#[test]
fn more_arrays() {
    let build: Build = |case, inputs| {
        if let Some(equation) = case.strip_prefix("einsum ") {
            let g = inputs.0[0].graph();
            return Some(outputs([g.einsum(equation, &inputs.all())]));
        }
        orders(case, inputs)
            .or_else(|| indices(case, inputs))
            .or_else(|| matrices(case, inputs))
            .or_else(|| grids(case, inputs))
    };
    check("array_more.npz", build);
}

fn matrices<'g>(case: &str, inputs: &Inputs<'g>) -> Option<Vec<AnyTensor<'g>>> {
    let x = inputs.x(0);
    Some(outputs([match case {
        "matrix_band_part" => x.matrix_band_part(1, 0),
        "matrix_band_part_upper" => x.matrix_band_part(x.graph().constant(0), -1),
        "matrix_diag" => x.matrix_diag(),
        "matrix_diag_part" | "matrix_diag_part_tall" => x.matrix_diag_part(),
        "matrix_set_diag" | "matrix_set_diag_wide" | "matrix_set_diag_tall" => {
            x.matrix_set_diag(inputs.x(1))
        }
        "matrix_transpose" => x.matrix_transpose(),
        "diag" => x.diag(),
        "diag_part" => x.diag_part(),
        "trace" | "trace_wide" => x.trace(),
        _ => return None,
    }]))
}

fn grids<'g>(case: &str, inputs: &Inputs<'g>) -> Option<Vec<AnyTensor<'g>>> {
    let x = inputs.x(0);
    let g = x.graph();
    let line = |num: i32| outputs([g.linspace(x, inputs.x(1), num)]);
    let grid = |indexing| outputs(g.meshgrid(&inputs.all(), indexing));
    Some(match case {
        "linspace" => line(7),
        "linspace_one" => line(1),
        "linspace_two" => line(2),
        "meshgrid" => grid(Indexing::Xy),
        "meshgrid_ij" => grid(Indexing::Ij),
        "roll" => outputs([x.roll(1, 1)]),
        "roll_back" => outputs([x.roll(-5, 0)]),
        "repeat" => outputs([x.repeat(2, 1)]),
        "repeat_each" => outputs([x.repeat_each(inputs.ints(1), 1)]),
        _ => return None,
    })
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
    if !case.starts_with("gather") && !case.starts_with("tensor_scatter") {
        return None;
    }
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
