//! The state of a session: values of variables, and counters of random streams.

use std::collections::HashMap;
use std::sync::Arc;

use aqueduct_graph::Value;
use aqueduct_graph::ir::{NodeId, Op, Seeds, Store, VariableId};
use rand::TryRng;
use rand::rngs::SysRng;

use crate::error::{Error, Result};
use crate::execute::Version;

/// What a session keeps from run to run.
#[derive(Debug, Default)]
pub(crate) struct State {
    values: HashMap<VariableId, Arc<Value>>,
    streams: Streams,
}

/// Where random operations have got to.
pub(crate) type Streams = HashMap<NodeId, Stream>;

/// Where a random operation has got to in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    /// The two seeds that name it.
    pub(crate) seeds: Seeds,
    /// The next block.
    pub(crate) block: u64,
}

impl State {
    /// The current version of a variable.
    pub(crate) fn value(&self, variable: VariableId) -> Version {
        self.values.get(&variable).cloned()
    }

    /// The current versions of these variables. Costs no copy of their elements.
    pub(crate) fn snapshot(&self, variables: &[VariableId]) -> impl Iterator<Item = Version> {
        variables.iter().map(|variable| self.value(*variable))
    }

    /// Where a random operation has got to, if it has drawn.
    pub(crate) fn stream(&self, operation: NodeId) -> Option<Stream> {
        self.streams.get(&operation).copied()
    }

    /// Adds the streams of these random operations to `streams`. One that is drawn from for the first
    /// time starts at block 0 of its seeds, or of seeds of the operating system.
    ///
    /// # Errors
    /// The operating system has no random numbers to give.
    pub(crate) fn streams<'a>(
        &mut self,
        store: &Store,
        draws: impl IntoIterator<Item = &'a NodeId>,
        streams: &mut Streams,
    ) -> Result<()> {
        for id in draws {
            let stream = match self.streams.get(id) {
                Some(stream) => *stream,
                None => {
                    let seeds = seeds_of(store, *id)?;
                    let stream = Stream { seeds, block: 0 };
                    // The operating system's seeds are kept also if the run fails: they are no
                    // result of it.
                    self.streams.insert(*id, stream);
                    stream
                }
            };
            streams.insert(*id, stream);
        }
        Ok(())
    }

    /// Takes over the last versions of the variables that a run wrote, and where its streams have
    /// got to. What they replace goes to `spares`, if nobody else holds it.
    pub(crate) fn commit(
        &mut self,
        versions: impl IntoIterator<Item = (VariableId, Version)>,
        streams: impl IntoIterator<Item = (NodeId, Stream)>,
        spares: &mut Spares,
    ) {
        for (variable, version) in versions {
            let Some(version) = version else {
                continue;
            };
            if let Some(old) = self.values.insert(variable, version) {
                spares.give(variable, old);
            }
        }
        for (operation, stream) in streams {
            self.streams.insert(operation, stream);
        }
    }
}

fn seeds_of(store: &Store, id: NodeId) -> Result<Seeds> {
    if let Op::Random(op) = &store.node(id).op
        && let Some(seeds) = op.seeds
    {
        return Ok(seeds);
    }
    let draw = || {
        SysRng.try_next_u64().map_err(|error| {
            Error::internal(format!(
                "the operating system gave no random numbers: {error}"
            ))
        })
    };
    Ok(Seeds {
        graph: draw()?,
        op: draw()?,
    })
}

/// Memory of replaced values, which nobody else holds, for the next versions: so that a training loop
/// allocates nothing for its variables.
#[derive(Debug, Default)]
pub(crate) struct Spares(HashMap<VariableId, Version>);

impl Spares {
    /// Memory of a variable's type and shape, with whatever elements.
    pub(crate) fn take(&mut self, variable: VariableId) -> Version {
        self.0.get_mut(&variable)?.take()
    }

    fn give(&mut self, variable: VariableId, mut old: Arc<Value>) {
        if Arc::get_mut(&mut old).is_some() {
            self.0.insert(variable, Some(old));
        }
    }
}
