//! The regions that hold the bodies of loops and branches: opened, built in, closed.

use std::panic::Location as Caller;

use crate::context::ContextGuard;
use crate::fact::Fact;
use crate::graph::Graph;
use crate::handle::AnyTensor;
use crate::ids::{NodeId, RegionId};
use crate::op::{Array, Control};
use crate::store::Region;

impl Graph {
    pub(super) fn open_region(&self, kind: &str, caller: &Caller<'_>) -> RegionId {
        let site = self.site(caller);
        let parent = self.context().region;
        let mut store = self.write();
        let id = RegionId::from_index(store.regions.len());
        let depth = store.region(parent).depth + 1;
        store.regions.push(Region {
            parent: Some(parent),
            kind: kind.to_owned(),
            parameters: Vec::new(),
            parameter_facts: Vec::new(),
            results: Vec::new(),
            writers: Vec::new(),
            depth,
            site,
        });
        id
    }

    /// Builds inside of a region until the guard is dropped. Control dependencies from outside are
    /// for the op that owns it.
    pub(super) fn enter_region(&self, region: RegionId) -> ContextGuard {
        self.enter(|context| {
            context.region = region;
            context.controls.clear();
        })
    }

    /// A parameter of the body for each tensor given to it.
    #[track_caller]
    pub(super) fn parameters<'g>(
        &'g self,
        region: RegionId,
        given: &[AnyTensor<'g>],
        fact: impl Fn(&Fact) -> Fact,
    ) -> Vec<AnyTensor<'g>> {
        let mut parameters = Vec::with_capacity(given.len());
        let _inside = self.enter_region(region);
        for tensor in given {
            let parameter = self.parameter(region, fact(&tensor.fact()));
            self.poison_like(parameter.id().node, *tensor);
            parameters.push(parameter);
        }
        parameters
    }

    /// One more parameter of the body that is being built.
    #[track_caller]
    pub(super) fn parameter(&self, region: RegionId, fact: Fact) -> AnyTensor<'_> {
        let index = {
            let mut store = self.write();
            let facts = &mut store.regions[region.index()].parameter_facts;
            facts.push(fact);
            facts.len() - 1
        };
        let parameter = self.add_tensor(Control::Parameter { region, index }, &[], "parameter");
        let id = parameter.id().node;
        self.write().regions[region.index()].parameters.push(id);
        parameter
    }

    /// A parameter that stands for a poisoned tensor is poisoned too.
    fn poison_like(&self, id: NodeId, tensor: AnyTensor<'_>) {
        if !tensor.graph().is_same(self) {
            return;
        }
        let mut store = self.write();
        if let Some(mistake) = store.node(tensor.id().node).poison {
            store.poison(id, mistake);
        }
    }

    fn is_of(&self, tensor: AnyTensor<'_>, region: RegionId) -> bool {
        tensor.graph().is_same(self) && self.view().node(tensor.id().node).region == region
    }

    #[track_caller]
    pub(super) fn close_region<'a, 'g: 'a>(
        &'g self,
        region: RegionId,
        results: impl IntoIterator<Item = &'a AnyTensor<'g>>,
    ) {
        let mut inside = Vec::new();
        for result in results {
            // A result from outside is given by a node inside, so that a body's results are its own.
            let result = if self.is_of(*result, region) {
                *result
            } else {
                let _inside = self.enter_region(region);
                self.add_tensor(Array::Identity, &[*result], "Identity")
            };
            inside.push(result.id());
        }
        let mut store = self.write();
        if let Some(region) = store.regions.get_mut(region.index()) {
            region.results = inside;
        }
    }
}
