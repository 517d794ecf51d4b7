//! Builders on top of scans: maps and folds.

use std::panic::Location as Caller;

use super::control::ScanOptions;
use crate::graph::Graph;
use crate::nest::Nest;
use crate::op::{Bound, SliceSpec};

impl Graph {
    /// What `function` makes of each element of the tensors, along their axis 0. TensorFlow's `map_fn`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let rows = g.placeholder::<f32>("rows", shape![?, 3]);
    /// let dots = g.map_fn((rows, rows * 2.0), |(a, b)| (a * b).reduce_sum(..));
    /// assert_eq!(dots.shape().to_string(), "[?]");
    /// ```
    #[track_caller]
    pub fn map_fn<'g, X: Nest<'g>, Y: Nest<'g>>(
        &'g self,
        elements: X,
        function: impl FnOnce(X) -> Y,
    ) -> Y {
        let ((), all) = self.scan((), elements, |(), element| ((), function(element)));
        all
    }

    /// The elements of the tensors, along their axis 0, taken into an accumulator from the first to
    /// the last. TensorFlow's `foldl` with an initializer; see [`Graph::foldl_from_first`] for one
    /// without.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    /// let decayed = g.foldl(g.zeros::<f32>([3]), xs, |sum, x| sum * 0.5 + x);
    /// assert_eq!(decayed.shape().to_string(), "[3]");
    /// ```
    #[track_caller]
    pub fn foldl<'g, A: Nest<'g>, X: Nest<'g>>(
        &'g self,
        initial: A,
        elements: X,
        function: impl FnOnce(A, X) -> A,
    ) -> A {
        self.fold(ScanOptions::new(), initial, elements, function)
    }

    /// [`Graph::foldl`] from the last element to the first. TensorFlow's `foldr`.
    #[track_caller]
    pub fn foldr<'g, A: Nest<'g>, X: Nest<'g>>(
        &'g self,
        initial: A,
        elements: X,
        function: impl FnOnce(A, X) -> A,
    ) -> A {
        self.fold(ScanOptions::new().reverse(), initial, elements, function)
    }

    /// [`Graph::foldl`] that starts from the first element and takes the others into it. With no
    /// element at all the run fails. TensorFlow's `foldl` without an initializer.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    ///
    /// let g = Graph::new();
    /// let xs = g.placeholder::<f32>("xs", shape![?, 3]);
    /// let largest = g.foldl_from_first(xs, |largest, x| largest.maximum(x));
    /// assert_eq!(largest.shape().to_string(), "[3]");
    /// ```
    #[track_caller]
    pub fn foldl_from_first<'g, A: Nest<'g>>(
        &'g self,
        elements: A,
        function: impl FnOnce(A, A) -> A,
    ) -> A {
        let start = (Bound::At(0), "first_element");
        self.fold_from(
            start,
            Bound::from(1..),
            ScanOptions::new(),
            elements,
            function,
        )
    }

    /// [`Graph::foldr`] that starts from the last element and takes the others into it, back to the
    /// first. With no element at all the run fails. TensorFlow's `foldr` without an initializer.
    #[track_caller]
    pub fn foldr_from_last<'g, A: Nest<'g>>(
        &'g self,
        elements: A,
        function: impl FnOnce(A, A) -> A,
    ) -> A {
        let start = (Bound::At(-1), "last_element");
        let options = ScanOptions::new().reverse();
        self.fold_from(start, Bound::from(..-1), options, elements, function)
    }

    #[track_caller]
    fn fold<'g, A: Nest<'g>, X: Nest<'g>>(
        &'g self,
        options: ScanOptions<'g>,
        initial: A,
        elements: X,
        function: impl FnOnce(A, X) -> A,
    ) -> A {
        let body = |accumulated, element| (function(accumulated, element), ());
        let (last, ()) = self.scan_with(options, initial, elements, body);
        last
    }

    /// A fold that starts from the element at a place, which has this name.
    #[track_caller]
    fn fold_from<'g, A: Nest<'g>>(
        &'g self,
        (start, name): (Bound, &str),
        others: Bound,
        options: ScanOptions<'g>,
        elements: A,
        function: impl FnOnce(A, A) -> A,
    ) -> A {
        let _here = self.here();
        let parts = elements.parts();
        let _poison = self.refuse_scalars(Caller::caller(), "scan", &parts);
        let [mut first, mut rest] = [Vec::new(), Vec::new()];
        for part in parts {
            let [start, others] = [start, others].map(|bound| SliceSpec {
                bounds: vec![bound],
            });
            first.push(part.slice(start).named(name));
            rest.push(part.slice(others));
        }
        let initial = elements.rebuild(&mut first.into_iter());
        let rest = elements.rebuild(&mut rest.into_iter());
        self.fold(options, initial, rest, function)
    }
}
