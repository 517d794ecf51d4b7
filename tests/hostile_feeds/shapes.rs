//! Sizes, positions and counts that make no array.

use aqueduct::ir::Bound;
use aqueduct::prelude::*;
use aqueduct::{Value, sizes};
use expect_test::expect;
use ndarray::{ArrayD, Axis};

use crate::table::{Any, Table, a, f, i, n, none, v};

/// From 0 to 5.
fn six() -> Value {
    v([0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0])
}

/// The same in two rows.
fn rows() -> Value {
    a([2, 3], [0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0])
}

fn nothing() -> Value {
    none::<f32, 1>([0])
}

/// A vector of two sizes, and one of one.
fn two(sizes: Any) -> Tensor<'static, i32> {
    i(sizes).ensure_shape(shape![2])
}

fn one(sizes: Any) -> Tensor<'static, i32> {
    i(sizes).ensure_shape(shape![1])
}

#[test]
fn of_slices() {
    Table::new([six(), n(1), n(2)], |_, [x, begin, size]| {
        let block = f(x).slice_at(&sizes![i(begin)], &sizes![i(size)]);
        vec![("gather", block.any())]
    })
    .gives("none", [six(), n(6), n(0)], [nothing()])
    .refuses(
        "too many",
        [six(), n(1), n(9)],
        &expect![[r#"
        indices[5] = 6 is not in [0, 6)
        the axis that is indexed takes 0 to 5"#]],
    )
    // TensorFlow refuses a position beyond the last, also of none.
    .gives("none from beyond", [six(), n(7), n(0)], [nothing()])
    // TensorFlow takes a fed -1 for all that are left.
    .refuses(
        "a size of -1",
        [six(), n(3), n(-1)],
        &expect![[r#"
        range failed: start 0 is above limit -1 but delta 1 is positive
        delta leads from start towards limit"#]],
    )
    .refuses(
        "a negative position",
        [six(), n(-1), n(1)],
        &expect![[r#"
        indices[0] = -1 is not in [0, 6)
        the axis that is indexed takes 0 to 5"#]],
    )
    .refuses(
        "a negative size",
        [six(), n(0), n(-2)],
        &expect![[r#"
        range failed: start 0 is above limit -2 but delta 1 is positive
        delta leads from start towards limit"#]],
    )
    .check();
    let seven = || v([0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    Table::new([seven()], |_, [x]| {
        vec![
            ("slice", f(x).slice(6).any()),
            ("slice", f(x).slice(-7).any()),
        ]
    })
    .refuses(
        "a row that is not there",
        [nothing()],
        &expect![[r#"
        index 6 is out of range for axis 0 of size 0
        take a range, which may be empty, or feed at least one

        index -7 is out of range for axis 0 of size 0
        take a range, which may be empty, or feed at least one"#]],
    )
    .check();
    Table::new([seven()], |_, [x]| {
        let x = f(x);
        vec![
            ("slice", x.slice(2..99).any()),
            ("slice", x.slice(-99..2).any()),
            ("slice", x.slice(Bound::range(Some(4), Some(2), 1)).any()),
        ]
    })
    .gives(
        "cut to what is there",
        [six()],
        [v([2.0_f32, 3.0, 4.0, 5.0]), v([0.0_f32, 1.0]), nothing()],
    )
    .gives("of nothing", [nothing()], [nothing(), nothing(), nothing()])
    .check();
}

#[test]
fn of_pieces() {
    Table::new([v([0.0_f32; 8])], |_, [x]| {
        f(x).split(4, 0)
            .into_iter()
            .map(|piece| ("split", piece.any()))
            .collect()
    })
    .gives(
        "of nothing",
        [nothing()],
        [nothing(), nothing(), nothing(), nothing()],
    )
    .refuses(
        "that are not equal",
        [six()],
        &expect![[r#"
        axis 0 of size 6 does not divide into 4 equal pieces
        give the sizes of the pieces"#]],
    )
    .check();
    Table::new([six()], |_, [x]| {
        let pieces = f(x).split_sizes(&[0, 6], 0);
        pieces
            .into_iter()
            .map(|piece| ("split", piece.any()))
            .collect()
    })
    .gives("of nothing and all", [six()], [nothing(), six()])
    .refuses(
        "of another sum",
        [v([1.0_f32; 5])],
        &expect![[r#"
        axis 0 has size 5 but the pieces [0, 6] add up to 6
        the pieces must add up to 5"#]],
    )
    .check();
    Table::new([rows()], |_, [x]| {
        f(x).unstack(2, 0)
            .into_iter()
            .map(|row| ("unstack", row.any()))
            .collect()
    })
    .refuses(
        "another number of rows",
        [a([3, 2], [0.0_f32; 6])],
        &expect![[r#"
            axis 0 has size 3 but is unstacked into 2 tensors
            unstack it into 3"#]],
    )
    .check();
    Table::new([rows(), rows()], |g, [x, y]| {
        vec![("concat", g.concat(&[f(x), f(y)], 0).any())]
    })
    .gives("of no rows", [rows(), none::<f32, 2>([0, 3])], [rows()])
    .refuses(
        "of other rows",
        [rows(), a([2, 2], [0.0_f32; 4])],
        &expect![[r#"
            input 1 has shape [2, 2] but the inputs before it have shape [2, 3]
            all axes but axis 0 must agree"#]],
    )
    .refuses(
        "of no other rows",
        [rows(), none::<f32, 2>([0, 2])],
        &expect![[r#"
            input 1 has shape [0, 2] but the inputs before it have shape [2, 3]
            all axes but axis 0 must agree"#]],
    )
    .check();
    Table::new([rows(), rows()], |g, [x, y]| {
        vec![("stack", g.stack(&[f(x), f(y)], 0).any())]
    })
    .refuses(
        "of other rows",
        [rows(), a([2, 2], [0.0_f32; 4])],
        &expect![[r#"
            input 1 has shape [2, 2] but the inputs before it have shape [2, 3]
            all inputs must have one shape"#]],
    )
    .check();
}

#[test]
fn of_paddings() {
    let padding = |before: i32, after: i32| a([1, 2], [before, after]);
    let paddings = |paddings: Any| i(paddings).ensure_shape(shape![1, 2]);
    Table::new([six(), padding(1, 1)], |_, [x, p]| {
        vec![("pad", f(x).pad(paddings(p)).any())]
    })
    .gives("none", [six(), padding(0, 0)], [six()])
    .gives(
        "around nothing",
        [nothing(), padding(2, 1)],
        [v([0.0_f32; 3])],
    )
    .refuses(
        "negative before",
        [six(), padding(-1, 0)],
        &expect![[r#"
        paddings gives the negative size -1
        a size is 0 or more"#]],
    )
    .refuses(
        "negative behind",
        [six(), padding(0, -9)],
        &expect![[r#"
        paddings gives the negative size -9
        a size is 0 or more"#]],
    )
    .check();
    Table::new([six(), padding(1, 1)], |_, [x, p]| {
        vec![("pad", f(x).pad_reflect(paddings(p)).any())]
    })
    .gives(
        "all but one",
        [v([0.0_f32, 1.0, 2.0]), padding(2, 0)],
        [v([2.0_f32, 1.0, 0.0, 1.0, 2.0])],
    )
    .refuses(
        "all",
        [six(), padding(6, 0)],
        &expect![[r#"
        axis 0 of size 6 cannot be padded by 6
        reflect repeats all but the edge: pad by less than the size"#]],
    )
    .refuses(
        "negative",
        [six(), padding(-1, 0)],
        &expect![[r#"
        paddings gives the negative size -1
        a size is 0 or more"#]],
    )
    .refuses(
        "of nothing",
        [nothing(), padding(1, 0)],
        &expect![[r#"
        axis 0 of size 0 cannot be padded by 1
        reflect repeats all but the edge: pad by less than the size"#]],
    )
    .check();
    Table::new([six(), padding(1, 1)], |_, [x, p]| {
        vec![("pad", f(x).pad_symmetric(paddings(p)).any())]
    })
    .gives(
        "all",
        [v([0.0_f32, 1.0]), padding(2, 0)],
        [v([1.0_f32, 0.0, 0.0, 1.0])],
    )
    .gives(
        "nothing of nothing",
        [nothing(), padding(0, 0)],
        [nothing()],
    )
    .refuses(
        "more than all",
        [six(), padding(7, 0)],
        &expect![[r#"
        axis 0 of size 6 cannot be padded by 7
        symmetric repeats the axis: pad by at most its size"#]],
    )
    .refuses(
        "of nothing",
        [nothing(), padding(1, 0)],
        &expect![[r#"
        axis 0 of size 0 cannot be padded by 1
        symmetric repeats the axis: pad by at most its size"#]],
    )
    .check();
}

#[test]
fn of_repetition() {
    Table::new([v([0.0_f32, 1.0]), v([2])], |_, [x, times]| {
        vec![("tile", f(x).tile(one(times)).any())]
    })
    .gives("never", [v([0.0_f32, 1.0]), v([0])], [nothing()])
    .refuses(
        "negative",
        [six(), v([-1])],
        &expect![[r#"
        multiples gives the negative size -1
        a size is 0 or more"#]],
    )
    .check();
    Table::new([v([0.0_f32, 1.0]), v([1, 2])], |_, [x, times]| {
        vec![("repeat", f(x).repeat_each(i(times), 0).any())]
    })
    .gives(
        "a negative number as never",
        [v([0.0_f32, 1.0]), v([-1, 2])],
        [v([1.0_f32, 1.0])],
    )
    .refuses(
        "another number of them",
        [v([0.0_f32, 1.0]), v([1, 2, 3])],
        &expect![[r#"
            times has shape [3] but must have [2]
            give one number for each slice"#]],
    )
    .check();
    Table::new([v([0.0_f32, 1.0]), n(2)], |_, [x, times]| {
        vec![("broadcast_to", f(x).repeat(i(times), 0).any())]
    })
    .gives("never", [v([0.0_f32, 1.0]), n(0)], [nothing()])
    .refuses(
        "negative",
        [v([0.0_f32, 1.0]), n(-1)],
        &expect![[r#"
        shape gives the negative size -1
        a size is 0 or more"#]],
    )
    .check();
    Table::new([v([0.0_f32, 1.0, 2.0]), n(1)], |_, [x, shift]| {
        vec![("gather", f(x).roll(i(shift), 0).any())]
    })
    .gives(
        "round and round",
        [v([0.0_f32, 1.0, 2.0]), n(7)],
        [v([2.0_f32, 0.0, 1.0])],
    )
    .gives(
        "the lowest shift",
        [v([0.0_f32, 1.0, 2.0]), n(i32::MIN)],
        [v([2.0_f32, 0.0, 1.0])],
    )
    .gives("of nothing", [nothing(), n(1)], [nothing()])
    .check();
}

#[test]
fn of_reshape() {
    let empty = |rows, columns| none::<f32, 2>([rows, columns]);
    Table::new([six(), v([2, 3])], |_, [x, sizes]| {
        vec![("reshape", f(x).reshape(two(sizes)).any())]
    })
    .gives(
        "nothing as rows of nothing",
        [nothing(), v([7, 0])],
        [empty(7, 0)],
    )
    .gives("nothing as no rows", [nothing(), v([0, 3])], [empty(0, 3)])
    .gives(
        "what is left of nothing",
        [nothing(), v([-1, 4])],
        [empty(0, 4)],
    )
    .refuses(
        "other sizes",
        [six(), v([4, 2])],
        &expect![[r#"
        shapes [6] and [4, 2] have 6 and 8 elements
        give sizes whose product is 6; one of them may be -1, for what is left"#]],
    )
    .refuses(
        "something as nothing",
        [six(), v([7, 0])],
        &expect![[r#"
        shapes [6] and [7, 0] have 6 and 0 elements
        give sizes whose product is 6; one of them may be -1, for what is left"#]],
    )
    .refuses(
        "nothing as something",
        [nothing(), v([4, 2])],
        &expect![[r#"
            shapes [0] and [4, 2] have 0 and 8 elements
            give sizes whose product is 0; one of them may be -1, for what is left"#]],
    )
    .refuses(
        "two that are left",
        [six(), v([-1, -1])],
        &expect![[r#"
        shape has 2 entries of -1
        at most one size can be worked out"#]],
    )
    .refuses(
        "a negative size",
        [six(), v([-2, 3])],
        &expect![[r#"
        shape gives the negative size -2
        a size is 0 or more"#]],
    )
    .refuses(
        "no multiple",
        [six(), v([-1, 4])],
        &expect![[r#"
        the elements of shape [6] cannot be divided over [-1, 4]: 6 is not a multiple of 4
        give sizes whose product divides 6"#]],
    )
    .refuses(
        "what is left over no rows",
        [six(), v([-1, 0])],
        &expect![[r#"
            the -1 in [-1, 0] could be any size beside a size of 0
            give the size in place of -1"#]],
    )
    // TensorFlow takes what is left of nothing, over no rows, for 1.
    .refuses(
        "what is left of nothing over no rows",
        [nothing(), v([-1, 0])],
        &expect![[r#"
            the -1 in [-1, 0] could be any size beside a size of 0
            give the size in place of -1"#]],
    )
    .refuses(
        "more than memory",
        [six(), v([i32::MAX, i32::MAX])],
        &expect![[r#"
            shapes [6] and [2147483647, 2147483647] have 6 and 4611686014132420609 elements
            give sizes whose product is 6; one of them may be -1, for what is left"#]],
    )
    .check();
    let repeated = aqueduct_tests::only_mistake(|g| {
        let _ = g.placeholder::<f32>("x", shape![?, 2]).transpose([0, 0]);
    });
    expect!["[0, 0] is not a permutation of the 2 axes of x"].assert_eq(&repeated);
    let beyond = aqueduct_tests::only_mistake(|g| {
        let _ = g.placeholder::<f32>("x", shape![?, 2]).transpose([0, 2]);
    });
    expect!["[0, 2] is not a permutation of the 2 axes of x"].assert_eq(&beyond);
}

#[test]
fn of_broadcasting() {
    Table::new([six(), v([2, 6])], |_, [x, sizes]| {
        vec![("broadcast_to", f(x).broadcast_to(two(sizes)).any())]
    })
    .gives(
        "to nothing",
        [v([1.0_f32]), v([2, 0])],
        [none::<f32, 2>([2, 0])],
    )
    .refuses(
        "to another size",
        [six(), v([2, 5])],
        &expect![[r#"
        shape [6] does not broadcast to [2, 5]: axis 1 has sizes 6 and 5
        a size must be 1 or that of the result, counted from the last axis"#]],
    )
    .refuses(
        "to a negative size",
        [six(), v([-1, 6])],
        &expect![[r#"
        shape gives the negative size -1
        a size is 0 or more"#]],
    )
    .refuses(
        "of nothing",
        [nothing(), v([2, 2])],
        &expect![[r#"
        shape [0] does not broadcast to [2, 2]: axis 1 has sizes 0 and 2
        a size must be 1 or that of the result, counted from the last axis"#]],
    )
    .check();
    Table::new([six(), six()], |_, [x, y]| {
        let (x, y) = (f(x), f(y));
        let joined = [
            ("add", x + y),
            ("sub", x - y),
            ("mul", x * y),
            ("div", x / y),
            ("maximum", x.maximum(y)),
            ("pow", x.pow(y)),
        ];
        joined.map(|(word, made)| (word, made.any())).to_vec()
    })
    .gives(
        "nothing with one",
        [nothing(), v([1.0_f32])],
        std::array::from_fn::<_, 6, _>(|_| nothing()),
    )
    .refuses(
        "nothing with six",
        [nothing(), six()],
        &expect![[r#"
        shapes [0] and [6] do not broadcast: axis 0 has sizes 0 and 6
        sizes must be equal, or one of them 1"#]],
    )
    .refuses(
        "six with five",
        [six(), v([1.0_f32; 5])],
        &expect![[r#"
        shapes [6] and [5] do not broadcast: axis 0 has sizes 6 and 5
        sizes must be equal, or one of them 1"#]],
    )
    .check();
    Table::new([six(), v([true; 6])], |_, [x, mask]| {
        let mask = mask.typed::<bool>();
        vec![("boolean_mask", f(x).boolean_mask(mask).any())]
    })
    .gives(
        "a mask of nothing",
        [nothing(), none::<bool, 1>([0])],
        [nothing()],
    )
    // TensorFlow takes a short mask for one that goes on with false.
    .refuses(
        "a short mask",
        [six(), v([true, false])],
        &expect![[r#"
        mask has shape [2] but must have [6]
        give one truth value for each position of axis 0 of x"#]],
    )
    .refuses(
        "a long mask",
        [six(), v([true; 7])],
        &expect![[r#"
        mask has shape [7] but must have [6]
        give one truth value for each position of axis 0 of x"#]],
    )
    .check();
}

#[test]
fn of_filled_arrays() {
    Table::new([v([2, 2])], |g, [sizes]| {
        vec![
            ("fill", g.fill(two(sizes), 1.0_f32).any()),
            ("fill", g.zeros::<f32>(two(sizes)).any()),
        ]
    })
    .gives(
        "no rows",
        [v([0, 2])],
        [none::<f32, 2>([0, 2]), none::<f32, 2>([0, 2])],
    )
    .refuses(
        "a negative size",
        [v([-1, 2])],
        &expect![[r#"
        sizes gives the negative size -1
        a size is 0 or more"#]],
    )
    .check();
    Table::new([v([2_i64, 2])], |g, [sizes]| {
        let sizes = sizes.typed::<i64>().ensure_shape(shape![2]);
        vec![("fill", g.ones::<f32>(sizes).any())]
    })
    .refuses(
        "more than any memory",
        [v([1_i64 << 62, 1 << 62])],
        &expect![[r#"
            a result of shape [4611686018427387904, 4611686018427387904] is larger than any memory
            look at the sizes that this operation is given"#]],
    )
    .check();
    Table::new([n(2)], |g, [rows]| {
        vec![("range", g.eye::<f32>(i(rows)).any())]
    })
    .gives("no rows", [n(0)], [none::<f32, 2>([0, 0])])
    .refuses(
        "a negative number of rows",
        [n(-1)],
        &expect![[r#"
        start 0 is above limit -1 but delta 1 is positive
        delta leads from start towards limit"#]],
    )
    .check();
    Table::new([n(0), n(5), n(1)], |g, [start, limit, delta]| {
        vec![("range", g.range_with(i(start), i(limit), i(delta)).any())]
    })
    .gives("none", [n(0), n(0), n(1)], [none::<i32, 1>([0])])
    .gives("downwards", [n(5), n(0), n(-2)], [v([5, 3, 1])])
    .gives(
        "to the lowest number",
        [n(0), n(i32::MIN), n(i32::MIN)],
        [v([0])],
    )
    .refuses(
        "no step",
        [n(0), n(5), n(0)],
        &expect![[r#"
        delta is 0
        give the distance of two neighbours"#]],
    )
    .refuses(
        "a step away",
        [n(5), n(0), n(1)],
        &expect![[r#"
        start 5 is above limit 0 but delta 1 is positive
        delta leads from start towards limit"#]],
    )
    .refuses(
        "a step away, downwards",
        [n(0), n(5), n(-1)],
        &expect![[r#"
            start 0 is below limit 5 but delta -1 is negative
            delta leads from start towards limit"#]],
    )
    .check();
    Table::new(
        [n(0.0_f32), n(1.0_f32), n(0.3_f32)],
        |g, [start, limit, delta]| {
            vec![("range", g.range_with(f(start), f(limit), f(delta)).any())]
        },
    )
    .refuses(
        "no step",
        [n(0.0_f32), n(1.0_f32), n(0.0_f32)],
        &expect![[r#"
            delta is 0
            give the distance of two neighbours"#]],
    )
    .refuses(
        "a step of NaN",
        [n(0.0_f32), n(1.0_f32), n(f32::NAN)],
        &expect![[r#"
            no range leads from 0.0 to 1.0 by NaN
            delta leads from start towards limit"#]],
    )
    .refuses(
        "from NaN",
        [n(f32::NAN), n(1.0_f32), n(1.0_f32)],
        &expect![[r#"
            no range leads from NaN to 1.0 by 1.0
            delta leads from start towards limit"#]],
    )
    .refuses(
        "to infinity",
        [n(0.0_f32), n(f32::INFINITY), n(1.0_f32)],
        &expect![[r#"
            from 0.0 to inf by 1.0 are more numbers than any memory holds
            bring limit and start together"#]],
    )
    .refuses(
        "a step away",
        [n(1.0_f32), n(0.0_f32), n(1.0_f32)],
        &expect![[r#"
            no range leads from 1.0 to 0.0 by 1.0
            delta leads from start towards limit"#]],
    )
    .check();
    Table::new([n(1.0_f32), n(3.0_f32), n(2)], |g, [start, stop, count]| {
        vec![("linspace", g.linspace(f(start), f(stop), i(count)).any())]
    })
    .gives("none", [n(1.0_f32), n(3.0_f32), n(0)], [nothing()])
    .gives("one", [n(1.0_f32), n(3.0_f32), n(1)], [v([1.0_f32])])
    .gives(
        "from NaN",
        [n(f32::NAN), n(3.0_f32), n(2)],
        [v([f32::NAN, 3.0])],
    )
    .gives(
        "to infinity",
        [n(0.0_f32), n(f32::INFINITY), n(3)],
        [v([0.0, f32::INFINITY, f32::INFINITY])],
    )
    .refuses(
        "a negative number",
        [n(1.0_f32), n(3.0_f32), n(-1)],
        &expect![[r#"
            range failed: start 0 is above limit -1 but delta 1 is positive
            delta leads from start towards limit"#]],
    )
    .check();
}

#[test]
fn of_the_largest() {
    Table::new([six(), n(2)], |_, [x, k]| {
        let (values, places) = f(x).top_k(i(k));
        vec![("top_k", values.any()), ("top_k", places.any())]
    })
    .gives("none", [six(), n(0)], [nothing(), none::<i32, 1>([0])])
    .gives(
        "infinities",
        [v([1.0, f32::INFINITY, f32::NEG_INFINITY]), n(3)],
        [v([f32::INFINITY, 1.0, f32::NEG_INFINITY]), v([1, 0, 2])],
    )
    .refuses(
        "a negative number",
        [six(), n(-1)],
        &expect![[r#"
        k gives the negative size -1
        a size is 0 or more"#]],
    )
    .refuses(
        "more than there are",
        [six(), n(7)],
        &expect![[r#"
        k is 7 but the last axis of x has size 6
        ask for as many as there are, or fewer"#]],
    )
    .check();
    Table::new([v([1.0_f32, 2.0])], |_, [x]| {
        vec![("argmax", f(x).argmax(0).any())]
    })
    // As in TensorFlow, a NaN is passed over, unless there is nothing else.
    .gives("a NaN", [v([1.0, f32::NAN, 3.0])], [n(2_i64)])
    .gives("a NaN that is the first", [v([f32::NAN, 1.0])], [n(1_i64)])
    .gives("all NaN", [v([f32::NAN; 2])], [n(0_i64)])
    .gives("all the lowest", [v([f32::NEG_INFINITY; 2])], [n(0_i64)])
    .refuses(
        "of nothing",
        [nothing()],
        &expect![[r#"
        axis 0 of x has size 0: it has no largest element
        give the axis a size of 1 or more"#]],
    )
    .check();
}

/// Of ranks 0 to 8, with sizes 1 and 2, and with a size of 0 at each place: against `ndarray`.
#[test]
fn of_all_ranks() {
    for rank in 0..=8 {
        let sizes: Vec<usize> = (0..rank).map(|axis| 1 + axis % 2).collect();
        let mut table = Table::new([counted(&sizes)], move |_, [x]| {
            let x = f(x);
            let reversed: Vec<usize> = (0..rank).rev().collect();
            let mut made = vec![x * 2.0, x.transpose(reversed), x.reduce_sum(..)];
            if rank > 0 {
                made.extend([x.reduce_max(-1), x - x.reduce_max_keep(0)]);
            }
            made.into_iter().map(|made| ("rank", made.any())).collect()
        });
        table = table.gives_all("of sizes 1 and 2", &[counted(&sizes)], &expected(&sizes));
        for axis in 0..rank {
            let mut sizes = sizes.clone();
            sizes[axis] = 0;
            let what = format!("of sizes {sizes:?}");
            table = table.gives_all(&what, &[counted(&sizes)], &expected(&sizes));
        }
        table.check();
    }
}

fn numbered(sizes: &[usize]) -> ArrayD<f32> {
    let count: usize = sizes.iter().product();
    let numbers = (0..count).map(|place| place as f32 - 3.0).collect();
    ArrayD::from_shape_vec(sizes, numbers).unwrap()
}

fn counted(sizes: &[usize]) -> Value {
    Value::from(numbered(sizes))
}

fn expected(sizes: &[usize]) -> Vec<Value> {
    let x = numbered(sizes);
    let largest = |axis| {
        x.map_axis(Axis(axis), |line| {
            line.fold(f32::NEG_INFINITY, |most, number| most.max(*number))
        })
    };
    let mut values = vec![
        &x * 2.0,
        x.clone().reversed_axes(),
        ArrayD::from_elem(vec![], x.sum()),
    ];
    if let Some(last) = sizes.len().checked_sub(1) {
        let below = &x - largest(0).insert_axis(Axis(0));
        values.extend([largest(last), below]);
    }
    values.into_iter().map(Value::from).collect()
}
