//! What tables refuse, and what debug builds find wrong with a step before it touches memory.

use aqueduct_graph::DType;

use crate::kernels::fused::{Expression, Fused};
use crate::kernels::product::{Product, Strides};
use crate::kernels::step::Step;
use crate::kernels::table::{Address, Reach, Span, Table};
use crate::kernels::{Slice, SliceMut};

/// A table of one base, of these floats.
fn table_of(memory: &mut [f32]) -> Table {
    let mut table = Table::default();
    table.reset(1);
    table.bind_mut(0, SliceMut::F32(memory));
    table
}

fn at(elements: usize) -> Address {
    Address {
        base: 0,
        offset: elements * size_of::<f32>(),
    }
}

fn floats(first: usize, elements: usize) -> Span {
    Span {
        first: at(first),
        elements,
        dtype: DType::F32,
    }
}

/// A step that copies a matrix of 2 rows and 2 columns.
fn copy(from: (usize, [isize; 2]), to: (usize, [isize; 2])) -> Step {
    let sizes = [2, 2];
    let reach = |(first, strides): (usize, [isize; 2])| {
        Box::new([Reach::new(at(first), DType::F32, &sizes, &strides)])
    };
    let strides = |(_, strides): (usize, [isize; 2])| [strides.to_vec()];
    Step::Fused {
        inputs: reach(from),
        outputs: reach(to),
        kernel: Box::new(Fused::new(
            Expression::copy(DType::F32),
            &sizes,
            &strides(from),
            &strides(to),
        )),
    }
}

/// A product of matrices of 2 rows and 2 columns, row by row.
fn product(a: usize, b: usize, c: usize) -> Step {
    let strides = Strides { row: 2, column: 1 };
    let reach = |first| Reach::new(at(first), DType::F32, &[2, 2], &[2, 1]);
    Step::Product {
        product: Box::new(Product::new(DType::F32, [2; 3], [strides; 3], false)),
        a: reach(a),
        b: reach(b),
        c: reach(c),
    }
}

#[test]
#[should_panic(expected = "reaches outside of its base")]
fn a_span_behind_the_end_is_refused() {
    table_of(&mut [0.0; 8]).slice(floats(5, 4));
}

#[test]
#[should_panic(expected = "reaches outside of its base")]
fn a_walk_before_the_beginning_is_refused() {
    let table = table_of(&mut [0.0; 8]);
    table.read(&Reach::new(at(2), DType::F32, &[4], &[-1]));
}

#[test]
#[should_panic(expected = "reaches outside of its base")]
fn more_bytes_than_a_number_can_say_are_refused() {
    let table = table_of(&mut [0.0; 8]);
    // 2 to the power of 62 elements of 4 bytes: 0 bytes, if the number went round.
    table.slice(floats(0, 1 << 62));
}

#[test]
#[should_panic(expected = "reaches outside of its base")]
fn strides_longer_than_a_number_can_say_are_refused() {
    let table = table_of(&mut [0.0; 8]);
    table.read(&Reach::new(at(0), DType::F32, &[5], &[1 << 60]));
}

#[test]
#[should_panic(expected = "in memory that is only read")]
fn what_is_only_read_is_not_written() {
    let mut table = Table::default();
    table.reset(1);
    table.bind_slice(0, Slice::F32(&[1.0, 2.0]));
    assert!(matches!(table.slice(floats(0, 2)), Slice::F32([1.0, 2.0])));
    table.slice_mut(floats(0, 2));
}

#[test]
#[should_panic(expected = "in memory that is only read")]
fn a_part_of_what_is_only_read_is_not_written() {
    let mut table = Table::default();
    table.reset(2);
    table.bind_slice(0, Slice::F32(&[1.0, 2.0]));
    table.bind_part(1, at(1), 4);
    let part = Address { base: 1, offset: 0 };
    table.clear_bytes(part, 4);
}

#[test]
#[should_panic(expected = "a part of a span lies outside of it")]
fn a_part_of_a_span_lies_within_it() {
    floats(0, 4).part(2..5);
}

#[test]
#[should_panic(expected = "is not aligned")]
#[cfg(debug_assertions)]
fn elements_that_are_not_aligned_are_found() {
    let first = Address { base: 0, offset: 2 };
    let span = Span {
        first,
        ..floats(0, 1)
    };
    table_of(&mut [0.0; 8]).slice(span);
}

#[test]
fn what_has_no_memory_meets_nothing() {
    let mut memory = [0.0; 8];
    let mut table = Table::default();
    table.reset(2);
    table.bind_mut(0, SliceMut::F32(&mut memory));
    let nowhere = Span {
        first: Address { base: 1, offset: 0 },
        ..floats(0, 4)
    };
    assert!(!table.meets_any(floats(0, 4), &[nowhere, floats(4, 4), floats(0, 0)]));
    assert!(table.meets_any(floats(0, 4), &[nowhere, floats(3, 1)]));
}

#[test]
fn truth_values_are_false_at_first_whatever_was_there() {
    let mut memory = [f32::MAX; 8];
    let table = table_of(&mut memory);
    let truths = Span {
        dtype: DType::Bool,
        ..floats(2, 16)
    };
    assert!(matches!(table.slice_mut(truths), SliceMut::Bool(all) if *all == [false; 16]));
    assert_eq!(
        memory,
        [&[f32::MAX; 2][..], &[0.0; 4], &[f32::MAX; 2]].concat()[..]
    );
}

#[test]
#[should_panic(expected = "are_truths")]
#[cfg(debug_assertions)]
fn bytes_that_are_no_truth_values_are_found() {
    let mut memory = [f32::MAX; 8];
    let table = table_of(&mut memory);
    table.slice(Span {
        dtype: DType::Bool,
        ..floats(0, 4)
    });
}

#[test]
fn results_in_place_and_among_operands_are_right() {
    let mut memory = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let table = table_of(&mut memory);
    copy((0, [2, 1]), (0, [2, 1])).run(&table, 0).unwrap();
    // From the left columns of a matrix of 4 to its right ones.
    copy((0, [4, 1]), (2, [4, 1])).run(&table, 0).unwrap();
    assert_eq!(memory, [1.0, 2.0, 1.0, 2.0, 5.0, 6.0, 5.0, 6.0]);
}

#[test]
#[should_panic(expected = "elsewhere than in place")]
#[cfg(debug_assertions)]
fn a_result_that_is_shifted_against_its_operand_is_found() {
    let table = table_of(&mut [0.0; 8]);
    drop(copy((0, [2, 1]), (1, [2, 1])).run(&table, 0));
}

#[test]
#[should_panic(expected = "elsewhere than in place")]
#[cfg(debug_assertions)]
fn a_transposed_result_in_place_is_found() {
    let table = table_of(&mut [0.0; 8]);
    drop(copy((0, [2, 1]), (0, [1, 2])).run(&table, 0));
}

#[test]
#[should_panic(expected = "overwrites its left operand")]
#[cfg(debug_assertions)]
fn a_product_over_its_left_operand_is_found() {
    drop(product(0, 4, 3).run(&table_of(&mut [0.0; 12]), 0));
}

#[test]
#[should_panic(expected = "overwrites its right operand")]
#[cfg(debug_assertions)]
fn a_product_over_its_right_operand_is_found() {
    drop(product(0, 4, 4).run(&table_of(&mut [0.0; 12]), 0));
}

#[test]
fn a_product_beside_its_operands_is_right() {
    let mut memory = [1.0, 2.0, 3.0, 4.0, 1.0, 0.0, 0.0, 1.0, 9.0, 9.0, 9.0, 9.0];
    product(0, 4, 8).run(&table_of(&mut memory), 0).unwrap();
    assert_eq!(memory[8..], memory[..4]);
}

#[test]
#[should_panic(expected = "no room to pack")]
#[cfg(debug_assertions)]
fn too_little_room_for_a_packed_matrix_is_found() {
    let Step::Product { product, b, .. } = product(0, 4, 8) else {
        unreachable!()
    };
    let packed = Reach::of_bytes(at(8), 16);
    let step = Step::Pack { product, b, packed };
    drop(step.run(&table_of(&mut [0.0; 12]), 0));
}
