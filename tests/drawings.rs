//! Graphs drawn in Graphviz's language.

use std::time::{Duration, Instant};

use aqueduct::prelude::*;
use aqueduct::{CustomError, Value};
use expect_test::expect;
use ndarray::ArrayViewD;

#[test]
fn scopes_bodies_variables_and_mistakes() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![?, 2]);
    let y = g.variable_scope("layer", || {
        let w = g.get_variable_with::<f32>("w", [2, 2], zeros_initializer());
        x.matmul(w)
    });
    let (last, _) = g.scan(g.zeros::<f32>([2]), y, |sum, y| (sum + y, ()));
    let first = g.cond(true, || last, || last * 2.0);
    let after = g.control_dependencies([y], || first.print("first"));
    let _ = g.closure("own", after, [2], |x: ArrayViewD<'_, f32>| {
        Ok::<_, CustomError>(x.to_owned())
    });
    let _ = x.split(2, 1)[1].reduce_sum(7) + 1.0;
    expect![[r##"
        digraph {
          graph [fontname="sans-serif"];
          node [shape=box, style=filled, fillcolor="#ffffff", fontname="sans-serif"];
          edge [fontname="sans-serif", fontsize=10];
          n0 [label="x\nPlaceholder", tooltip="x", shape=invhouse];
          n9 [label="zeros\nFill", tooltip="zeros"];
          n13 [label="scan\nScan", tooltip="scan"];
          subgraph cluster_0 {
            label="scan `scan`: body"; style=dashed;
            n10 [label="parameter\nParameter", tooltip="scan/parameter", shape=ellipse, fillcolor="#fff2cc"];
            n11 [label="parameter_1\nParameter", tooltip="scan/parameter_1", shape=ellipse, fillcolor="#fff2cc"];
            n12 [label="add\nAdd", tooltip="scan/add", fillcolor="#fff2cc"];
          }
          n14 [label="Const\nConst", tooltip="Const", shape=note];
          n18 [label="cond\nCond", tooltip="cond"];
          subgraph cluster_1 {
            label="cond `cond`: if true"; style=dashed;
            n15 [label="Identity\nIdentity", tooltip="cond/Identity", fillcolor="#f4cccc"];
          }
          subgraph cluster_2 {
            label="cond `cond`: if false"; style=dashed;
            n16 [label="Const\nConst", tooltip="cond/Const", shape=note, fillcolor="#f4cccc"];
            n17 [label="mul\nMul", tooltip="cond/mul", fillcolor="#f4cccc"];
          }
          n19 [label="Print\nPrint", tooltip="Print", penwidth=2];
          n20 [label="own\nCustom (own)", tooltip="own", penwidth=2];
          n21 [label="split\nSplit", tooltip="split"];
          n22 [label="Sum\nSum", tooltip="Sum", color=red, fontcolor=red, penwidth=2];
          n23 [label="Const_1\nConst", tooltip="Const_1", shape=note];
          n24 [label="add\nAdd", tooltip="add", color=red, fontcolor=red, penwidth=2];
          subgraph cluster_3 {
            label="layer"; style=solid;
            n6 [label="MatMul\nMatMul", tooltip="layer/MatMul", fillcolor="#cfe2f3"];
            subgraph cluster_4 {
              label="w"; style=solid;
              n4 [label="Assign\nAssign", tooltip="layer/w/Assign", fillcolor="#cfe2f3", penwidth=2];
              n5 [label="read\nIdentity", tooltip="layer/w/read", shape=cylinder, fillcolor="#cfe2f3", penwidth=2];
              subgraph cluster_5 {
                label="Initializer"; style=solid;
                n3 [label="zeros\nFill", tooltip="layer/w/Initializer/zeros", fillcolor="#cfe2f3"];
                subgraph cluster_6 {
                  label="zeros"; style=solid;
                  n1 [label="shape\nConst", tooltip="layer/w/Initializer/zeros/shape", shape=note, fillcolor="#cfe2f3"];
                  n2 [label="Const\nConst", tooltip="layer/w/Initializer/zeros/Const", shape=note, fillcolor="#cfe2f3"];
                }
              }
            }
          }
          subgraph cluster_7 {
            label="zeros"; style=solid;
            n7 [label="shape\nConst", tooltip="zeros/shape", shape=note, fillcolor="#d9ead3"];
            n8 [label="Const\nConst", tooltip="zeros/Const", shape=note, fillcolor="#d9ead3"];
          }
          n1 -> n3 [label="i32[2]"];
          n2 -> n3 [label="f32[]"];
          n3 -> n4 [label="f32[2, 2]"];
          n0 -> n6 [label="f32[?, 2]"];
          n5 -> n6 [label="f32[2, 2]"];
          n7 -> n9 [label="i32[1]"];
          n8 -> n9 [label="f32[]"];
          n10 -> n12 [label="f32[2]"];
          n11 -> n12 [label="f32[2]"];
          n9 -> n13 [label="f32[2]"];
          n6 -> n13 [label="f32[?, 2]"];
          n12 -> n13 [style=dotted, label="result 0"];
          n13 -> n15 [label="f32[2]"];
          n13 -> n17 [label="f32[2]"];
          n16 -> n17 [label="f32[]"];
          n14 -> n18 [label="bool[]"];
          n15 -> n18 [style=dotted, label="result 0"];
          n17 -> n18 [style=dotted, label="result 0"];
          n18 -> n19 [label="f32[2]"];
          n18 -> n19 [label="f32[2]"];
          n6 -> n19 [style=dashed];
          n19 -> n20 [label="f32[2]"];
          n0 -> n21 [label="f32[?, 2]"];
          n21 -> n22 [label=":1 f32[?, 1]"];
          n22 -> n24 [color=red];
          n23 -> n24 [label="f32[]"];
        }
    "##]].assert_eq(&g.to_dot());
}

#[test]
fn a_while_has_a_box_for_its_condition_and_one_for_its_body() {
    let g = Graph::new();
    let x = g.placeholder::<f32>("x", shape![]);
    let _ = g.while_loop(x, |x| x.less(5.0), |x| x * 2.0);
    expect![[r##"
        digraph {
          graph [fontname="sans-serif"];
          node [shape=box, style=filled, fillcolor="#ffffff", fontname="sans-serif"];
          edge [fontname="sans-serif", fontsize=10];
          n0 [label="x\nPlaceholder", tooltip="x", shape=invhouse];
          n7 [label="while\nWhile", tooltip="while"];
          subgraph cluster_0 {
            label="while `while`: condition"; style=dashed;
            n1 [label="parameter\nParameter", tooltip="while/parameter", shape=ellipse, fillcolor="#cfe2f3"];
            n2 [label="Const\nConst", tooltip="while/Const", shape=note, fillcolor="#cfe2f3"];
            n3 [label="Less\nLess", tooltip="while/Less", fillcolor="#cfe2f3"];
          }
          subgraph cluster_1 {
            label="while `while`: body"; style=dashed;
            n4 [label="parameter_1\nParameter", tooltip="while/parameter_1", shape=ellipse, fillcolor="#cfe2f3"];
            n5 [label="Const_1\nConst", tooltip="while/Const_1", shape=note, fillcolor="#cfe2f3"];
            n6 [label="mul\nMul", tooltip="while/mul", fillcolor="#cfe2f3"];
          }
          n1 -> n3 [label="f32[]"];
          n2 -> n3 [label="f32[]"];
          n4 -> n6 [label="f32[]"];
          n5 -> n6 [label="f32[]"];
          n0 -> n7 [label="f32[]"];
          n3 -> n7 [style=dotted, label="condition"];
          n6 -> n7 [style=dotted, label="result 0"];
        }
    "##]].assert_eq(&g.to_dot());
}

/// Most names are checked while building; those of constants are not.
#[test]
fn hostile_names_are_escaped() {
    let g = Graph::new();
    let name = "a\"]; evil [label=\"\\N&lt;\n\u{0}/b\\";
    let _ = g.constant_value(Value::scalar(1_i32), name);
    let dot = g.to_dot();
    let escaped = "a\\\"]; evil [label=\\\"\\\\N&amp;lt;\\n\u{FFFD}";
    assert!(
        dot.contains(&format!("label=\"{escaped}\"; style=solid;\n")),
        "{dot}"
    );
    let node = format!("n0 [label=\"b\\\\\\nConst\", tooltip=\"{escaped}/b\\\\\", shape=note");
    assert!(dot.contains(&node), "{dot}");
}

#[test]
fn a_deep_scope_is_no_deep_recursion() {
    let g = Graph::new();
    let name = vec!["s"; 100_000].join("/");
    let _ = g.constant_value(Value::scalar(1_i32), &name);
    assert!(g.to_dot().matches("subgraph").count() < 100);
}

#[test]
fn a_large_graph_takes_linear_time() {
    let drawn = |count: usize| {
        let g = Graph::new();
        let mut x = g.constant(1.0_f32);
        for number in 0..count / 2 {
            x = g.name_scope(&format!("s{}", number % 100), || x.tanh().exp());
        }
        let start = Instant::now();
        let dot = g.to_dot();
        assert!(dot.lines().count() > 2 * count);
        start.elapsed()
    };
    let (small, large) = (drawn(1_000), drawn(10_000));
    // Ten times the size takes some ten times as long; a quadratic walk would take a hundred times.
    let bound = small * 40 + Duration::from_millis(50);
    assert!(large < bound, "{small:?} {large:?}");
}
