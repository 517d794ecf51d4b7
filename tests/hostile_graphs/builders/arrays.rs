//! Calls of family `array`.

use aqueduct::ir::{Extreme, PadMode, SegmentReduction, SizeReason};
use aqueduct::prelude::*;
use aqueduct::{Sizes, Value};

use super::Builder;
use crate::scene::Scene;

pub(crate) const ALL: &[Builder] = &[
    |s| s.keep(s.graph.constant(s.float())),
    |s| s.keep(s.graph.constant_value(Value::scalar(s.int()), &s.name())),
    |s| s.keep(s.graph.constant_value(Value::vector(s.ints()), &s.name())),
    |s| s.keep(s.graph.zeros::<f32>(s.sizes())),
    |s| s.keep(s.graph.ones::<u8>(s.sizes())),
    |s| s.keep(s.graph.fill(s.sizes(), s.f())),
    |s| s.keep(s.graph.stack(&s.list::<f32>(), s.axis())),
    |s| s.keep(s.graph.stack_any(&s.several(), s.axis())),
    |s| s.keep(s.graph.concat(&s.list::<f32>(), s.axis())),
    |s| s.keep(s.graph.concat_any(&s.several(), s.axis())),
    |s| {
        s.keep([
            s.any().identity(),
            s.any().stop_gradient(),
            s.any().zeros_like(),
            s.any().ones_like(),
        ])
    },
    |s| {
        s.keep([
            s.any().shape_tensor(s.dtype()),
            s.any().size(s.dtype()),
            s.any().rank_tensor(),
        ])
    },
    |s| {
        s.keep([
            s.f().shape_tensor(),
            s.f().size(),
            s.f().rank_tensor(),
            s.f().size_of(s.axis()),
        ])
    },
    |s| s.keep(s.any().size_of(s.axis())),
    |s| s.keep(s.any().reshape(s.sizes())),
    |s| s.keep(s.any().reshape(Sizes::from(s.ints()))),
    |s| s.keep(s.f().reshape([-1, s.int(), -1])),
    |s| s.keep(s.any().broadcast_to(s.sizes())),
    |s| s.keep(s.f().broadcast_to(s.sizes())),
    |s| s.keep([s.any().expand_dims(s.axis()), s.any().squeeze(s.axes())]),
    |s| s.keep([s.f().expand_dims(s.axis()), s.f().squeeze(s.axes())]),
    |s| s.keep([s.any().transpose(s.counts()), s.f().transpose([1, 0]).any()]),
    |s| {
        s.keep([
            s.any().slice(s.slice_spec()),
            s.any().slice_grad(s.slice_spec(), s.sizes()),
        ])
    },
    |s| s.keep(s.f().slice((s.range(), .., step_by(s.range(), s.int())))),
    |s| s.keep(s.f().slice((s.int(), NEW_AXIS, ELLIPSIS, s.int()))),
    |s| s.keep(s.any().unstack(pieces(s), s.axis())),
    |s| s.keep(s.f().unstack(pieces(s), s.axis())),
    |s| {
        s.keep(
            s.any()
                .split(pieces(s), s.flag().then(|| s.counts()), s.axis()),
        )
    },
    |s| s.keep(s.f().split(pieces(s), s.axis())),
    |s| s.keep(s.f().split_sizes(&s.counts(), s.axis())),
    |s| {
        s.keep([
            s.any().gather(s.any(), s.axis()),
            s.any().gather_nd(s.any()),
        ])
    },
    |s| {
        s.keep([
            s.f().gather(s.i()),
            s.f().gather_along(s.i(), s.axis()),
            s.f().gather_nd(s.i()),
        ])
    },
    |s| {
        s.keep([
            s.any().gather_batch(s.any(), s.axis(), s.count()),
            s.any().batch_positions(s.count()),
        ])
    },
    |s| s.keep(s.f().gather_batch(s.i(), s.axis(), s.count())),
    |s| s.keep(s.f().sum_to(s.sizes())),
    |s| s.keep(s.graph.scatter_nd(s.i(), s.f(), s.sizes())),
    |s| {
        s.keep([
            s.any().scatter_nd(s.any(), s.sizes()),
            s.any().tensor_scatter_update(s.any(), s.any()),
        ])
    },
    |s| {
        s.keep([
            s.f().tensor_scatter_update(s.i(), s.f()),
            s.f().tensor_scatter_add(s.i(), s.f()),
        ])
    },
    |s| s.keep(s.f().tensor_scatter_sub(s.i(), s.f())),
    |s| s.keep(s.any().reverse_sequence(s.any(), s.axis(), s.axis())),
    |s| s.keep(s.f().reverse_sequence(s.i(), s.axis(), s.axis())),
    |s| {
        s.keep([
            s.any().one_hot(s.size(), s.any(), s.any(), s.axis()),
            s.any().where_true(),
        ])
    },
    |s| {
        s.keep([
            s.i().one_hot::<f32>(s.size()),
            s.i().one_hot_with(s.size(), s.f(), s.f(), s.axis()),
        ])
    },
    |s| s.keep(s.truths().where_true()),
    |s| {
        s.keep([
            s.any().boolean_mask(s.any(), s.axis()),
            s.any().sequence_mask(s.size()),
        ])
    },
    |s| {
        s.keep([
            s.f().boolean_mask(s.truths()),
            s.f().boolean_mask_along(s.truths(), s.axis()),
        ])
    },
    |s| {
        s.keep([
            s.i().sequence_mask(s.size()),
            s.i().sequence_mask_to_longest(),
        ])
    },
    |s| {
        s.keep([
            s.i().sequence_mask_as::<u8>(s.size()),
            s.any().sequence_mask_to_longest().typed(),
        ])
    },
    |s| s.keep([s.any().tile(s.sizes()), s.f().tile(s.sizes()).any()]),
    |s| {
        s.keep([
            s.any().pad(s.paddings(), pad_mode(s)),
            s.any().pad_grad(s.paddings(), pad_mode(s)),
        ])
    },
    |s| {
        s.keep([
            s.f().pad(s.paddings()),
            s.f().pad_with(s.paddings(), s.float() as f32),
        ])
    },
    |s| {
        s.keep([
            s.f().pad_reflect(s.paddings()),
            s.f().pad_symmetric(s.paddings()),
        ])
    },
    |s| {
        s.keep([
            s.any().slice_at(&slots(s), &slots(s)),
            s.f().slice_at(&slots(s), &slots(s)).any(),
        ])
    },
    |s| {
        s.keep([
            s.any().slice_sizes(&s.counts(), &s.ints()),
            s.any().reverse(s.axes()),
        ])
    },
    |s| {
        s.keep([
            s.f().slice_sizes(&s.counts(), &s.ints()),
            s.f().reverse(s.axes()),
        ])
    },
    |s| s.keep(s.f().dynamic_partition(s.i(), pieces(s))),
    |s| s.keep(s.graph.dynamic_stitch(&s.list::<i32>(), &s.list::<f32>())),
    |s| {
        let shape = s.shape();
        s.add_placeholder(s.dtype(), shape);
    },
    |s| {
        s.keep(
            s.graph
                .placeholder_with_default(&s.name(), s.f(), s.shape()),
        )
    },
    |s| {
        s.keep(
            s.graph
                .placeholder_with_default_any(&s.name(), s.any(), s.shape()),
        )
    },
    |s| {
        s.keep([
            s.any().ensure_shape(s.shape()),
            s.any()
                .ensure_size(s.below(9), s.size(), SizeReason::new("f", "x", s.name())),
            s.f().ensure_shape(s.shape()).any(),
        ])
    },
    |s| s.keep(s.graph.range(s.f())),
    |s| s.keep(s.graph.range(s.int())),
    |s| s.keep(s.graph.range_with(s.int(), s.int(), s.int())),
    |s| s.keep(s.graph.range_with(s.float(), s.float(), s.float())),
    |s| s.keep(s.graph.range_with(s.i(), s.i(), s.i())),
    |s| s.keep(s.graph.range_any(s.any(), s.any(), s.any())),
    |s| s.keep(s.graph.linspace(s.f(), s.float() as f32, s.size())),
    |s| {
        s.keep(
            s.graph
                .meshgrid(&s.list::<f32>(), s.one_of(&[Indexing::Xy, Indexing::Ij])),
        )
    },
    |s| {
        s.keep([
            s.any().roll(s.size(), s.axis()),
            s.any().repeat(s.size(), s.axis()),
        ])
    },
    |s| {
        s.keep([
            s.f().roll(s.size(), s.axis()),
            s.f().repeat(s.size(), s.axis()),
        ])
    },
    |s| {
        s.keep([
            s.any().repeat_each(s.any(), s.axis()),
            s.f().repeat_each(s.i(), s.axis()).any(),
        ])
    },
    |s| {
        s.keep([
            s.graph.eye::<f32>(s.size()),
            s.graph.eye_with(s.size(), s.size()),
        ])
    },
    |s| {
        s.keep([
            s.any().matrix_transpose(),
            s.any().matrix_band_part(s.size(), s.size()),
        ])
    },
    |s| {
        s.keep([
            s.f().matrix_transpose(),
            s.f().matrix_band_part(s.size(), s.size()),
        ])
    },
    |s| {
        s.keep([
            s.any().matrix_diag_part(),
            s.any().matrix_set_diag(s.any()),
            s.any().matrix_diag(),
        ])
    },
    |s| {
        s.keep([
            s.f().matrix_diag_part(),
            s.f().matrix_set_diag(s.f()),
            s.f().matrix_diag(),
        ])
    },
    |s| s.keep([s.any().diag(), s.any().diag_part(), s.any().trace()]),
    |s| s.keep([s.f().diag(), s.f().diag_part(), s.f().trace()]),
    |s| {
        s.keep(
            s.any()
                .top_k(s.size(), s.one_of(&[Extreme::Largest, Extreme::Smallest])),
        )
    },
    |s| s.keep(s.any().ordered(s.axis(), direction(s))),
    |s| {
        s.keep((
            s.f().top_k(s.size()),
            s.f().sort(s.axis()),
            s.f().sort_with(s.axis(), direction(s)),
        ))
    },
    |s| {
        s.keep([
            s.f().argsort(s.axis()),
            s.f().argsort_with(s.axis(), direction(s)),
        ])
    },
    |s| s.keep(s.f().in_top_k(s.i(), s.int().clamp(-3, 9) as i32)),
    |s| s.keep((s.any().unique(), s.any().unique_with_counts())),
    |s| {
        s.keep((
            s.f().unique(),
            s.f().unique_with_counts(),
            s.f().first_occurrence(),
        ))
    },
    |s| s.keep([s.any().first_occurrence(), s.any().is_own_place()]),
    |s| s.keep(s.any().unsorted_segment(segment(s), s.any(), s.size())),
    |s| {
        s.keep([
            s.any().segment(segment(s), s.any()),
            s.any().segment_mean(s.any()),
        ])
    },
    |s| s.keep(s.any().unsorted_segment_mean(s.any(), s.size())),
    |s| s.keep(s.any().unsorted_segment_sqrt_n(s.any(), s.size())),
    |s| {
        s.keep([
            s.f().unsorted_segment_sum(s.i(), s.size()),
            s.f().unsorted_segment_prod(s.i(), s.size()),
        ])
    },
    |s| {
        s.keep([
            s.f().unsorted_segment_max(s.i(), s.size()),
            s.f().unsorted_segment_min(s.i(), s.size()),
        ])
    },
    |s| {
        s.keep([
            s.f().unsorted_segment_mean(s.i(), s.size()),
            s.f().unsorted_segment_sqrt_n(s.i(), s.size()),
        ])
    },
    |s| {
        s.keep([
            s.f().segment_sum(s.i()),
            s.f().segment_prod(s.i()),
            s.f().segment_mean(s.i()),
        ])
    },
    |s| s.keep([s.f().segment_max(s.i()), s.f().segment_min(s.i())]),
];

/// How many pieces: not so many that their names alone fill the memory.
fn pieces(s: &Scene<'_>) -> usize {
    s.one_of(&[2, 1, 3, 0, 7, 65, 1 << 40, usize::MAX])
}

fn slots<'g>(s: &Scene<'g>) -> Vec<aqueduct::Size<'g>> {
    (0..s.below(4)).map(|_| s.size()).collect()
}

fn pad_mode(s: &Scene<'_>) -> PadMode {
    match s.below(3) {
        0 => PadMode::zeros(s.dtype()),
        1 => PadMode::Reflect,
        _ => PadMode::Symmetric,
    }
}

fn direction(s: &Scene<'_>) -> Direction {
    s.one_of(&[Direction::Ascending, Direction::Descending])
}

fn segment(s: &Scene<'_>) -> SegmentReduction {
    s.one_of(&SegmentReduction::ALL)
}
