//! Graphs that went through plain data.

use aqueduct::ir::GraphRecord;
use aqueduct::prelude::*;

/// The graph made again of its record; `None` if it has mistakes, or closures, which none can hold.
///
/// # Panics
/// It differs from the graph in its text, or in its record.
pub fn imported(graph: &Graph) -> Option<Graph> {
    let record = graph.to_record().ok()?;
    let again = Graph::from_record(record.clone()).expect("a record of a graph tells of a graph");
    assert_eq!(again.to_text(), graph.to_text());
    let twice = again
        .to_record()
        .expect("what was imported can be exported");
    assert!(
        is_same(&record, &twice),
        "the record of an imported graph differs"
    );
    Some(again)
}

/// Constants may have NaN, which equals nothing.
fn is_same(a: &GraphRecord, b: &GraphRecord) -> bool {
    a == b || format!("{a:?}") == format!("{b:?}")
}

/// The tensor of the same name.
///
/// # Panics
/// There is none.
pub fn tensor_of<'g>(graph: &'g Graph, original: AnyTensor<'_>) -> AnyTensor<'g> {
    let found = graph.get_tensor_by_name(&original.name());
    found.expect("the imported graph has all tensors")
}
