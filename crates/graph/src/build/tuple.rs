//! Tensors that wait for each other.

use crate::graph::Graph;
use crate::handle::{AnyTensor, Operation};
use crate::nest::Nest;
use crate::op::Array;

impl Graph {
    /// The same tensors, each of which is there only when all have been computed. TensorFlow's
    /// `tuple`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let (gradient, norm) = g.tuple((x * 2.0, x.square().reduce_sum(..)));
    /// assert_eq!(gradient.name(), "tuple/control_dependency:0");
    /// # let _ = norm;
    /// ```
    #[track_caller]
    pub fn tuple<'g, N: Nest<'g>>(&'g self, tensors: N) -> N {
        self.tuple_after(tensors, std::iter::empty::<Operation<'g>>())
    }

    /// [`Graph::tuple`] that waits for these operations too: TensorFlow's `control_inputs`.
    #[track_caller]
    pub fn tuple_after<'g, N: Nest<'g>>(
        &'g self,
        tensors: N,
        operations: impl IntoIterator<Item = impl Into<Operation<'g>>>,
    ) -> N {
        let _here = self.here();
        let _scope = self.open_scope("tuple");
        let parts = tensors.parts();
        let mut all: Vec<Operation<'g>> = parts.iter().map(|tensor| tensor.op()).collect();
        all.extend(operations.into_iter().map(Into::into));
        let gate = self.group(all);
        let _after = self.order_after([gate]);
        let mut gated: Vec<AnyTensor<'g>> = Vec::with_capacity(parts.len());
        for part in parts {
            gated.push(self.add_tensor(Array::Identity, &[part], "control_dependency"));
        }
        tensors.rebuild(&mut gated.into_iter())
    }
}
