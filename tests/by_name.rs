//! Operations, tensors and variables found by their names, fed and fetched without a type.

use aqueduct::prelude::*;
use aqueduct::{Error, NameError, Value};
use expect_test::expect;
use ndarray::{arr0, arr1};

/// `y = 2 x w`, in scopes.
fn model(g: &Graph) {
    let x = g.placeholder::<f32>("input/x", shape![?]);
    let w = g.variable_scope("layer", || {
        g.get_variable_with::<f32>(
            "w",
            [],
            VariableOptions::new().initializer(ones_initializer()),
        )
    });
    g.name_scope("output", || (x * w * 2.0).named("y"));
}

#[test]
fn a_model_is_run_by_names_alone() -> aqueduct::Result<()> {
    let g = Graph::new();
    model(&g);
    let x = g.get_tensor_by_name("input/x:0")?;
    let y = g.get_tensor_by_name("output/y:0")?;
    let w = g.get_variable_by_name("layer/w")?;
    let sess = Session::new(&g);
    sess.run(g.get_operation_by_name("layer/w/Assign")?, feed![])?;

    let expected = Value::from(arr1(&[2.0_f32, 4.0]).into_dyn());
    assert_eq!(sess.run(y, feed![x => [1.0_f32, 2.0]])?, expected);
    assert_eq!(sess.run(y, feed![x => &arr1(&[1.0_f32, 2.0])])?, expected);
    let value = Value::vector(vec![1.0_f32, 2.0]);
    assert_eq!(sess.run(y, feed![x => &value])?, expected);
    let fed = sess.run((y, w), feed![x => value.clone(), w => 3.0_f32])?;
    let expected = Value::from(arr1(&[6.0_f32, 12.0]).into_dyn());
    assert_eq!(fed, (expected.clone(), Value::scalar(3.0_f32)));
    assert_eq!(sess.run(w, feed![])?, Value::from(arr0(1.0_f32).into_dyn()));

    let prepared = sess.prepare(y, (x, w))?;
    assert_eq!(prepared.run((value, Value::scalar(3.0_f32)))?, expected);
    let typed = g.get_tensor_by_name("output/y:0")?.typed::<f32>();
    let sum = sess.run(typed, feed![x => [1.0_f32]])?;
    assert_eq!(sum, arr1(&[2.0]).into_dyn());
    Ok(())
}

#[test]
fn elements_of_the_wrong_type_are_an_error_of_the_run() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]).any();
    let sess = Session::new(&g);
    let Err(Error::Feeds(problems)) = sess.run(x, feed![x => 1.0]) else {
        unreachable!("a number without a type is one of f64");
    };
    assert_eq!(problems[0].message, "it needs f32, not f64");
}

#[test]
fn operations_come_in_the_order_of_their_making() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?]);
    let (last, _) = g.scan(x.reduce_sum(..), x, |h, x| (h * x, ()));
    let names: Vec<String> = g.operations().iter().map(|op| op.name()).collect();
    assert_eq!(names.len(), g.operation_count());
    assert_eq!(names.first().map(String::as_str), Some("x"));
    assert_eq!(names.last(), Some(&last.op().name()));
    assert!(names.contains(&"scan/mul".to_owned()), "{names:?}");
    for name in names {
        let found = g.get_operation_by_name(&name);
        assert_eq!(found.map(|op| op.name()), Ok(name));
    }
}

#[test]
fn names_follow_a_renaming() -> Result<(), NameError> {
    let g = Graph::new();
    let y = g.zeros::<f32>([2]).named("before");
    y.named("after");
    assert_eq!(g.get_tensor_by_name("after:0")?, y.any());
    assert!(g.get_tensor_by_name("before:0").is_err());
    Ok(())
}

#[test]
fn variables_go_by_their_names_with_and_without_a_place() -> Result<(), NameError> {
    let g = Graph::new();
    let w = g.variable("w", 1.0_f32);
    assert_eq!(g.get_variable_by_name("w")?, w.any());
    assert_eq!(g.get_variable_by_name("w:0")?, w.any());
    assert_eq!(g.get_tensor_by_name("w:0")?, w.value().any());
    Ok(())
}

#[test]
fn names_that_nothing_has_are_told_with_those_that_are_near() {
    let g = Graph::new();
    model(&g);
    let pieces = g.zeros::<f32>([4, 2]).unstack(4, 0).len();
    assert_eq!(pieces, 4);
    g.no_op().named("nothing");
    let tensors = [
        "ouput/y:0",
        "y:0",
        "output/y",
        "output/y:1",
        "unstack:4",
        "nothing:0",
        "quite/else:0",
        "output/y:-1",
        "layer/w:1",
        ":0",
        "",
    ];
    let mut lines: Vec<String> = Vec::new();
    lines.extend(tensors.map(|name| match g.get_tensor_by_name(name) {
        Ok(found) => found.to_string(),
        Err(error) => error.to_string(),
    }));
    lines.extend(
        ["output/y:0", "Output/Y", ""].map(|name| match g.get_operation_by_name(name) {
            Ok(found) => found.to_string(),
            Err(error) => error.to_string(),
        }),
    );
    lines.extend(
        ["w", "layer", "layers/w:0"].map(|name| match g.get_variable_by_name(name) {
            Ok(found) => found.to_string(),
            Err(error) => error.to_string(),
        }),
    );
    expect![[r#"
        no operation of the graph is called "ouput/y"; is it `output/y`?
        no operation of the graph is called "y"; is it `output/y`?
        "output/y" is no name of a tensor: that is the name of its operation and the place among its outputs, as in `x:0`
        there is no tensor "output/y:1": `output/y` has the output `output/y:0` alone
        there is no tensor "unstack:4": `unstack` has the outputs `unstack:0` to `unstack:3`
        there is no tensor "nothing:0": `nothing` has no outputs
        no operation of the graph is called "quite/else"
        "output/y:-1" is no name of a tensor: that is the name of its operation and the place among its outputs, as in `x:0`
        no operation of the graph is called "layer/w"
        no operation of the graph is called ""
        "" is no name of a tensor: that is the name of its operation and the place among its outputs, as in `x:0`
        "output/y:0" is the name of a tensor: that of its operation is `output/y`
        no operation of the graph is called "Output/Y"; is it `output/y`, `output/mul`?
        no operation of the graph is called ""
        no variable of the graph is called "w"; is it `layer/w`?
        no variable of the graph is called "layer"; is it `layer/w`?
        no variable of the graph is called "layers/w:0"; is it `layer/w`?"#]].assert_eq(&lines.join("\n"));
}
