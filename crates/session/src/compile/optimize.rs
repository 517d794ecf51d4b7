//! Optimise: a stage becomes a program by way of a block.

use std::collections::BTreeSet;

use aqueduct_graph::ir::{Store, TensorId};

use crate::arena::Layout;
use crate::compile::draft::{Draft, Stage};
use crate::compile::emit::Made;
use crate::compile::prune::Need;
use crate::engine::ir::{Block, ValueId};
use crate::engine::lower::{Found, Lowered, lower};
use crate::engine::passes;
use crate::error::{Error, Result};
use crate::memory::MemoryShortage;
use crate::plan::{Operand, Plan};

impl Draft {
    /// The stage's plan, optimised. What is left, if anything is, goes along with it.
    pub(super) fn optimize(mut self, store: &Store, stage: Stage) -> Result<Plan> {
        let late = (!stage.deferred.is_empty()).then(|| stage.late.clone());
        let mut kept = self.kept(store, &stage);
        let given = self.places.clone();
        let (mut block, emission) = self.import(store, stage, &mut kept)?;
        let mut passes = passes::run(&mut block, self.options)?;
        for (place, tensor) in kept.iter().enumerate() {
            // It is read from outside, where nobody knows of views.
            block.results[place] = block.whole(block.results[place], tensor.node);
        }
        let constants = std::mem::take(&mut self.constants);
        let lowered = lower(&block, self.options, constants)?;
        let Some(lowered) = lowered else {
            return Err(MemoryShortage::of_block(store, &block));
        };
        let Lowered {
            mut program,
            bytes,
            results,
        } = lowered;
        passes.append(&mut program.listing.passes);
        program.listing.passes = passes;
        let layout = Layout::of_bytes(bytes);
        self.places
            .retain(|_, place| !matches!(place, Operand::Value(_)));
        self.places.extend(given);
        self.settle(&block, &kept, &results, &layout)?;
        self.constants.clone_from(&program.constants);
        program.listing.block = block;
        let made = Made {
            program: Vec::new(),
            optimized: Some(program),
            late_values: emission.late_values,
            layout,
        };
        self.finish(store, late.as_ref(), made)
    }

    /// The tensors that someone uses after the stage: the region's results, and what the operations
    /// put off use. Not among them are values of late shape, and what an earlier stage has made.
    fn kept(&self, store: &Store, stage: &Stage) -> Vec<TensorId> {
        let mut used: BTreeSet<TensorId> = stage.late.iter().copied().collect();
        for id in &stage.deferred {
            used.extend(self.used_by(store, *id));
            // One that is planned in here may be what a later stage waits for.
            used.extend(store.inputs(*id));
        }
        let results = self.results.iter();
        let results = results.filter(|(_, need)| *need == Need::Value);
        used.extend(results.map(|(result, _)| *result));
        let made = |tensor: &TensorId| {
            let sizes = self.sizes_of(*tensor);
            let here = stage.live.contains(&tensor.node) && stage.ready.contains(&tensor.node);
            here && sizes.is_some() && !self.places.contains_key(tensor)
        };
        used.into_iter().filter(made).collect()
    }

    /// The places of the tensors that are kept take those of values.
    fn settle(
        &mut self,
        block: &Block,
        kept: &[TensorId],
        results: &[Found],
        layout: &Layout,
    ) -> Result<()> {
        for ((tensor, found), value) in kept.iter().zip(results).zip(&block.results) {
            let place = self.operand(block, *value, *found, layout)?;
            self.places.insert(*tensor, place);
        }
        Ok(())
    }

    fn operand(
        &self,
        block: &Block,
        value: ValueId,
        found: Found,
        layout: &Layout,
    ) -> Result<Operand> {
        Ok(match found {
            Found::Given(operand) => operand,
            Found::Version(version) => Operand::Version(version),
            Found::Arena(offset) => {
                let kind = block.kind(value);
                let buffer = layout.at(offset, kind.dtype, kind.elements());
                let buffer =
                    buffer.ok_or_else(|| Error::internal("a result is not in the arena"))?;
                let stage = self.stage;
                Operand::Buffer { stage, buffer }
            }
        })
    }
}
