//! Builders that put elements in order.

use crate::build::axes::resolve_axis;
use crate::element::{DType, Float, Index, Number};
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::ids::TensorId;
use crate::mistake::Problem;
use crate::op::{Array, Extreme, SizeReason};
use crate::sizes::Size;
use crate::value::Value;

/// Which way elements are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The smallest first.
    #[default]
    Ascending,
    /// The largest first.
    Descending,
}

impl Direction {
    /// What comes first.
    fn first(self) -> Extreme {
        match self {
            Direction::Ascending => Extreme::Smallest,
            Direction::Descending => Extreme::Largest,
        }
    }
}

impl<'g> AnyTensor<'g> {
    /// The `k` most extreme elements along the last axis, the most extreme one first, and their
    /// places as `i32`.
    #[track_caller]
    pub fn top_k(self, k: impl Into<Size<'g>>, extreme: Extreme) -> [AnyTensor<'g>; 2] {
        let graph = self.graph();
        let _here = graph.here();
        let k = k.into().into_tensor(graph);
        let values = graph.add_tensor(Array::TopK { extreme }, &[self, k], "TopKV2");
        let id = values.id().node;
        [0, 1].map(|output| AnyTensor::new(graph, TensorId::new(id, output)))
    }

    /// The elements along an axis in order, and the place that each comes from as `i32`.
    #[track_caller]
    pub fn ordered(self, axis: i64, direction: Direction) -> [AnyTensor<'g>; 2] {
        let graph = self.graph();
        let _here = graph.here();
        let rank = self.shape().rank();
        let axis = match resolve_axis(axis, rank) {
            Ok(axis) => axis,
            Err(_) if self.is_poisoned() => return self.top_k(0, direction.first()),
            Err(problem) => {
                let wrong = graph.poisoned_like(self, "sort", "sort", problem);
                return [wrong, wrong.shape_tensor(DType::I32)];
            }
        };
        // Two axes that change places do so again on the way back.
        let mut swapped: Vec<usize> = (0..rank).collect();
        swapped.swap(axis, rank - 1);
        let last = axis + 1 == rank;
        let front = if last {
            self
        } else {
            self.transpose(swapped.clone())
        };
        let ordered = front.top_k(Size::of_axis(self, axis), direction.first());
        if last {
            return ordered;
        }
        let [values, places] = ordered;
        [values.transpose(swapped.clone()), places.transpose(swapped)]
    }
}

/// Elements in order. NaN counts as larger than every number; equal elements, as 0 and -0 are, stay
/// in the order that they have.
impl<'g, T: Number> Tensor<'g, T> {
    /// The `k` largest elements along the last axis, the largest first, and their places. `k` is a
    /// number or an integer scalar; more than there are is a mistake, or an error of the run.
    /// TensorFlow's `nn.top_k`, whose order of NaN depends on `k`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let logits = g.placeholder::<f32>("logits", shape![?, 10]);
    /// let (best, classes) = logits.top_k(3);
    /// assert_eq!(best.shape().to_string(), "[?, 3]");
    /// assert_eq!(classes.shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn top_k(self, k: impl Into<Size<'g>>) -> (Tensor<'g, T>, Tensor<'g, i32>) {
        let [values, places] = self.any().top_k(k, Extreme::Largest);
        (Tensor::assume(values), Tensor::assume(places))
    }

    /// The elements along an axis, the smallest first. TensorFlow's `sort`.
    ///
    /// ```
    /// use aqueduct_graph::Graph;
    ///
    /// let g = Graph::new();
    /// let sorted = g.constant([3, 1, 2]).sort(-1); // [1, 2, 3]
    /// assert_eq!(sorted.shape().to_string(), "[3]");
    /// ```
    #[track_caller]
    pub fn sort(self, axis: i64) -> Tensor<'g, T> {
        self.sort_with(axis, Direction::Ascending)
    }

    /// The elements along an axis, in the order of a direction. TensorFlow's `sort` with `direction`.
    #[track_caller]
    pub fn sort_with(self, axis: i64, direction: Direction) -> Tensor<'g, T> {
        let [values, _] = self.any().ordered(axis, direction);
        Tensor::assume(values)
    }

    /// The places of the elements along an axis, that of the smallest first. TensorFlow's `argsort`.
    #[track_caller]
    pub fn argsort(self, axis: i64) -> Tensor<'g, i32> {
        self.argsort_with(axis, Direction::Ascending)
    }

    /// The places of the elements along an axis, in the order of a direction. TensorFlow's `argsort`
    /// with `direction`.
    #[track_caller]
    pub fn argsort_with(self, axis: i64, direction: Direction) -> Tensor<'g, i32> {
        let [_, places] = self.any().ordered(axis, direction);
        Tensor::assume(places)
    }
}

impl<'g, T: Float> Tensor<'g, T> {
    /// Of predictions `[batch, classes]`, whether fewer than `k` of a row are above that of its
    /// target. Classes that tie with the target do not count against it. False for a target that is
    /// no class, and for a row with an infinity or NaN. That there is not one target for each row is a
    /// mistake, or an error of the run where it is not known before. TensorFlow's `nn.in_top_k`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let logits = g.placeholder::<f32>("logits", shape![?, 10]);
    /// let labels = g.placeholder::<i64>("labels", shape![?]);
    /// let top_5_accuracy = logits.in_top_k(labels, 5).cast::<f32>().reduce_mean(..);
    /// # let _ = top_5_accuracy;
    /// ```
    #[track_caller]
    pub fn in_top_k<I: Index>(
        self,
        targets: impl Operand<'g, I>,
        k: impl Operand<'g, i32>,
    ) -> Tensor<'g, bool> {
        let graph = self.graph();
        let _here = graph.here();
        let _scope = graph.open_scope("in_top_k");
        let targets = targets.into_tensor(graph);
        let k = k.into_tensor(graph);
        if let Some(problem) = not_a_target_a_row(self.any(), targets.any()) {
            let stand_in = graph.constant_value(Value::scalar(false), "Const");
            let wrong = graph.poisoned_like(stand_in, "in_top_k", "in_top_k", problem);
            return Tensor::assume(wrong);
        }
        let help = "give a class for each row of the predictions";
        let reason = SizeReason::new("in_top_k", "targets", help);
        let targets = targets.any().with_size(self.any(), 0, reason);
        let targets: Tensor<'g, I> = Tensor::assume(targets);
        let is_target = targets.one_hot::<bool>(Size::of_axis(self.any(), 1));
        let of_target = is_target.select(self, T::from_f64(0.0)).reduce_sum_keep(1);
        let above = self.greater(of_target).cast::<i32>().reduce_sum(1);
        is_target.reduce_any(1) & self.is_finite().reduce_all(1) & above.less(k)
    }
}

/// Why these are not predictions `[batch, classes]` and targets `[batch]`.
fn not_a_target_a_row(predictions: AnyTensor<'_>, targets: AnyTensor<'_>) -> Option<Problem> {
    if predictions.is_poisoned() || targets.is_poisoned() {
        return None;
    }
    let (rows, places) = (predictions.shape(), targets.shape());
    let fit = match (rows.dims(), places.dims()) {
        ([batch, _], [count]) => batch.compatible(*count),
        (_, _) => false,
    };
    (!fit).then(|| {
        Problem::shape(format!(
            "predictions have shape {rows} and targets {places}"
        ))
        .help("predictions are [batch, classes], targets [batch]: a class for each row")
    })
}
