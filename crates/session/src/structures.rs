//! Structures of tensors fed as a whole, and the state of LSTM cells fetched as a whole.

use aqueduct_graph::{AnyTensor, Element, LstmState, Tensor, Value};
use ndarray::ArrayD;

use crate::error::{FeedProblem, Result};
use crate::feed::Feeds;
use crate::fetch::{Assemble, Fetch, Fetched, Requests};

/// A structure of tensors that can be fed with what a run gives of it: a tensor, an [`LstmState`], and
/// any tuple, vector or array of these, nested. Of a structure of your own
/// [`parts()`](aqueduct_graph::Nest::parts) is one.
pub trait FeedAll: Fetch {
    /// Adds the values to the feeds.
    fn feed_all(&self, values: Self::Output, feeds: &mut Feeds<'_>);
}

impl Feeds<'_> {
    /// The same values, and those for a whole structure of tensors, as a run gave them.
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
    pub fn with_all<S: FeedAll>(mut self, structure: S, values: S::Output) -> Self {
        structure.feed_all(values, &mut self);
        self
    }
}

impl<T: Element> FeedAll for Tensor<'_, T> {
    fn feed_all(&self, values: ArrayD<T>, feeds: &mut Feeds<'_>) {
        self.any().feed_all(Value::from(values), feeds);
    }
}

impl FeedAll for AnyTensor<'_> {
    fn feed_all(&self, values: Value, feeds: &mut Feeds<'_>) {
        feeds.add_any(*self, values);
    }
}

impl<F: FeedAll + ?Sized> FeedAll for &F {
    fn feed_all(&self, values: F::Output, feeds: &mut Feeds<'_>) {
        (**self).feed_all(values, feeds);
    }
}

/// Nothing, of which a run gives nothing.
impl FeedAll for () {
    fn feed_all(&self, (): (), _: &mut Feeds<'_>) {}
}

impl<F: FeedAll> FeedAll for Vec<F> {
    fn feed_all(&self, values: Vec<F::Output>, feeds: &mut Feeds<'_>) {
        if self.len() != values.len() {
            feeds.problems.push(wrong_count(self, values.len()));
        }
        for (part, values) in self.iter().zip(values) {
            part.feed_all(values, feeds);
        }
    }
}

/// A vector is the one structure that a value of its type may not fit.
fn wrong_count<F: FeedAll>(structure: &[F], values: usize) -> FeedProblem {
    let mut requests = Requests::default();
    structure.request(&mut requests);
    let first = requests.tensors.into_iter().next();
    FeedProblem {
        name: first.map_or("[]".to_owned(), |tensor| tensor.name),
        message: format!(
            "{values} values were fed for a structure of {}",
            structure.len()
        ),
        at: None,
    }
}

impl<F: FeedAll, const N: usize> FeedAll for [F; N] {
    fn feed_all(&self, values: [F::Output; N], feeds: &mut Feeds<'_>) {
        for (part, values) in self.iter().zip(values) {
            part.feed_all(values, feeds);
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),*))*) => {$(
        impl<$($name: FeedAll),*> FeedAll for ($($name,)*) {
            fn feed_all(&self, values: Self::Output, feeds: &mut Feeds<'_>) {
                $(self.$place.feed_all(values.$place, feeds);)*
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

    fn assemble(&self, fetched: &mut Fetched) -> Result<LstmState<A::Output>> {
        Ok(LstmState {
            c: self.c.assemble(fetched)?,
            h: self.h.assemble(fetched)?,
        })
    }
}

impl<S: FeedAll> FeedAll for LstmState<S> {
    fn feed_all(&self, values: LstmState<S::Output>, feeds: &mut Feeds<'_>) {
        self.c.feed_all(values.c, feeds);
        self.h.feed_all(values.h, feeds);
    }
}
