//! The gradient of `Concat`: the pieces of the gradient that belong to each operand.

use aqueduct_graph::ir::{Binary, Bound, NodeId, PadMode, SliceSpec, Store};
use aqueduct_graph::{DType, Dim, Size};

use super::{Rule, Step, flows, row_count, signed};

/// If one piece has an unknown size, the pieces before it are counted from the front, those after it
/// from the back. If several have, and not all are sure to have the same, the operands are asked for
/// their sizes.
pub(super) fn rule(axis: usize, store: &Store, id: NodeId) -> Rule {
    let inputs = store.inputs(id);
    let dims = inputs
        .iter()
        .filter_map(|input| store.fact(*input).shape.dim(axis));
    let dims: Vec<Dim> = dims.collect();
    let count = dims.len();
    if dims.windows(2).all(|pair| pair[0].same(pair[1])) {
        return flows(move |step| cut(step, axis, count, None));
    }
    let sizes: Vec<Option<usize>> = dims.iter().map(|dim| dim.known()).collect();
    let known: Option<Vec<usize>> = sizes.iter().copied().collect();
    match (known, bounds(&sizes)) {
        (Some(known), _) => flows(move |step| cut(step, axis, count, Some(&known))),
        (None, Some(bounds)) => flows(move |step| slice(step, axis, &bounds)),
        (None, None) => flows(move |step| cut_in_run(step, axis)),
    }
}

/// Cuts the gradient into pieces of these sizes, or into equal ones.
fn cut(step: &mut Step<'_>, axis: usize, count: usize, sizes: Option<&[usize]>) {
    let g = step.grad();
    let pieces = g.split(count, sizes.map(<[usize]>::to_vec), signed(axis));
    for (slot, piece) in pieces.into_iter().enumerate() {
        step.give(slot, || piece);
    }
}

fn slice(step: &mut Step<'_>, axis: usize, bounds: &[Bound]) {
    let g = step.grad();
    for (slot, bound) in bounds.iter().enumerate() {
        let mut spec = vec![Bound::from(..); axis];
        spec.push(*bound);
        step.give(slot, || g.slice(SliceSpec { bounds: spec }));
    }
}

/// Cuts the gradient into pieces of the sizes that the operands have in the run. What is before a
/// piece and after it is dropped, as padding is.
fn cut_in_run(step: &mut Step<'_>, axis: usize) {
    let g = step.grad();
    let mut end = Size::Number(0).into_tensor(step.graph()).cast(DType::I64);
    let mut spans = Vec::with_capacity(step.operands.len());
    for operand in &step.operands {
        let size = row_count(step.frame.shape_of(*operand), axis).cast(DType::I64);
        let start = end;
        end = start.binary(Binary::Add, size, "end");
        spans.push((start, end));
    }
    for (slot, (start, its_end)) in spans.into_iter().enumerate() {
        step.give(slot, || {
            let after = end.binary(Binary::Sub, its_end, "after");
            let mut paddings = vec![[Size::Number(0); 2]; g.shape().rank()];
            if let Some(pair) = paddings.get_mut(axis) {
                *pair = [start, after].map(Size::Tensor);
            }
            g.pad_grad(paddings, PadMode::zeros(g.dtype()))
        });
    }
}

/// Where each piece stands, if at most one has an unknown size.
fn bounds(sizes: &[Option<usize>]) -> Option<Vec<Bound>> {
    let unknown = sizes.iter().position(Option::is_none)?;
    let (before, after) = sizes.split_at(unknown);
    let after = after.split_first()?.1;
    let mut bounds = Vec::with_capacity(sizes.len());
    let mut front = 0_i64;
    for size in before {
        let end = front.checked_add(i64::try_from((*size)?).ok()?)?;
        bounds.push(Bound::from(front..end));
        front = end;
    }
    let mut trailing = Vec::with_capacity(after.len());
    let mut back = 0_i64;
    for size in after.iter().rev() {
        let start = back.checked_sub(i64::try_from((*size)?).ok()?)?;
        // A position of 0 is the front, not the back: a piece of nothing may stand anywhere.
        trailing.push(if start == back {
            Bound::from(0_i64..0)
        } else {
            Bound::range(Some(start), end_at(back), 1)
        });
        back = start;
    }
    bounds.push(Bound::range(Some(front), end_at(back), 1));
    bounds.extend(trailing.into_iter().rev());
    Some(bounds)
}

/// A position counted from the back as the end of a range.
fn end_at(back: i64) -> Option<i64> {
    (back < 0).then_some(back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_beside_an_unknown_one_are_counted_from_both_ends() {
        let spans = |sizes: &[Option<usize>]| {
            let spec = SliceSpec {
                bounds: bounds(sizes).unwrap(),
            };
            spec.bounds
                .into_iter()
                .map(|bound| {
                    let spec = SliceSpec {
                        bounds: vec![bound],
                    };
                    let cut = spec.resolve(&[10]).unwrap().cuts[0];
                    (cut.start, cut.count)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            spans(&[Some(2), None, Some(3), Some(1)]),
            [(0, 2), (2, 4), (6, 3), (9, 1)]
        );
        assert_eq!(spans(&[None, Some(10), Some(0)]), [(0, 0), (0, 10), (0, 0)]);
        assert_eq!(spans(&[Some(0), None]), [(0, 0), (0, 10)]);
        assert_eq!(bounds(&[None, Some(2), None]), None);
    }
}
