//! What the fuzz targets share: how much memory is asked for while a file is read.

use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What a reader may take whatever the file is: a list's room before its length is found to be a lie.
const CONSTANT: usize = 4 << 20;

/// How many times its length a file may take. A record of a tensor takes more in memory than in the
/// file, and is there several times while variables are compared.
const FACTOR: usize = 40;

/// The result of reading a file of so many bytes.
///
/// # Panics
/// More memory was taken at one time than such a file is worth.
pub fn bounded<T>(length: usize, read: impl FnOnce() -> T) -> T {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let result = read();
    let taken = ALLOCATOR.peak_usage().saturating_sub(before);
    assert!(
        taken <= CONSTANT + FACTOR * length,
        "a file of {length} bytes took {taken} bytes of memory"
    );
    result
}
