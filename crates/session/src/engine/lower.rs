//! Lower: from a block to a program, with a place in memory for every value.
//!
//! Each root gets a *home*: a part of the arena for as long as it is used; a part of another root's
//! home, if it is joined into that; memory of a variable's new version; a row of what a loop stacks.
//! Two roots share bytes only if their lifetimes do not overlap, or if the one is a part of the other.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use aqueduct_graph::Value;
use aqueduct_graph::ir::{Fact, NodeId};

use crate::engine::cut;
use crate::engine::ir::{self, Block, Code, Node, Scan, Source, Type, ValueId};
use crate::engine::layout::{self, Kind, Lifetime};
use crate::engine::program::{
    Binding, Instruction, Moving, Placed, Program, ScanProgram, Shard, State, Work,
};
use crate::engine::rows::{self, Rows, Share};
use crate::engine::views::reshaped_strides;
use crate::error::{Error, Result};
use crate::kernels::fused::{Expression, Fused};
use crate::kernels::product::{Product, ProductGroup, Strides};
use crate::kernels::reduced::Reduced;
use crate::kernels::step::Step;
use crate::kernels::table::{Address, Reach, Span};
use crate::kernels::{self, random, strides};
use crate::options::{Pass, SessionOptions};
use crate::plan::Operand;

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
        let known = self
            .program
            .bases
            .iter()
            .position(|other| *other == binding);
        known.unwrap_or_else(|| self.new_base(binding))
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
        let unmet = self.settle(block, wants, &mut homes);
        self.settle_versions(block, &mut homes);
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

    /// Makes values where they are wanted; gives those that must be copied there.
    fn settle(
        &mut self,
        block: &Block,
        wants: &[Want],
        homes: &mut HashMap<ValueId, Home>,
    ) -> Vec<Want> {
        let mut unmet = Vec::new();
        let makers = block.makers();
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

    /// Makes what becomes a version of a variable in the version's memory.
    fn settle_versions(&mut self, block: &Block, homes: &mut HashMap<ValueId, Home>) {
        for node in &block.nodes {
            if let (Code::Write { variable, version }, [value]) = (&node.code, &*node.inputs) {
                let fresh = self.program.fresh.len();
                self.program.fresh.push((*variable, *version));
                let base = self.new_base(Binding::Fresh(fresh));
                let at = Address { base, offset: 0 };
                let want = Want { value: *value, at };
                self.settle(block, &[want], homes);
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
                let freed = freed.filter(|root| parts.values().all(|part| part.whole != *root));
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
                    kind: Kind::from(block.dtype(*output)),
                });
            }
            let own = match (&node.code, loops.get(&index)) {
                (Code::Reduced(reduced), _) => totals(reduced).into_iter().collect(),
                (_, Some(lowered)) => lowered.scratch(),
                (_, None) => Vec::new(),
            };
            let slots = own.into_iter().map(|(bytes, kind)| {
                wanted.push(Lifetime {
                    bytes,
                    first: index,
                    last: index,
                    kind,
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
            let seen = node
                .inputs
                .iter()
                .filter(|other| block.place(**other).root == **operand);
            of_root.contains_key(operand)
                && last[operand.index()] == index
                && block.kind(**operand) == kind
                && seen.count() == 1
        };
        node.inputs.iter().find(fits).copied()
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

    /// Lowers a loop's body, for each of the shards of rows that the loop is cut into.
    fn scan(&mut self, node: &Node, scan: &Scan) -> Result<Option<LoweredScan>> {
        let rows = if self.options.runs(Pass::SplitRows) {
            rows::of_scan(scan)
        } else {
            None
        };
        let cuts = match &rows {
            Some(rows) => cut::rows(scan, rows.count, self.threads),
            None => Vec::new(),
        };
        let mut lowered = LoweredScan {
            bodies: Vec::new(),
            shards: Vec::new(),
            rows: None,
        };
        let (Some(rows), true) = (rows, cuts.len() > 1) else {
            let Some(body) = self.scan_body(node, scan, &scan.body)? else {
                return Ok(None);
            };
            lowered.bodies.push(body);
            lowered.shards.push((0..0, 0));
            return Ok(Some(lowered));
        };
        let threads = std::mem::replace(&mut self.threads, 1);
        let mut of_size: HashMap<usize, usize> = HashMap::new();
        for cut in cuts {
            let index = match of_size.get(&cut.len()) {
                Some(index) => *index,
                None => {
                    let part = rows.body_of(&scan.body, cut.len());
                    let Some(body) = self.scan_body(node, scan, &part)? else {
                        return Ok(None);
                    };
                    lowered.bodies.push(body);
                    of_size.insert(cut.len(), lowered.bodies.len() - 1);
                    lowered.bodies.len() - 1
                }
            };
            lowered.shards.push((cut, index));
        }
        self.threads = threads;
        lowered.rows = Some(rows);
        Ok(Some(lowered))
    }

    /// Lowers the body of a loop; its operands and results are where the loop binds them.
    fn scan_body(&mut self, node: &Node, scan: &Scan, body: &Block) -> Result<Option<LoweredBody>> {
        let mut given = HashMap::new();
        let mut parameters = vec![None; node.inputs.len()];
        for (value, source) in &body.sources {
            let home = match source {
                Source::Parameter(index) => {
                    let base =
                        *parameters[*index].get_or_insert_with(|| self.new_base(Binding::Loop));
                    Home {
                        first: Address { base, offset: 0 },
                        strides: body.kind(*value).strides.clone(),
                    }
                }
                Source::Plan(_) => {
                    return Err(Error::internal(
                        "a loop's body is given what the plan is given",
                    ));
                }
            };
            given.insert(*value, home);
        }
        let mut wants = Vec::new();
        let mut stacked = Vec::new();
        let mut follows: HashMap<ValueId, usize> = HashMap::new();
        for value in &body.results[scan.states..] {
            let base = self.new_base(Binding::Loop);
            stacked.push(base);
            wants.push(Want {
                value: *value,
                at: Address { base, offset: 0 },
            });
            follows.entry(*value).or_insert(base);
        }
        let mut states = Vec::new();
        for (index, value) in body.results[..scan.states].iter().enumerate() {
            let old = match parameters[index] {
                Some(base) => base,
                None => self.new_base(Binding::Loop),
            };
            let (new, alone) = match follows.get(value) {
                Some(base) => (*base, false),
                None => (self.new_base(Binding::Loop), true),
            };
            if alone {
                wants.push(Want {
                    value: *value,
                    at: Address {
                        base: new,
                        offset: 0,
                    },
                });
            }
            states.push(LoweredState {
                old,
                new,
                alone,
                bytes: body.kind(*value).bytes(),
            });
        }
        let own = self.new_base(Binding::Loop);
        let memory = Address {
            base: own,
            offset: 0,
        };
        let Some(mut lowered) = self.block(body, given, &wants, memory, node.origin)? else {
            return Ok(None);
        };
        let packs = self.pack(scan, &parameters, &mut lowered.instructions);
        Ok(Some(LoweredBody {
            block: body.clone(),
            instructions: Arc::new(lowered.instructions),
            own,
            own_bytes: lowered.bytes,
            parameters,
            stacked,
            states,
            packs,
        }))
    }

    /// Packs what a body multiplies by more than once, or in every step, before the loop.
    fn pack(
        &mut self,
        scan: &Scan,
        parameters: &[Option<usize>],
        instructions: &mut [Instruction],
    ) -> Vec<Pack> {
        let mut packs: Vec<Pack> = Vec::new();
        // Which instructions use each of them.
        let mut users: Vec<Vec<usize>> = Vec::new();
        for (index, instruction) in instructions.iter().enumerate() {
            let Work::Compute(Step::Product { product, b, .. }) = &instruction.work else {
                continue;
            };
            let captures = parameters.iter().enumerate().skip(scan.captures());
            let mut captures = captures.filter_map(|(index, base)| Some((index, (*base)?)));
            let Some((operand, _)) = captures.find(|(_, base)| *base == b.first.base) else {
                continue;
            };
            let same = |pack: &Pack| {
                pack.operand == operand && pack.b == *b && pack.product.packs_like(product)
            };
            if let Some(known) = packs.iter().position(same) {
                users[known].push(index);
                continue;
            }
            packs.push(Pack {
                product: product.clone(),
                operand,
                b: *b,
                base: 0,
                bytes: 0,
            });
            users.push(vec![index]);
        }
        let mut worth = Vec::new();
        for (mut pack, users) in packs.into_iter().zip(users) {
            let uses = scan.steps.saturating_mul(users.len());
            let Some(bytes) = pack.product.packed_bytes(uses) else {
                continue;
            };
            (pack.base, pack.bytes) = (self.new_base(Binding::Loop), bytes);
            for user in users {
                multiply_by_packed(&mut instructions[user], &pack);
            }
            worth.push(pack);
        }
        worth
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
            Code::Write { variable, version } => {
                let written = (*variable, *version);
                let fresh = self
                    .program
                    .fresh
                    .iter()
                    .position(|fresh| *fresh == written);
                let fresh = fresh.ok_or_else(|| Error::internal("a version has no memory"))?;
                let base = self.bind(Binding::Fresh(fresh));
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

/// A loop after its body was lowered.
struct LoweredScan {
    /// One for each number of rows.
    bodies: Vec<LoweredBody>,
    /// The rows of each shard, and which of the bodies is for it.
    shards: Vec<(Range<usize>, usize)>,
    /// What the rows are, if the loop is cut.
    rows: Option<Rows>,
}

impl LoweredScan {
    /// The bytes of each buffer that the loop needs for itself: what is packed for each body, then for
    /// each shard its own memory and two buffers of each state that has some.
    fn scratch(&self) -> Vec<(usize, Kind)> {
        let packs = self.bodies.iter().flat_map(|body| &body.packs);
        let mut bytes: Vec<usize> = packs.map(|pack| pack.bytes).collect();
        for (_, body) in &self.shards {
            let body = &self.bodies[*body];
            bytes.push(body.own_bytes);
            for state in body.states.iter().filter(|state| state.alone) {
                bytes.extend([state.bytes, state.bytes]);
            }
        }
        let numbers = bytes.into_iter().map(|bytes| (bytes, Kind::Numbers));
        numbers.collect()
    }
}

/// What a reduction needs for the totals of its tasks.
fn totals(reduced: &ir::Reduced) -> Option<(usize, Kind)> {
    let dtype = reduced.kernel.spec().output_dtype(0);
    let totals = reduced.cut()?.totals()?;
    Some((totals * dtype.width(), Kind::from(dtype)))
}

/// The body of a loop, for some number of rows.
struct LoweredBody {
    block: Block,
    instructions: Arc<Vec<Instruction>>,
    /// The base of the body's own memory.
    own: usize,
    own_bytes: usize,
    /// The base of each operand that the body reads.
    parameters: Vec<Option<usize>>,
    /// The base of each stacked output.
    stacked: Vec<usize>,
    states: Vec<LoweredState>,
    packs: Vec<Pack>,
}

/// Something that is packed before a loop.
struct Pack {
    product: Box<Product>,
    /// Which operand of the loop it is a part of.
    operand: usize,
    /// Where it is, from the operand's base on.
    b: Reach,
    /// The base of the packed form.
    base: usize,
    bytes: usize,
}

/// Lets a product use what is packed.
fn multiply_by_packed(instruction: &mut Instruction, pack: &Pack) {
    if let Work::Compute(Step::Product { product, a, c, .. }) = &instruction.work {
        let packed = Reach {
            first: Address {
                base: pack.base,
                offset: 0,
            },
            before: 0,
            after: pack.bytes,
        };
        instruction.work = Work::Compute(Step::Packed {
            product: product.clone(),
            a: *a,
            b: packed,
            c: *c,
        });
    }
}

struct LoweredState {
    old: usize,
    new: usize,
    /// Whether it has two buffers of its own, and is not a row of what is stacked.
    alone: bool,
    bytes: usize,
}

/// A block whose roots have homes, on its way to instructions.
struct Emission<'a> {
    block: &'a Block,
    homes: HashMap<ValueId, Home>,
    instructions: Vec<Instruction>,
    /// The node that instructions are made for.
    node: Option<usize>,
    /// The threads that share the instructions.
    threads: usize,
}

impl Emission<'_> {
    fn push(&mut self, work: Work, origin: NodeId, facts: Vec<Fact>) {
        self.instructions.push(Instruction {
            work,
            origin,
            node: self.node,
            facts,
        });
    }

    /// The address of a value's first element.
    fn address(&self, value: ValueId) -> Address {
        let place = self.block.place(value);
        // Every root has a home by now.
        let home = &self.homes[&place.root];
        home.first
            .plus(place.offset * self.block.dtype(value).width())
    }

    /// The strides of a value: of a root, those of its home.
    fn strides(&self, value: ValueId) -> &[isize] {
        if self.block.is_root(value) {
            &self.homes[&value].strides
        } else {
            &self.block.kind(value).strides
        }
    }

    fn span(&self, value: ValueId) -> Span {
        let kind = self.block.kind(value);
        debug_assert!(kind.is_contiguous(), "a plain kernel takes no strides");
        Span {
            first: self.address(value),
            elements: kind.elements(),
            dtype: kind.dtype,
        }
    }

    fn reach(&self, value: ValueId, sizes: &[usize], strides: &[isize]) -> Reach {
        Reach::new(self.address(value), self.block.dtype(value), sizes, strides)
    }

    fn slots(&self, kernel: &ir::Kernel, node: &Node) -> Box<[Option<Span>]> {
        let slots = kernel.slots.iter();
        slots
            .map(|slot| slot.map(|operand| self.span(node.inputs[operand])))
            .collect()
    }

    fn outputs(&self, node: &Node) -> Box<[Option<Span>]> {
        let outputs = node.outputs.iter();
        outputs.map(|value| Some(self.span(*value))).collect()
    }

    /// The strides of a node's operands, repeated to the shape that they broadcast to.
    fn repeated(&self, node: &Node, sizes: &[usize]) -> Vec<Vec<isize>> {
        let inputs = node.inputs.iter();
        inputs
            .map(|value| strides::repeated(self.block.sizes(*value), self.strides(*value), sizes))
            .collect()
    }

    fn reduced(&mut self, reduced: &ir::Reduced, node: &Node, scratch: &[Address]) -> Result<()> {
        let ir::Reduced {
            expression,
            sizes,
            kernel,
        } = reduced;
        let cut = reduced.cut();
        let cut = cut.ok_or_else(|| Error::internal("a reduction is not done in one"))?;
        let result = self.span(node.outputs[0]);
        let totals = cut
            .totals()
            .zip(scratch.first())
            .map(|(elements, first)| Span {
                first: *first,
                elements,
                ..result
            });
        let joining = totals.map(|totals| Step::Kernel {
            kernel: cut.joining(),
            inputs: Box::new([Some(totals)]),
            outputs: Box::new([Some(result)]),
        });
        let strides = self.repeated(node, sizes);
        let inputs = node.inputs.iter().zip(&strides);
        let step = Step::Reduced {
            inputs: inputs
                .map(|(value, strides)| self.reach(*value, sizes, strides))
                .collect(),
            totals: totals.unwrap_or(result),
            kernel: Box::new(Reduced::new(cut, expression.clone(), sizes, &strides)),
        };
        for step in std::iter::once(step).chain(joining) {
            self.push(Work::Compute(step), node.origin, kernel.inputs.clone());
        }
        Ok(())
    }

    fn fused(&mut self, expression: &Expression, node: &Node) {
        let sizes = self.block.sizes(node.outputs[0]).to_vec();
        let inputs = self.repeated(node, &sizes);
        let outputs: Vec<Vec<isize>> = node
            .outputs
            .iter()
            .map(|value| self.strides(*value).to_vec())
            .collect();
        let reach = |(value, strides): (&ValueId, &Vec<isize>)| self.reach(*value, &sizes, strides);
        let step = Step::Fused {
            inputs: node.inputs.iter().zip(&inputs).map(reach).collect(),
            outputs: node.outputs.iter().zip(&outputs).map(reach).collect(),
            kernel: Box::new(Fused::new(expression.clone(), &sizes, &inputs, &outputs)),
        };
        self.push(Work::Compute(step), node.origin, Vec::new());
    }

    fn product(&mut self, node: &Node) {
        for (term, pair) in node.inputs.chunks_exact(2).enumerate() {
            self.term([pair[0], pair[1], node.outputs[0]], term > 0, node.origin);
        }
    }

    /// Adds a product to C, or makes it.
    fn term(&mut self, [a, b, c]: [ValueId; 3], accumulates: bool, origin: NodeId) {
        let product = self.product_of([a, b, c], accumulates);
        let step = Step::Product {
            product: Box::new(product.shared_by(self.threads)),
            a: self.reach_all(a),
            b: self.reach_all(b),
            c: self.reach_all(c),
        };
        self.push(Work::Compute(step), origin, Vec::new());
    }

    fn products(&mut self, node: &Node) {
        let Some((b, lefts)) = node.inputs.split_last() else {
            return;
        };
        let pairs = || lefts.iter().copied().zip(node.outputs.iter().copied());
        let products = pairs().map(|(a, c)| self.product_of([a, *b, c], false));
        let Some(group) = ProductGroup::new(products.collect(), self.threads) else {
            pairs().for_each(|(a, c)| self.term([a, *b, c], false, node.origin));
            return;
        };
        let step = Step::Group {
            group: Box::new(group),
            b: self.reach_all(*b),
            others: pairs()
                .map(|(a, c)| [a, c].map(|value| self.reach_all(value)))
                .collect(),
        };
        self.push(Work::Compute(step), node.origin, Vec::new());
    }

    fn product_of(&self, [a, b, c]: [ValueId; 3], accumulates: bool) -> Product {
        let (left, right) = (self.block.sizes(a), self.block.sizes(b));
        let strides = [a, b, c].map(|value| {
            let strides = self.strides(value);
            Strides {
                row: strides[0],
                column: strides[1],
            }
        });
        let sizes = [left[0], left[1], right[1]];
        Product::new(self.block.dtype(c), sizes, strides, accumulates)
    }

    /// What is read or written of a value, all of which is.
    fn reach_all(&self, value: ValueId) -> Reach {
        self.reach(value, self.block.sizes(value), self.strides(value))
    }

    /// Copies what is not made in place.
    fn join(&mut self, node: &Node, pieces: &[ir::Piece], parts: &HashMap<ValueId, Part>) {
        let whole = node.outputs[0];
        let mut in_place: Vec<ValueId> = Vec::new();
        for (value, piece) in node.inputs.iter().zip(pieces) {
            let root = self.block.place(*value).root;
            let is_part = parts.get(&root).is_some_and(|part| {
                part.whole == whole && part.offset == piece.offset && !in_place.contains(&root)
            });
            if is_part {
                in_place.push(root);
                continue;
            }
            let width = self.block.dtype(whole).width();
            let at = self.address(whole).plus(piece.offset * width);
            self.copy(*value, at, &piece.strides, node.origin);
        }
    }

    /// Copies a value to an address, row by row.
    fn copy_to(&mut self, value: ValueId, at: Address, origin: NodeId) {
        let strides = strides::contiguous(self.block.sizes(value));
        self.copy(value, at, &strides, origin);
    }

    fn copy(&mut self, value: ValueId, at: Address, to: &[isize], origin: NodeId) {
        let dtype = self.block.dtype(value);
        let sizes = self.block.sizes(value).to_vec();
        if sizes.contains(&0) {
            // Its place may be beyond the end of what has no elements.
            return;
        }
        let from = self.strides(value).to_vec();
        let to = to.to_vec();
        let step = Step::Fused {
            inputs: Box::new([self.reach(value, &sizes, &from)]),
            outputs: Box::new([Reach::new(at, dtype, &sizes, &to)]),
            kernel: Box::new(Fused::new(Expression::copy(dtype), &sizes, &[from], &[to])),
        };
        self.push(Work::Compute(step), origin, Vec::new());
    }

    fn scan(&mut self, node: &Node, scan: &Scan, lowered: LoweredScan, scratch: &[Address]) {
        let mut scratch = scratch.iter().copied();
        let mut before = Vec::new();
        let mut packed: Vec<Vec<Moving>> = Vec::new();
        for body in &lowered.bodies {
            let mut bound = Vec::new();
            for (pack, start) in body.packs.iter().zip(scratch.by_ref()) {
                before.push(self.pack(node, pack, start));
                bound.push(Moving {
                    base: pack.base,
                    start,
                    stride: 0,
                    bytes: pack.bytes,
                });
            }
            packed.push(bound);
        }
        let shards = lowered.shards.iter().map(|(rows, index)| {
            let body = &lowered.bodies[*index];
            let mut shard = self.shard(
                node,
                scan,
                body,
                lowered.rows.as_ref(),
                rows.start,
                &mut scratch,
            );
            shard.fixed.extend(&packed[*index]);
            shard
        });
        let shards: Vec<Shard> = shards.collect();
        let stacked = node.outputs[scan.states..].iter().map(|output| {
            let bytes = self.block.kind(*output).bytes();
            (
                self.address(*output),
                bytes.checked_div(scan.steps).unwrap_or(0),
            )
        });
        let uses = self.block.root_uses();
        let last = node.outputs[..scan.states].iter().map(|output| {
            let used = uses[output.index()] > 0;
            used.then(|| self.address(*output))
        });
        let program = ScanProgram {
            steps: scan.steps,
            reverse: scan.reverse,
            limit: scan.limit().map(|slot| self.span(node.inputs[slot])),
            before,
            last: last.collect(),
            stacked: stacked.collect(),
            shards,
        };
        let facts = node
            .inputs
            .iter()
            .map(|value| Fact::new(self.block.dtype(*value), self.block.sizes(*value)));
        let facts = facts.collect();
        self.push(Work::Scan(Box::new(program)), node.origin, facts);
    }

    fn pack(&self, node: &Node, pack: &Pack, start: Address) -> Instruction {
        let operand = self.address(node.inputs[pack.operand]);
        let step = Step::Pack {
            product: pack.product.clone(),
            b: Reach {
                first: operand.plus(pack.b.first.offset),
                ..pack.b
            },
            packed: Reach {
                first: start,
                before: 0,
                after: pack.bytes,
            },
        };
        Instruction {
            work: Work::Compute(step),
            node: None,
            origin: node.origin,
            facts: Vec::new(),
        }
    }

    /// The part of a loop that begins with this row, or all of it.
    fn shard(
        &self,
        node: &Node,
        scan: &Scan,
        body: &LoweredBody,
        rows: Option<&Rows>,
        first_row: usize,
        scratch: &mut impl Iterator<Item = Address>,
    ) -> Shard {
        let block = &body.block;
        // How far the shard's rows are from the first, in bytes.
        let skipped = |value: ValueId| {
            let has_rows = rows.is_some_and(|rows| rows.share(value) == Share::Rows);
            let kind = block.kind(value);
            let step = if has_rows { kind.strides[0] } else { 0 };
            step * (first_row * kind.dtype.width()) as isize
        };
        let mut fixed: Vec<Moving> = Vec::new();
        let mut moving = Vec::new();
        fixed.extend(scratch.next().map(|start| Moving {
            base: body.own,
            start,
            stride: 0,
            bytes: body.own_bytes,
        }));
        for (value, source) in &block.sources {
            let Source::Parameter(index) = *source else {
                continue;
            };
            let (Some(base), true) = (body.parameters[index], index >= scan.states) else {
                continue;
            };
            let operand = node.inputs[index];
            let kind = block.kind(*value);
            let start = self.address(operand).moved(skipped(*value));
            let reach = Reach::new(start, kind.dtype, &kind.sizes, &kind.strides);
            let mut bound = Moving {
                base,
                start,
                stride: 0,
                bytes: reach.after,
            };
            if index < scan.states + scan.sequences {
                let step = self.strides(operand).first().copied().unwrap_or(0);
                bound.stride = step * kind.dtype.width() as isize;
                moving.push(bound);
            } else {
                fixed.push(bound);
            }
        }
        let stacked = node.outputs[scan.states..].iter().zip(&body.stacked);
        for ((output, base), value) in stacked.zip(&block.results[scan.states..]) {
            let row_bytes = self.block.kind(*output).bytes().checked_div(scan.steps);
            moving.push(Moving {
                base: *base,
                start: self
                    .address(*output)
                    .moved(contiguous_rows(block, *value, first_row)),
                stride: row_bytes.unwrap_or(0) as isize,
                bytes: block.kind(*value).bytes(),
            });
        }
        let states = body.states.iter().zip(&node.inputs).zip(&block.results);
        let states = states.map(|((state, initial), value)| {
            let offset = contiguous_rows(block, *value, first_row);
            State {
                old: state.old,
                new: state.new,
                initial: self.address(*initial).moved(offset),
                bytes: state.bytes,
                buffers: if state.alone {
                    scratch.next().zip(scratch.next()).map(|(a, b)| [a, b])
                } else {
                    None
                },
                offset: offset.unsigned_abs(),
            }
        });
        let states = states.collect();
        Shard {
            body: Arc::clone(&body.instructions),
            fixed,
            moving,
            states,
        }
    }
}

/// The bytes of so many rows of a value that lies row by row.
fn contiguous_rows(block: &Block, value: ValueId, rows: usize) -> isize {
    let kind = block.kind(value);
    let row: usize = kind.sizes.iter().skip(1).product();
    (rows * row * kind.dtype.width()) as isize
}

/// Where a part is, by where its whole is.
fn settle_part(
    block: &Block,
    value: ValueId,
    part: &Part,
    parts: &HashMap<ValueId, Part>,
    homes: &mut HashMap<ValueId, Home>,
) {
    let width = block.dtype(value).width();
    let mut offset = part.offset * width;
    let mut whole = part.whole;
    while let Some(outer) = parts.get(&whole) {
        offset += outer.offset * width;
        whole = outer.whole;
    }
    if let Some(home) = homes.get(&whole) {
        let first = home.first.plus(offset);
        let strides = part.strides.clone();
        homes.insert(value, Home { first, strides });
    }
}

/// The roots that can be made in the memory of what they are joined into.
fn parts(block: &Block, homes: &HashMap<ValueId, Home>) -> HashMap<ValueId, Part> {
    let makers = block.makers();
    let users = users(block);
    let mut parts: HashMap<ValueId, Part> = HashMap::new();
    // What a whole is joined into itself comes later.
    for node in block.nodes.iter().rev() {
        let Code::Join(pieces) = &node.code else {
            continue;
        };
        let whole = node.outputs[0];
        for (value, piece) in node.inputs.iter().zip(pieces) {
            let place = block.place(*value);
            let root = place.root;
            let kind = block.kind(root);
            let covers = block.covers(*value);
            let taken = homes.contains_key(&root)
                || parts.contains_key(&root)
                || block.results.contains(&root)
                || block
                    .results
                    .iter()
                    .any(|result| block.place(*result).root == root);
            let Some(maker) = makers[root.index()].map(|index| &block.nodes[index].code) else {
                continue;
            };
            if !covers || taken || kind.elements() == 0 {
                continue;
            }
            let strides = reshaped_strides(block.sizes(*value), &piece.strides, &kind.sizes);
            let Some(strides) = strides else {
                continue;
            };
            let seen = Type {
                strides,
                ..kind.clone()
            };
            let fits = if seen.is_contiguous() {
                !matches!(maker, Code::Constant(_) | Code::Opaque(_))
            } else {
                matches!(maker, Code::Fused(_) | Code::Product)
                    && users[root.index()]
                        .iter()
                        .all(|user| takes_strides(block, *user, root, whole))
            };
            if fits {
                let part = Part {
                    whole,
                    offset: piece.offset,
                    strides: seen.strides,
                };
                parts.insert(root, part);
            }
        }
    }
    parts
}

/// For each root: the nodes that use it or a view of it.
fn users(block: &Block) -> Vec<Vec<usize>> {
    let mut users = vec![Vec::new(); block.value_count()];
    for (index, node) in block.nodes.iter().enumerate() {
        for value in &node.inputs {
            users[block.place(*value).root.index()].push(index);
        }
    }
    users
}

/// Whether a node can use a root that does not lie row by row: it sees the root itself, and takes any
/// strides.
fn takes_strides(block: &Block, user: usize, root: ValueId, whole: ValueId) -> bool {
    let node = &block.nodes[user];
    let seen = node
        .inputs
        .iter()
        .filter(|value| block.place(**value).root == root);
    let mut seen = seen.peekable();
    match &node.code {
        Code::Fused(_) | Code::Reduced(_) | Code::Product | Code::Products | Code::Write { .. } => {
            seen.all(|value| *value == root)
        }
        // Where it is joined in place, it is not read.
        Code::Join(_) => {
            (node.outputs[0] == whole && seen.clone().count() == 1)
                || seen.all(|value| *value == root)
        }
        Code::Constant(_) | Code::Kernel(_) | Code::Draw(..) | Code::Scan(_) | Code::Opaque(_) => {
            false
        }
    }
}

/// For each root: the last node that uses it or a view of it; the one after the last if the block
/// gives it.
fn last_uses(block: &Block) -> Vec<usize> {
    let mut last = vec![0; block.value_count()];
    for (index, node) in block.nodes.iter().enumerate() {
        for value in &node.inputs {
            last[block.place(*value).root.index()] = index;
        }
    }
    for value in &block.results {
        last[block.place(*value).root.index()] = block.nodes.len();
    }
    last
}
