//! The generator behind every random op.

use std::convert::Infallible;

use aqueduct_graph::ir::Seeds;
use rand::rand_core::utils;
use rand::{SeedableRng, TryRng};

/// The counter-based generator Philox4x32-10, in the streams that TensorFlow draws from.
///
/// A stream is named by two numbers: a key (the graph's seed) and a stream number (the op's seed).
/// It is a sequence of blocks of four 32-bit words. Any block is computed from its number alone,
/// so a stream can be entered anywhere and be drawn from in pieces, in any order.
///
/// The cipher is that of J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random
/// numbers: as easy as 1, 2, 3", SC '11, 2011. It is fast and passes the statistical tests; it is
/// not meant for secrets.
///
/// ```
/// use aqueduct_session::Philox;
///
/// let stream = Philox::new(1, 14);
/// let mut further = stream.clone();
/// further.skip(1000);
/// assert_eq!(further.block(0), stream.block(1000));
/// ```
///
/// It is also a generator of the [`rand`] crate, and gives the words of its blocks one by one:
///
/// ```
/// use aqueduct_session::Philox;
/// use rand::{Rng, RngExt};
///
/// let mut rng = Philox::new(1, 14);
/// let block = rng.block(0);
/// assert_eq!([rng.next_u32(), rng.next_u32()], block[..2]);
///
/// let die: u8 = rng.random_range(1..=6);
/// assert!((1..=6).contains(&die));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Philox {
    key: u64,
    /// The next block. The stream number is the high half, so a stream that runs out of blocks
    /// goes on with the next stream, as TensorFlow's does.
    counter: u128,
    /// Words not yet given out of the block before `counter`: the last `unread` of these.
    words: [u32; WORDS],
    unread: usize,
}

/// Words in a block.
const WORDS: usize = 4;
const ROUNDS: usize = 10;
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// What the two halves of the key grow by from round to round.
const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

impl Philox {
    /// The stream of this key and number, at its first block.
    pub fn new(key: u64, stream: u64) -> Philox {
        Philox {
            key,
            counter: u128::from(stream) << u64::BITS,
            words: [0; WORDS],
            unread: 0,
        }
    }

    /// The words of the block that is `offset` blocks after the next one. Draws nothing.
    pub fn block(&self, offset: u64) -> [u32; 4] {
        encrypt(self.counter.wrapping_add(u128::from(offset)), self.key)
    }

    /// Moves `blocks` blocks on. What is left of a block that was begun is dropped.
    pub fn skip(&mut self, blocks: u64) {
        self.counter = self.counter.wrapping_add(u128::from(blocks));
        self.unread = 0;
    }
}

impl From<Seeds> for Philox {
    fn from(seeds: Seeds) -> Philox {
        Philox::new(seeds.graph, seeds.op)
    }
}

/// Words come in the order of the blocks; 64 bits are two words, the low one first.
impl TryRng for Philox {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        if self.unread == 0 {
            self.words = self.block(0);
            self.skip(1);
            self.unread = WORDS;
        }
        let word = self.words[WORDS - self.unread];
        self.unread -= 1;
        Ok(word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_u64_via_u32(self)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(dst, || self.try_next_u32())
    }
}

impl SeedableRng for Philox {
    type Seed = [u8; 16];

    /// Reads the key from the low half of the seed, the stream number from the high half, both
    /// little-endian.
    fn from_seed(seed: [u8; 16]) -> Philox {
        let seed = u128::from_le_bytes(seed);
        Philox::new(seed as u64, (seed >> u64::BITS) as u64)
    }
}

fn encrypt(counter: u128, key: u64) -> [u32; WORDS] {
    let mut words = [0, 32, 64, 96].map(|shift| (counter >> shift) as u32);
    let mut keys = [key as u32, (key >> u32::BITS) as u32];
    for _ in 0..ROUNDS {
        words = round(words, keys);
        keys = [0, 1].map(|half| keys[half].wrapping_add(KEY_STEPS[half]));
    }
    words
}

fn round([a, b, c, d]: [u32; WORDS], keys: [u32; 2]) -> [u32; WORDS] {
    let (a_high, a_low) = widening_product(a, MULTIPLIERS[0]);
    let (c_high, c_low) = widening_product(c, MULTIPLIERS[1]);
    [c_high ^ b ^ keys[0], c_low, a_high ^ d ^ keys[1], a_low]
}

/// The high and the low half of the product.
fn widening_product(a: u32, b: u32) -> (u32, u32) {
    let product = u64::from(a) * u64::from(b);
    ((product >> u32::BITS) as u32, product as u32)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    /// Known answers of the generator: those that its authors publish with Random123.
    #[test]
    fn known_answers() {
        let cases = [
            (0, 0, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            (
                u128::MAX,
                u64::MAX,
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                0x0370_7344_1319_8a2e_85a3_08d3_243f_6a88,
                0x299f_31d0_a409_3822,
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, words) in cases {
            assert_eq!(encrypt(counter, key), words, "counter {counter:#x}");
        }
    }

    #[test]
    fn skipped_blocks_carry_into_the_stream_number() {
        let mut philox = Philox::new(7, 3);
        philox.skip(u64::MAX);
        philox.skip(1);
        assert_eq!(philox, Philox::new(7, 4));
        assert_eq!(Philox::new(7, u64::MAX).block(5), {
            let mut wrapped = Philox::new(7, u64::MAX);
            wrapped.skip(5);
            wrapped.block(0)
        });
    }

    #[test]
    fn words_come_in_the_order_of_the_blocks() {
        let stream = Philox::from(Seeds { graph: 1, op: 4 });
        let expected: Vec<u32> = (0..3).flat_map(|offset| stream.block(offset)).collect();
        let mut rng = stream.clone();
        let drawn: Vec<u32> = (0..12).map(|_| rng.next_u32()).collect();
        assert_eq!(drawn, expected);

        let mut rng = stream.clone();
        let mut bytes = [0; 8];
        rng.fill_bytes(&mut bytes);
        assert_eq!(u64::from_le_bytes(bytes), stream.clone().next_u64());
        rng.skip(0);
        assert_eq!(rng.next_u32(), expected[4], "a begun block is dropped");
    }

    #[test]
    fn a_seed_is_key_and_stream() {
        let mut seed = [0; 16];
        seed[0] = 1;
        seed[8] = 14;
        assert_eq!(Philox::from_seed(seed), Philox::new(1, 14));
    }
}
