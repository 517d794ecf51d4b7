//! States that loops only add to are summed up after the loop.

use std::collections::{HashMap, HashSet};

use aqueduct_graph::ir::{Data, NodeId};

use super::row_sums::{Search, Term, add, total};
use crate::engine::ir::{Block, Code, Node, Place, Scan, Source, Type, ValueId};
use crate::engine::lift::Lifted;
use crate::engine::scans::{Dependence, Loop};
use crate::engine::views::reshaped_strides;

/// The most bytes of all rows of one value that are kept for a sum.
const MOST_BYTES: usize = 256 << 20;

/// Sinks sums out of loops, inner loops first; gives how many states became sums.
///
/// What is added must be made of [sums over rows](super::row_sums): the rows of all steps are then those
/// of one matrix, and the sum over steps is a part of the product.
pub(crate) fn run(block: &mut Block) -> usize {
    let mut replacement = HashMap::new();
    let mut zeros = Zeros::default();
    let mut done = 0;
    let nodes = std::mem::take(&mut block.nodes);
    for mut node in nodes {
        let origin = node.origin;
        let mut sums = Vec::new();
        if let Some(mut changed) = Loop::of(&mut node) {
            done += run(&mut changed.scan.body);
            if changed.scan.steps > 0 {
                sums = sink(block, &mut changed, origin);
            }
        }
        block.nodes.push(node);
        for sum in sums {
            if let Some(total) = sum.total(block, &mut zeros, origin) {
                replacement.insert(sum.last, total);
                done += 1;
            }
        }
    }
    block.replace(&replacement);
    done
}

/// A state that a loop only adds to.
struct Sum {
    initial: ValueId,
    /// The last value that the loop gives.
    last: ValueId,
    terms: Vec<Term>,
}

/// Finds the sums of a loop, and keeps all rows of what they are made of.
fn sink(around: &mut Block, changed: &mut Loop<'_>, origin: NodeId) -> Vec<Sum> {
    let search = Search::new(&changed.scan.body);
    let states = parameters(&changed.scan.body);
    let mut found = Vec::new();
    for state in 0..changed.scan.states {
        let old = states.get(&state).copied();
        if let Some(terms) = old.and_then(|old| terms(changed.scan, &search, state, old)) {
            found.push((state, terms));
        }
    }
    let of_sequences = of_sequences(changed.scan);
    let lifted = Lifted::given(changed.scan, changed.inputs);
    let mut sums = Vec::new();
    for (state, terms) in found {
        let mut rows = AllRows {
            around,
            changed,
            of_sequences: &of_sequences,
            lifted: &lifted,
            origin,
        };
        let stacks = terms
            .iter()
            .map(|term| term.map(&mut |matrix| rows.stack(*matrix)));
        let terms = stacks.collect();
        sums.push(Sum {
            initial: changed.inputs[state],
            last: changed.outputs[state],
            terms,
        });
    }
    sums
}

/// What is added to a state in each step, if that is all that happens to it.
fn terms(scan: &mut Scan, search: &Search, state: usize, old: ValueId) -> Option<Vec<Term>> {
    let added = search.added(&scan.body, scan.body.results[state])?;
    if search.uses(old) != 1 || !added.contains(&old) {
        return None;
    }
    let mut terms = Vec::new();
    for value in added.into_iter().filter(|value| *value != old) {
        terms.extend(search.terms(&mut scan.body, value)?);
    }
    let mut fit = true;
    for term in &terms {
        term.each(&mut |matrix| fit &= all_rows_fit(scan, *matrix));
    }
    fit.then_some(terms)
}

/// Whether all rows of a value may be kept.
fn all_rows_fit(scan: &Scan, value: ValueId) -> bool {
    let bytes = scan.body.kind(value).bytes();
    bytes > 0 && bytes.saturating_mul(scan.steps) <= MOST_BYTES
}

/// For each operand of a loop: the body's value of it.
fn parameters(body: &Block) -> HashMap<usize, ValueId> {
    let sources = body.sources.iter();
    let parameters = sources.filter_map(|(value, source)| match source {
        Source::Parameter(operand) => Some((*operand, *value)),
        Source::Plan(_) => None,
    });
    parameters.collect()
}

/// The body's values that are elements of sequences.
fn of_sequences(scan: &Scan) -> HashSet<ValueId> {
    let dependence = scan.dependence();
    let sources = scan.body.sources.iter().map(|(value, _)| *value);
    sources
        .filter(|value| dependence[value.index()] == Dependence::Element)
        .collect()
}

/// Makes stacks of values of a body.
struct AllRows<'a, 'l> {
    around: &'a mut Block,
    changed: &'a mut Loop<'l>,
    of_sequences: &'a HashSet<ValueId>,
    lifted: &'a Lifted,
    origin: NodeId,
}

impl AllRows<'_, '_> {
    /// All rows of a value: a sequence that is there, what is stacked already, or one more stack.
    fn stack(&mut self, value: ValueId) -> ValueId {
        let scan = &*self.changed.scan;
        let root = scan.body.place(value).root;
        let stacked = scan.body.results[scan.states..].contains(&root);
        // Beyond a limit, what the loop stacks is zeros, while a sequence may be anything.
        if self.of_sequences.contains(&root)
            && !scan.limited
            && let Some(all) = self.lifted.all(&scan.body, self.around, value)
        {
            return all;
        }
        let (kind, whole) = (scan.body.kind(value), scan.body.kind(root));
        let is_whole = kind.elements() == whole.elements() && whole.is_contiguous();
        let source = if (stacked || is_whole) && self.merges(value) {
            value
        } else {
            self.changed.scan.body.copied(value, self.origin)
        };
        let body = &self.changed.scan.body;
        let Place { root, offset } = body.place(source);
        let kind = body.kind(source).clone();
        let all = self.changed.add_stacked(self.around, root);
        let rows = self.around.kind(all);
        let seen = Type {
            dtype: kind.dtype,
            sizes: [&rows.sizes[..1], &*kind.sizes].concat(),
            strides: [&rows.strides[..1], &*kind.strides].concat(),
        };
        self.around.view(Place { root: all, offset }, seen)
    }

    /// Whether the rows of all steps are those of one matrix where the root is stacked.
    fn merges(&self, value: ValueId) -> bool {
        let (steps, body) = (self.changed.scan.steps, &self.changed.scan.body);
        let kind = body.kind(value);
        let root = body.kind(body.place(value).root);
        let sizes = [&[steps], &*kind.sizes].concat();
        let strides = [&[root.elements() as isize], &*kind.strides].concat();
        let matrix = [steps * kind.sizes[0], kind.sizes[1]];
        reshaped_strides(&sizes, &strides, &matrix).is_some()
    }
}

impl Sum {
    /// The sum of all steps and the initial value, computed after the loop.
    fn total(&self, block: &mut Block, zeros: &mut Zeros, origin: NodeId) -> Option<ValueId> {
        let kind = block.kind(self.last).clone();
        let sum = total(block, &self.terms, &kind.sizes, origin)?;
        let sum = if zeros.contain(block, self.initial) {
            sum
        } else {
            add(block, self.initial, sum, origin)
        };
        Some(block.contiguous(sum, origin))
    }
}

/// The roots that are known to be zeros, of as many nodes as were looked at.
#[derive(Default)]
struct Zeros {
    known: HashSet<ValueId>,
    nodes: usize,
}

impl Zeros {
    /// Whether a value of the block is known to be zeros.
    fn contain(&mut self, block: &Block, value: ValueId) -> bool {
        for node in &block.nodes[self.nodes..] {
            if self.gives_zeros(block, node) {
                self.known.extend(&node.outputs);
            }
        }
        self.nodes = block.nodes.len();
        self.known.contains(&block.place(value).root)
    }

    fn gives_zeros(&self, block: &Block, node: &Node) -> bool {
        match &node.code {
            Code::Constant(value) => match value.data() {
                Data::F32(elements) => elements.iter().all(|element| *element == 0.0),
                Data::F64(elements) => elements.iter().all(|element| *element == 0.0),
                Data::I32(elements) => elements.iter().all(|element| *element == 0),
                Data::I64(elements) => elements.iter().all(|element| *element == 0),
                Data::U8(elements) => elements.iter().all(|element| *element == 0),
                Data::Bool(_) => false,
            },
            Code::Fused(expression) => {
                let operand = block.place(node.inputs[0]).root;
                expression.steps.is_empty() && self.known.contains(&operand)
            }
            Code::Product
            | Code::Products
            | Code::Join(_)
            | Code::Kernel(_)
            | Code::Reduced(_)
            | Code::Draw(..)
            | Code::Write { .. }
            | Code::Scan(_)
            | Code::Opaque(_) => false,
        }
    }
}
