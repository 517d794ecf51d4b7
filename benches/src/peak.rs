//! The machine's peak: independent multiply-adds on the widest vectors it has, in registers.

use std::any::Any;
use std::hint::black_box;
use std::thread;

use anyhow::anyhow;
use pulp::{Arch, Simd, WithSimd};

use crate::measure::timed;

/// Enough to hide the latency of a multiply-add on two units; with the operands, they fit into the 16
/// registers of AVX2.
const ACCUMULATORS: usize = 12;
/// Rounds of all accumulators in a sample: long beside the start of a thread.
const ROUNDS: usize = 5_000_000;

/// The milliseconds that so many threads together take for 10⁹ operations, of which a multiply-add
/// of one element is two.
pub(crate) fn sample(threads: usize) -> anyhow::Result<f64> {
    let arch = Arch::new();
    let work = || arch.dispatch(MultiplyAdds);
    let (milliseconds, operations) = timed(|| {
        thread::scope(|scope| {
            let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            let mut helpers = helpers.into_iter();
            helpers.try_fold(own, |sum, helper| Ok(sum + helper.join()?))
        })
    });
    let operations = operations
        .map_err(|_: Box<dyn Any + Send>| anyhow!("a thread of the measurement panicked"))?;
    Ok(milliseconds / (operations / 1e9))
}

/// Gives the number of operations done.
struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        // The accumulators go towards 1: they neither overflow nor become subnormal. The compiler
        // must not know the numbers: it would do the loop itself.
        let hidden = |number: f32| simd.splat_f32s(black_box(number));
        let (factor, addend) = (hidden(0.999), hidden(0.001));
        let mut accumulators = [(); ACCUMULATORS].map(|()| hidden(0.5));
        for _ in 0..ROUNDS {
            for accumulator in &mut accumulators {
                *accumulator = simd.mul_add_f32s(*accumulator, factor, addend);
            }
        }
        let sum = accumulators.into_iter();
        let sum = sum.fold(simd.splat_f32s(0.0), |a, b| simd.add_f32s(a, b));
        black_box(simd.reduce_sum_f32s(sum));
        (2 * S::F32_LANES * ACCUMULATORS * ROUNDS) as f64
    }
}
