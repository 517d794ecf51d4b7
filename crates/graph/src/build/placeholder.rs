//! Builders of what a run feeds, and of shapes that it must have.

use std::panic::Location;

use crate::element::Element;
use crate::graph::Graph;
use crate::handle::{AnyTensor, Operand, Tensor};
use crate::op::{Array, SizeReason};
use crate::shape::Shape;
use crate::sizes::Size;

impl Graph {
    /// A value that every run feeds. TensorFlow's `placeholder`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let images = g.placeholder::<f32>("images", shape![?, 28, 28]);
    /// assert_eq!(images.to_string(), r#"Tensor("images:0", shape=(?, 28, 28), dtype=float32)"#);
    /// ```
    #[track_caller]
    pub fn placeholder<T: Element>(&self, name: &str, shape: impl Into<Shape>) -> Tensor<'_, T> {
        let name = self.valid_name(Location::caller(), "placeholder", name);
        let mut shape = shape.into();
        self.write().identify(&mut shape);
        let dtype = T::DTYPE;
        let op = Array::Placeholder { dtype, shape };
        Tensor::assume(self.add_tensor(op, &[], &name))
    }

    /// A value that a run may feed; where it does not, it is the default: a number, or any tensor.
    /// The shape says what may be fed; that of the default must be one of these. TensorFlow's
    /// `placeholder_with_default`.
    ///
    /// A size that the shape leaves open is one of its own, and equal to no other for certain: a run
    /// may feed another than the default's. As in TensorFlow, a gradient with respect to the default
    /// is that of the placeholder, whether it is fed or not.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let training = g.placeholder_with_default("training", false, shape![]);
    /// let primes = g.constant([2, 3, 5]);
    /// let numbers = g.placeholder_with_default("numbers", primes, shape![?]);
    /// assert_eq!(numbers.shape().to_string(), "[?]");
    /// # let _ = training;
    /// ```
    #[track_caller]
    pub fn placeholder_with_default<'g, T: Element>(
        &'g self,
        name: &str,
        default: impl Operand<'g, T>,
        shape: impl Into<Shape>,
    ) -> Tensor<'g, T> {
        let _here = self.here();
        let default = default.into_tensor(self).any();
        Tensor::assume(self.placeholder_with_default_any(name, default, shape))
    }

    /// [`Graph::placeholder_with_default`] of an element type known at run time.
    #[track_caller]
    pub fn placeholder_with_default_any<'g>(
        &'g self,
        name: &str,
        default: AnyTensor<'g>,
        shape: impl Into<Shape>,
    ) -> AnyTensor<'g> {
        let name = self.valid_name(Location::caller(), "placeholder_with_default", name);
        // Nothing would check that its sizes are equal to others.
        let mut shape = shape.into().without_identities();
        self.write().identify(&mut shape);
        let op = Array::PlaceholderWithDefault { shape };
        self.add_tensor(op, &[default], &name)
    }
}

impl<'g> AnyTensor<'g> {
    /// The same value, of which more is known: its shape is one of these, or the run fails.
    #[track_caller]
    pub fn ensure_shape(self, shape: impl Into<Shape>) -> AnyTensor<'g> {
        let shape = shape.into().without_identities();
        let op = Array::EnsureShape { shape };
        self.graph().add_tensor(op, &[self], "EnsureShape")
    }

    /// The same value, of which more is known: the size of an axis. A run in which it is another fails,
    /// with the words of `reason`.
    #[track_caller]
    pub fn ensure_size(
        self,
        axis: usize,
        size: impl Into<Size<'g>>,
        reason: SizeReason,
    ) -> AnyTensor<'g> {
        let graph = self.graph();
        let _here = graph.here();
        let size = size.into().into_tensor(graph);
        let op = Array::EnsureSize { axis, reason };
        graph.add_tensor(op, &[self, size], "EnsureSize")
    }
}

impl<'g, T: Element> Tensor<'g, T> {
    /// The same value, of which more is known: a size that the shape names is that size. A run in
    /// which it is another fails; one that is known to be another while building is a mistake. A `?`
    /// leaves what is known as it is. TensorFlow's `ensure_shape`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?, ?]);
    /// let rows_of_three = x.ensure_shape(shape![?, 3]);
    /// assert_eq!(rows_of_three.shape().to_string(), "[?, 3]");
    /// ```
    #[track_caller]
    pub fn ensure_shape(self, shape: impl Into<Shape>) -> Tensor<'g, T> {
        Tensor::assume(self.any().ensure_shape(shape))
    }
}
