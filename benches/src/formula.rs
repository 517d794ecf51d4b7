//! Weights and feeds by a formula that every side computes to the bit, so that the losses of all
//! sides can be compared. `sides/common.py` has it in Python.

/// The stream of what is fed as input.
pub(crate) const INPUTS: u32 = 100;
/// The stream of what is fed as labels.
pub(crate) const LABELS: u32 = 101;

/// The first `len` numbers of a stream, in [0, 1).
pub(crate) fn uniform(stream: u32, len: usize) -> Vec<f32> {
    let number = |index| (mix(stream, index) >> 8) as f32 / (1 << 24) as f32;
    (0..len as u32).map(number).collect()
}

/// The first weights of the variable that is made as number `stream`, in [-0.1, 0.1).
pub(crate) fn weights(stream: u32, len: usize) -> Vec<f32> {
    let numbers = uniform(stream, len).into_iter();
    numbers.map(|number| (number - 0.5) * 0.2).collect()
}

/// Labels of so many classes.
pub(crate) fn classes(count: u8, len: usize) -> Vec<i64> {
    let numbers = uniform(LABELS, len).into_iter();
    let class = |number: f32| (number * f32::from(count)) as i64;
    numbers.map(class).collect()
}

fn mix(stream: u32, index: u32) -> u32 {
    let sum = index
        .wrapping_mul(2_654_435_761)
        .wrapping_add(stream.wrapping_mul(40_503));
    let product = (sum ^ (sum >> 16)).wrapping_mul(0x045d_9f3b);
    product ^ (product >> 16)
}
