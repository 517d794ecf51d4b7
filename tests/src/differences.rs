//! Finite differences, and values to take them at.

use ndarray::{ArrayD, IxDyn};

/// How `f` changes with each element of each point: `(f(x + step) - f(x - step)) / (2 * step)`.
pub fn central_differences(
    points: &[ArrayD<f64>],
    step: f64,
    f: impl Fn(&[ArrayD<f64>]) -> f64,
) -> Vec<ArrayD<f64>> {
    let mut moved = points.to_vec();
    let mut slopes = Vec::with_capacity(points.len());
    for (place, point) in points.iter().enumerate() {
        let mut slope = point.clone();
        for (index, center) in point.indexed_iter() {
            let mut at = |x: f64| {
                moved[place][&index] = x;
                f(&moved)
            };
            let (above, below) = (center + step, center - step);
            // The distance as it is after rounding.
            slope[&index] = (at(above) - at(below)) / (above - below);
            moved[place][&index] = *center;
        }
        slopes.push(slope);
    }
    slopes
}

/// Values spread evenly over `low..high` in no order, of which no two are equal or near each other:
/// numbers `first`, `first + 1`, … of the sequence of multiples of the golden ratio.
pub fn spread(sizes: &[usize], (low, high): (f64, f64), first: usize) -> ArrayD<f64> {
    const GOLDEN_RATIO: f64 = 1.618_033_988_749_895;
    let mut number = first as f64;
    ArrayD::from_shape_simple_fn(IxDyn(sizes), || {
        number += 1.0;
        low + (high - low) * (number * GOLDEN_RATIO).fract()
    })
}
