//! How a session runs its graph.

use std::num::NonZeroUsize;
use std::thread;

use crate::numerics::NumericsCheck;

/// How a session runs its graph; see [`Session::with_options`](crate::Session::with_options).
///
/// ```
/// use aqueduct_graph::Graph;
/// use aqueduct_session::{Session, SessionOptions};
///
/// let g = Graph::new();
/// let x = g.constant([1.0_f32, 2.0]);
/// let plain = Session::with_options(&g, SessionOptions::new().optimize(false));
/// let fast = Session::with_options(&g, SessionOptions::new().threads(1));
/// assert_eq!(plain.run(x + x, Default::default())?, fast.run(x + x, Default::default())?);
/// # Ok::<(), aqueduct_session::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    threads: Option<NonZeroUsize>,
    optimize: bool,
    strict: bool,
    numerics: NumericsCheck,
    /// The passes that are switched off, a bit for each.
    without: u32,
}

impl Default for SessionOptions {
    fn default() -> SessionOptions {
        SessionOptions {
            threads: None,
            optimize: true,
            strict: false,
            numerics: NumericsCheck::Off,
            without: 0,
        }
    }
}

impl SessionOptions {
    /// No machine gains by more, and each takes memory of its own.
    const MOST_THREADS: usize = 1024;

    /// Optimised plans, on as many threads as the machine runs at once.
    pub fn new() -> SessionOptions {
        SessionOptions::default()
    }

    /// How many threads a run may use, the caller's own among them; 0 means as many as the machine
    /// runs at once. More than 1,024 are taken for that many. Results do not depend on it. TensorFlow's
    /// `intra_op_parallelism_threads`.
    #[must_use]
    pub fn threads(mut self, count: usize) -> SessionOptions {
        self.threads = NonZeroUsize::new(count);
        self
    }

    /// Whether plans are optimised. If not, each operation runs its own kernel into its own buffer, on
    /// one thread: the measure that the optimised plans are held against.
    #[must_use]
    pub fn optimize(mut self, optimize: bool) -> SessionOptions {
        self.optimize = optimize;
        self
    }

    /// Whether results must have the very bits that they have without optimisation: passes that
    /// compute a sum in another order are left out.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> SessionOptions {
        self.strict = strict;
        self
    }

    /// Whether runs stop at the first operation that makes a NaN, or an infinity, of elements that
    /// were none. [`Error::Numerics`](crate::Error::Numerics) names it, with the caller's line and
    /// what was in its operands, and nothing of the run is kept.
    ///
    /// Operations in loops, branches and gradients are looked at, and what custom ops give. A NaN
    /// that was in a variable, a constant or a feed is told as theirs, by the first operation that
    /// lets it through: `where` may well leave it out. An infinity that was there before the run is
    /// let through, and so is what becomes of it, until that is NaN: masks of negative infinity need
    /// no other setting.
    ///
    /// Each operation runs by itself then, on one thread, as without
    /// [`optimize`](SessionOptions::optimize), so that none is hidden in another, and each result is
    /// read once more. That is for the search of a fault, not for training.
    ///
    /// TensorFlow's `add_check_numerics_ops` asks for the same of a graph, loops and branches left
    /// out; for one tensor there is `check_numerics`.
    ///
    /// ```
    /// use aqueduct_graph::{Graph, shape};
    /// use aqueduct_session::{Error, NumericsCheck, Session, SessionOptions, feed};
    ///
    /// let g = Graph::new();
    /// let x = g.placeholder::<f32>("x", shape![?]);
    /// let loss = x.log().named("loss").reduce_sum(..);
    ///
    /// let options = SessionOptions::new().check_numerics(NumericsCheck::Nan);
    /// let sess = Session::with_options(&g, options);
    /// let Err(Error::Numerics(found)) = sess.run(loss, feed![x => [1.0, -1.0]]) else {
    ///     panic!("the logarithm of a negative number is NaN");
    /// };
    /// assert_eq!(found.name, "loss");
    /// assert_eq!(found.elements.nans, 1);
    /// assert_eq!(found.operands[0].elements.unwrap().range, Some((-1.0, 1.0)));
    /// ```
    #[must_use]
    pub fn check_numerics(mut self, check: NumericsCheck) -> SessionOptions {
        self.numerics = check;
        self
    }

    /// Leaves out a pass.
    #[must_use]
    pub fn without(mut self, pass: Pass) -> SessionOptions {
        self.without |= pass.bit();
        self
    }

    /// Leaves out all passes but this one.
    #[must_use]
    pub fn only(mut self, pass: Pass) -> SessionOptions {
        self.without = !pass.bit();
        self
    }

    /// Whether plans are optimised.
    pub fn optimizes(&self) -> bool {
        self.optimize && !self.numerics.is_on()
    }

    /// Whether runs stop at the first NaN or infinity.
    pub fn numerics(&self) -> NumericsCheck {
        self.numerics
    }

    /// Whether a pass is run.
    pub fn runs(&self, pass: Pass) -> bool {
        self.optimizes() && self.without & pass.bit() == 0 && !(self.strict && pass.reorders())
    }

    /// How many threads a run may use.
    pub fn thread_count(&self) -> usize {
        let available = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        if !self.optimizes() {
            return 1;
        }
        let count = self.threads.map_or_else(available, NonZeroUsize::get);
        count.min(SessionOptions::MOST_THREADS)
    }
}

macro_rules! passes {
    ($($(#[$doc:meta])+ $pass:ident = $name:literal $(, $reorders:ident)?;)*) => {
        /// A pass of the optimiser.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Pass {
            $($(#[$doc])+ $pass,)*
        }

        impl Pass {
            /// All passes, in the order in which they run.
            pub const ALL: &'static [Pass] = &[$(Pass::$pass),*];

            /// The name, as `explain` prints it.
            pub fn name(self) -> &'static str {
                match self { $(Pass::$pass => $name),* }
            }

            /// Whether results may differ in their last bits with it, as a sum is computed in another
            /// order. A strict session leaves such passes out.
            pub fn reorders(self) -> bool {
                match self { $(Pass::$pass => false $(|| Pass::$reorders())?),* }
            }
        }
    };
}

passes! {
    /// Computes what depends on constants alone.
    FoldConstants = "fold constants";
    /// Computes once what is computed twice.
    MergeCommon = "merge common";
    /// Leaves out what changes nothing: `x - 0`, `-(-x)`, a cast to the same type.
    SimplifyAlgebra = "simplify algebra";
    /// `concat([x, h]) · K` becomes `x · K_x + h · K_h`, without the concatenation.
    SplitProducts = "split products", reordering;
    /// Makes one product of a sum of products whose operands can lie in a row: the gradients of weights
    /// of unrolled steps.
    SumProducts = "sum products", reordering;
    /// `x · A` and `x · B` become `x · [A, B]`; products of neighbouring slices with one matrix become one
    /// product.
    MergeProducts = "merge products";
    /// Moves what does not depend on the step out of loops.
    HoistInvariants = "hoist invariants";
    /// Does what depends on the sequences alone for all steps at once, outside of the loop.
    HoistSequences = "hoist sequences";
    /// Adds up after the loop what its states only add up: the gradients of weights become one
    /// product over all steps.
    SinkSums = "sink sums", reordering;
    /// Keeps only the last row where nothing else is read of what a loop stacks.
    TrimStacks = "trim stacks";
    /// Does chains of element-wise operations in one go.
    FuseElementwise = "fuse elementwise";
    /// Reduces what element-wise operations give as they give it.
    FuseReductions = "fuse reductions";
    /// Puts operands of a concatenation or stack where they belong as they are made.
    JoinInPlace = "join in place";
    /// Lets buffers share memory when they are not used at the same time.
    ShareMemory = "share memory";
    /// Cuts loops whose rows do not depend on each other into shards of rows, one for each thread or
    /// more; straight-line work too, of unrolled steps and layers.
    SplitRows = "split rows";
    /// Packs the right operand of several products once for all: a layer's gradients of weights for its
    /// input, for its state, and of its bias.
    GroupProducts = "group products";
}

impl Pass {
    fn bit(self) -> u32 {
        1 << self as u32
    }

    const fn reordering() -> bool {
        true
    }
}
