//! Feeds that can be given again and again.

use aqueduct_graph::Value;
use aqueduct_graph::ir::Data;

use crate::error::{Error, FeedProblem, Result};
use crate::feed::{Entry, Feed as _, FeedTensor, Feeds};
use crate::kernels::Slice;

/// Values for tensors.
#[derive(Clone, Debug)]
pub(super) struct Fed(Vec<(FeedTensor, Value)>);

impl Fed {
    /// # Errors
    /// What is wrong with the feeds before any run.
    pub(super) fn new(feeds: Feeds<'_>) -> Result<Fed> {
        let mut problems = feeds.problems;
        let mut fed = Vec::with_capacity(feeds.entries.len());
        for Entry { key, value } in feeds.entries {
            let refusal = value.refusal();
            let elements = value.slice().map(Slice::to_data);
            match elements.and_then(|elements| Value::new(value.sizes.to_vec(), elements)) {
                Some(value) => fed.push((key, value)),
                None => problems.push(FeedProblem {
                    name: key.name(),
                    message: refusal.to_owned(),
                    at: None,
                }),
            }
        }
        if problems.is_empty() {
            Ok(Fed(fed))
        } else {
            Err(Error::Feeds(problems))
        }
    }

    /// The same, with this value for the tensor, which comes last.
    pub(super) fn with(mut self, key: FeedTensor, value: Value) -> Fed {
        self.0
            .retain(|(other, _)| !(other.graph.is_same(&key.graph) && other.tensor == key.tensor));
        self.0.push((key, value));
        self
    }

    pub(super) fn feeds(&self) -> Feeds<'_> {
        let entries = self.0.iter().map(|(key, value)| Entry {
            key: key.clone(),
            value: value.into_feed(),
        });
        Feeds {
            entries: entries.collect(),
            ..Feeds::new()
        }
    }

    /// An element of the last tensor.
    pub(super) fn element(&self, place: usize) -> Option<f64> {
        let (_, value) = self.0.last()?;
        number(value.data(), place)
    }

    /// Changes an element of the last tensor.
    pub(super) fn set_element(&mut self, place: usize, number: f64) {
        let Some((_, value)) = self.0.last_mut() else {
            return;
        };
        match value.data_mut() {
            Data::F32(elements) => {
                if let Some(element) = elements.get_mut(place) {
                    #[expect(clippy::cast_possible_truncation, reason = "it is rounded")]
                    let rounded = number as f32;
                    *element = rounded;
                }
            }
            Data::F64(elements) => {
                if let Some(element) = elements.get_mut(place) {
                    *element = number;
                }
            }
            Data::I32(_) | Data::I64(_) | Data::U8(_) | Data::Bool(_) => {}
        }
    }
}

/// An element of floats.
pub(super) fn number(data: &Data, place: usize) -> Option<f64> {
    match data {
        Data::F32(elements) => elements.get(place).copied().map(f64::from),
        Data::F64(elements) => elements.get(place).copied(),
        Data::I32(_) | Data::I64(_) | Data::U8(_) | Data::Bool(_) => None,
    }
}
