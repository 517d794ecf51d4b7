//! A number that stands for the bits of values.

use aqueduct::{Data, Value};

/// The hash FNV-1a, which is one number for the same bits in every process.
pub(crate) struct Digest(u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Takes in a value's shape, and the bits of its elements.
    pub(crate) fn take(&mut self, value: &Value) {
        for size in value.shape() {
            self.bytes(&size.to_le_bytes());
        }
        match value.data() {
            Data::F32(all) => all
                .iter()
                .for_each(|x| self.bytes(&x.to_bits().to_le_bytes())),
            Data::F64(all) => all
                .iter()
                .for_each(|x| self.bytes(&x.to_bits().to_le_bytes())),
            Data::I32(all) => all.iter().for_each(|x| self.bytes(&x.to_le_bytes())),
            Data::I64(all) => all.iter().for_each(|x| self.bytes(&x.to_le_bytes())),
            Data::U8(all) => self.bytes(all),
            Data::Bool(all) => all.iter().for_each(|x| self.bytes(&[u8::from(*x)])),
        }
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
