//! Lengths of sequences that the data does not have.

use aqueduct::Value;
use aqueduct::prelude::*;
use expect_test::expect;

use crate::table::{Any, Table, a, n, none, v};

/// `[2, 3, 2]`: two sequences of three steps.
fn sequences() -> Value {
    a(
        [2, 3, 2],
        std::array::from_fn::<f32, 12, _>(|place| place as f32),
    )
}

fn no_steps() -> Value {
    none::<f32, 3>([2, 0, 2])
}

fn no_sequences() -> Value {
    none::<f32, 3>([0, 3, 2])
}

fn cell() -> BasicRnnCell<'static, f32> {
    BasicRnnCell::new(1)
}

fn options<S>(lengths: Any) -> RnnOptions<'static, S> {
    RnnOptions::new().sequence_length(lengths.typed::<i32>())
}

/// The sequences, of which two numbers are fed in each step, and weights of 0.1.
fn driven<R>(x: Any, drive: impl FnOnce(Tensor<'static, f32>) -> R) -> R {
    let x = x.typed::<f32>().ensure_shape(shape![?, ?, 2]);
    let weights = VariableScope::new().initializer(constant_initializer(0.1));
    x.graph().variable_scope_with("even", weights, || drive(x))
}

fn outputs<const N: usize>(numbers: [f32; N]) -> Value {
    a([2, 3, 1], numbers)
}

fn state(first: f32, second: f32) -> Value {
    a([2, 1], [first, second])
}

#[test]
fn of_dynamic_rnn() {
    let (first, second) = (
        [0.099_668_f32, 0.469_919_32, 0.738_418_2],
        [0.861_723_1_f32, 0.945_355_1],
    );
    let table = Table::new([sequences(), v([3, 2])], |_, [x, lengths]| {
        let (outputs, state) = driven(x, |x| dynamic_rnn_with(&cell(), x, options(lengths)));
        vec![("dynamic_rnn", outputs.any()), ("dynamic_rnn", state.any())]
    });
    let whole = || {
        [
            outputs([first[0], first[1], first[2], second[0], second[1], 0.0]),
            state(first[2], second[1]),
        ]
    };
    table
        .gives("as long as the data", [sequences(), v([3, 2])], whole())
        .gives("beyond the data", [sequences(), v([4, 2])], whole())
        .gives(
            "far beyond the data",
            [sequences(), v([i32::MAX, 2])],
            whole(),
        )
        .gives(
            "negative",
            [sequences(), v([-1, 2])],
            [
                outputs([0.0, 0.0, 0.0, second[0], second[1], 0.0]),
                state(0.0, second[1]),
            ],
        )
        .gives(
            "zero",
            [sequences(), v([0, 0])],
            [outputs([0.0; 6]), state(0.0, 0.0)],
        )
        .gives(
            "no sequences",
            [no_sequences(), none::<i32, 1>([0])],
            [none::<f32, 3>([0, 3, 1]), none::<f32, 2>([0, 1])],
        )
        // TensorFlow has no list without elements whose shape is not known, and refuses.
        .gives(
            "no steps",
            [no_steps(), v([0, 0])],
            [none::<f32, 3>([2, 0, 1]), state(0.0, 0.0)],
        )
        .gives(
            "beyond no steps",
            [no_steps(), v([2, 0])],
            [none::<f32, 3>([2, 0, 1]), state(0.0, 0.0)],
        )
        .refuses(
            "too many",
            [sequences(), v([1, 2, 3])],
            &expect![[r#"
            sequence_length has shape [3] but must have [2]
            give one length for each row of the batch"#]],
        )
        .refuses(
            "too few",
            [sequences(), v([1])],
            &expect![[r#"
            sequence_length has shape [1] but must have [2]
            give one length for each row of the batch"#]],
        )
        .check();
}

#[test]
fn of_bidirectional_dynamic_rnn() {
    let forwards = [
        0.099_668_f32,
        0.469_919_32,
        0.738_418_2,
        0.861_723_1,
        0.945_355_1,
        0.0,
    ];
    let backwards = [
        0.150_503_46_f32,
        0.516_555_2,
        0.716_297_86,
        0.883_947_5,
        0.935_409_07,
        0.0,
    ];
    let both = |x: Any, lengths: Any| {
        let ((left, right), (last, first)) = driven(x, |x| {
            bidirectional_dynamic_rnn_with(&cell(), &cell(), x, options(lengths))
        });
        [left, right, last, first]
    };
    Table::new([sequences(), v([3, 2])], |_, [x, lengths]| {
        let results = both(x, lengths);
        results
            .map(|made| ("bidirectional_dynamic_rnn", made.any()))
            .to_vec()
    })
    .gives(
        "as long as the data",
        [sequences(), v([3, 2])],
        [
            outputs(forwards),
            outputs(backwards),
            state(forwards[2], forwards[4]),
            state(backwards[0], backwards[3]),
        ],
    )
    .gives(
        "zero",
        [sequences(), v([0, 0])],
        [
            outputs([0.0; 6]),
            outputs([0.0; 6]),
            state(0.0, 0.0),
            state(0.0, 0.0),
        ],
    )
    .check();
    Table::new([sequences(), v([3, 2])], |_, [x, lengths]| {
        let [_, right, _, first] = both(x, lengths);
        [right, first]
            .map(|made| ("reverse_sequence", made.any()))
            .to_vec()
    })
    .refuses(
        "beyond the data",
        [sequences(), v([4, 2])],
        &expect![[r#"
            lengths[0] = 4 is not in [0, 3]
            a length is from 0 to 3, the size of axis 1"#]],
    )
    .refuses(
        "negative",
        [sequences(), v([-1, 2])],
        &expect![[r#"
            lengths[0] = -1 is not in [0, 3]
            a length is from 0 to 3, the size of axis 1"#]],
    )
    .refuses(
        "too many",
        [sequences(), v([1, 2, 3])],
        &expect![[r#"
        lengths has shape [3] but axis 0 of x has shape [2]
        give one length for each position of the batch axis"#]],
    )
    .refuses(
        "beyond no steps",
        [no_steps(), v([2, 0])],
        &expect![[r#"
            lengths[0] = 2 is not in [0, 0]
            a length is from 0 to 0, the size of axis 1"#]],
    )
    .check();
}

#[test]
fn of_reverse_sequence() {
    let good = [sequences(), v([3, 2])];
    let table = Table::new(good, |_, [x, lengths]| {
        vec![("reverse_sequence", x.reverse_sequence(lengths, 1, 0))]
    });
    let reversed = a(
        [2, 3, 2],
        [
            4.0_f32, 5.0, 2.0, 3.0, 0.0, 1.0, 8.0, 9.0, 6.0, 7.0, 10.0, 11.0,
        ],
    );
    table
        .gives("as long as the data", [sequences(), v([3, 2])], [reversed])
        .gives("zero", [sequences(), v([0, 1])], [sequences()])
        .gives(
            "no sequences",
            [no_sequences(), none::<i32, 1>([0])],
            [no_sequences()],
        )
        .gives("no steps", [no_steps(), v([0, 0])], [no_steps()])
        .refuses(
            "beyond the data",
            [sequences(), v([4, 2])],
            &expect![[r#"
                lengths[0] = 4 is not in [0, 3]
                a length is from 0 to 3, the size of axis 1"#]],
        )
        .refuses(
            "negative",
            [sequences(), v([-1, 2])],
            &expect![[r#"
                lengths[0] = -1 is not in [0, 3]
                a length is from 0 to 3, the size of axis 1"#]],
        )
        .refuses(
            "too many",
            [sequences(), v([1, 2, 3])],
            &expect![[r#"
            lengths has shape [3] but axis 0 of x has shape [2]
            give one length for each position of the batch axis"#]],
        )
        .check();
}

#[test]
fn of_sequence_mask() {
    Table::new([v([1, 2, 3]), n(2)], |_, [lengths, longest]| {
        let lengths = lengths.typed::<i32>();
        vec![("range", lengths.sequence_mask(longest.typed::<i32>()).any())]
    })
    .gives(
        "beyond and negative",
        [v([5, -2, 1]), n(2)],
        [a([3, 2], [true, true, false, false, true, false])],
    )
    .gives(
        "no places",
        [v([5, -2, 1]), n(0)],
        [none::<bool, 2>([3, 0])],
    )
    .refuses(
        "negative places",
        [v([5, -2, 1]), n(-1)],
        &expect![[r#"
        start 0 is above limit -1 but delta 1 is positive
        delta leads from start towards limit"#]],
    )
    .check();
    Table::new([v([1_i64, 2])], |_, [lengths]| {
        vec![("range", lengths.sequence_mask(2))]
    })
    .gives(
        "beyond 32 bits",
        [v([1_i64 << 40, 1])],
        [a([2, 2], [true, true, true, false])],
    )
    .check();
    Table::new([v([1, 2])], |_, [lengths]| {
        vec![("range", lengths.sequence_mask_to_longest())]
    })
    .gives(
        "all negative",
        [v([-5, i32::MIN])],
        [none::<bool, 2>([2, 0])],
    )
    .gives("none", [none::<i32, 1>([0])], [none::<bool, 2>([0, 0])])
    .check();
}
