//! Gradients of reductions of segments.

use aqueduct_graph::ir::{
    Binary, Bound, Compare, PadMode, SegmentReduction, SliceSpec, Test, Unary,
};
use aqueduct_graph::{AnyTensor, DType, Direction, Size, Sizes};

use super::{Rule, Step, flows, one, signed, with_one_axis_for, zero};

pub(super) fn rule(reduction: SegmentReduction, sorted: bool) -> Rule {
    match reduction {
        SegmentReduction::Sum => flows(move |step| sum(step, sorted)),
        SegmentReduction::Prod => flows(move |step| prod(step, sorted)),
        SegmentReduction::Max | SegmentReduction::Min => flows(move |step| extreme(step, sorted)),
    }
}

fn sum(step: &mut Step<'_>, sorted: bool) {
    let (segments, g) = (Segments::of(step, sorted), step.grad());
    step.give(0, || segments.spread(g));
}

fn prod(step: &mut Step<'_>, sorted: bool) {
    let segments = Segments::of(step, sorted);
    let (x, y, g) = (step.operand(0), step.output(), step.grad());
    step.give(0, || {
        segments.spread(g).mul(segments.products_of_others(x, y))
    });
}

/// Elements that are equally extreme share the gradient evenly.
fn extreme(step: &mut Step<'_>, sorted: bool) {
    let segments = Segments::of(step, sorted);
    let (x, y, g) = (step.operand(0), step.output(), step.grad());
    step.give(0, || {
        let chosen = x.compare(Compare::Equal, segments.spread(y));
        let ties = segments.reduce(SegmentReduction::Sum, chosen.cast(x.dtype()));
        // Where nothing is chosen, as of NaN, nothing is divided by 0, nor is it in gradients of this.
        let ties = segments
            .spread(ties)
            .binary(Binary::Maximum, one(x), "Maximum");
        let share = segments.spread(g).div(ties);
        chosen.select(share, zero(share))
    });
}

#[derive(Clone, Copy)]
struct Segments<'g> {
    ids: AnyTensor<'g>,
    count: AnyTensor<'g>,
    sorted: bool,
}

impl<'g> Segments<'g> {
    fn of(step: &Step<'g>, sorted: bool) -> Segments<'g> {
        Segments {
            ids: step.operand(1),
            count: step.operand(2),
            sorted,
        }
    }

    fn reduce(self, reduction: SegmentReduction, x: AnyTensor<'g>) -> AnyTensor<'g> {
        x.unsorted_segment(reduction, self.ids, Size::Tensor(self.count))
    }

    /// Of each slice, what its segment has; 0 of one that was dropped.
    fn spread(self, of_segments: AnyTensor<'g>) -> AnyTensor<'g> {
        if self.sorted {
            return of_segments.gather(self.ids, 0);
        }
        // One more segment, of zeros, for what was dropped: there may be no other.
        let zeros = PadMode::zeros(of_segments.dtype());
        let with_zeros = of_segments.pad(at_first_axis([0, 1], of_segments), zeros);
        let last = self.count.cast(self.ids.dtype());
        with_zeros.gather(self.dropped().select(last, self.ids), 0)
    }

    fn dropped(self) -> AnyTensor<'g> {
        self.ids.compare(Compare::Less, zero(self.ids))
    }

    /// For each element, the product of the others of its segment: of those before it and of those
    /// after it, as dividing the product by the element would not do where that is 0.
    ///
    /// That goes through all segments in one recurrence, in which infinities would get from one into
    /// the next, as 0 times them is NaN. Where a product of some elements may be infinite, the product
    /// is divided after all: whatever is wrong then stays within the segment.
    fn products_of_others(self, x: AnyTensor<'g>, y: AnyTensor<'g>) -> AnyTensor<'g> {
        let x = self.without_dropped(x);
        let sizes = x
            .unary(Unary::Abs)
            .binary(Binary::Maximum, one(x), "Maximum");
        let largest = self.spread(self.reduce(SegmentReduction::Prod, sizes));
        let is_bounded = largest.test(Test::IsFinite);
        let bounded = is_bounded.select(x, one(x));
        let quotients = self.spread(y).div(is_bounded.select(one(x), x));
        is_bounded.select(self.products_beside(bounded), quotients)
    }

    /// `x` with 1 in place of what was dropped.
    fn without_dropped(self, x: AnyTensor<'g>) -> AnyTensor<'g> {
        if self.sorted {
            return x;
        }
        with_rank(self.dropped(), x).select(one(x), x)
    }

    /// [`Segments::products_of_others`] of which none is infinite, whichever are multiplied.
    fn products_beside(self, x: AnyTensor<'g>) -> AnyTensor<'g> {
        if self.sorted {
            return products_beside(x, self.ids);
        }
        let others: Vec<usize> = (self.ids.shape().rank()..x.shape().rank()).collect();
        let rows = with_one_axis_for(self.ids, x, x, &others);
        let [ids, order] = self.ids.reshape([-1]).ordered(0, Direction::Ascending);
        let [_, places] = order.ordered(0, Direction::Ascending);
        let products = products_beside(rows.gather(order, 0), ids).gather(places, 0);
        products.reshape(Sizes::like(x))
    }
}

/// For each element, the product of the others in the run of equal ids that it stands in.
fn products_beside<'g>(x: AnyTensor<'g>, ids: AnyTensor<'g>) -> AnyTensor<'g> {
    products_before(x, ids, false).mul(products_before(x, ids, true))
}

/// For each element, the product of those before it in the run of equal ids that it stands in; of
/// those after it with `reverse`.
fn products_before<'g>(x: AnyTensor<'g>, ids: AnyTensor<'g>, reverse: bool) -> AnyTensor<'g> {
    // A slice more stands where the recurrence begins with 0, and makes it 1.
    let (to_next, more, kept) = if reverse {
        (1, [0, 1], Bound::from(..-1))
    } else {
        (-1, [1, 0], Bound::from(1..))
    };
    let goes_on = ids.compare(Compare::Equal, ids.roll(to_next, 0));
    let goes_on = goes_on.pad(at_first_axis(more, ids), PadMode::zeros(DType::Bool));
    let goes_on = with_rank(goes_on, x);
    let x = x.pad(at_first_axis(more, x), PadMode::zeros(x.dtype()));
    let factors = goes_on.select(x, zero(x));
    let terms = goes_on.select(x.zeros_like(), x.ones_like());
    let products = factors.linear_recurrence(terms, 0, reverse);
    products.slice(SliceSpec { bounds: vec![kept] })
}

/// Paddings of a tensor, along its first axis alone.
fn at_first_axis(padding: [i64; 2], tensor: AnyTensor<'_>) -> Vec<[i64; 2]> {
    let others = (1..tensor.shape().rank()).map(|_| [0, 0]);
    std::iter::once(padding).chain(others).collect()
}

/// A tensor of the first axes of `x`, with axes of size 1 in place of the others.
fn with_rank<'g>(of_first_axes: AnyTensor<'g>, x: AnyTensor<'g>) -> AnyTensor<'g> {
    let missing = of_first_axes.shape().rank()..x.shape().rank();
    missing.fold(of_first_axes, |tensor, axis| {
        tensor.expand_dims(signed(axis))
    })
}
