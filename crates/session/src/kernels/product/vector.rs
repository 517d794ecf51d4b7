//! Vectors of numbers, one type for each instruction set.

use std::fmt::Debug;

use crate::kernels::elementwise::Flush;

/// The element types of products.
pub(super) trait Number: Copy + Debug + Default + 'static {
    /// What an empty sum is.
    const ZERO: Self;

    /// Transposes a square of [`SIDE`] rows: each column is read in one piece, `from_column` elements
    /// from one to the next, and each row is written in one, `to_row` elements from one to the next.
    ///
    /// # Safety
    ///
    /// The square must be good for reads there, and for writes here.
    unsafe fn transpose(from: *const Self, from_column: isize, to: *mut Self, to_row: isize);
}

/// The side of the squares that are transposed in registers.
pub(super) const SIDE: usize = 4;

impl Number for f32 {
    const ZERO: f32 = 0.0;

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_column: isize, to: *mut f32, to_row: isize) {
        use std::arch::x86_64::{
            _mm_loadu_ps, _mm_movehl_ps, _mm_movelh_ps, _mm_storeu_ps, _mm_unpackhi_ps,
            _mm_unpacklo_ps,
        };
        // SAFETY: as the caller says; every processor of the target has these instructions. The
        // compiler alone would move element by element.
        unsafe {
            let column = |number: isize| _mm_loadu_ps(from.offset(number * from_column));
            let [a, b, c, d] = [column(0), column(1), column(2), column(3)];
            let (low_ab, low_cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
            let (high_ab, high_cd) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
            _mm_storeu_ps(to, _mm_movelh_ps(low_ab, low_cd));
            _mm_storeu_ps(to.offset(to_row), _mm_movehl_ps(low_cd, low_ab));
            _mm_storeu_ps(to.offset(2 * to_row), _mm_movelh_ps(high_ab, high_cd));
            _mm_storeu_ps(to.offset(3 * to_row), _mm_movehl_ps(high_cd, high_ab));
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_column: isize, to: *mut f32, to_row: isize) {
        // SAFETY: as the caller says.
        unsafe { transpose_singly(from, from_column, to, to_row) };
    }
}

impl Number for f64 {
    const ZERO: f64 = 0.0;

    #[inline(always)]
    unsafe fn transpose(from: *const f64, from_column: isize, to: *mut f64, to_row: isize) {
        // SAFETY: as the caller says.
        unsafe { transpose_singly(from, from_column, to, to_row) };
    }
}

/// [`Number::transpose`] of any type.
///
/// # Safety
///
/// As of [`Number::transpose`].
#[inline(always)]
unsafe fn transpose_singly<T: Copy>(from: *const T, from_column: isize, to: *mut T, to_row: isize) {
    // SAFETY: as the caller says; arrays are as aligned as their elements.
    unsafe {
        let column = |number: isize| from.offset(number * from_column).cast::<[T; SIDE]>().read();
        let [a, b, c, d] = [column(0), column(1), column(2), column(3)];
        for row in 0..SIDE {
            let values = [a[row], b[row], c[row], d[row]];
            to.offset(row as isize * to_row)
                .cast::<[T; SIDE]>()
                .write(values);
        }
    }
}

/// A vector register of `LANES` elements.
///
/// # Safety
///
/// Every method may only be called where the instruction set is there, and inlined into a function
/// that is compiled for it. Pointers must be good for the lanes that are read or written.
pub(super) trait Vector: Copy {
    type Element: Number;
    const LANES: usize;
    /// The most rows of a block whose sums, two vectors to the row, stay in registers.
    const ROWS: usize;

    unsafe fn splat(value: Self::Element) -> Self;
    unsafe fn load(from: *const Self::Element) -> Self;
    unsafe fn store(self, to: *mut Self::Element);
    /// The first `count` lanes; the other lanes are 0 and are not read.
    unsafe fn load_first(from: *const Self::Element, count: usize) -> Self;
    /// The first `count` lanes; nothing is written behind them.
    unsafe fn store_first(self, to: *mut Self::Element, count: usize);
    unsafe fn add(self, other: Self) -> Self;
    /// With a zero, of the same sign, for each number below the normal ones.
    unsafe fn flushed(self) -> Self;
    /// `self * by + plus`. Rounded once where the instruction set has an instruction for it.
    unsafe fn multiply_add(self, by: Self, plus: Self) -> Self;
}

/// Asks for the cache line at an address, which will be needed soon: of all caches if `near`, else
/// of all but the first, which has what is in use. Nothing needs to be there.
#[inline(always)]
pub(super) fn prefetch<T>(address: *const T, near: bool) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        // SAFETY: every processor of the target has the instruction, which does not fault at any address.
        unsafe {
            if near {
                _mm_prefetch::<_MM_HINT_T0>(address.cast());
            } else {
                _mm_prefetch::<_MM_HINT_T1>(address.cast());
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (address, near);
}

/// The instruction sets for which there are vectors, the last one the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InstructionSet {
    /// What every processor of the target has.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl InstructionSet {
    /// Those that this machine has.
    pub(super) fn available() -> impl DoubleEndedIterator<Item = InstructionSet> {
        let sets = [
            Some(InstructionSet::Baseline),
            #[cfg(target_arch = "x86_64")]
            (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"))
                .then_some(InstructionSet::Avx2),
            #[cfg(target_arch = "x86_64")]
            is_x86_feature_detected!("avx512f").then_some(InstructionSet::Avx512),
        ];
        sets.into_iter().flatten()
    }
}

/// A vector that the compiler makes of what every processor of the target has.
#[derive(Clone, Copy)]
pub(super) struct Plain<T, const LANES: usize>([T; LANES]);

macro_rules! plain_vector {
    ($number:ty, $lanes:literal) => {
        impl Vector for Plain<$number, $lanes> {
            type Element = $number;
            const LANES: usize = $lanes;
            const ROWS: usize = 4;

            #[inline(always)]
            unsafe fn splat(value: $number) -> Self {
                Plain([value; $lanes])
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: the caller says that all lanes may be read.
                Plain(unsafe { from.cast::<[$number; $lanes]>().read_unaligned() })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: the caller says that all lanes may be written.
                unsafe { to.cast::<[$number; $lanes]>().write_unaligned(self.0) };
            }

            #[inline(always)]
            unsafe fn load_first(from: *const $number, count: usize) -> Self {
                if count == $lanes {
                    // SAFETY: as the caller says, of all lanes.
                    return unsafe { Self::load(from) };
                }
                let mut lanes = [0.0; $lanes];
                for (lane, value) in lanes.iter_mut().enumerate().take(count) {
                    // SAFETY: the caller says that `count` lanes may be read.
                    *value = unsafe { from.add(lane).read() };
                }
                Plain(lanes)
            }

            #[inline(always)]
            unsafe fn store_first(self, to: *mut $number, count: usize) {
                if count == $lanes {
                    // SAFETY: as the caller says, of all lanes.
                    return unsafe { self.store(to) };
                }
                for (lane, value) in self.0.into_iter().enumerate().take(count) {
                    // SAFETY: the caller says that `count` lanes may be written.
                    unsafe { to.add(lane).write(value) };
                }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                Plain(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
            }

            #[inline(always)]
            unsafe fn flushed(self) -> Self {
                Plain(self.0.map(Flush::flushed))
            }

            #[inline(always)]
            unsafe fn multiply_add(self, by: Self, plus: Self) -> Self {
                let mut lanes = plus.0;
                for (lane, value) in lanes.iter_mut().enumerate() {
                    // Where it is no instruction `mul_add` is a slow call of a library.
                    *value = if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
                        self.0[lane].mul_add(by.0[lane], *value)
                    } else {
                        self.0[lane] * by.0[lane] + *value
                    };
                }
                Plain(lanes)
            }
        }
    };
}

plain_vector!(f32, 4);
plain_vector!(f64, 2);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Vector;

    macro_rules! avx512_vector {
        ($vector:ty, $number:ty, $lanes:literal, $mask:ty, $splat:ident, $load:ident, $store:ident,
         $load_masked:ident, $store_masked:ident, $add:ident, $multiply_add:ident,
         $as_bits:ident, $of_bits:ident, $bits:ident, $is_zero:ident, $and_masked:ident) => {
            impl Vector for $vector {
                type Element = $number;
                const LANES: usize = $lanes;
                const ROWS: usize = 12;

                #[inline(always)]
                unsafe fn splat(value: $number) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe { $splat(value) }
                }

                #[inline(always)]
                unsafe fn load(from: *const $number) -> Self {
                    // SAFETY: as the caller says.
                    unsafe { $load(from) }
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut $number) {
                    // SAFETY: as the caller says.
                    unsafe { $store(to, self) };
                }

                #[inline(always)]
                unsafe fn load_first(from: *const $number, count: usize) -> Self {
                    // SAFETY: as the caller says; lanes out of the mask are not read.
                    unsafe { $load_masked(<$mask>::MAX >> ($lanes - count), from) }
                }

                #[inline(always)]
                unsafe fn store_first(self, to: *mut $number, count: usize) {
                    // SAFETY: as the caller says; lanes out of the mask are not written.
                    unsafe { $store_masked(to, <$mask>::MAX >> ($lanes - count), self) };
                }

                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe { $add(self, other) }
                }

                #[inline(always)]
                unsafe fn flushed(self) -> Self {
                    let exponent = <$number>::INFINITY.to_bits().cast_signed();
                    let sign = <$number>::to_bits(-0.0).cast_signed();
                    // SAFETY: the caller has the instruction set.
                    unsafe {
                        let bits = $as_bits(self);
                        let small = $is_zero(bits, $bits(exponent));
                        $of_bits($and_masked(bits, small, bits, $bits(sign)))
                    }
                }

                #[inline(always)]
                unsafe fn multiply_add(self, by: Self, plus: Self) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe { $multiply_add(self, by, plus) }
                }
            }
        };
    }

    avx512_vector!(
        __m512,
        f32,
        16,
        u16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_maskz_loadu_ps,
        _mm512_mask_storeu_ps,
        _mm512_add_ps,
        _mm512_fmadd_ps,
        _mm512_castps_si512,
        _mm512_castsi512_ps,
        _mm512_set1_epi32,
        _mm512_testn_epi32_mask,
        _mm512_mask_and_epi32
    );
    avx512_vector!(
        __m512d,
        f64,
        8,
        u8,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_maskz_loadu_pd,
        _mm512_mask_storeu_pd,
        _mm512_add_pd,
        _mm512_fmadd_pd,
        _mm512_castpd_si512,
        _mm512_castsi512_pd,
        _mm512_set1_epi64,
        _mm512_testn_epi64_mask,
        _mm512_mask_and_epi64
    );

    /// Lanes that are used, followed by as many that are not.
    const MASKS_32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    const MASKS_64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

    macro_rules! avx2_vector {
        ($vector:ty, $number:ty, $lanes:literal, $masks:ident, $splat:ident, $load:ident, $store:ident,
         $load_masked:ident, $store_masked:ident, $add:ident, $multiply_add:ident,
         $as_bits:ident, $of_bits:ident, $and:ident, $equal:ident, $blend:ident) => {
            impl Vector for $vector {
                type Element = $number;
                const LANES: usize = $lanes;
                const ROWS: usize = 6;

                #[inline(always)]
                unsafe fn splat(value: $number) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe { $splat(value) }
                }

                #[inline(always)]
                unsafe fn load(from: *const $number) -> Self {
                    // SAFETY: as the caller says.
                    unsafe { $load(from) }
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut $number) {
                    // SAFETY: as the caller says.
                    unsafe { $store(to, self) };
                }

                #[inline(always)]
                unsafe fn load_first(from: *const $number, count: usize) -> Self {
                    // SAFETY: `count` is at most the number of lanes, so the mask begins in the
                    // first half of the table; lanes out of the mask are not read.
                    unsafe {
                        let mask = $masks.as_ptr().add($lanes - count);
                        $load_masked(from, _mm256_loadu_si256(mask.cast()))
                    }
                }

                #[inline(always)]
                unsafe fn store_first(self, to: *mut $number, count: usize) {
                    // SAFETY: as for `load_first`; lanes out of the mask are not written.
                    unsafe {
                        let mask = $masks.as_ptr().add($lanes - count);
                        $store_masked(to, _mm256_loadu_si256(mask.cast()), self);
                    }
                }

                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe { $add(self, other) }
                }

                #[inline(always)]
                unsafe fn flushed(self) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe {
                        let exponents = $and(self, $splat(<$number>::INFINITY));
                        let small = $equal($as_bits(exponents), _mm256_setzero_si256());
                        $blend(self, $and(self, $splat(-0.0)), $of_bits(small))
                    }
                }

                #[inline(always)]
                unsafe fn multiply_add(self, by: Self, plus: Self) -> Self {
                    // SAFETY: the caller has the instruction set.
                    unsafe { $multiply_add(self, by, plus) }
                }
            }
        };
    }

    avx2_vector!(
        __m256,
        f32,
        8,
        MASKS_32,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_maskload_ps,
        _mm256_maskstore_ps,
        _mm256_add_ps,
        _mm256_fmadd_ps,
        _mm256_castps_si256,
        _mm256_castsi256_ps,
        _mm256_and_ps,
        _mm256_cmpeq_epi32,
        _mm256_blendv_ps
    );
    avx2_vector!(
        __m256d,
        f64,
        4,
        MASKS_64,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_maskload_pd,
        _mm256_maskstore_pd,
        _mm256_add_pd,
        _mm256_fmadd_pd,
        _mm256_castpd_si256,
        _mm256_castsi256_pd,
        _mm256_and_pd,
        _mm256_cmpeq_epi64,
        _mm256_blendv_pd
    );
}
