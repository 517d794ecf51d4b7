//! Lower: from a block to a program, with a place in memory for every value.
//!
//! Each root gets a *home*: a part of the arena for as long as it is used; a part of another root's
//! home, if it is joined into that; memory of a variable's new version; a row of what a loop stacks.
//! Two roots share bytes only if their lifetimes do not overlap, or if the one is a part of the other.

mod emission;
mod loops;
mod parts;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aqueduct_graph::Value;
use aqueduct_graph::ir::NodeId;

use crate::engine::ir::{self, Block, Code, Node, Source, Type, ValueId};
use crate::engine::layout::{self, Lifetime};
use crate::engine::program::{Binding, Instruction, Placed, Program, Work};
use crate::engine::races;
use crate::error::{Error, Result};
use crate::kernels::step::Step;
use crate::kernels::table::Address;
use crate::kernels::{self, random};
use crate::options::{Pass, SessionOptions};
use crate::plan::Operand;

use emission::Emission;
use loops::LoweredScan;
use parts::{last_uses, parts, settle_part};

/// A program, the bytes of its arena, and where the block's results are.
pub(crate) struct Lowered {
    pub(crate) program: Program,
    pub(crate) bytes: usize,
    pub(crate) results: Vec<Found>,
}

/// Where a result of the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// In the arena, after so many bytes.
    Arena(usize),
    /// Where it was given.
    Given(Operand),
    /// In a version of a variable, which the program writes.
    Version(usize),
}

/// Makes a program of a plan's block. `None` if it takes more memory than any machine has.
///
/// `constants` are those of the stages before, to which the block's are added.
pub(crate) fn lower(
    block: &Block,
    options: SessionOptions,
    constants: Vec<Arc<Value>>,
) -> Result<Option<Lowered>> {
    let mut lowering = Lowering {
        options,
        threads: options.thread_count(),
        program: Program {
            constants,
            ..Program::default()
        },
        arena: 0,
        known: HashMap::new(),
        versions: HashMap::new(),
    };
    lowering.arena = lowering.bind(Binding::Arena);
    let mut given = HashMap::new();
    for (value, source) in &block.sources {
        let Source::Plan(operand) = source else {
            return Err(Error::internal("a plan's block has a loop's parameter"));
        };
        let binding = Binding::Given {
            operand: *operand,
            reader: None,
        };
        given.insert(*value, lowering.at_base(binding, block.kind(*value)));
    }
    let Some(origin) = block.nodes.first().map(|node| node.origin) else {
        return lowering.without_nodes(block, &given).map(Some);
    };
    let arena = Address {
        base: lowering.arena,
        offset: 0,
    };
    let Some(lowered) = lowering.block(block, given, &[], arena, origin)? else {
        return Ok(None);
    };
    debug_assert_eq!(races::check(&lowered.instructions), Ok(()));
    let results = lowering.results(block, &lowered.homes)?;
    let mut program = lowering.program;
    program.listing.passes = done(&lowered, options);
    program.steps = lowered.instructions;
    program.listing.buffers = lowered.buffers;
    require_given(&mut program);
    Ok(Some(Lowered {
        program,
        bytes: lowered.bytes,
        results,
    }))
}

/// What those passes did that are done as memory is given; in bodies of loops not counted.
fn done(lowered: &LoweredBlock, options: SessionOptions) -> Vec<(&'static str, String)> {
    let buffers = lowered.buffers.iter().map(|placed| placed.bytes);
    let saved = buffers.sum::<usize>().saturating_sub(lowered.bytes);
    let is_cut = |instruction: &&Instruction| match &instruction.work {
        Work::Scan(scan) => scan.shards.len() > 1,
        Work::Compute(_) | Work::Draw { .. } | Work::Commit { .. } | Work::Opaque { .. } => false,
    };
    let cut = lowered.instructions.iter().filter(is_cut).count();
    let told = [
        (Pass::JoinInPlace, lowered.parts, ""),
        (Pass::ShareMemory, saved, " bytes"),
        (Pass::SplitRows, cut, ""),
    ];
    let told = told
        .into_iter()
        .filter(|(pass, count, _)| options.runs(*pass) && *count > 0);
    told.map(|(pass, count, unit)| (pass.name(), format!("{count}{unit}")))
        .collect()
}

/// Notes which step reads what is given. What only the plain executor's instructions read is read when
/// they run: a branch that is not taken needs nothing.
fn require_given(program: &mut Program) {
    let mut readers = vec![None; program.bases.len()];
    note_readers(&program.steps, &mut readers, &mut 0);
    for (binding, found) in program.bases.iter_mut().zip(readers) {
        if let Binding::Given { reader, .. } = binding {
            *reader = found;
        }
    }
}

fn note_readers(
    instructions: &[Instruction],
    readers: &mut [Option<(usize, NodeId)>],
    count: &mut usize,
) {
    for instruction in instructions {
        *count += 1;
        let mut bases = Vec::new();
        let mut note = |base: usize| bases.push(base);
        match &instruction.work {
            Work::Compute(step) => step.each_base(note),
            Work::Draw { inputs, .. } => {
                let spans = inputs.iter().flatten();
                spans.for_each(|span| note(span.first.base));
            }
            Work::Scan(scan) => {
                scan.limit.iter().for_each(|span| note(span.first.base));
                for shard in &scan.shards {
                    let bound = shard.fixed.iter().chain(&shard.moving);
                    let starts = bound.map(|moving| moving.start);
                    let initials = shard.states.iter().map(|state| state.initial);
                    starts.chain(initials).for_each(|at| note(at.base));
                    note_readers(&shard.body, readers, count);
                }
                note_readers(&scan.before, readers, count);
            }
            Work::Commit { .. } | Work::Opaque { .. } => {}
        }
        for base in bases {
            if let Some(reader) = readers.get_mut(base) {
                reader.get_or_insert((*count, instruction.origin));
            }
        }
    }
}

/// Where the elements of a root are: from an address on, by strides in elements.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Home {
    first: Address,
    strides: Vec<isize>,
}

/// What lowering has made so far.
struct Lowering {
    options: SessionOptions,
    /// The threads that share what is lowered: one in a shard, which has a thread to itself.
    threads: usize,
    program: Program,
    /// The base of the arena.
    arena: usize,
    /// The bases that were asked for by what they are bound to.
    known: HashMap<Binding, usize>,
    /// The memory of each version that a node writes: which fresh value, and its base.
    versions: HashMap<usize, (usize, usize)>,
}

/// A block after lowering.
struct LoweredBlock {
    homes: HashMap<ValueId, Home>,
    instructions: Vec<Instruction>,
    /// The bytes of the block's own memory.
    bytes: usize,
    buffers: Vec<Placed>,
    /// How many roots are made where they are joined.
    parts: usize,
}

/// The memory of a block.
struct Planned {
    /// What nodes need for themselves.
    scratch: HashMap<usize, Vec<Address>>,
    bytes: usize,
    buffers: Vec<Placed>,
}

/// A root that is made in memory of another one: where in it.
#[derive(Clone, Debug)]
struct Part {
    whole: ValueId,
    /// In elements.
    offset: usize,
    strides: Vec<isize>,
}

/// A value of a body that is wanted at an address of the loop.
#[derive(Clone, Copy, Debug)]
struct Want {
    value: ValueId,
    at: Address,
}

impl Lowering {
    /// The base with this binding.
    fn bind(&mut self, binding: Binding) -> usize {
        if let Some(known) = self.known.get(&binding) {
            return *known;
        }
        let base = self.new_base(binding);
        self.known.insert(binding, base);
        base
    }

    fn new_base(&mut self, binding: Binding) -> usize {
        self.program.bases.push(binding);
        self.program.bases.len() - 1
    }

    fn at_base(&mut self, binding: Binding, kind: &Type) -> Home {
        let base = self.bind(binding);
        Home {
            first: Address { base, offset: 0 },
            strides: kind.strides.clone(),
        }
    }

    /// Lowers a block whose own memory begins at `memory`. `origin` is the operation that it belongs to.
    fn block(
        &mut self,
        block: &Block,
        given: HashMap<ValueId, Home>,
        wants: &[Want],
        memory: Address,
        origin: NodeId,
    ) -> Result<Option<LoweredBlock>> {
        let mut homes = given;
        let makers = block.makers();
        let unmet = settle(block, &makers, wants, &mut homes);
        self.settle_versions(block, &makers, &mut homes);
        let parts = if self.options.runs(Pass::JoinInPlace) {
            parts(block, &homes)
        } else {
            HashMap::new()
        };
        let mut loops = HashMap::new();
        for (index, node) in block.nodes.iter().enumerate() {
            if let Code::Scan(scan) = &node.code {
                let Some(lowered) = self.scan(node, scan)? else {
                    return Ok(None);
                };
                loops.insert(index, lowered);
            }
        }
        let planned = self.lay_out(block, &parts, &loops, memory, &mut homes);
        let Some(Planned {
            scratch,
            bytes,
            buffers,
        }) = planned
        else {
            return Ok(None);
        };
        for (value, part) in &parts {
            settle_part(block, *value, part, &parts, &mut homes);
        }
        let mut emission = Emission {
            block,
            homes,
            instructions: Vec::new(),
            uses: block.root_uses(),
            node: None,
            threads: self.threads,
        };
        for (index, node) in block.nodes.iter().enumerate() {
            emission.node = Some(index);
            let scratch = scratch.get(&index).map(Vec::as_slice).unwrap_or_default();
            match &node.code {
                Code::Scan(scan) => {
                    let lowered = loops.remove(&index);
                    let lowered =
                        lowered.ok_or_else(|| Error::internal("a loop was not lowered"))?;
                    emission.scan(node, scan, lowered, scratch);
                }
                Code::Join(pieces) => emission.join(node, pieces, &parts),
                code => self.node(&mut emission, node, code, scratch)?,
            }
        }
        emission.node = None;
        for want in unmet {
            emission.copy_to(want.value, want.at, origin);
        }
        Ok(Some(LoweredBlock {
            homes: emission.homes,
            instructions: emission.instructions,
            bytes,
            buffers,
            parts: parts.len(),
        }))
    }

    /// Makes what becomes a version of a variable in the version's memory.
    fn settle_versions(
        &mut self,
        block: &Block,
        makers: &[Option<usize>],
        homes: &mut HashMap<ValueId, Home>,
    ) {
        for node in &block.nodes {
            if let (Code::Write { variable, version }, [value]) = (&node.code, &*node.inputs) {
                let fresh = self.program.fresh.len();
                self.program.fresh.push((*variable, *version));
                let base = self.new_base(Binding::Fresh(fresh));
                self.versions.insert(*version, (fresh, base));
                let at = Address { base, offset: 0 };
                let want = Want { value: *value, at };
                settle(block, makers, &[want], homes);
            }
        }
    }

    /// Gives memory to all roots without a home, and to what nodes need for themselves.
    fn lay_out(
        &mut self,
        block: &Block,
        parts: &HashMap<ValueId, Part>,
        loops: &HashMap<usize, LoweredScan>,
        memory: Address,
        homes: &mut HashMap<ValueId, Home>,
    ) -> Option<Planned> {
        let last = last_uses(block);
        let wholes: HashSet<ValueId> = parts.values().map(|part| part.whole).collect();
        let mut wanted: Vec<Lifetime> = Vec::new();
        let mut of_root: HashMap<ValueId, usize> = HashMap::new();
        let mut of_node: HashMap<usize, Vec<usize>> = HashMap::new();
        // Roots of which the memory was taken over by results made of them.
        let mut replaced: Vec<(ValueId, usize)> = Vec::new();
        for (index, node) in block.nodes.iter().enumerate() {
            if let Code::Constant(value) = &node.code {
                let constant = self.program.constants.len();
                self.program.constants.push(Arc::clone(value));
                let kind = block.kind(node.outputs[0]);
                let home = self.at_base(Binding::Constant(constant), kind);
                homes.insert(node.outputs[0], home);
                continue;
            }
            let made = self.written_versions(block, node, homes);
            for output in &node.outputs[..made] {
                if homes.contains_key(output) || parts.contains_key(output) {
                    continue;
                }
                let freed = self.freed_operand(block, node, *output, index, &last, &of_root);
                // Parts of a whole may be used after the whole itself.
                let freed = freed.filter(|root| !wholes.contains(root));
                if let Some(operand) = freed {
                    // The operand is not there any more for whoever comes next.
                    if let Some(slot) = of_root.remove(&operand) {
                        replaced.push((operand, slot));
                        of_root.insert(*output, slot);
                        wanted[slot].last = last[output.index()].max(index);
                    }
                    continue;
                }
                of_root.insert(*output, wanted.len());
                wanted.push(Lifetime {
                    bytes: block.kind(*output).bytes(),
                    first: index,
                    last: last[output.index()].max(index),
                });
            }
            let own = match (&node.code, loops.get(&index)) {
                (Code::Reduced(reduced), _) => totals(reduced).into_iter().collect(),
                (_, Some(lowered)) => lowered.scratch(),
                (_, None) => Vec::new(),
            };
            let slots = own.into_iter().map(|bytes| {
                wanted.push(Lifetime {
                    bytes,
                    first: index,
                    last: index,
                });
                wanted.len() - 1
            });
            of_node.insert(index, slots.collect());
        }
        let makers = block.makers();
        for (value, part) in parts {
            let mut whole = part.whole;
            while let Some(outer) = parts.get(&whole) {
                whole = outer.whole;
            }
            if let (Some(slot), Some(made)) = (of_root.get(&whole), makers[value.index()]) {
                let lifetime = &mut wanted[*slot];
                lifetime.first = lifetime.first.min(made);
                lifetime.last = lifetime.last.max(last[value.index()]);
            }
        }
        let (offsets, bytes) = layout::place(&wanted, self.options.runs(Pass::ShareMemory))?;
        let placed = wanted
            .iter()
            .zip(&offsets)
            .map(|(lifetime, offset)| Placed {
                value: None,
                offset: *offset,
                bytes: lifetime.bytes,
                first: lifetime.first,
                last: lifetime.last,
            });
        let mut buffers: Vec<Placed> = placed.collect();
        for (value, slot) in replaced.into_iter().chain(of_root) {
            buffers[slot].value = Some(value);
            let home = Home {
                first: memory.plus(offsets[slot]),
                strides: block.kind(value).strides.clone(),
            };
            homes.insert(value, home);
        }
        let scratch = of_node.into_iter().map(|(index, slots)| {
            let slots = slots.into_iter().map(|slot| memory.plus(offsets[slot]));
            (index, slots.collect())
        });
        Some(Planned {
            scratch: scratch.collect(),
            bytes,
            buffers,
        })
    }

    /// An operand of an element-wise node that nobody uses afterwards, and in whose memory this result
    /// can be made, element by element.
    fn freed_operand(
        &self,
        block: &Block,
        node: &Node,
        output: ValueId,
        index: usize,
        last: &[usize],
        of_root: &HashMap<ValueId, usize>,
    ) -> Option<ValueId> {
        let shares = self.options.runs(Pass::ShareMemory);
        if !shares || !matches!(node.code, Code::Fused(_)) {
            return None;
        }
        let kind = block.kind(output);
        let fits = |operand: &&ValueId| {
            of_root.contains_key(operand)
                && last[operand.index()] == index
                && block.kind(**operand) == kind
        };
        let mut fitting = node.inputs.iter().filter(fits).peekable();
        fitting.peek()?;
        let mut seen: HashMap<ValueId, usize> = HashMap::new();
        for value in &node.inputs {
            *seen.entry(block.place(*value).root).or_default() += 1;
        }
        fitting.find(|operand| seen[operand] == 1).copied()
    }

    /// Versions that the plain executor writes have memory of their own; gives how many of the node's
    /// outputs are others.
    fn written_versions(
        &mut self,
        block: &Block,
        node: &Node,
        homes: &mut HashMap<ValueId, Home>,
    ) -> usize {
        let Code::Opaque(opaque) = &node.code else {
            return node.outputs.len();
        };
        let others = node.outputs.len() - opaque.versions.len();
        for (value, version) in node.outputs[others..].iter().zip(&opaque.versions) {
            let home = self.at_base(Binding::Written(*version), block.kind(*value));
            homes.insert(*value, home);
        }
        others
    }

    /// Adds what a node of the other kinds does.
    fn node(
        &mut self,
        emission: &mut Emission<'_>,
        node: &Node,
        code: &Code,
        scratch: &[Address],
    ) -> Result<()> {
        let origin = node.origin;
        match code {
            Code::Constant(_) | Code::Scan(_) | Code::Join(_) => {}
            Code::Fused(expression) => emission.fused(expression, node),
            Code::Product => emission.product(node),
            Code::Products => emission.products(node),
            Code::Reduced(reduced) => emission.reduced(reduced, node, scratch)?,
            Code::Kernel(kernel) => {
                if emission.shared(kernel, node) {
                    return Ok(());
                }
                let made = kernels::kernel(&kernel.op, &kernel.spec());
                let made = made.ok_or_else(|| Error::internal("an op has no kernel"))?;
                let step = Step::Kernel {
                    kernel: made,
                    inputs: emission.slots(kernel, node),
                    outputs: emission.outputs(node),
                };
                emission.push(Work::Compute(step), origin, kernel.inputs.clone());
            }
            Code::Draw(op, kernel) => {
                let spec = kernel.spec();
                let draw = Work::Draw {
                    kernel: random::kernel(op, &spec),
                    blocks: random::blocks(op, &spec),
                    inputs: emission.slots(kernel, node),
                    outputs: emission.outputs(node),
                };
                emission.push(draw, origin, kernel.inputs.clone());
            }
            Code::Write { version, .. } => {
                let known = self.versions.get(version).copied();
                let (fresh, base) =
                    known.ok_or_else(|| Error::internal("a version has no memory"))?;
                let at = Address { base, offset: 0 };
                let value = node.inputs[0];
                if emission.address(value) != at {
                    emission.copy_to(value, at, origin);
                }
                emission.push(
                    Work::Commit {
                        fresh,
                        version: *version,
                    },
                    origin,
                    Vec::new(),
                );
            }
            Code::Opaque(opaque) => {
                let others = node.outputs.len() - opaque.versions.len();
                let inputs = node.inputs.iter().map(|value| emission.span(*value));
                let outputs = node.outputs[..others]
                    .iter()
                    .map(|value| emission.span(*value));
                let written = node.outputs[others..].iter().zip(&opaque.versions);
                let work = Work::Opaque {
                    opaque: Arc::clone(opaque),
                    inputs: inputs.collect(),
                    outputs: outputs.collect(),
                    versions: written
                        .map(|(value, version)| (*version, emission.address(*value).base))
                        .collect(),
                };
                emission.push(work, origin, Vec::new());
            }
        }
        Ok(())
    }

    /// The program of a block that gives only what it is given.
    fn without_nodes(self, block: &Block, given: &HashMap<ValueId, Home>) -> Result<Lowered> {
        Ok(Lowered {
            results: self.results(block, given)?,
            program: self.program,
            bytes: 0,
        })
    }

    fn results(&self, block: &Block, homes: &HashMap<ValueId, Home>) -> Result<Vec<Found>> {
        let results = block.results.iter();
        results
            .map(|result| self.found(block, homes, *result))
            .collect()
    }

    /// Where a result of the plan's block is.
    fn found(
        &self,
        block: &Block,
        homes: &HashMap<ValueId, Home>,
        result: ValueId,
    ) -> Result<Found> {
        let home = homes.get(&result);
        let home = home.ok_or_else(|| Error::internal("a result has no place"))?;
        debug_assert!(block.kind(result).is_contiguous());
        match self.program.bases.get(home.first.base) {
            Some(Binding::Arena) => Ok(Found::Arena(home.first.offset)),
            Some(Binding::Given { operand, .. }) => Ok(Found::Given(*operand)),
            Some(Binding::Constant(index)) => Ok(Found::Given(Operand::Constant(*index))),
            Some(Binding::Fresh(index)) => Ok(Found::Version(self.program.fresh[*index].1)),
            Some(Binding::Written(version)) => Ok(Found::Version(*version)),
            Some(Binding::Loop) | None => Err(Error::internal("a result is in a loop")),
        }
    }
}

/// Makes values where they are wanted; gives those that must be copied there.
fn settle(
    block: &Block,
    makers: &[Option<usize>],
    wants: &[Want],
    homes: &mut HashMap<ValueId, Home>,
) -> Vec<Want> {
    let mut unmet = Vec::new();
    for want in wants {
        let made = makers[want.value.index()];
        let code = made.map(|index| &block.nodes[index].code);
        let can_move =
            code.is_some_and(|code| !matches!(code, Code::Constant(_) | Code::Opaque(_)));
        let free = block.is_root(want.value) && !homes.contains_key(&want.value);
        if can_move && free {
            let strides = block.kind(want.value).strides.clone();
            let first = want.at;
            homes.insert(want.value, Home { first, strides });
        } else {
            unmet.push(*want);
        }
    }
    unmet
}

/// The bytes that a reduction needs for the totals of its tasks.
fn totals(reduced: &ir::Reduced) -> Option<usize> {
    let dtype = reduced.kernel.spec().output_dtype(0);
    let totals = reduced.cut()?.totals()?;
    Some(totals * dtype.width())
}
