//! What is true of every block that is well formed.
//!
//! - **Makers.** Each root that is used has exactly one maker, a source or a node, which comes before
//!   every use of the root or of a view of it. What a node gives are roots that lie row by row.
//! - **Views** look at roots, and at no element that the root does not have.
//! - **Sources.** Those of a plan's block come from the plan, those of a loop's body are parameters.
//! - **Fused**: the operands broadcast to the one shape of all results; element types are those of the
//!   expression, of which each step uses registers before its own.
//! - **Product**: pairs of matrices of one element type, each pair of the result's shape.
//! - **Join**: the pieces cover the result, each element once. (Whether two pieces overlap is only
//!   looked at in results of up to [`MARKED_ELEMENTS`].)
//! - **Reduced**: the operands broadcast to the program's shape; its one result is the only operand of
//!   the reduction, whose result is the node's.
//! - **Kernel**, **Draw**: operands and results have the shapes that the kernel is made for.
//! - **Constant**: the value has the result's type.
//! - **Write** stands in no loop's body, and once for each version of a variable.
//! - **Scan**: parameters have the types of the operands, of a sequence that of its elements; they are
//!   never walked backwards, as a body is given the memory from their first element on. States lie row
//!   by row, and the next states have their shapes. What is stacked has a row for each step.

use std::collections::HashSet;
use std::fmt::Display;

use aqueduct_graph::DType;
use aqueduct_graph::ir::{Fact, VariableId};

use crate::engine::ir::{Block, Code, Kernel, Node, Piece, Reduced, Scan, Source, Type, ValueId};
use crate::kernels::fused::Expression;

/// Ends the function with a text if a condition does not hold.
macro_rules! ensure {
    ($holds:expr, $($problem:tt)+) => {
        if !$holds {
            return Err(format!($($problem)+));
        }
    };
}

/// The largest result of a join in which each element is looked at.
const MARKED_ELEMENTS: usize = 1 << 16;

/// Checks a plan's block.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn verify(block: &Block) -> Result<(), String> {
    Verifier::new(block, None).verify()
}

/// What a loop's body is given.
struct Loop<'a> {
    around: &'a Block,
    node: &'a Node,
    scan: &'a Scan,
}

struct Verifier<'a> {
    block: &'a Block,
    /// The loop of which the block is the body.
    within: Option<Loop<'a>>,
    /// The values that are made by now.
    made: Vec<bool>,
    written: HashSet<(VariableId, usize)>,
}

impl<'a> Verifier<'a> {
    fn new(block: &'a Block, within: Option<Loop<'a>>) -> Verifier<'a> {
        Verifier {
            block,
            within,
            made: vec![false; block.value_count()],
            written: HashSet::new(),
        }
    }

    fn verify(mut self) -> Result<(), String> {
        for (value, source) in &self.block.sources {
            self.source(*value, *source)
                .map_err(|problem| format!("source {value}: {problem}"))?;
        }
        for (index, node) in self.block.nodes.iter().enumerate() {
            self.node(node)
                .map_err(|problem| format!("node {index} ({}): {problem}", node.code))?;
        }
        for value in &self.block.results {
            self.used(*value)
                .map_err(|problem| format!("result {value}: {problem}"))?;
        }
        Ok(())
    }

    fn source(&mut self, value: ValueId, source: Source) -> Result<(), String> {
        self.make(value)?;
        let kind = self.block.kind(value);
        match (source, &self.within) {
            (Source::Plan(_), None) => {
                ensure!(kind.is_contiguous(), "it does not lie row by row");
            }
            (Source::Parameter(index), Some(within)) => within.parameter(index, kind)?,
            (Source::Plan(_), Some(_)) => return Err("a body is given what a plan is".to_owned()),
            (Source::Parameter(_), None) => return Err("a plan has no parameters".to_owned()),
        }
        Ok(())
    }

    fn make(&mut self, value: ValueId) -> Result<(), String> {
        ensure!(self.block.is_root(value), "{value} is made, but a view");
        let made = self.made.get_mut(value.index());
        let made = made.ok_or_else(|| format!("there is no {value}"))?;
        ensure!(!std::mem::replace(made, true), "{value} is made twice");
        Ok(())
    }

    /// Checks a value where it is used.
    fn used(&self, value: ValueId) -> Result<(), String> {
        let known = value.index() < self.made.len();
        ensure!(known, "there is no {value}");
        let place = self.block.place(value);
        ensure!(
            self.block.is_root(place.root),
            "{value} is a view of a view"
        );
        let made = self.made[place.root.index()];
        ensure!(made, "{value} is used before it is made");
        let root = self.block.kind(place.root);
        let kind = self.block.kind(value);
        ensure!(kind.dtype == root.dtype, "{value} sees another type");
        ensure!(
            kind.sizes.len() == kind.strides.len(),
            "{value} has another number of strides than of axes"
        );
        let (Some((first, last)), Some((from, to))) = (reach(kind), reach(root)) else {
            let nothing = kind.sizes.contains(&0);
            ensure!(nothing, "{value} sees elements that {} has not", place.root);
            return Ok(());
        };
        // Where a root is walked backwards, its first element is not the first in memory.
        let offset = place.offset as isize;
        ensure!(
            from <= offset + first && offset + last <= to,
            "{value} reaches outside of {}",
            place.root
        );
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Result<(), String> {
        for value in &node.inputs {
            self.used(*value)?;
        }
        for value in &node.outputs {
            self.make(*value)?;
            let row_by_row = self.block.kind(*value).is_contiguous();
            ensure!(row_by_row, "{value} does not lie row by row");
        }
        match &node.code {
            Code::Constant(value) => {
                let kind = self.only_output(node)?;
                ensure!(node.inputs.is_empty(), "a constant has operands");
                same("type", &kind.dtype, &value.dtype())?;
                same_sizes(&kind.sizes, value.shape())
            }
            Code::Fused(expression) => self.fused(node, expression),
            Code::Product => self.product(node),
            Code::Products => self.products(node),
            Code::Join(pieces) => self.join(node, pieces),
            Code::Reduced(reduced) => self.reduced(node, reduced),
            Code::Kernel(kernel) | Code::Draw(_, kernel) => self.kernel(node, kernel),
            Code::Write { variable, version } => {
                ensure!(self.within.is_none(), "a body writes a variable");
                same("number of operands", &node.inputs.len(), &1)?;
                same("number of results", &node.outputs.len(), &0)?;
                let first = self.written.insert((*variable, *version));
                ensure!(first, "version {version} is written twice");
                Ok(())
            }
            Code::Scan(scan) => self.scan(node, scan),
            Code::Opaque(opaque) => {
                let written = opaque.versions.len();
                ensure!(
                    written <= node.outputs.len(),
                    "a version that it writes is no result"
                );
                Ok(())
            }
        }
    }

    fn only_output(&self, node: &Node) -> Result<&'a Type, String> {
        match *node.outputs {
            [output] => Ok(self.block.kind(output)),
            _ => Err(format!("it has {} results", node.outputs.len())),
        }
    }

    fn fused(&self, node: &Node, expression: &Expression) -> Result<(), String> {
        same(
            "number of results",
            &node.outputs.len(),
            &expression.outputs.len(),
        )?;
        let first = node.outputs.first().ok_or("it has no result")?;
        let sizes = self.block.sizes(*first);
        self.expression(node, expression, sizes)?;
        for (value, register) in node.outputs.iter().zip(&expression.outputs) {
            same(
                "type of a result",
                &self.block.dtype(*value),
                &expression.dtype(*register),
            )?;
            same_sizes(self.block.sizes(*value), sizes)?;
        }
        Ok(())
    }

    fn reduced(&self, node: &Node, reduced: &Reduced) -> Result<(), String> {
        let Reduced {
            expression,
            sizes,
            kernel,
        } = reduced;
        self.expression(node, expression, sizes)?;
        let [register] = *expression.outputs else {
            return Err("the program has other than one result".to_owned());
        };
        let operand = kernel.inputs.first().ok_or("the kernel has no operand")?;
        same("type", &expression.dtype(register), &operand.dtype)?;
        let elements = operand.shape.sizes().unwrap_or_default();
        same(
            "number of elements",
            &sizes.iter().product::<usize>(),
            &elements.iter().product(),
        )?;
        ensure!(
            kernel.slots.iter().skip(1).all(Option::is_none),
            "the kernel reads more than one operand"
        );
        ensure!(reduced.cut().is_some(), "it cannot be done in one");
        self.results(node, kernel)
    }

    /// Checks a program on the operands of a node, which broadcast to these sizes.
    fn expression(
        &self,
        node: &Node,
        expression: &Expression,
        sizes: &[usize],
    ) -> Result<(), String> {
        same(
            "number of operands",
            &node.inputs.len(),
            &expression.inputs.len(),
        )?;
        for (value, dtype) in node.inputs.iter().zip(&expression.inputs) {
            same("type of an operand", &self.block.dtype(*value), dtype)?;
            let own = self.block.sizes(*value);
            let fits = own.len() <= sizes.len()
                && own
                    .iter()
                    .rev()
                    .zip(sizes.iter().rev())
                    .all(|(own, size)| own == size || *own == 1);
            ensure!(fits, "{value} does not broadcast to {sizes:?}");
        }
        let registers = expression.inputs.len()..;
        for (register, step) in registers.zip(&expression.steps) {
            let before = step.operands.iter().all(|operand| *operand < register);
            ensure!(before, "t{register} uses a register that comes later");
        }
        let count = expression.inputs.len() + expression.steps.len();
        let mut outputs = expression.outputs.iter();
        let missing = outputs.find(|register| **register >= count);
        missing.map_or(Ok(()), |register| Err(format!("there is no t{register}")))
    }

    fn product(&self, node: &Node) -> Result<(), String> {
        let kind = self.only_output(node)?;
        let paired = !node.inputs.is_empty() && node.inputs.len().is_multiple_of(2);
        ensure!(paired, "its operands are no pairs");
        node.inputs
            .chunks_exact(2)
            .try_for_each(|pair| self.factors([pair[0], pair[1]], kind))
    }

    fn products(&self, node: &Node) -> Result<(), String> {
        let Some((right, lefts)) = node.inputs.split_last() else {
            return Err("it has no operands".to_owned());
        };
        same("number of results", &node.outputs.len(), &lefts.len())?;
        let mut products = lefts.iter().zip(&node.outputs);
        products
            .try_for_each(|(left, output)| self.factors([*left, *right], self.block.kind(*output)))
    }

    fn factors(&self, factors: [ValueId; 2], result: &Type) -> Result<(), String> {
        let [a, b] = factors.map(|factor| self.block.kind(factor));
        same("type of a factor", &a.dtype, &result.dtype)?;
        same("type of a factor", &b.dtype, &result.dtype)?;
        let ([rows, inner], [depth, columns]) = (&*a.sizes, &*b.sizes) else {
            return Err("an operand is no matrix".to_owned());
        };
        same("inner size", inner, depth)?;
        same_sizes(&result.sizes, &[*rows, *columns])
    }

    fn join(&self, node: &Node, pieces: &[Piece]) -> Result<(), String> {
        let kind = self.only_output(node)?;
        same("number of pieces", &pieces.len(), &node.inputs.len())?;
        let mut count = 0;
        let mut covered = vec![
            false;
            if kind.elements() <= MARKED_ELEMENTS {
                kind.elements()
            } else {
                0
            }
        ];
        for (value, piece) in node.inputs.iter().zip(pieces) {
            same("type of a piece", &self.block.dtype(*value), &kind.dtype)?;
            let sizes = self.block.sizes(*value);
            same("rank of a piece", &sizes.len(), &piece.strides.len())?;
            let seen = Type {
                dtype: kind.dtype,
                sizes: sizes.to_vec(),
                strides: piece.strides.clone(),
            };
            let Some((first, last)) = reach(&seen) else {
                continue;
            };
            let (first, last) = (piece.offset as isize + first, piece.offset as isize + last);
            let inside = first >= 0 && last < kind.elements() as isize;
            ensure!(inside, "{value} is put outside of the result");
            count += seen.elements();
            if !covered.is_empty() {
                mark(&mut covered, piece.offset as isize, &seen)
                    .map_err(|element| format!("element {element} is written twice"))?;
            }
        }
        same("number of elements", &count, &kind.elements())
    }

    fn kernel(&self, node: &Node, kernel: &Kernel) -> Result<(), String> {
        same("number of slots", &kernel.slots.len(), &kernel.inputs.len())?;
        for (slot, fact) in kernel.slots.iter().zip(&kernel.inputs) {
            if let Some(operand) = slot {
                let value = node.inputs.get(*operand);
                self.fits(*value.ok_or("a slot has no operand")?, fact)?;
            }
        }
        self.results(node, kernel)
    }

    fn results(&self, node: &Node, kernel: &Kernel) -> Result<(), String> {
        same(
            "number of results",
            &node.outputs.len(),
            &kernel.outputs.len(),
        )?;
        let mut results = node.outputs.iter().zip(&kernel.outputs);
        results.try_for_each(|(value, fact)| self.fits(*value, fact))
    }

    fn fits(&self, value: ValueId, fact: &Fact) -> Result<(), String> {
        same("type", &self.block.dtype(value), &fact.dtype)?;
        same_sizes(
            self.block.sizes(value),
            &fact.shape.sizes().unwrap_or_default(),
        )
    }

    fn scan(&self, node: &Node, scan: &Scan) -> Result<(), String> {
        ensure!(scan.captures() <= node.inputs.len(), "it lacks operands");
        let has_one_step = scan.steps == 1 && scan.captures() == 0;
        ensure!(
            !scan.straight || has_one_step,
            "straight-line work is looped"
        );
        for value in &node.inputs[scan.states..scan.states + scan.sequences] {
            let steps = self.block.sizes(*value).first();
            same("length of a sequence", steps.unwrap_or(&0), &scan.steps)?;
        }
        if let Some(limit) = scan.limit() {
            let kind = self.block.kind(node.inputs[limit]);
            let is_integer = matches!(kind.dtype, DType::I32 | DType::I64) && kind.elements() == 1;
            ensure!(is_integer, "its limit is no integer");
        }
        let body = &scan.body;
        same(
            "number of results",
            &body.results.len(),
            &node.outputs.len(),
        )?;
        ensure!(scan.states <= node.outputs.len(), "it lacks results");
        let within = Loop {
            around: self.block,
            node,
            scan,
        };
        Verifier::new(body, Some(within))
            .verify()
            .map_err(|problem| format!("in its body: {problem}"))?;
        for (index, (output, result)) in node.outputs.iter().zip(&body.results).enumerate() {
            let (kind, row) = (self.block.kind(*output), body.kind(*result));
            same("type of a result", &kind.dtype, &row.dtype)?;
            if index < scan.states {
                same_sizes(&kind.sizes, &row.sizes)?;
                same_sizes(self.block.sizes(node.inputs[index]), &row.sizes)?;
            } else {
                same_sizes(&kind.sizes, &scan.stacked_type(*result).sizes)?;
            }
        }
        Ok(())
    }
}

impl Loop<'_> {
    /// Checks the type of the body's parameter for this operand.
    fn parameter(&self, index: usize, kind: &Type) -> Result<(), String> {
        let operand = self.node.inputs.get(index);
        let given = self
            .around
            .kind(*operand.ok_or("the loop has no such operand")?);
        ensure!(self.scan.limit() != Some(index), "a limit has no parameter");
        let is_sequence =
            (self.scan.states..self.scan.states + self.scan.sequences).contains(&index);
        let given = if is_sequence {
            given.element()
        } else {
            given.clone()
        };
        if index < self.scan.states {
            ensure!(kind.is_contiguous(), "a state does not lie row by row");
            same("type", &kind.dtype, &given.dtype)?;
            return same_sizes(&kind.sizes, &given.sizes);
        }
        ensure!(
            kind.sees_as(&given),
            "it is {kind} strides {:?}, and is given {given} strides {:?}",
            kind.strides,
            given.strides
        );
        ensure!(
            kind.strides
                .iter()
                .zip(&kind.sizes)
                .all(|(stride, size)| *stride >= 0 || *size <= 1),
            "it is walked backwards"
        );
        Ok(())
    }
}

/// The lowest and the highest element that a type reaches, from its first one; `None` if it has none.
fn reach(kind: &Type) -> Option<(isize, isize)> {
    let mut reach = (0, 0);
    for (size, stride) in kind.sizes.iter().zip(&kind.strides) {
        let far = size.checked_sub(1)? as isize * stride;
        if far < 0 {
            reach.0 += far;
        } else {
            reach.1 += far;
        }
    }
    Some(reach)
}

/// Marks the elements that a type reaches; gives the first that is marked already.
fn mark(marks: &mut [bool], first: isize, kind: &Type) -> Result<(), isize> {
    let mut places = vec![first];
    for (size, stride) in kind.sizes.iter().zip(&kind.strides) {
        let positions = 0..*size as isize;
        let along = |place| {
            positions
                .clone()
                .map(move |position| place + position * stride)
        };
        places = places.into_iter().flat_map(along).collect();
    }
    for place in places {
        if std::mem::replace(&mut marks[place as usize], true) {
            return Err(place);
        }
    }
    Ok(())
}

fn same<T: PartialEq + Display>(what: &str, a: &T, b: &T) -> Result<(), String> {
    ensure!(a == b, "the {what} is {a} and not {b}");
    Ok(())
}

fn same_sizes(a: &[usize], b: &[usize]) -> Result<(), String> {
    ensure!(a == b, "the shape is {a:?} and not {b:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use aqueduct_graph::Graph;
    use aqueduct_graph::ir::NodeId;

    use super::*;
    use crate::engine::ir::Place;
    use crate::plan::Operand;

    /// A plan's block that is given a matrix.
    fn given(sizes: &[usize]) -> (Block, ValueId) {
        let mut block = Block::default();
        let kind = Type::contiguous(DType::F32, sizes);
        let value = block.source(kind, Source::Plan(Operand::Input(0)));
        (block, value)
    }

    fn problem(block: &Block) -> String {
        verify(block).unwrap_err()
    }

    fn origin() -> NodeId {
        Graph::new().constant(0.0_f32).any().id().node
    }

    #[test]
    fn values_are_made_before_they_are_used() {
        let (mut block, x) = given(&[2, 2]);
        block.copied(x, origin());
        verify(&block).unwrap();
        block.nodes.reverse();
        let later = block.root(Type::contiguous(DType::F32, &[2]));
        block.results.push(later);
        assert!(problem(&block).contains("is used before it is made"));
        block.sources.push((x, Source::Plan(Operand::Input(1))));
        assert!(problem(&block).contains("is made twice"));
    }

    #[test]
    fn views_stay_within_their_roots() {
        let (mut block, x) = given(&[2, 3]);
        let place = Place { root: x, offset: 1 };
        let kind = Type::contiguous(DType::F32, &[2, 3]);
        let outside = block.view(place, kind);
        block.results.push(outside);
        assert!(problem(&block).contains("reaches outside"));
    }

    #[test]
    fn products_are_of_matrices_that_agree() {
        let (mut block, x) = given(&[2, 3]);
        let kind = Type::contiguous(DType::F32, &[2, 3]);
        block.push_one(Code::Product, vec![x, x], kind, origin());
        assert!(problem(&block).contains("inner size"));
    }

    #[test]
    fn joins_write_each_element_once() {
        let (mut block, x) = given(&[2]);
        let kind = Type::contiguous(DType::F32, &[4]);
        let piece = |offset| Piece {
            offset,
            strides: vec![1],
        };
        let pieces = vec![piece(0), piece(1)];
        block.push_one(Code::Join(pieces), vec![x, x], kind.clone(), origin());
        assert!(problem(&block).contains("written twice"));
        block.nodes[0].code = Code::Join(vec![piece(0), piece(3)]);
        assert!(problem(&block).contains("outside of the result"));
        block.nodes[0].code = Code::Join(vec![piece(0), piece(2)]);
        verify(&block).unwrap();
    }
}
