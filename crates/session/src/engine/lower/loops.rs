//! Loops: their bodies lowered, for each shard of rows, and the instruction that runs them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::emission::Emission;
use super::{Home, Lowering, Want};
use crate::engine::cut;
use crate::engine::ir::{Block, Node, Scan, Source, ValueId};
use crate::engine::program::{Binding, Instruction, Moving, ScanProgram, Shard, State, Work};
use crate::engine::rows::{self, Rows, Share};
use crate::error::{Error, Result};
use crate::kernels::product::Product;
use crate::kernels::step::Step;
use crate::kernels::table::{Address, Reach};
use crate::options::Pass;

/// A loop after its body was lowered.
pub(super) struct LoweredScan {
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
    pub(super) fn scratch(&self) -> Vec<usize> {
        let packs = self.bodies.iter().flat_map(|body| &body.packs);
        let mut bytes: Vec<usize> = packs.map(|pack| pack.bytes).collect();
        for (_, body) in &self.shards {
            let body = &self.bodies[*body];
            bytes.push(body.own_bytes);
            for state in body.states.iter().filter(|state| state.alone) {
                bytes.extend([state.bytes, state.bytes]);
            }
        }
        bytes
    }
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

impl Lowering {
    /// Lowers a loop's body, for each of the shards of rows that the loop is cut into.
    pub(super) fn scan(&mut self, node: &Node, scan: &Scan) -> Result<Option<LoweredScan>> {
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
}

impl Emission<'_> {
    pub(super) fn scan(
        &mut self,
        node: &Node,
        scan: &Scan,
        lowered: LoweredScan,
        scratch: &[Address],
    ) {
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
        let last = node.outputs[..scan.states].iter().map(|output| {
            let used = self.uses[output.index()] > 0;
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
        self.push(
            Work::Scan(Box::new(program)),
            node.origin,
            scan.operands.clone(),
        );
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
