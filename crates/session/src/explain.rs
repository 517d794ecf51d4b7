//! Explain: what a plan does, as text.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::RangeInclusive;

use aqueduct_graph::ir::{NodeId, Store, TensorId};

use crate::compile::Goal;
use crate::engine::ir::{Block, Code, Source, ValueId};
use crate::engine::program::{Instruction, Placed, Program, Work};
use crate::engine::text::{Noted, Notes};
use crate::plan::{self, Action, Body, Operand, Output, Plan};

/// What a run would do; see [`Session::explain`](crate::Session::explain).
///
/// Its text form is for people, and changes as the optimiser does.
#[derive(Clone, Debug)]
pub struct Explanation {
    passes: Vec<(&'static str, String)>,
    instructions: String,
    /// How many instructions there are of a kind: outside of loops, and in their bodies.
    kinds: BTreeMap<String, [usize; 2]>,
    buffers: Vec<BufferUse>,
    arena_bytes: usize,
    constant_bytes: usize,
    writes: Vec<String>,
    results: Vec<String>,
    is_complete: bool,
}

/// A place of the arena, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferUse {
    name: String,
    offset: usize,
    bytes: usize,
    lifetime: RangeInclusive<usize>,
}

impl BufferUse {
    /// What is there: a value of the instructions, or an instruction's own memory.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes after the arena's first it begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The places of the first and the last instruction that use it. What the run gives is in use
    /// after the last one, too.
    pub fn lifetime(&self) -> RangeInclusive<usize> {
        self.lifetime.clone()
    }
}

impl Explanation {
    /// Of the first stage of the plan for a goal.
    pub(crate) fn new(store: &Store, goal: &Goal, plan: &Plan) -> Explanation {
        let constants = plan.constants.iter();
        let constant_bytes = constants.map(|value| value.data().len() * value.dtype().width());
        let mut explanation = Explanation {
            passes: Vec::new(),
            instructions: String::new(),
            kinds: BTreeMap::new(),
            buffers: Vec::new(),
            arena_bytes: plan.layout.bytes(),
            constant_bytes: constant_bytes.sum(),
            writes: writes(store, plan),
            results: results(store, goal, plan),
            is_complete: plan.next.is_none(),
        };
        match &plan.optimized {
            Some(program) => explanation.add_program(store, goal, plan, program),
            None => explanation.add_plain(store, plan),
        }
        explanation
    }

    fn add_program(&mut self, store: &Store, goal: &Goal, plan: &Plan, program: &Program) {
        let listing = &program.listing;
        let block = &listing.block;
        let mut notes = notes(store, block, &program.steps);
        notes.of_source = given(store, goal, plan, block);
        let notes = &notes;
        self.instructions = Noted { block, notes }.to_string();
        count(block, false, &mut self.kinds);
        self.passes.clone_from(&listing.passes);
        self.buffers = listing.buffers.iter().map(BufferUse::from).collect();
        self.buffers
            .sort_by_key(|buffer| (buffer.offset, *buffer.lifetime.start()));
    }

    fn add_plain(&mut self, store: &Store, plan: &Plan) {
        let mut lines = Vec::new();
        list(store, plan, 0, &mut lines);
        self.instructions = lines.concat();
        let last = plan.program.len();
        for (index, instruction) in plan.program.iter().enumerate() {
            let kind = store.node(instruction.node).op.type_name();
            self.kinds.entry(kind.to_owned()).or_default()[0] += 1;
            for output in &instruction.outputs {
                if let Output::Buffer(buffer) = output {
                    self.buffers.push(BufferUse {
                        name: name(store, instruction.node),
                        offset: buffer.offset(),
                        bytes: buffer.bytes(),
                        lifetime: index..=last,
                    });
                }
            }
        }
    }

    /// The plan in a few lines: the passes, how many instructions there are of each kind, the memory. The
    /// [`Display`](fmt::Display) form lists all of it.
    ///
    /// ```
    /// # use aqueduct_graph::{Graph, shape};
    /// # use aqueduct_session::{Session, feed};
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![2]);
    /// let explanation = Session::new(&g).explain(x.exp() + 1.0, feed![x => [0.0, 1.0]])?;
    /// assert!(explanation.summary().contains("instructions: 1 fused"));
    /// # Ok::<(), aqueduct_session::Error>(())
    /// ```
    pub fn summary(&self) -> String {
        let passes = self.passes().map(|(pass, done)| format!("{pass} {done}"));
        let kinds = |place: usize| {
            let there = self
                .kinds
                .iter()
                .filter(move |(_, counts)| counts[place] > 0);
            listed(there.map(move |(kind, counts)| format!("{} {kind}", counts[place])))
        };
        let rest = if self.is_complete {
            ""
        } else {
            "\nthe rest is planned when the run knows a size"
        };
        format!(
            "passes: {}\ninstructions: {}\nin loops: {}\n\
             arena: {} bytes, constants: {} bytes, variables written: {}{rest}",
            listed(passes),
            kinds(0),
            kinds(1),
            self.arena_bytes,
            self.constant_bytes,
            self.writes.len(),
        )
    }

    /// The passes that did something, and what: how many things, as a rule.
    pub fn passes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.passes.iter().map(|(pass, done)| (*pass, &**done))
    }

    /// What is done, an instruction a line; what belongs to one, such as a loop's body, is indented.
    pub fn instructions(&self) -> &str {
        &self.instructions
    }

    /// Who uses which part of the arena, and when. Parts of an instruction's own memory are not told apart.
    pub fn buffers(&self) -> &[BufferUse] {
        &self.buffers
    }

    /// The size of the arena in bytes: the peak of what a run takes, besides the values that are fed
    /// and fetched, the constants and the variables.
    pub fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }

    /// The size of all constants in bytes.
    pub fn constant_bytes(&self) -> usize {
        self.constant_bytes
    }

    /// The names of the variables that get new values.
    pub fn writes(&self) -> impl Iterator<Item = &str> {
        self.writes.iter().map(String::as_str)
    }

    /// What is handed back: for each fetched tensor its name, and where it is.
    pub fn results(&self) -> impl Iterator<Item = &str> {
        self.results.iter().map(String::as_str)
    }

    /// Whether this is all of the plan; else the rest is planned when the run knows a late size.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "passes")?;
        for (pass, done) in &self.passes {
            writeln!(f, "    {pass}: {done}")?;
        }
        writeln!(f, "instructions")?;
        for line in self.instructions.lines() {
            writeln!(f, "    {line}")?;
        }
        writeln!(f, "buffers")?;
        for buffer in &self.buffers {
            let (first, last) = (buffer.lifetime.start(), buffer.lifetime.end());
            let (end, bytes) = (buffer.offset + buffer.bytes, buffer.bytes);
            let (offset, name) = (buffer.offset, &buffer.name);
            writeln!(
                f,
                "    {offset}..{end} ({bytes} bytes), from {first} to {last}: {name}"
            )?;
        }
        writeln!(f, "arena: {} bytes", self.arena_bytes)?;
        writeln!(f, "constants: {} bytes", self.constant_bytes)?;
        for variable in &self.writes {
            writeln!(f, "writes {variable}")?;
        }
        for result in &self.results {
            writeln!(f, "gives {result}")?;
        }
        if !self.is_complete {
            writeln!(f, "the rest is planned when the run knows a size")?;
        }
        Ok(())
    }
}

impl From<&Placed> for BufferUse {
    fn from(placed: &Placed) -> BufferUse {
        let name = placed.value.map(|value| value.to_string());
        BufferUse {
            name: name.unwrap_or_else(|| "an instruction's own memory".to_owned()),
            offset: placed.offset,
            bytes: placed.bytes,
            lifetime: placed.first..=placed.last,
        }
    }
}

fn listed(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}

/// Counts instructions by the word that they are listed with.
fn count(block: &Block, in_loop: bool, kinds: &mut BTreeMap<String, [usize; 2]>) {
    for node in &block.nodes {
        let text = node.code.to_string();
        let kind = text.split(' ').next().unwrap_or_default();
        if let Code::Scan(scan) = &node.code {
            count(&scan.body, in_loop || !scan.straight, kinds);
        }
        if !matches!(node.code, Code::Constant(_)) {
            kinds.entry(kind.to_owned()).or_default()[usize::from(in_loop)] += 1;
        }
    }
}

fn name(store: &Store, node: NodeId) -> String {
    store.node(node).name.clone()
}

fn writes(store: &Store, plan: &Plan) -> Vec<String> {
    let programs = plan.optimized.iter().flat_map(|program| &program.fresh);
    let exits = plan.exits.iter().chain(programs);
    let mut names: Vec<String> = exits
        .map(|(variable, _)| store.variable(*variable).name.clone())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn results(store: &Store, goal: &Goal, plan: &Plan) -> Vec<String> {
    let places = plan.results.iter().copied().chain(std::iter::repeat(None));
    let results = goal.results.iter().zip(places);
    let line = |(tensor, place): (&TensorId, Option<Operand>)| {
        let name = store.tensor_name(*tensor);
        match place {
            Some(Operand::Buffer { buffer, .. }) => {
                let (offset, end) = (buffer.offset(), buffer.offset() + buffer.bytes());
                format!("{name} from {offset}..{end}")
            }
            Some(Operand::Late { .. }) => format!("{name}, a value of late size"),
            Some(Operand::Input(_)) => format!("{name} as it was fed"),
            Some(Operand::Constant(_)) => format!("{name}, a constant"),
            Some(Operand::Version(_)) => format!("{name}, the value of a variable"),
            Some(Operand::Value(_)) | None => name,
        }
    };
    results.map(line).collect()
}

/// The names of what is fed, and of the variables that are read.
fn given(store: &Store, goal: &Goal, plan: &Plan, block: &Block) -> HashMap<ValueId, String> {
    let sources = block.sources.iter();
    let named = sources.filter_map(|(value, source)| {
        let name = match source {
            Source::Plan(Operand::Input(index)) => {
                let (tensor, _) = goal.feeds.get(*index)?;
                store.tensor_name(*tensor)
            }
            Source::Plan(Operand::Version(slot)) => {
                store.variable(*plan.entry.get(*slot)?).name.clone()
            }
            Source::Plan(
                Operand::Buffer { .. }
                | Operand::Late { .. }
                | Operand::Constant(_)
                | Operand::Value(_),
            )
            | Source::Parameter(_) => return None,
        };
        Some((*value, name))
    });
    named.collect()
}

/// For each node: the operation that it comes from, and how many tasks it is cut into.
fn notes(store: &Store, block: &Block, instructions: &[Instruction]) -> Notes {
    let mut of_node: Vec<Vec<&Instruction>> = vec![Vec::new(); block.nodes.len()];
    for instruction in instructions {
        if let Some(own) = instruction.node.and_then(|node| of_node.get_mut(node)) {
            own.push(instruction);
        }
    }
    let mut notes = Notes::default();
    for (index, (node, own)) in block.nodes.iter().zip(of_node).enumerate() {
        let mut tasks = 0;
        for instruction in &own {
            match &instruction.work {
                Work::Compute(step) => tasks = tasks.max(step.tasks()),
                Work::Scan(scan) => {
                    tasks = tasks.max(scan.shards.len());
                    if let (Code::Scan(around), Some(shard)) = (&node.code, scan.shards.first()) {
                        let inner = self::notes(store, &around.body, &shard.body);
                        notes.of_body.insert(index, inner);
                    }
                }
                Work::Draw { .. } | Work::Commit { .. } | Work::Opaque { .. } => {
                    tasks = tasks.max(1)
                }
            }
        }
        let name = match &node.code {
            Code::Write { variable, .. } => store.variable(*variable).name.clone(),
            Code::Constant(_)
            | Code::Fused(_)
            | Code::Product
            | Code::Products
            | Code::Join(_)
            | Code::Kernel(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Scan(_)
            | Code::Opaque(_) => name(store, node.origin),
        };
        let note = match (&node.code, own.len(), tasks) {
            (Code::Constant(_), ..) => name,
            (_, 0, _) => format!("{name}, in place"),
            (_, 1, 1) => name,
            (_, 1, tasks) => format!("{name}, {tasks} tasks"),
            (_, count, 1) => format!("{name}, {count} steps"),
            (_, count, tasks) => format!("{name}, {count} steps of up to {tasks} tasks"),
        };
        notes.of_node.insert(index, note);
    }
    notes
}

/// Lists the instructions of a plain plan.
fn list(store: &Store, plan: &Plan, depth: usize, lines: &mut Vec<String>) {
    let indent = "    ".repeat(depth);
    for instruction in &plan.program {
        let kind = store.node(instruction.node).op.type_name();
        let outputs: Vec<String> = instruction.outputs.iter().map(written).collect();
        let operands: Vec<String> = instruction
            .facts
            .iter()
            .map(|fact| format!("{}{}", fact.dtype, fact.shape))
            .collect();
        lines.push(format!(
            "{indent}{} = {kind}({})  # {}\n",
            outputs.join(", "),
            operands.join(", "),
            name(store, instruction.node)
        ));
        for body in bodies(instruction) {
            list(store, &body.plan, depth + 1, lines);
        }
    }
}

fn written(output: &Output) -> String {
    match output {
        Output::Buffer(buffer) => {
            let (offset, end) = (buffer.offset(), buffer.offset() + buffer.bytes());
            format!("[{offset}..{end}]")
        }
        Output::Late(slot) => format!("late value {slot}"),
        Output::Nowhere => "_".to_owned(),
    }
}

fn bodies(instruction: &plan::Instruction) -> Vec<&Body> {
    match &instruction.action {
        Action::Scan(scan) => vec![&scan.each.body],
        Action::While(repeated) => vec![&repeated.condition, &repeated.each.body],
        Action::Cond {
            then, otherwise, ..
        } => vec![then, otherwise],
        Action::Kernel(_)
        | Action::Draw { .. }
        | Action::Write { .. }
        | Action::IsInitialized { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use aqueduct_graph::{Graph, shape};

    use crate::feed;
    use crate::{Session, SessionOptions};

    #[test]
    fn a_plan_is_told_in_full() {
        let g = Graph::new();
        let xs = g.placeholder::<f32>("xs", shape![?, 2]);
        let (last, _) = g.scan(xs.slice(0), xs, |h, x| ((h + x * 1.0).named("sum"), ()));
        let total = g.variable("total", 0.0_f32);
        let add = total.assign_add(last.reduce_sum(..));
        let xs_given = [[1.0_f32, 2.0], [3.0, 4.0], [5.0, 6.0]];

        let sess = Session::new(&g);
        let told = sess.explain((add, last), feed![xs => xs_given]).unwrap();
        let text = told.to_string();
        assert!(text.contains("scan of 3 steps"), "{text}");
        assert!(text.contains("given Input(0)  # xs:0"), "{text}");
        assert!(text.contains("write version 1 "), "{text}");
        assert!(
            told.instructions()
                .lines()
                .any(|line| line.starts_with("    ") && line.ends_with("sum"))
        );
        assert_eq!(told.writes().collect::<Vec<_>>(), ["total"]);
        assert_eq!(told.results().count(), 2);
        assert!(
            told.buffers()
                .iter()
                .all(|buffer| buffer.offset() + buffer.bytes() <= told.arena_bytes())
        );
        assert!(told.is_complete());
        let shapes: [(_, &[usize]); 1] = [(xs.any(), &[3, 2])];
        assert_eq!(
            sess.explain_shapes((add, last), &shapes)
                .unwrap()
                .to_string(),
            text
        );
        assert!(sess.explain_shapes(last, &[(xs.any(), &[3])]).is_err());
        assert_eq!(sess.plan_count(), 1);

        let plain = Session::with_options(&g, SessionOptions::new().optimize(false));
        let told = plain.explain((add, last), feed![xs => xs_given]).unwrap();
        assert_eq!(told.passes().count(), 0);
        assert!(
            told.instructions().contains("\n    ["),
            "{}",
            told.instructions()
        );
        assert_eq!(told.writes().collect::<Vec<_>>(), ["total"]);
        assert!(!told.buffers().is_empty());
    }
}
