//! The fused element-wise kernel: a whole expression, evaluated tile by tile.
//!
//! Every primitive of the [`Expression`] runs over a tile of a few hundred elements before the next
//! one does, so that all between inputs and outputs stays in the first-level cache. The functions
//! are those of the plain kernels, and so are the results, bit by bit (but for the bits of NaNs,
//! which Rust leaves open).

#![allow(
    unsafe_code,
    reason = "operands are places in memory that overlap in ways that slices cannot; see the SAFETY comments"
)]
#![expect(
    dead_code,
    reason = "the engine that runs fused instructions calls what the tests do not"
)]

mod copy;
mod expression;
mod lanes;
mod level;
mod registers;
mod stream;
mod tile;
mod tiling;

use std::cell::Cell;

use aqueduct_graph::DType;

pub(crate) use expression::{Expression, Primitive, Scalar, Step};
pub(crate) use level::{Level, Work};
pub(crate) use stream::Stream;

use crate::kernels::{activation, cast, primitive};
use lanes::LANES;
use registers::Registers;
use tile::{TileKernel, Tiles};
use tiling::{Access, Tiling};

/// A kernel that evaluates an expression at every position of a domain.
pub(crate) struct Fused {
    expression: Expression,
    tiling: Tiling,
    inputs: Vec<Input>,
    constants: Vec<Constant>,
    steps: Vec<Planned>,
    outputs: Vec<Output>,
    registers: Registers,
    tasks: usize,
}

struct Input {
    width: usize,
    access: Access,
}

/// A register that holds one number for all positions.
struct Constant {
    register: usize,
    width: usize,
    value: Word,
}

struct Planned {
    kernel: TileKernel,
    result: usize,
    /// Those that the primitive has not are register 0, which is never read.
    operands: [usize; 3],
}

struct Output {
    register: usize,
    width: usize,
    access: Access,
    /// Whether the step may write to the output's place itself.
    direct: bool,
}

/// One element of any type, aligned for each.
#[repr(align(8))]
struct Word([u8; 8]);

impl Fused {
    /// For a domain of these sizes. Each operand has strides in elements, one for each axis of the
    /// domain: 0 where it is repeated, negative where it is walked backwards.
    pub(crate) fn new(
        expression: Expression,
        sizes: &[usize],
        inputs: &[Vec<isize>],
        outputs: &[Vec<isize>],
    ) -> Fused {
        Fused::at_level(Level::best(), expression, sizes, inputs, outputs)
    }

    /// [`Fused::new`], with instructions of this level.
    pub(crate) fn at_level(
        level: Level,
        expression: Expression,
        sizes: &[usize],
        inputs: &[Vec<isize>],
        outputs: &[Vec<isize>],
    ) -> Fused {
        debug_assert_eq!(inputs.len(), expression.inputs.len());
        debug_assert_eq!(outputs.len(), expression.outputs.len());
        let expression = expression.without_bare_inputs();
        let strides: Vec<&[isize]> = inputs.iter().chain(outputs).map(Vec::as_slice).collect();
        let mut registers = Registers::allocate(&expression);
        let tiling = Tiling::new(sizes, &strides, registers.tile_length(&expression));
        let inputs: Vec<Input> = (0..inputs.len())
            .map(|index| Input {
                width: expression.inputs[index].width(),
                access: tiling.access(index),
            })
            .collect();
        // A tile of fewer elements than a group of lanes is padded, in a register of its own.
        let padded = tiling.shortest() < LANES;
        for (register, input) in inputs.iter().enumerate() {
            if padded || input.access != Access::Dense {
                registers.keep(register, input.width);
            }
        }
        registers.set_tile_length(tiling.longest().max(LANES));
        Fused {
            tasks: worthwhile_tasks(&expression, tiling.positions()).min(tiling.tiles().max(1)),
            constants: constants(&expression),
            steps: planned(&expression, level),
            outputs: planned_outputs(&expression, &tiling),
            expression,
            tiling,
            inputs,
            registers,
        }
    }

    /// What is evaluated.
    pub(crate) fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The bytes of an element of an operand: inputs first, then outputs.
    pub(super) fn width(&self, operand: usize) -> usize {
        let inputs = self.inputs.iter().map(|input| input.width);
        let outputs = self.outputs.iter().map(|output| output.width);
        inputs.chain(outputs).nth(operand).unwrap_or_default()
    }

    fn is_aligned(&self, start: *const u8, operand: usize) -> bool {
        start.addr().is_multiple_of(self.width(operand).max(1))
    }

    /// The axes of an operand, without those that make no difference to any: sizes, and strides in
    /// elements.
    pub(super) fn axes(&self, operand: usize) -> impl Iterator<Item = (usize, isize)> {
        self.tiling.axes(operand)
    }

    /// The number of tasks that the work is cut into, by shape alone: 1 if it is too small to be
    /// shared.
    pub(crate) fn tasks(&self) -> usize {
        self.tasks
    }

    /// Evaluates the expression at the positions of one task. Makes no heap allocation once the
    /// thread has run a kernel of this size.
    ///
    /// # Safety
    ///
    /// Each pointer is to the first element (at position 0, …, 0) of its operand, of the
    /// expression's type and aligned for it, and valid at all positions that the strides reach:
    /// inputs for reads, outputs for writes. Positions of one output share no element. An output
    /// overlaps another operand only if it is at the very same place with the very same strides and
    /// element width as an input (in place), or interleaved with it without sharing an element.
    /// While tasks run, nothing else writes to the operands or reads the outputs; tasks of different
    /// numbers may run at the same time.
    pub(crate) unsafe fn run(&self, inputs: &[*const u8], outputs: &[*mut u8], task: usize) {
        debug_assert_eq!(
            (inputs.len(), outputs.len()),
            (self.inputs.len(), self.outputs.len())
        );
        debug_assert!(
            inputs
                .iter()
                .enumerate()
                .all(|(index, start)| self.is_aligned(*start, index)),
            "an operand is not aligned for its elements"
        );
        // A run within a run of the same thread, which does not happen, would find it empty.
        let mut workspace = WORKSPACE.take();
        workspace.fit(self);
        let tiles = self.tiling.tiles();
        let range = tiles * task / self.tasks..tiles * (task + 1) / self.tasks;
        // SAFETY: the workspace has room for all registers; the rest is as the caller promises.
        unsafe {
            let mut run = Run {
                fused: self,
                inputs,
                outputs,
                workspace: &mut workspace,
            };
            run.fill_constants();
            run.choose_direct();
            for tile in range {
                run.tile(tile);
            }
        }
        WORKSPACE.set(workspace);
    }
}

impl std::fmt::Debug for Fused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fused")
            .field("expression", &self.expression)
            .field("tiling", &self.tiling)
            .field("tasks", &self.tasks)
            .finish_non_exhaustive()
    }
}

/// The unit of a workspace: a cache line, which also aligns every tile for vector loads.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; Line::BYTES]);

impl Line {
    const BYTES: usize = 64;
}

/// The memory that a thread evaluates expressions in.
#[derive(Default)]
struct Workspace {
    tiles: Vec<Line>,
    /// Where the tile of each register is.
    registers: Vec<*mut u8>,
    /// Of each input, what its register was last copied from, and how many positions.
    copied: Vec<(*const u8, usize)>,
    /// Where the tile starts in each operand.
    offsets: Vec<isize>,
    /// Of each output, whether its step writes to its place.
    direct: Vec<bool>,
    /// What a stream has made.
    results: Vec<Line>,
}

thread_local! {
    static WORKSPACE: Cell<Workspace> = Cell::default();
}

impl Workspace {
    /// Makes room for the registers of a kernel, and forgets what was in them.
    fn fit(&mut self, fused: &Fused) {
        let lines = fused.registers.bytes().div_ceil(Line::BYTES);
        if self.tiles.len() < lines {
            self.tiles.resize(lines, Line([0; Line::BYTES]));
        }
        let start = self.tiles.as_mut_ptr().cast::<u8>();
        let registers = 0..fused.registers.count();
        self.registers.clear();
        self.registers
            .extend(registers.map(|register| fused.registers.place(start, register)));
        self.copied.clear();
        self.copied
            .resize(fused.inputs.len(), (std::ptr::null(), 0));
        self.offsets.clear();
        self.offsets
            .resize(fused.inputs.len() + fused.outputs.len(), 0);
        self.direct.clear();
    }
}

/// One run of one task.
struct Run<'a> {
    fused: &'a Fused,
    inputs: &'a [*const u8],
    outputs: &'a [*mut u8],
    workspace: &'a mut Workspace,
}

impl Run<'_> {
    /// # Safety
    ///
    /// The workspace is fit for the kernel.
    unsafe fn fill_constants(&mut self) {
        for constant in &self.fused.constants {
            let tile = self.workspace.registers[constant.register];
            let nest = [(self.fused.tiling.longest().max(LANES), 0)];
            // SAFETY: the register has room for the longest tile, and the word is another place.
            unsafe { copy::gather(constant.width, &nest, constant.value.0.as_ptr(), tile) };
        }
    }

    fn choose_direct(&mut self) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        let places = self.fused.outputs.iter().zip(outputs);
        // What is in place is written only after all steps have read the input.
        let direct =
            places.map(|(output, place)| output.direct && !inputs.contains(&place.cast_const()));
        self.workspace.direct.extend(direct);
    }

    /// Evaluates a tile; gives the number of its positions.
    ///
    /// # Safety
    ///
    /// As of [`Fused::run`]. Constants are filled, and it is chosen which outputs are written to
    /// directly.
    unsafe fn tile(&mut self, tile: usize) -> usize {
        let length = self.fused.tiling.locate(tile, &mut self.workspace.offsets);
        // SAFETY: `locate` has given the offsets of the tile, `load` and `aim` point each register to
        // memory of its length, and `store` comes after the steps. The rest is as the caller promises.
        unsafe {
            self.load(length);
            self.aim(length);
            self.compute(length.max(LANES));
            self.store(length);
        }
        length
    }

    /// Points the inputs' registers to their elements, which are copied if they are not dense or
    /// fewer than a group.
    ///
    /// # Safety
    ///
    /// As of [`Run::tile`]; the offsets are those of a tile of this length.
    unsafe fn load(&mut self, length: usize) {
        let (fused, workspace) = (self.fused, &mut *self.workspace);
        for (index, input) in fused.inputs.iter().enumerate() {
            let start = place(self.inputs[index], workspace.offsets[index], input.width);
            if input.access == Access::Dense && length >= LANES {
                workspace.registers[index] = start.cast_mut();
                continue;
            }
            let tile = fused
                .registers
                .place(workspace.tiles.as_mut_ptr().cast(), index);
            workspace.registers[index] = tile;
            // What is repeated from tile to tile is copied once.
            let (from, copied) = workspace.copied[index];
            if from == start && copied >= length {
                continue;
            }
            workspace.copied[index] = (start, length);
            let dense = [(length, 1)];
            // SAFETY: the register has room for the longest tile and for a group; the elements are
            // within the operand.
            unsafe {
                copy::gather(input.width, input.access.nest(length, &dense), start, tile);
                if length < LANES {
                    let rest = tile.wrapping_add(length * input.width);
                    copy::gather(input.width, &[(LANES - length, 0)], start, rest);
                }
            }
        }
    }

    /// Points the registers of results that go to their outputs' places to these, if a group of
    /// lanes has room there.
    fn aim(&mut self, length: usize) {
        for (index, output) in self.fused.outputs.iter().enumerate() {
            if self.workspace.direct[index] {
                let tiles = self.workspace.tiles.as_mut_ptr().cast();
                self.workspace.registers[output.register] = if length < LANES {
                    self.fused.registers.place(tiles, output.register)
                } else {
                    self.output_place(index)
                };
            }
        }
    }

    /// Runs the steps over a tile, or over a group of lanes where it is shorter.
    ///
    /// # Safety
    ///
    /// As of [`Run::tile`]; the registers of all operands point to so many elements, and those of
    /// results have room for them.
    unsafe fn compute(&mut self, length: usize) {
        let registers = &self.workspace.registers;
        for step in &self.fused.steps {
            let operands = step.operands.map(|operand| registers[operand].cast_const());
            // SAFETY: the operands are inputs or were computed by steps before this one, each over so
            // many elements of the type that the kernel was made for (`Registers`). A result's register
            // shares its place with no register that is still read, and an output's place is no input's
            // unless its step writes elsewhere (`choose_direct`).
            unsafe { step.kernel.run(registers[step.result], operands, length) };
        }
    }

    /// Copies the results to those outputs that no step has written to.
    ///
    /// # Safety
    ///
    /// As of [`Run::tile`]; the steps have run over a tile of this length.
    unsafe fn store(&mut self, length: usize) {
        for (index, output) in self.fused.outputs.iter().enumerate() {
            if self.workspace.direct[index] && length >= LANES {
                continue;
            }
            let tile = self.workspace.registers[output.register];
            let place = self.output_place(index);
            let dense = [(length, 1)];
            let nest = output.access.nest(length, &dense);
            // SAFETY: the result is in a register of its own or in the place of another output,
            // never in an input's place.
            unsafe { copy::scatter(output.width, nest, tile, place) };
        }
    }

    fn output_place(&self, index: usize) -> *mut u8 {
        let offset = self.workspace.offsets[self.inputs.len() + index];
        let width = self.fused.outputs[index].width;
        place(self.outputs[index].cast_const(), offset, width).cast_mut()
    }
}

/// The place of an element, counted from the first one.
fn place(first: *const u8, offset: isize, width: usize) -> *const u8 {
    first.wrapping_offset(offset * width as isize)
}

fn planned(expression: &Expression, level: Level) -> Vec<Planned> {
    let registers = expression.inputs.len()..;
    let steps = registers.zip(&expression.steps);
    let computed = steps.filter_map(|(result, step)| {
        let kernel = tile_kernel(expression, step, level)?;
        let mut operands = [0; 3];
        operands
            .iter_mut()
            .zip(&step.operands)
            .for_each(|(to, from)| *to = *from);
        Some(Planned {
            kernel,
            result,
            operands,
        })
    });
    computed.collect()
}

/// What computes a step; `None` for a constant.
fn tile_kernel(expression: &Expression, step: &Step, level: Level) -> Option<TileKernel> {
    let tiles = Tiles(level);
    let dtype = step
        .operands
        .first()
        .map_or(step.dtype, |operand| expression.dtype(*operand));
    let kernel = match step.primitive {
        Primitive::Unary(function) => primitive::unary(function, dtype, tiles),
        Primitive::Binary(function) => primitive::binary(function, dtype, tiles),
        Primitive::Compare(function) => primitive::compare(function, dtype, tiles),
        Primitive::Test(property) => primitive::test(property, dtype, tiles),
        Primitive::Logical(function) => primitive::logical(function, tiles),
        Primitive::Not => primitive::not(tiles),
        Primitive::Select => primitive::select(step.dtype, tiles),
        Primitive::Cast => cast::make(dtype, step.dtype, tiles),
        Primitive::Activation(function) => activation::make(function, dtype, tiles),
        Primitive::Constant(_) => return None,
    };
    Some(kernel)
}

fn constants(expression: &Expression) -> Vec<Constant> {
    let registers = expression.inputs.len()..;
    let steps = registers.zip(&expression.steps);
    let constants = steps.filter_map(|(register, step)| match step.primitive {
        Primitive::Constant(value) => Some(Constant {
            register,
            width: step.dtype.width(),
            value: word(value),
        }),
        Primitive::Unary(_)
        | Primitive::Binary(_)
        | Primitive::Compare(_)
        | Primitive::Test(_)
        | Primitive::Logical(_)
        | Primitive::Not
        | Primitive::Select
        | Primitive::Cast
        | Primitive::Activation(_) => None,
    });
    constants.collect()
}

fn word(value: Scalar) -> Word {
    let mut word = Word([0; 8]);
    let mut put = |bytes: &[u8]| word.0[..bytes.len()].copy_from_slice(bytes);
    match value {
        Scalar::F32(value) => put(&value.to_ne_bytes()),
        Scalar::F64(value) => put(&value.to_ne_bytes()),
        Scalar::I32(value) => put(&value.to_ne_bytes()),
        Scalar::I64(value) => put(&value.to_ne_bytes()),
        Scalar::U8(value) => put(&[value]),
        Scalar::Bool(value) => put(&[u8::from(value)]),
    }
    word
}

fn planned_outputs(expression: &Expression, tiling: &Tiling) -> Vec<Output> {
    let mut outputs: Vec<Output> = Vec::new();
    for (index, &register) in expression.outputs.iter().enumerate() {
        let access = tiling.access(expression.inputs.len() + index);
        let taken = outputs
            .iter()
            .any(|other| other.register == register && other.direct);
        outputs.push(Output {
            register,
            width: expression.dtype(register).width(),
            direct: access == Access::Dense && !taken && !expression.is_constant(register),
            access,
        });
    }
    outputs
}

/// Tasks are worth sharing from this time on, in nanoseconds: some times what it costs to wake a
/// helper, also where the operands are in the cache and the estimate is three times too high.
const SHARED_TASK: f64 = 100_000.0;

/// More tasks than this serve no machine that the engine is made for.
const MOST_TASKS: usize = 64;

/// How many tasks it pays to share so many positions of an expression out to: 1 if they are too few.
pub(crate) fn worthwhile_tasks(expression: &Expression, positions: usize) -> usize {
    let dtypes = expression
        .outputs
        .iter()
        .map(|output| expression.dtype(*output));
    let bytes: usize = expression
        .inputs
        .iter()
        .copied()
        .chain(dtypes)
        .map(DType::width)
        .sum();
    let steps = expression.steps.iter();
    let computing: f64 = steps.map(|step| step.primitive.cost(step.dtype)).sum();
    // Memory gives about 20 bytes in a nanosecond if all cores ask for them.
    let time = positions as f64 * (computing + bytes as f64 / 20.0);
    ((time / SHARED_TASK) as usize).clamp(1, MOST_TASKS)
}
