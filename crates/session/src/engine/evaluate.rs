//! Evaluate: blocks that need nothing from outside are run as plans are made.

use aqueduct_graph::Value;

use crate::arena::{Arena, Layout};
use crate::engine::ir::{Block, Type};
use crate::engine::lower::{Found, Lowered, lower};
use crate::engine::program::{Binding, Program, Work};
use crate::kernels::Slice;
use crate::kernels::table::Table;
use crate::options::SessionOptions;
use crate::plan::Operand;

/// The results of a block without sources, which are roots. `None` if it does more than compute, if it
/// fails, or if memory is out: the run will tell.
pub(crate) fn evaluate(block: &Block) -> Option<Vec<Value>> {
    let lowered = lower(block, SessionOptions::new().threads(1), Vec::new());
    let Lowered {
        program,
        bytes,
        results,
    } = lowered.ok()??;
    let layout = Layout::of_bytes(bytes);
    let mut arena = Arena::new(&layout)?;
    run(&program, &mut arena)?;
    let mut values = Vec::with_capacity(results.len());
    for (result, found) in block.results.iter().zip(results) {
        values.push(value(
            block.kind(*result),
            found,
            &program,
            &arena,
            &layout,
        )?);
    }
    Some(values)
}

fn run(program: &Program, arena: &mut Arena) -> Option<()> {
    let mut table = Table::default();
    table.reset(program.bases.len());
    for (base, binding) in program.bases.iter().enumerate() {
        match binding {
            Binding::Arena => table.bind_mut(base, arena.bytes()),
            Binding::Constant(index) => {
                table.bind_slice(base, Slice::from(program.constants.get(*index)?.data()));
            }
            Binding::Given { .. } | Binding::Fresh(_) | Binding::Written(_) | Binding::Loop => {
                return None;
            }
        }
    }
    for instruction in &program.steps {
        let Work::Compute(step) = &instruction.work else {
            return None;
        };
        for task in 0..step.tasks() {
            step.run(&table, task).ok()?;
        }
    }
    Some(())
}

fn value(
    kind: &Type,
    found: Found,
    program: &Program,
    arena: &Arena,
    layout: &Layout,
) -> Option<Value> {
    match found {
        Found::Arena(offset) => {
            let buffer = layout.at(offset, kind.dtype, kind.elements())?;
            Value::new(kind.sizes.clone(), arena.read(buffer)?.to_data())
        }
        Found::Given(Operand::Constant(index)) => program
            .constants
            .get(index)
            .map(|value| Value::clone(value)),
        Found::Given(_) | Found::Version(_) => None,
    }
}
