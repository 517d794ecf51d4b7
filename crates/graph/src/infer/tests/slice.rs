use super::{check, check_problem};
use crate::op::{Array, Bound, Cut, SliceSpec};

const ALL: Bound = range(None, None, 1);

const fn range(start: Option<i64>, end: Option<i64>, step: i64) -> Bound {
    Bound::Range { start, end, step }
}

fn spec(bounds: &[Bound]) -> SliceSpec {
    SliceSpec {
        bounds: bounds.to_vec(),
    }
}

fn slice(bounds: &[Bound]) -> Array {
    Array::Slice(spec(bounds))
}

/// The positions that a range should take, found one by one.
fn python_range(size: i64, start: Option<i64>, end: Option<i64>, step: i64) -> Vec<usize> {
    let from_front = |bound: i64| if bound < 0 { bound + size } else { bound };
    let (low, high) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let end = end.map_or(last, |end| from_front(end).clamp(low, high));
    let mut position = start.map_or(first, |start| from_front(start).clamp(low, high));
    let mut taken = Vec::new();
    while (step > 0 && position < end) || (step < 0 && position > end) {
        taken.push(usize::try_from(position).expect("in range"));
        position += step;
    }
    taken
}

#[test]
fn ranges_take_what_python_takes() {
    let bounds: Vec<Option<i64>> = std::iter::once(None).chain((-6..=6).map(Some)).collect();
    for size in 0..=4_usize {
        for (start, end) in bounds
            .iter()
            .flat_map(|a| bounds.iter().map(move |b| (*a, *b)))
        {
            for step in [-5, -3, -2, -1, 1, 2, 3, 5] {
                let resolved = spec(&[range(start, end, step)])
                    .resolve(&[size])
                    .expect("valid");
                let [cut] = resolved.cuts[..] else {
                    panic!("one axis")
                };
                let expected = python_range(i64::try_from(size).expect("small"), start, end, step);
                let found: Vec<usize> = cut.positions().collect();
                assert_eq!(found, expected, "{start:?}..{end:?} by {step} of {size}");
                assert_eq!(resolved.sizes, [expected.len()]);
            }
        }
    }
}

#[test]
fn extreme_bounds_do_not_overflow() {
    let extremes = [i64::MIN, i64::MIN + 1, i64::MAX];
    for start in extremes {
        for end in extremes {
            for step in extremes {
                let resolved = spec(&[range(Some(start), Some(end), step)]).resolve(&[3]);
                assert!(resolved.expect("valid").sizes[0] <= 1);
            }
        }
        assert!(spec(&[Bound::At(start)]).resolve(&[3]).is_err());
    }
}

#[test]
fn resolving_names_every_axis() {
    let bounds = [
        Bound::At(-1),
        Bound::NewAxis,
        Bound::Ellipsis,
        range(Some(1), None, 2),
    ];
    let resolved = spec(&bounds).resolve(&[3, 4, 5]).expect("valid");
    let cut = |start, step, count| Cut { start, step, count };
    assert_eq!(resolved.cuts, [cut(2, 1, 1), cut(0, 1, 4), cut(1, 2, 2)]);
    assert_eq!(resolved.sizes, [1, 4, 2]);
}

#[test]
fn shapes_of_slices() {
    let reversed = range(None, None, -1);
    for (bounds, input, output) in [
        (&[][..], "f32[2, a]", "f32[2, a]"),
        (&[ALL, Bound::At(0)], "f32[a, 3]", "f32[a]"),
        (&[Bound::At(5)], "f32[a, 3]", "f32[3]"),
        (
            &[Bound::Ellipsis, Bound::At(-1)],
            "f32[a, b, 3]",
            "f32[a, b]",
        ),
        (
            &[Bound::At(0), Bound::Ellipsis, Bound::At(0)],
            "f32[a, b]",
            "f32[]",
        ),
        (
            &[Bound::NewAxis, ALL, Bound::NewAxis],
            "f32[a]",
            "f32[1, a, 1]",
        ),
        (&[Bound::NewAxis], "f32[]", "f32[1]"),
        (&[Bound::Ellipsis], "f32[]", "f32[]"),
        (&[reversed], "f32[a]", "f32[a]"),
        (&[range(Some(0), None, 1)], "f32[a]", "f32[a]"),
        (&[range(None, Some(3), 1)], "f32[a]", "f32[?]"),
        (&[range(None, None, 2)], "f32[a]", "f32[?]"),
        (&[range(Some(1), None, 1)], "f32[a]", "f32[?]"),
        (&[range(Some(1), Some(-1), 1)], "f32[5]", "f32[3]"),
        (&[range(Some(9), None, 1)], "f32[5]", "f32[0]"),
        (&[reversed, Bound::At(1)], "bool[5, 2]", "bool[5]"),
    ] {
        check(slice(bounds), input, output);
    }
}

#[test]
fn elements_of_slices() {
    for (bounds, output) in [
        (&[][..], "i32=[a, 5, 6]"),
        (&[Bound::At(0)], "i32=a"),
        (&[Bound::At(-1)], "i32=6"),
        (&[range(Some(1), None, 1)], "i32=[5, 6]"),
        (&[range(None, None, -1)], "i32=[6, 5, a]"),
        (&[range(None, None, 2)], "i32=[a, 6]"),
        (&[range(Some(3), None, 1)], "i32[0]"),
        (&[Bound::At(0), Bound::NewAxis], "i32=[a]"),
        (&[Bound::NewAxis], "i32[1, 3]"),
    ] {
        check(slice(bounds), "i32=[a, 5, 6]", output);
    }
    check(slice(&[Bound::NewAxis]), "i32=a", "i32=[a]");
}

#[test]
fn slices_that_do_not_exist() {
    check_problem(
        slice(&[Bound::At(3)]),
        "f32[3, 2]",
        "shape: index 3 is out of range for axis 0 of size 3 | axis 0 takes -3 to 2",
    );
    check_problem(
        slice(&[ALL, Bound::At(-3)]),
        "f32[a, 2]",
        "shape: index -3 is out of range for axis 1 of size 2 | axis 1 takes -2 to 1",
    );
    check_problem(
        slice(&[Bound::At(0)]),
        "f32[0]",
        "shape: index 0 is out of range for axis 0 of size 0 | take a range, which may be empty, or feed \
         at least one",
    );
    check_problem(
        slice(&[ALL, ALL, Bound::Ellipsis]),
        "f32[3]",
        "shape: the slice names 2 axes but x has rank 1 | name at most one bound an axis",
    );
    check_problem(
        slice(&[Bound::Ellipsis, Bound::Ellipsis]),
        "f32[3]",
        "argument: the slice has 2 ellipses but may have 1",
    );
    check_problem(
        slice(&[range(None, None, 0)]),
        "f32[3]",
        "argument: the step of the slice is 0 \
         | give a positive step, or a negative one to run backwards",
    );
}

#[test]
fn slice_grad_has_the_shape_it_is_given() {
    let grad = |bounds: &[Bound]| Array::SliceGrad(spec(bounds));
    check(grad(&[Bound::At(0)]), "f32[4]; i32=[3, 4]", "f32[3, 4]");
    check(
        grad(&[ALL, Bound::At(0)]),
        "f32[a]; i32=[a, 4]",
        "f32[a, 4]",
    );
    check(
        grad(&[range(None, Some(2), 1)]),
        "f32[2]; i32=[a]",
        "f32[a]",
    );
    check_problem(
        grad(&[Bound::At(0)]),
        "f32[3]; i32=[3, 4]",
        "shape: dy has shape [3] but the slice of shape [3, 4] has shape [4]",
    );
    check_problem(
        grad(&[Bound::At(0)]),
        "f32[3]; i32=[-3, 4]",
        "shape: shape gives the negative size -3 | a size is 0 or more",
    );
}
