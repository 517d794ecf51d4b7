//! The page, read back.

use std::collections::BTreeSet;
use std::fs;

/// A page of tables, `| symbol | status | here | how, or why not |`, and of lists of what lies outside.
pub(crate) struct Map {
    pub(crate) text: String,
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    /// `tf.nn.relu`.
    pub(crate) symbol: String,
    pub(crate) status: Status,
    /// What stands for it here: `Tensor::relu`.
    pub(crate) items: Vec<String>,
    pub(crate) note: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Same,
    Differs,
    NotYet,
    Absent,
}

impl Map {
    pub(crate) fn read() -> Map {
        let text = read("docs/tf1-map.md");
        let mut rows: Vec<Row> = text.lines().filter_map(row).collect();
        rows.extend(text.lines().flat_map(outside));
        assert!(rows.len() > 900, "only {} rows could be read", rows.len());
        Map { text, rows }
    }

    /// The line of a module in the table at the top.
    pub(crate) fn summary(&self, module: &str) -> String {
        let count = |status| {
            let of_module = self
                .rows
                .iter()
                .filter(|row| module_of(&row.symbol) == module);
            of_module.filter(|row| row.status == status).count()
        };
        format!(
            "| `{module}` | {} | {} | {} | {} |",
            count(Status::Same),
            count(Status::Differs),
            count(Status::NotYet),
            count(Status::Absent)
        )
    }
}

/// Every public symbol of TensorFlow 1.15's modules.
pub(crate) fn symbols() -> Vec<String> {
    read("tests/data/reference/tf1_symbols.txt")
        .lines()
        .map(str::to_owned)
        .collect()
}

/// What the operations of docs/ops.md are in TensorFlow: the last column, without arguments.
pub(crate) fn operations() -> BTreeSet<String> {
    let page = read("docs/ops.md");
    let names = page
        .lines()
        .filter_map(|line| line.strip_suffix("` |")?.rsplit_once('`'));
    let names = names.map(|(_, name)| name.split('(').next().unwrap_or(name).to_owned());
    names.collect()
}

/// `tf.nn` of `tf.nn.relu`.
pub(crate) fn module_of(symbol: &str) -> &str {
    symbol.rsplit_once('.').map_or("", |(module, _)| module)
}

fn read(path: &str) -> String {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A row of a table, if the line is one of a symbol.
fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line
        .strip_prefix('|')?
        .strip_suffix('|')?
        .split(" | ")
        .map(str::trim)
        .collect();
    let [symbol, status, items, note] = cells[..] else {
        return None;
    };
    let status = match status {
        "same" => Status::Same,
        "differs" => Status::Differs,
        "not yet" => Status::NotYet,
        "absent" => Status::Absent,
        _ => return None,
    };
    Some(Row {
        symbol: code(symbol).concat(),
        status,
        items: code(items),
        note: note.to_owned(),
    })
}

/// What lies outside of the library's purpose: `- **Queues** (why): tf.a, tf.b`.
fn outside(line: &str) -> Vec<Row> {
    let Some((reason, symbols)) = line
        .strip_prefix("- **")
        .and_then(|line| line.split_once("**: "))
    else {
        return Vec::new();
    };
    code(symbols)
        .into_iter()
        .map(|symbol| Row {
            symbol,
            status: Status::Absent,
            items: Vec::new(),
            note: reason.to_owned(),
        })
        .collect()
}

/// What stands between backticks.
fn code(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}
