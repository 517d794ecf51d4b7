use super::{Plain, bodies, check_in, check_problem_in};
use crate::op::Control;

fn scan(states: usize, sequences: usize, length: bool) -> Control {
    let [body, _] = bodies();
    Control::Scan {
        body,
        states,
        sequences,
        length,
        limit: false,
        reverse: false,
    }
}

fn limited(states: usize, sequences: usize, length: bool) -> Control {
    let [body, _] = bodies();
    Control::Scan {
        body,
        states,
        sequences,
        length,
        limit: true,
        reverse: true,
    }
}

/// The body is the first one, the condition the second.
fn repeated(states: usize, maximum: Option<u64>) -> Control {
    let [body, condition] = bodies();
    Control::While {
        condition,
        body,
        states,
        maximum,
    }
}

fn cond() -> Control {
    let [then, otherwise] = bodies();
    Control::Cond { then, otherwise }
}

fn body(results: &'static str) -> Plain {
    branches(results, "")
}

fn branches(then: &'static str, otherwise: &'static str) -> Plain {
    Plain {
        results: [then, otherwise],
        ..Plain::default()
    }
}

#[test]
fn no_op_and_parameters() {
    let [region, _] = bodies();
    let parameter = |index| Control::Parameter { region, index };
    let around = Plain {
        parameters: "f32[a, 2]; i32=[a, 2]",
        ..Plain::default()
    };
    check_in(&around, Control::NoOp, "", "");
    check_in(&around, parameter(0), "", "f32[a, 2]");
    check_in(&around, parameter(1), "", "i32=[a, 2]");
    check_problem_in(
        &around,
        parameter(2),
        "",
        "argument: parameter 2 does not exist: the body has 2 parameters",
    );
    check_problem_in(
        &around,
        Control::NoOp,
        "f32[]",
        "argument: the op takes 0 operands but is given 1",
    );
}

#[test]
fn scan_gives_states_and_stacks() {
    let lstm = body("f32[a, 8]; f32[a, 8]");
    check_in(
        &lstm,
        scan(1, 1, false),
        "f32[a, 8]; f32[t, a, 3]",
        "f32[a, 8]; f32[t, a, 8]",
    );
    check_in(
        &lstm,
        scan(2, 1, false),
        "f32[a, 8]; f32[a, 8]; f32[5]",
        "f32[a, 8]; f32[a, 8]",
    );
    check_in(
        &lstm,
        scan(0, 2, false),
        "f32[t]; bool[5, 2]",
        "f32[5, a, 8]; f32[5, a, 8]",
    );
    let counter = body("i32[]; f32[?]");
    check_in(
        &counter,
        scan(1, 0, true),
        "i32=0; i64=5",
        "i32[]; f32[5, ?]",
    );
    check_in(
        &counter,
        scan(1, 0, true),
        "i32=0; i32=n",
        "i32[]; f32[n, ?]",
    );
    check_in(
        &counter,
        scan(1, 1, true),
        "i32=0; f32[t]; i32=4",
        "i32[]; f32[4, ?]",
    );
}

#[test]
fn loop_state_keeps_its_shape() {
    check_in(
        &body("f32[b, 8]"),
        scan(1, 0, true),
        "f32[a, 8]; i32[]",
        "f32[a, 8]",
    );
    check_in(
        &body("f32[?, 8]"),
        scan(1, 0, true),
        "f32[4, ?]; i32[]",
        "f32[4, 8]",
    );
    check_problem_in(
        &body("f32[2]; f32[2, 4]"),
        scan(2, 0, true),
        "f32[2]; f32[2, 3]; i32=5",
        "shape: loop state 1 has shape [2, 3] but the body returns [2, 4] \
         | loop state keeps its shape",
    );
    check_problem_in(
        &body("f32[1, 2]"),
        scan(1, 0, true),
        "f32[2]; i32=5",
        "shape: loop state 0 has shape [2] but the body returns [1, 2] \
         | loop state keeps its shape",
    );
    check_problem_in(
        &body("i32[2]"),
        scan(1, 0, true),
        "f32[2]; i32=5",
        "dtype: loop state 0 is f32 but the body returns i32 \
         | loop state keeps its dtype: `.cast::<f32>()` what the body returns",
    );
    check_problem_in(
        &body("f32[2]"),
        scan(2, 0, true),
        "f32[2]; f32[2]; i32=5",
        "argument: the body returns 1 result but the loop has 2 states",
    );
}

#[test]
fn the_number_of_steps_must_be_one() {
    let around = body("f32[]");
    check_problem_in(
        &around,
        scan(1, 0, false),
        "f32[]",
        "argument: the loop has neither a sequence nor a length \
         | give it a sequence to run over, or a number of steps",
    );
    check_problem_in(
        &around,
        scan(0, 3, false),
        "f32[t]; f32[3]; f32[4]",
        "shape: sequence 2 has 4 steps but the sequences before it have 3 \
         | everything a loop runs over has one length",
    );
    check_problem_in(
        &around,
        scan(0, 1, true),
        "f32[3]; i32=5",
        "shape: length is 5 but the sequences have 3 steps \
         | everything a loop runs over has one length",
    );
    check_problem_in(
        &around,
        scan(0, 1, false),
        "f32[]",
        "shape: sequence 0 is a scalar but must have an axis \
         | give sequence 0 an axis with `expand_dims(0)`",
    );
    check_problem_in(
        &around,
        scan(0, 0, true),
        "i32=-5",
        "shape: length gives the negative size -5 | a size is 0 or more",
    );
    check_problem_in(
        &around,
        scan(0, 0, true),
        "f32[]",
        "dtype: length is f32 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem_in(
        &around,
        scan(1, 1, true),
        "f32[]",
        "argument: the op takes 3 operands but is given 1",
    );
}

#[test]
fn a_limit_changes_no_shape() {
    let around = body("f32[]; f32[2]");
    check_in(
        &around,
        limited(1, 1, false),
        "f32[]; f32[t]; i64[]",
        "f32[]; f32[t, 2]",
    );
    check_in(
        &around,
        limited(1, 1, true),
        "f32[]; f32[?]; i32=4; i32=9",
        "f32[]; f32[4, 2]",
    );
    check_problem_in(
        &around,
        limited(1, 1, false),
        "f32[]; f32[t]; f32[]",
        "dtype: limit is f32 but must be i32 or i64 | cast it: `.cast::<i32>()`",
    );
    check_problem_in(
        &around,
        limited(1, 1, false),
        "f32[]; f32[t]; i32[2]",
        "shape: limit has shape [2] but must be a scalar | reshape limit to rank 0",
    );
    check_problem_in(
        &around,
        limited(1, 1, true),
        "f32[]; f32[t]; i32[]",
        "argument: the op takes 4 operands but is given 3",
    );
}

#[test]
fn while_gives_states_a_count_and_stacks() {
    let around = branches("f32[a, 8]; i32[]", "bool[]");
    check_in(
        &around,
        repeated(2, None),
        "f32[a, 8]; i32=0",
        "f32[a, 8]; i32[]; i64[]",
    );
    let stacks = branches("f32[?, 8]; f32[3]; bool[]", "bool[]");
    check_in(
        &stacks,
        repeated(1, Some(7)),
        "f32[a, 8]",
        "f32[a, 8]; i64[]; f32[7, 3]; bool[7]",
    );
    check_in(&branches("", "bool[]"), repeated(0, None), "", "i64[]");
    check_problem_in(
        &stacks,
        repeated(1, None),
        "f32[a, 8]",
        "argument: a loop without a maximum of iterations stacks nothing",
    );
}

#[test]
fn whiles_that_do_not_fit() {
    for (results, condition, problem) in [
        (
            "f32[2]",
            "f32[]",
            "dtype: the condition is f32 but must be bool | cast it: `.cast::<bool>()`",
        ),
        (
            "f32[2]",
            "bool[2]",
            "shape: the condition has shape [2] but must be a scalar \
             | `reduce_all(..)` or `reduce_any(..)` what the condition returns",
        ),
        (
            "f32[2]",
            "",
            "argument: the condition returns 0 results but must return 1",
        ),
        (
            "f32[3]",
            "bool[]",
            "shape: loop state 0 has shape [2] but the body returns [3] \
             | loop state keeps its shape",
        ),
        (
            "",
            "bool[]",
            "argument: the body returns 0 results but the loop has 1 state",
        ),
    ] {
        let around = branches(results, condition);
        check_problem_in(&around, repeated(1, Some(4)), "f32[2]", problem);
    }
    check_problem_in(
        &branches("f32[2]", "bool[]"),
        repeated(1, None),
        "",
        "argument: the op takes 1 operand but is given 0",
    );
}

#[test]
fn cond_gives_what_both_branches_agree_on() {
    for (then, otherwise, output) in [
        ("f32[a, 3]", "f32[a, 3]", "f32[a, 3]"),
        ("f32[a, 3]", "f32[b, 3]", "f32[?, 3]"),
        ("f32[2]", "f32[3]", "f32[?]"),
        ("i32=[2, 3]; bool[]", "i32=[2, 3]; bool[]", "i32[2]; bool[]"),
        ("", "", ""),
    ] {
        check_in(&branches(then, otherwise), cond(), "bool[]", output);
    }
}

#[test]
fn branches_that_differ() {
    check_problem_in(
        &branches("f32[]", "f32[]; f32[]"),
        cond(),
        "bool[]",
        "argument: the branches return 1 result and 2 results | return as many from both",
    );
    check_problem_in(
        &branches("f32[]", "f64[]"),
        cond(),
        "bool[]",
        "dtype: result 0 is f32 in one branch but f64 in the other \
         | cast one of them: `.cast::<f32>()`",
    );
    check_problem_in(
        &branches("f32[2]", "f32[]"),
        cond(),
        "bool[]",
        "shape: result 0 has shape [2] in one branch but [] in the other | both must have one rank",
    );
    check_problem_in(
        &branches("", ""),
        cond(),
        "f32[]",
        "dtype: predicate is f32 but must be bool | cast it: `.cast::<bool>()`",
    );
    check_problem_in(
        &branches("", ""),
        cond(),
        "bool[1]",
        "shape: predicate has shape [1] but must be a scalar | reshape predicate to rank 0",
    );
}
