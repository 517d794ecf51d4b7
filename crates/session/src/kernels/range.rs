//! The kernel of `Range`.

use aqueduct_graph::Value;

use crate::kernels::cast::CastFrom;
use crate::kernels::elementwise::Arithmetic;
use crate::kernels::{Failure, Kernel, Spec, failing, infallible};

/// The kernel of a range of integers, which are all known when it is made.
pub(super) fn integers<T: Arithmetic + CastFrom<i64>>(spec: &Spec<'_>) -> Kernel {
    let number = |index: usize| {
        let known = spec.inputs.get(index)?.known_ints()?;
        known.first().map(|number| T::cast_from(*number))
    };
    let (Some(start), Some(delta)) = (number(0), number(2)) else {
        return failing(Failure::new("the numbers of the range are unknown"));
    };
    infallible(move |args| {
        let mut next = start;
        for element in args.output::<T>(0) {
            *element = next;
            // After the last element this may wrap around.
            next = next.add(delta);
        }
    })
}

/// The kernel of a range of floats. Its operands alone tell how many there are.
pub(super) fn floats<T: Steps>() -> Kernel {
    Box::new(|args| {
        let [start, limit, delta] = [0, 1, 2].map(|index| args.input::<T>(index).first().copied());
        let (Some(start), Some(limit), Some(delta)) = (start, limit, delta) else {
            return Err(Failure::new("the range lacks a number"));
        };
        let count = T::count(start, limit, delta)?;
        let mut numbers: Vec<T> = Vec::new();
        numbers
            .try_reserve_exact(count)
            .map_err(|_| Failure::no_memory(format_args!("{count} elements")))?;
        // Not added up, so that errors of rounding do not grow.
        numbers.extend((0..count).map(|step| start.add(T::of_step(step).mul(delta))));
        args.give(0, Value::vector(numbers));
        Ok(())
    })
}

/// Floats that a range can run over.
pub(super) trait Steps: Arithmetic {
    /// The number of a step; large ones are rounded.
    fn of_step(step: usize) -> Self;

    /// How many steps of `delta` lead from `start` to before `limit`, as TensorFlow rounds it.
    fn count(start: Self, limit: Self, delta: Self) -> Result<usize, Failure>;
}

macro_rules! steps {
    ($($float:ty),*) => {$(
        impl Steps for $float {
            fn of_step(step: usize) -> $float {
                step as $float
            }

            fn count(start: $float, limit: $float, delta: $float) -> Result<usize, Failure> {
                if delta == 0.0 {
                    return Err(Failure::new("delta is 0").help("give the distance of two neighbours"));
                }
                let forward = delta > 0.0 && start <= limit;
                let backward = delta < 0.0 && start >= limit;
                let steps = ((limit - start) / delta).abs().ceil();
                if !forward && !backward || steps.is_nan() {
                    let message = format!("no range leads from {start:?} to {limit:?} by {delta:?}");
                    return Err(Failure::new(message).help("delta leads from start towards limit"));
                }
                if steps >= isize::MAX as $float {
                    let message = format!(
                        "from {start:?} to {limit:?} by {delta:?} are more numbers than any memory holds"
                    );
                    return Err(Failure::new(message).help("bring limit and start together"));
                }
                Ok(steps as usize)
            }
        }
    )*};
}
steps!(f32, f64);
