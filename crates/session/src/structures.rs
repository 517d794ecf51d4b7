//! Structures of tensors: fed as a whole, and the state of LSTM cells fetched as a whole.

use aqueduct_graph::{AnyTensor, AnyVariable, Element, LstmState, Tensor, Value, Variable};

use crate::error::{FeedProblem, Result};
use crate::feed::{Entry, Feed, FeedTensor, FeedValue, Feeds, Few};
use crate::fetch::{Assemble, Fetch, Fetched, Requests};

/// Tensors that are given values together: one, an [`LstmState`], and any tuple, vector or array of
/// these, nested. Of a structure of your own [`parts()`](aqueduct_graph::Nest::parts) is one.
pub trait Inputs<'g> {
    /// The element types, in the form of the structure; [`Value`] for an [`AnyTensor`].
    type Elements;

    /// Adds the tensors, in a fixed order.
    fn add_to(&self, keys: &mut InputTensors);
}

/// Values for [`Inputs`] of elements `E`, in their form. Each is whatever can be [fed](Feed), so what a
/// run gives of a structure is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be fed to tensors of `{E}`",
    note = "values have the form of the tensors that they are for: a tuple for a tuple, an `LstmState` \
            for an `LstmState`"
)]
pub trait Values<'f, E> {
    /// Adds the values, in the order of the tensors.
    fn give(self, given: &mut InputValues<'f>);
}

/// The tensors of a structure in a row.
#[derive(Debug, Default)]
pub struct InputTensors {
    pub(crate) tensors: Vec<FeedTensor>,
    /// The vectors of the structure: how many tensors come before each, and its length.
    vectors: Vec<(usize, usize)>,
}

/// The values of a structure in a row.
#[derive(Debug, Default)]
pub struct InputValues<'f> {
    values: Few<FeedValue<'f>>,
    /// The length of each vector of the structure.
    vectors: Few<usize>,
}

impl<'f> Feeds<'f> {
    /// The same values, and those for a whole structure of tensors, such as a run gave of it. Their
    /// form is checked by the compiler, the lengths of vectors by the run.
    ///
    /// ```
    /// use aqueduct_graph::{BasicLstmCell, Graph, RnnCell, RnnOptions, dynamic_rnn_with, shape};
    /// use aqueduct_session::{Session, feed};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![1, ?, 3]);
    /// let cell = BasicLstmCell::new(4);
    /// let initial = cell.zero_state(&g, 1);
    /// let options = RnnOptions::new().initial_state(initial);
    /// let (outputs, last) = dynamic_rnn_with(&cell, x, options);
    ///
    /// let sess = Session::new(&g);
    /// sess.run(g.global_variables_initializer(), feed![])?;
    /// let (_, state) = sess.run((outputs, last), feed![x => [[[1.0, 2.0, 3.0]]]])?;
    /// assert_eq!(state.c.shape(), [1, 4]);
    /// // The next piece of the sequence goes on from there.
    /// let next = feed![x => [[[4.0, 5.0, 6.0]]]].with_all(initial, state);
    /// let (_, state) = sess.run((outputs, last), next)?;
    /// # let _ = state;
    /// # Ok::<(), aqueduct_session::Error>(())
    /// ```
    #[must_use]
    pub fn with_all<'g, I: Inputs<'g>>(
        mut self,
        structure: I,
        values: impl Values<'f, I::Elements>,
    ) -> Self {
        let (mut keys, mut given) = (InputTensors::default(), InputValues::default());
        structure.add_to(&mut keys);
        values.give(&mut given);
        self.add_given(&keys, given);
        self
    }

    /// Gives each tensor its value; none of them if a vector has another length than its values.
    pub(crate) fn add_given(&mut self, keys: &InputTensors, given: InputValues<'f>) {
        if let Some(problem) = keys.wrong_length(&given) {
            self.problems.push(problem);
            self.refused.extend_from_slice(&keys.tensors);
            return;
        }
        let pairs = keys.tensors.iter().zip(given.values);
        self.entries.extend(pairs.map(|(key, value)| Entry {
            key: key.clone(),
            value,
        }));
    }
}

impl InputTensors {
    /// The length of a vector is the one thing about a structure that its type does not tell.
    fn wrong_length(&self, given: &InputValues<'_>) -> Option<FeedProblem> {
        let mut pairs = self.vectors.iter().zip(&given.vectors);
        let (&(before, wanted), given) = pairs.find(|((_, wanted), given)| wanted != *given)?;
        let first = self.tensors.get(before);
        Some(FeedProblem {
            name: first.map_or("[]".to_owned(), FeedTensor::name),
            message: format!("a vector of {given} was fed for one of {wanted}"),
            at: None,
        })
    }
}

impl<'g> Inputs<'g> for AnyTensor<'g> {
    type Elements = Value;

    fn add_to(&self, keys: &mut InputTensors) {
        keys.tensors.push(FeedTensor::new(*self));
    }
}

impl<'g> Inputs<'g> for AnyVariable<'g> {
    type Elements = Value;

    fn add_to(&self, keys: &mut InputTensors) {
        self.value().add_to(keys);
    }
}

impl<'g, T: Element> Inputs<'g> for Tensor<'g, T> {
    type Elements = T;

    fn add_to(&self, keys: &mut InputTensors) {
        self.any().add_to(keys);
    }
}

impl<'g, T: Element> Inputs<'g> for Variable<'g, T> {
    type Elements = T;

    fn add_to(&self, keys: &mut InputTensors) {
        self.value().add_to(keys);
    }
}

impl<'f, T, V: Feed<'f, T>> Values<'f, T> for V {
    fn give(self, given: &mut InputValues<'f>) {
        given.values.push(self.into_feed());
    }
}

impl<'g, I: Inputs<'g> + ?Sized> Inputs<'g> for &I {
    type Elements = I::Elements;

    fn add_to(&self, keys: &mut InputTensors) {
        (**self).add_to(keys);
    }
}

impl<'g, I: Inputs<'g>> Inputs<'g> for Vec<I> {
    type Elements = Vec<I::Elements>;

    fn add_to(&self, keys: &mut InputTensors) {
        keys.vectors.push((keys.tensors.len(), self.len()));
        for part in self {
            part.add_to(keys);
        }
    }
}

impl<'f, E, V: Values<'f, E>> Values<'f, Vec<E>> for Vec<V> {
    fn give(self, given: &mut InputValues<'f>) {
        given.vectors.push(self.len());
        for part in self {
            part.give(given);
        }
    }
}

impl<'g, I: Inputs<'g>, const N: usize> Inputs<'g> for [I; N] {
    type Elements = [I::Elements; N];

    fn add_to(&self, keys: &mut InputTensors) {
        for part in self {
            part.add_to(keys);
        }
    }
}

impl<'f, E, V: Values<'f, E>, const N: usize> Values<'f, [E; N]> for [V; N] {
    fn give(self, given: &mut InputValues<'f>) {
        for part in self {
            part.give(given);
        }
    }
}

impl<'g, I: Inputs<'g>> Inputs<'g> for LstmState<I> {
    type Elements = LstmState<I::Elements>;

    fn add_to(&self, keys: &mut InputTensors) {
        self.c.add_to(keys);
        self.h.add_to(keys);
    }
}

impl<'f, E, V: Values<'f, E>> Values<'f, LstmState<E>> for LstmState<V> {
    fn give(self, given: &mut InputValues<'f>) {
        self.c.give(given);
        self.h.give(given);
    }
}

/// Nothing, which takes no value.
impl<'g> Inputs<'g> for () {
    type Elements = ();

    fn add_to(&self, _: &mut InputTensors) {}
}

impl<'f> Values<'f, ()> for () {
    fn give(self, _: &mut InputValues<'f>) {}
}

macro_rules! tuples {
    ($(($($input:ident $value:ident $element:ident $place:tt),*))*) => {$(
        impl<'g, $($input: Inputs<'g>),*> Inputs<'g> for ($($input,)*) {
            type Elements = ($($input::Elements,)*);

            fn add_to(&self, keys: &mut InputTensors) {
                $(self.$place.add_to(keys);)*
            }
        }

        impl<'f, $($element, $value: Values<'f, $element>),*> Values<'f, ($($element,)*)>
            for ($($value,)*)
        {
            fn give(self, given: &mut InputValues<'f>) {
                $(self.$place.give(given);)*
            }
        }
    )*};
}
tuples! {
    (A VA EA 0)
    (A VA EA 0, B VB EB 1)
    (A VA EA 0, B VB EB 1, C VC EC 2)
    (A VA EA 0, B VB EB 1, C VC EC 2, D VD ED 3)
    (A VA EA 0, B VB EB 1, C VC EC 2, D VD ED 3, E VE EE 4)
    (A VA EA 0, B VB EB 1, C VC EC 2, D VD ED 3, E VE EE 4, F VF EF 5)
}

impl<S: Fetch> Fetch for LstmState<S> {
    type Output = LstmState<S::Output>;
    type Recipe = LstmState<S::Recipe>;

    fn request(&self, requests: &mut Requests) -> LstmState<S::Recipe> {
        LstmState {
            c: self.c.request(requests),
            h: self.h.request(requests),
        }
    }
}

impl<A: Assemble> Assemble for LstmState<A> {
    type Output = LstmState<A::Output>;

    fn assemble(&self, fetched: &mut Fetched<'_>) -> Result<LstmState<A::Output>> {
        Ok(LstmState {
            c: self.c.assemble(fetched)?,
            h: self.h.assemble(fetched)?,
        })
    }
}
