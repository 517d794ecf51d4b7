//! Which registers of an expression share their place in the workspace.

use aqueduct_graph::DType;

use super::expression::Expression;

/// The places of all registers that have one. Registers that are never in use at the same time may
/// share a place.
#[derive(Clone, Debug)]
pub(super) struct Registers {
    /// Of each register; inputs have one only if they are copied.
    slots: Vec<Option<Slot>>,
    /// The bytes that all slots take for each position of a tile.
    bytes_each: usize,
    /// Positions that each slot has room for.
    room: usize,
}

/// A place for a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The bytes that slots before this one take for each position.
    before: usize,
    width: usize,
}

/// The bytes of a tile's registers and operands: half of a small first-level cache.
const TILE_BYTES: usize = 24 * 1024;

/// Longer tiles save nothing: what a step costs beside its elements is small at this length.
const LONGEST_TILE: usize = 1024;

/// Tiles are a multiple of this, so that every slot starts at a cache line.
const ALIGNED: usize = 64;

impl Registers {
    /// Places for the results of all steps. A result is never put where an operand of its step is.
    pub(super) fn allocate(expression: &Expression) -> Registers {
        let inputs = expression.inputs.len();
        let last_uses = last_uses(expression);
        let mut registers = Registers {
            slots: vec![None; inputs],
            bytes_each: 0,
            room: 0,
        };
        let mut free: Vec<Slot> = Vec::new();
        for (index, step) in expression.steps.iter().enumerate() {
            let width = step.dtype.width();
            let reusable = free.iter().rposition(|slot| slot.width == width);
            // A constant is written once, before all tiles.
            let slot = match reusable.filter(|_| !step.is_constant()) {
                Some(place) => free.swap_remove(place),
                None => registers.add(width),
            };
            registers.slots.push(Some(slot));
            let mut ended: Vec<usize> = step.operands.to_vec();
            ended.push(inputs + index);
            ended.sort_unstable();
            ended.dedup();
            ended.retain(|register| {
                last_uses[*register] <= index && !expression.is_constant(*register)
            });
            free.extend(
                ended
                    .iter()
                    .filter_map(|register| registers.slots[*register]),
            );
        }
        registers
    }

    /// Gives a register a place that it shares with no other.
    pub(super) fn keep(&mut self, register: usize, width: usize) {
        self.slots[register] = Some(self.add(width));
    }

    /// How long tiles should be, so that they and those of the operands stay in the cache.
    pub(super) fn tile_length(&self, expression: &Expression) -> usize {
        let operands = expression
            .outputs
            .iter()
            .map(|output| expression.dtype(*output));
        let operands = operands.chain(expression.inputs.iter().copied());
        let bytes = self.bytes_each + operands.map(DType::width).sum::<usize>();
        let length = (TILE_BYTES / bytes.max(1)).clamp(ALIGNED, LONGEST_TILE);
        length / ALIGNED * ALIGNED
    }

    /// Fixes the length of the longest tile.
    pub(super) fn set_tile_length(&mut self, length: usize) {
        self.room = length.next_multiple_of(ALIGNED);
    }

    /// The number of registers.
    pub(super) fn count(&self) -> usize {
        self.slots.len()
    }

    /// Where a register is in a workspace. One without a place of its own is where the workspace
    /// starts, which says nothing.
    pub(super) fn place(&self, workspace: *mut u8, register: usize) -> *mut u8 {
        let before = self.slots[register].map_or(0, |slot| slot.before);
        workspace.wrapping_add(before * self.room)
    }

    /// The bytes of all slots.
    pub(super) fn bytes(&self) -> usize {
        self.bytes_each * self.room
    }

    fn add(&mut self, width: usize) -> Slot {
        let before = self.bytes_each;
        self.bytes_each += width;
        Slot { before, width }
    }
}

/// Of each register, the last step that it is an operand of; all steps for an output.
fn last_uses(expression: &Expression) -> Vec<usize> {
    let mut last_uses = vec![0; expression.inputs.len() + expression.steps.len()];
    for (index, step) in expression.steps.iter().enumerate() {
        for operand in &step.operands {
            last_uses[*operand] = index;
        }
    }
    for output in &expression.outputs {
        last_uses[*output] = usize::MAX;
    }
    last_uses
}
