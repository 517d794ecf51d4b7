//! Levels of the CPU: the same loops compiled for several sets of vector instructions, of which
//! the best that the CPU has is chosen when the program runs.

#![allow(
    unsafe_code,
    reason = "code for instructions that not every CPU has may be called where they are detected; see the SAFETY comments"
)]

use std::fmt;
use std::mem::MaybeUninit;

use super::lanes;

/// A set of vector instructions that this CPU has.
///
/// The results do not depend on it: no level reorders or contracts arithmetic. (But the bits of a
/// NaN are unspecified, as everywhere in Rust.)
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(Instructions);

/// The private part of [`Level`], so that none is made without a look at the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    /// What every CPU of the target has.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best level of this CPU.
    pub(crate) fn best() -> Level {
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx512() {
                return Level(Instructions::Avx512);
            }
            if is_x86_feature_detected!("avx2") {
                return Level(Instructions::Avx2);
            }
        }
        Level(Instructions::Baseline)
    }

    /// Every level of this CPU.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Level> {
        let mut levels = vec![Level(Instructions::Baseline)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                levels.push(Level(Instructions::Avx2));
            }
            if has_avx512() {
                levels.push(Level(Instructions::Avx512));
            }
        }
        levels
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A method of `Level` that runs a loop of [`lanes`] at that level. The slices are parameters of
/// the compiled functions themselves: so the compiler knows that the result overlaps no operand.
macro_rules! at_each_level {
    ($(#[$doc:meta])* $name:ident<$($T:ident),*>($($operand:ident: $type:ident),*)) => {
        $(#[$doc])*
        pub(super) fn $name<$($T: Copy),*, U: Copy>(
            self,
            out: &mut [MaybeUninit<U>],
            $($operand: &[$type],)*
            f: impl Fn($($type),*) -> U,
        ) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2<$($T: Copy),*, U: Copy>(
                out: &mut [MaybeUninit<U>],
                $($operand: &[$type],)*
                f: impl Fn($($type),*) -> U,
            ) {
                lanes::$name(out, $($operand,)* f);
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
            fn avx512<$($T: Copy),*, U: Copy>(
                out: &mut [MaybeUninit<U>],
                $($operand: &[$type],)*
                f: impl Fn($($type),*) -> U,
            ) {
                lanes::$name(out, $($operand,)* f);
            }

            match self.0 {
                Instructions::Baseline => lanes::$name(out, $($operand,)* f),
                // SAFETY: a level of these instructions is made only where the CPU has them.
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx2 => unsafe { avx2(out, $($operand,)* f) },
                // SAFETY: likewise; these instructions are a set of their own.
                #[cfg(target_arch = "x86_64")]
                Instructions::Avx512 => unsafe { avx512(out, $($operand,)* f) },
            }
        }
    };
}

impl Level {
    at_each_level! {
        /// `out = f(a)` of each element. All slices are of one length, at least
        /// [`LANES`](lanes::LANES).
        map<A>(a: A)
    }

    at_each_level! {
        /// `out = f(a, b)` of each pair, as [`Level::map`].
        pairs<A>(a: A, b: A)
    }

    at_each_level! {
        /// `out = f(condition, a, b)` of each triple, as [`Level::map`].
        choices<C, A>(condition: C, a: A, b: A)
    }
}

/// Work that is compiled for each level.
pub(crate) trait Work {
    /// Does the work. What is not inlined into this, and this itself, is not compiled for the level.
    fn run(self);
}

impl Level {
    /// Does some work at this level.
    pub(crate) fn run(self, work: impl Work) {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn avx2(work: impl Work) {
            work.run();
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
        fn avx512(work: impl Work) {
            work.run();
        }

        match self.0 {
            Instructions::Baseline => work.run(),
            // SAFETY: a level of these instructions is made only where the CPU has them.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2(work) },
            // SAFETY: likewise; these instructions are a set of their own.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512(work) },
        }
    }
}
