//! Random damage.

use aqueduct::Philox;
use aqueduct::rand::RngExt as _;

/// How many files a test offers: `AQUEDUCT_MUTATIONS`, or so many.
///
/// # Panics
/// The variable is no number.
pub fn mutations(otherwise: u64) -> u64 {
    let set = std::env::var("AQUEDUCT_MUTATIONS").ok();
    set.map_or(otherwise, |cases| {
        cases.parse().expect("AQUEDUCT_MUTATIONS is a number")
    })
}

/// A file with a few random changes, of which some take parts of another file.
pub fn mutated(file: &[u8], other: &[u8], rng: &mut Philox) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..rng.random_range(1..4) {
        change(&mut bytes, other, rng);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Philox) {
    if bytes.is_empty() {
        bytes.extend(other);
    }
    let place = rng.random_range(0..bytes.len());
    let end = (place + rng.random_range(1..65)).min(bytes.len());
    match rng.random_range(0..8) {
        0 => bytes[place] ^= 1 << rng.random_range(0..8),
        1 => bytes[place] = rng.random_range(0..=255),
        2 => bytes.truncate(place),
        3 => _ = bytes.drain(place..end),
        4 => {
            let block = bytes[place..end].repeat(rng.random_range(1..4));
            bytes.splice(place..place, block);
        }
        5 => {
            let from = rng.random_range(0..other.len());
            bytes.truncate(place);
            bytes.extend(&other[from..]);
        }
        6 => {
            let from = rng.random_range(0..other.len());
            let to = (from + end - place).min(other.len());
            bytes.splice(place..end, other[from..to].iter().copied());
        }
        _ => {
            let extremes = [0, 1, 63, 64, 1 << 28, 1 << 40, 1 << 63, u64::MAX];
            let number = extremes[rng.random_range(0..extremes.len())].to_le_bytes();
            let width = (bytes.len() - place).min(8);
            bytes[place..place + width].copy_from_slice(&number[..width]);
        }
    }
}

/// A file of the same length with a few of its numbers changed by little, or exchanged: most of it still
/// means something.
pub fn nudged(file: &[u8], rng: &mut Philox) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..rng.random_range(1..5) {
        let place = rng.random_range(0..bytes.len());
        let other = rng.random_range(0..bytes.len());
        match rng.random_range(0..6) {
            0 => bytes[place] = bytes[place].wrapping_add(1),
            1 => bytes[place] = bytes[place].wrapping_sub(1),
            2 => bytes[place] = rng.random_range(0..16),
            3 => bytes[place] ^= 1,
            4 => bytes.swap(place, other),
            _ => {
                let width = 4.min(bytes.len() - place.max(other));
                bytes.copy_within(other..other + width, place);
            }
        }
    }
    bytes
}
