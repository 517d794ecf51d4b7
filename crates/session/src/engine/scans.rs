//! Changes to what a loop is given and gives, its node and its body together.

use std::collections::BTreeSet;

use crate::engine::ir::{Block, Code, Node, Scan, Source, Type, ValueId};

/// A loop that is being changed: the scan, and the operands of its node.
pub(crate) struct Loop<'a> {
    pub(crate) scan: &'a mut Scan,
    pub(crate) inputs: &'a mut Vec<ValueId>,
    pub(crate) outputs: &'a mut Vec<ValueId>,
}

impl Loop<'_> {
    /// The loop that a node is, if it is one.
    pub(crate) fn of(node: &mut Node) -> Option<Loop<'_>> {
        let Code::Scan(scan) = &mut node.code else {
            return None;
        };
        Some(Loop {
            scan,
            inputs: &mut node.inputs,
            outputs: &mut node.outputs,
        })
    }

    /// Gives the loop one more sequence; gives the body's value of an element.
    pub(crate) fn add_sequence(&mut self, around: &Block, sequence: ValueId) -> ValueId {
        let at = self.scan.states + self.scan.sequences;
        self.insert(at, sequence);
        self.scan.sequences += 1;
        let kind = around.kind(sequence).element();
        self.scan.body.source(kind, Source::Parameter(at))
    }

    /// Lets the body use one more value from around; gives the body's value of it.
    pub(crate) fn add_capture(&mut self, around: &Block, value: ValueId) -> ValueId {
        let known = (self.scan.captures()..self.inputs.len())
            .find(|operand| self.inputs[*operand] == value);
        if let Some(parameter) = known.and_then(|operand| self.scan.parameter(operand)) {
            return parameter;
        }
        self.inputs.push(value);
        let kind = around.kind(value).clone();
        let source = Source::Parameter(self.inputs.len() - 1);
        self.scan.body.source(kind, source)
    }

    /// Lets the loop stack a value of the body; gives all its rows.
    pub(crate) fn add_stacked(&mut self, around: &mut Block, value: ValueId) -> ValueId {
        let stacked = &self.scan.body.results[self.scan.states..];
        if let Some(place) = stacked.iter().position(|other| *other == value) {
            return self.outputs[self.scan.states + place];
        }
        let kind = self.scan.stacked_type(value);
        let output = around.root(kind);
        self.scan.body.results.push(value);
        self.outputs.push(output);
        output
    }

    /// Lets the loop carry one more state, of which the next value is known; gives the last one.
    pub(crate) fn add_state(
        &mut self,
        around: &mut Block,
        initial: ValueId,
        next: ValueId,
    ) -> ValueId {
        let at = self.scan.states;
        self.insert(at, initial);
        let kind = self.scan.body.kind(next);
        let kind = Type::contiguous(kind.dtype, &kind.sizes);
        let last = around.root(kind);
        self.scan.body.results.insert(at, next);
        self.outputs.insert(at, last);
        self.scan.states += 1;
        last
    }

    /// Takes the nodes away that make these roots; gives how many.
    pub(crate) fn remove_makers(&mut self, roots: &BTreeSet<ValueId>) -> usize {
        let nodes = &mut self.scan.body.nodes;
        let before = nodes.len();
        nodes.retain(|node| !node.outputs.iter().any(|output| roots.contains(output)));
        before - nodes.len()
    }

    /// Takes away the operands and results that are not kept.
    pub(crate) fn retain(&mut self, operands: &[bool], results: &[bool]) {
        let states = self.scan.states;
        let sequences = states..states + self.scan.sequences;
        let kept = |flags: &[bool]| flags.iter().filter(|kept| **kept).count();
        self.scan.sequences = kept(&operands[sequences]);
        self.scan.states = kept(&operands[..states]);
        let mut left = 0;
        let places: Vec<usize> = operands
            .iter()
            .map(|kept| {
                left += usize::from(*kept);
                left - usize::from(*kept)
            })
            .collect();
        let body = &mut self.scan.body;
        body.sources.retain_mut(|(_, source)| match source {
            Source::Parameter(index) => {
                let keep = operands[*index];
                *index = places[*index];
                keep
            }
            Source::Plan(_) => true,
        });
        retain(self.inputs, operands);
        retain(self.outputs, results);
        retain(&mut body.results, results);
    }

    fn insert(&mut self, at: usize, operand: ValueId) {
        self.inputs.insert(at, operand);
        for (_, source) in &mut self.scan.body.sources {
            if let Source::Parameter(index) = source
                && *index >= at
            {
                *index += 1;
            }
        }
    }
}

fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    items.retain(|_| keep.next().is_none_or(|keep| *keep));
}

impl Scan {
    /// The body's value of an operand, if it reads it.
    pub(crate) fn parameter(&self, operand: usize) -> Option<ValueId> {
        let wanted = Source::Parameter(operand);
        let mut sources = self.body.sources.iter();
        let found = sources.find(|(_, source)| *source == wanted);
        found.map(|(value, _)| *value)
    }

    /// The type of what the loop gives of a value of the body: of all its steps.
    pub(crate) fn stacked_type(&self, value: ValueId) -> Type {
        let kind = self.body.kind(value);
        let steps = (!self.straight).then_some(self.steps);
        let sizes: Vec<usize> = steps
            .into_iter()
            .chain(kind.sizes.iter().copied())
            .collect();
        Type::contiguous(kind.dtype, &sizes)
    }

    /// For each root of the body: what it depends on.
    pub(crate) fn dependence(&self) -> Vec<Dependence> {
        let sequences = self.states..self.states + self.sequences;
        let mut of = vec![Dependence::Step; self.body.value_count()];
        for (value, source) in &self.body.sources {
            of[value.index()] = match source {
                Source::Parameter(index) if *index < self.states => Dependence::Step,
                Source::Parameter(index) if sequences.contains(index) => Dependence::Element,
                Source::Parameter(_) | Source::Plan(_) => Dependence::Nothing,
            };
        }
        for node in &self.body.nodes {
            let inputs = node.inputs.iter();
            let inputs = inputs.map(|value| of[self.body.place(*value).root.index()]);
            let most = inputs.max().unwrap_or(Dependence::Nothing);
            let most = if node.code.is_pinned() {
                Dependence::Step
            } else {
                most
            };
            for output in &node.outputs {
                of[output.index()] = most;
            }
        }
        of
    }
}

/// The most rows for which a product is better done for all steps at once, whatever its size.
const FEW_ROWS: usize = 15;

/// Whether a product of these rows pays that is computed for all steps ahead of a loop: they are so few
/// that a step has no use of its kernel's blocks. Else the loop is as fast, and the result does not
/// leave the cache.
pub(crate) fn pays_ahead(block: &Block, left: ValueId) -> bool {
    let rows = block.sizes(left).first().copied().unwrap_or(1);
    rows <= FEW_ROWS
}

/// What a value of a loop's body depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dependence {
    /// The same in all steps.
    Nothing,
    /// On elements of sequences, and what is the same in all steps.
    Element,
    /// On what earlier steps made.
    Step,
}
