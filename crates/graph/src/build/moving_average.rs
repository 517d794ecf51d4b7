//! Variables that follow values slowly.

use crate::element::Float;
use crate::handle::{AnyTensor, AnyVariable, Operand, Tensor, Variable};
use crate::ids::TensorId;
use crate::op::{Binary, State, Update};
use crate::store::NewName;

impl<'g> AnyVariable<'g> {
    /// Lets the variable follow a value: `self -= (self - value) * (1 - decay)`, where `self` is the
    /// value after the writes that this is ordered after. Returns the new average. `value` is of the
    /// variable's shape and type, `decay` a scalar of floats.
    #[track_caller]
    pub fn assign_moving_average(
        self,
        value: AnyTensor<'g>,
        decay: AnyTensor<'g>,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let scope = graph.open_scope("AssignMovingAvg");
        let dtype = self.dtype();
        let rest = graph.number(dtype, 1.0, "one").sub(decay.cast(dtype));
        let distance = self.read_value().binary(Binary::Sub, value, "sub");
        let step = distance.binary(Binary::Mul, rest, "mul");
        let op = State::Assign(self.id(), Update::Sub).into();
        let name = NewName::Exact(scope.path().to_owned());
        let id = graph.add_named(op, &[step], name, None);
        AnyTensor::new(graph, TensorId::new(id, 0))
    }
}

impl<'g, T: Float> Variable<'g, T> {
    /// Lets the variable follow a value: `self -= (self - value) * (1 - decay)`, where `self` is the
    /// value after the writes that this is ordered after. Returns the new average. TensorFlow's
    /// `moving_averages.assign_moving_average` without `zero_debias`.
    ///
    /// `value` is of the variable's shape, `decay` a scalar: near 1 the variable follows slowly.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape, zeros};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, 8]);
    /// let mean = g.untrained_variable::<f32>("mean", zeros([8]));
    /// let update = mean.assign_moving_average(x.reduce_mean(0), 0.99);
    /// assert_eq!(update.name(), "AssignMovingAvg:0");
    /// ```
    #[track_caller]
    pub fn assign_moving_average(
        self,
        value: impl Operand<'g, T>,
        decay: impl Operand<'g, T>,
    ) -> Tensor<'g, T> {
        let variable = self.any();
        let graph = variable.graph();
        let _here = graph.here();
        let (value, decay) = (value.into_tensor(graph), decay.into_tensor(graph));
        Tensor::assume(variable.assign_moving_average(value.any(), decay.any()))
    }
}
