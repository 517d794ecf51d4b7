//! Nested structures of tensors: what loops carry and branches give.

use crate::element::Element;
use crate::handle::{AnyTensor, Tensor};

/// A structure of tensors: a tensor, `()`, a tuple, a vector or an array of structures, or a type of
/// your own.
///
/// A loop takes a structure apart, and puts one of the same form together again from other tensors.
///
/// ```
/// use aqueduct_graph::{AnyTensor, Nest, Tensor};
///
/// #[derive(Clone)]
/// struct LstmState<'g> {
///     c: Tensor<'g, f32>,
///     h: Tensor<'g, f32>,
/// }
///
/// impl<'g> Nest<'g> for LstmState<'g> {
///     fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>) {
///         self.c.append_to(parts);
///         self.h.append_to(parts);
///     }
///
///     fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {
///         LstmState {
///             c: self.c.rebuild(parts),
///             h: self.h.rebuild(parts),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a structure of tensors",
    note = "a tensor is one, and tuples, vectors and arrays of structures are; a number becomes a tensor \
            by `graph.constant(…)`, a variable by `value()`",
    note = "a type of your own implements `Nest`: `append_to` and `rebuild`, a line for each part"
)]
pub trait Nest<'g>: Sized {
    /// Appends the tensors, in a fixed order.
    fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>);

    /// A structure of the same form as `self`, of the next tensors of `parts`.
    #[track_caller]
    fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self;

    /// The tensors, in a fixed order.
    fn parts(&self) -> Vec<AnyTensor<'g>> {
        let mut parts = Vec::new();
        self.append_to(&mut parts);
        parts
    }
}

impl<'g> Nest<'g> for AnyTensor<'g> {
    fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>) {
        parts.push(*self);
    }

    fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {
        // There is a tensor for each one taken apart; were there none, the old one is the nearest.
        parts.next().unwrap_or(*self)
    }
}

impl<'g, T: Element> Nest<'g> for Tensor<'g, T> {
    fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>) {
        parts.push(self.any());
    }

    #[track_caller]
    fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {
        self.any().rebuild(parts).typed()
    }
}

impl<'g> Nest<'g> for () {
    fn append_to(&self, _: &mut Vec<AnyTensor<'g>>) {}

    fn rebuild(&self, _: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {}
}

impl<'g, N: Nest<'g>> Nest<'g> for Vec<N> {
    fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>) {
        for part in self {
            part.append_to(parts);
        }
    }

    fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {
        let mut rebuilt = Vec::with_capacity(self.len());
        for part in self {
            rebuilt.push(part.rebuild(parts));
        }
        rebuilt
    }
}

impl<'g, N: Nest<'g>, const COUNT: usize> Nest<'g> for [N; COUNT] {
    fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>) {
        for part in self {
            part.append_to(parts);
        }
    }

    fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {
        std::array::from_fn(|place| self[place].rebuild(parts))
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),*))*) => {$(
        impl<'g, $($name: Nest<'g>),*> Nest<'g> for ($($name,)*) {
            fn append_to(&self, parts: &mut Vec<AnyTensor<'g>>) {
                $(self.$place.append_to(parts);)*
            }

            fn rebuild(&self, parts: &mut dyn Iterator<Item = AnyTensor<'g>>) -> Self {
                ($(self.$place.rebuild(parts),)*)
            }
        }
    )*};
}
tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
