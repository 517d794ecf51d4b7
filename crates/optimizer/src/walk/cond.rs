//! The gradient of a cond: a cond on the same predicate, of the gradients of the branches.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use aqueduct_graph::ir::{NodeId, RegionId, TensorId};
use aqueduct_graph::{AnyTensor, DType, Graph, Size, Sizes};

use super::{Frame, Walk};
use crate::gradient::{IndexedSlices, Slope};
use crate::rules::{row_count, zero};

/// A branch's gradients with respect to what it uses from around.
struct Branch<'g> {
    frame: Rc<Frame<'g>>,
    found: BTreeMap<TensorId, Slope<'g>>,
    results: Vec<AnyTensor<'g>>,
}

impl<'g> Walk<'g, '_> {
    /// The gradients of what the branches use.
    #[track_caller]
    pub(super) fn through_cond(
        &self,
        id: NodeId,
        bodies: [RegionId; 2],
        grads: &[Option<Slope<'g>>],
    ) -> Vec<(TensorId, Slope<'g>)> {
        let predicate = self.graph.view().inputs(id).first().copied();
        let Some(predicate) = predicate else {
            return Vec::new();
        };
        let predicate = self.frame.tensor(predicate);
        let mut branches = [
            self.branch(id, bodies, true, grads),
            self.branch(id, bodies, false, grads),
        ];
        let used: BTreeSet<TensorId> = branches
            .iter()
            .flat_map(|branch| branch.found.keys().copied())
            .collect();
        let mut sparse = Vec::with_capacity(used.len());
        for tensor in &used {
            sparse.push(self.give(*tensor, &mut branches));
        }
        let [then, otherwise] = branches;
        let other = (otherwise.frame.body(), otherwise.results.as_slice());
        let outputs = then.frame.body().into_cond(&then.results, other, predicate);
        let mut outputs = outputs.into_iter();
        let mut found = Vec::with_capacity(used.len());
        for (tensor, sparse) in used.into_iter().zip(sparse) {
            let Some(first) = outputs.next() else { break };
            let indices = if sparse { outputs.next() } else { None };
            let slope = match indices {
                Some(indices) => Slope::Sparse(IndexedSlices {
                    values: first,
                    indices,
                    rows: row_count(self.frame.shape_of(tensor), 0),
                }),
                None => Slope::Dense(first),
            };
            found.push((tensor, slope));
        }
        found
    }

    #[track_caller]
    fn branch(
        &self,
        id: NodeId,
        bodies: [RegionId; 2],
        value: bool,
        grads: &[Option<Slope<'g>>],
    ) -> Branch<'g> {
        let frame = Rc::new(Frame::of_branch(&self.frame, id, bodies, value));
        let region = bodies[usize::from(!value)];
        let results = self.graph.view().region(region).results.clone();
        let starts = results.into_iter().zip(grads);
        let starts = starts.filter_map(|(result, grad)| Some((result, (*grad)?)));
        let starts = self.that_flow(starts);
        let _inside = frame.body().enter();
        let walk = self.over_body(&frame, starts);
        let mut found = BTreeMap::new();
        for (tensor, parts) in walk.outside {
            if let Some(sum) = Slope::sum(self.graph, &parts) {
                found.insert(tensor, sum);
            }
        }
        Branch {
            frame,
            found,
            results: Vec::new(),
        }
    }

    /// Makes the gradient of a tensor a result of both branches; says whether it is sparse.
    #[track_caller]
    fn give(&self, tensor: TensorId, branches: &mut [Branch<'g>; 2]) -> bool {
        let [then, otherwise] = branches.each_ref().map(|branch| branch.found.get(&tensor));
        let sparse = match (then, otherwise) {
            (Some(Slope::Sparse(a)), Some(Slope::Sparse(b))) => {
                !self.frame.is_in_loop() || a.indices.shape().same(&b.indices.shape())
            }
            // The branch that has none gives no rows, so their number is that of the run; in a loop
            // it must be the same in each step.
            (Some(Slope::Sparse(_)), None) | (None, Some(Slope::Sparse(_))) => {
                !self.frame.is_in_loop()
            }
            (Some(Slope::Dense(_)) | None, _) | (_, Some(Slope::Dense(_))) => false,
        };
        for branch in branches {
            let _inside = branch.frame.body().enter();
            let slope = branch.found.get(&tensor).copied();
            if sparse {
                let rows = self.rows(tensor, slope);
                branch.results.extend(rows);
            } else {
                branch.results.push(match slope {
                    Some(slope) => slope.to_dense(),
                    None => branch.frame.zeros_like(tensor),
                });
            }
        }
        sparse
    }

    /// The values and indices of a sparse gradient; none at all if there is no gradient.
    #[track_caller]
    fn rows(&self, tensor: TensorId, slope: Option<Slope<'g>>) -> [AnyTensor<'g>; 2] {
        match slope {
            Some(Slope::Sparse(slices)) => [slices.values, slices.indices.cast(DType::I64)],
            Some(Slope::Dense(_)) | None => {
                let table = self.frame.shape_of(tensor);
                [no_rows(table), no_indices(self.graph)]
            }
        }
    }
}

/// No rows of a table.
#[track_caller]
fn no_rows(table: AnyTensor<'_>) -> AnyTensor<'_> {
    let mut sizes = vec![Size::from(0_usize)];
    for axis in 1..table.shape().rank() {
        sizes.push(Size::of_axis(table, axis));
    }
    zero(table).broadcast_to(Sizes::list(sizes))
}

#[track_caller]
fn no_indices(graph: &Graph) -> AnyTensor<'_> {
    graph.number(DType::I64, 0.0, "zero").broadcast_to([0])
}
