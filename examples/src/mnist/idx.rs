//! The files of MNIST: bytes in IDX format, packed by gzip.
//!
//! A file is two zero bytes, the type of the elements (8 for unsigned bytes), the number of
//! dimensions, each dimension as a 32-bit number with the high byte first, and the elements.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use flate2::bufread::MultiGzDecoder;

/// Pixels along each side of an image.
pub(super) const SIDE: usize = 28;
/// Pixels of an image.
pub(super) const PIXELS: usize = SIDE * SIDE;
/// Digits.
pub(super) const CLASSES: usize = 10;

/// The most images that a file may have: what a packed file holds must fit into memory, however
/// small it is itself.
const MOST_ITEMS: u64 = 1_000_000;

/// The type byte of unsigned bytes.
const UNSIGNED_BYTES: u8 = 8;

/// Reads the pixels of all images of a set, and their labels: a digit for each.
pub(super) fn read_pair(directory: &Path, set: &str) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let images_name = format!("{set}-images-idx3-ubyte");
    let labels_name = format!("{set}-labels-idx1-ubyte");
    let images = read_file(directory, &images_name, &[SIDE, SIDE])?;
    let labels = read_file(directory, &labels_name, &[])?;
    ensure!(
        images.len() == labels.len() * PIXELS,
        "{} images in {images_name} but {} labels in {labels_name}, in {}",
        images.len() / PIXELS,
        labels.len(),
        directory.display()
    );
    if let Some(place) = labels
        .iter()
        .position(|label| usize::from(*label) >= CLASSES)
    {
        bail!(
            "label {place} of {labels_name} in {} is {}, not a digit",
            directory.display(),
            labels[place]
        );
    }
    Ok((images, labels))
}

/// The elements of a file: items of this shape, one after the other.
fn read_file(directory: &Path, name: &str, item: &[usize]) -> anyhow::Result<Vec<u8>> {
    let packed = directory.join(format!("{name}.gz"));
    match File::open(&packed) {
        Ok(file) => read_idx(MultiGzDecoder::new(BufReader::new(file)), item)
            .with_context(|| format!("cannot use {}", packed.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let plain = directory.join(name);
            let file = File::open(&plain)
                .with_context(|| format!("cannot open {} or {name}.gz", plain.display()))?;
            read_idx(BufReader::new(file), item)
                .with_context(|| format!("cannot use {}", plain.display()))
        }
        Err(error) => Err(error).with_context(|| format!("cannot open {}", packed.display())),
    }
}

/// The elements of a whole IDX stream of items of this shape.
fn read_idx(mut stream: impl Read, item: &[usize]) -> anyhow::Result<Vec<u8>> {
    let dimensions = item.len() + 1;
    let mut magic = [0; 4];
    stream.read_exact(&mut magic).context("no IDX header")?;
    let expected = [0, 0, UNSIGNED_BYTES, dimensions as u8];
    ensure!(
        magic == expected,
        "starts with {magic:?}, not with {expected:?}: not an IDX file of bytes with {dimensions} \
         dimensions"
    );
    let count = read_size(&mut stream)?;
    ensure!(
        count <= MOST_ITEMS,
        "its header promises {count} items, of which {MOST_ITEMS} are allowed"
    );
    for expected in item {
        let size = read_size(&mut stream)?;
        ensure!(
            size == *expected as u64,
            "images have a side of {size} pixels, not of {expected}"
        );
    }
    let length = count * item.iter().product::<usize>() as u64;
    read_to_end(stream, length)
}

fn read_size(stream: &mut impl Read) -> anyhow::Result<u64> {
    let mut bytes = [0; 4];
    stream
        .read_exact(&mut bytes)
        .context("ends within its IDX header")?;
    Ok(u64::from(u32::from_be_bytes(bytes)))
}

/// Everything that is left of a stream, which must be so many bytes.
///
/// Memory grows with what is there: a header that promises more costs nothing.
fn read_to_end(stream: impl Read, length: u64) -> anyhow::Result<Vec<u8>> {
    let mut elements = Vec::new();
    stream
        .take(length + 1)
        .read_to_end(&mut elements)
        .context("damaged")?;
    let found = elements.len() as u64;
    ensure!(
        found >= length,
        "ends after {found} of the {length} bytes that its header promises"
    );
    ensure!(
        found == length,
        "goes on after the {length} bytes that its header promises"
    );
    Ok(elements)
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::Path;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::{MultiGzDecoder, PIXELS, read_idx, read_pair};

    fn images(header: [u32; 3], pixels: &[u8]) -> Vec<u8> {
        let sizes = header.into_iter().flat_map(u32::to_be_bytes);
        [0, 0, 8, 3]
            .into_iter()
            .chain(sizes)
            .chain(pixels.iter().copied())
            .collect()
    }

    fn labels(count: u32, digits: &[u8]) -> Vec<u8> {
        [&[0, 0, 8, 1], &count.to_be_bytes()[..], digits].concat()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// A directory with a set of two images, 0 and 255 in all pixels, that show 7 and 2.
    pub(in crate::mnist) fn two_examples() -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        write(
            directory.path(),
            "images-idx3-ubyte.gz",
            &packed(&two_images()),
        );
        write(
            directory.path(),
            "labels-idx1-ubyte.gz",
            &packed(&labels(2, &[7, 2])),
        );
        directory
    }

    fn two_images() -> Vec<u8> {
        images([2, 28, 28], &[[0; PIXELS], [255; PIXELS]].concat())
    }

    fn write(directory: &Path, name: &str, bytes: &[u8]) {
        fs::write(directory.join(format!("train-{name}")), bytes).unwrap();
    }

    /// Puts a file in place of a good one: the error must name it and say what is wrong.
    #[track_caller]
    fn check(name: &str, bytes: &[u8], problem: &str) {
        let directory = two_examples();
        write(directory.path(), name, bytes);
        let error = read_pair(directory.path(), "train").unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(name.trim_end_matches(".gz")), "{error}");
        assert!(error.contains(problem), "{error}");
    }

    #[test]
    fn reads_images_with_their_labels() {
        let (images, labels) = read_pair(two_examples().path(), "train").unwrap();
        assert_eq!(images, [[0; PIXELS], [255; PIXELS]].concat());
        assert_eq!(labels, [7, 2]);
    }

    #[test]
    fn reads_unpacked_files_where_there_are_no_packed_ones() {
        let directory = two_examples();
        fs::remove_file(directory.path().join("train-images-idx3-ubyte.gz")).unwrap();
        let error = read_pair(directory.path(), "train").unwrap_err();
        assert!(
            format!("{error:#}").contains("train-images-idx3-ubyte or"),
            "{error:#}"
        );
        write(directory.path(), "images-idx3-ubyte", &two_images());
        let (images, _) = read_pair(directory.path(), "train").unwrap();
        assert_eq!(images.len(), 2 * PIXELS);
    }

    #[test]
    fn refuses_other_headers() {
        let check = |bytes: &[u8], problem: &str| {
            check("images-idx3-ubyte.gz", &packed(bytes), problem);
        };
        check(b"", "no IDX header");
        check(
            &labels(2, &[7, 2]),
            "starts with [0, 0, 8, 1], not with [0, 0, 8, 3]",
        );
        check(b"\0\0\x0d\x03", "starts with [0, 0, 13, 3]");
        check(&images([2, 28, 28], &[])[..9], "ends within its IDX header");
        check(
            &images([2, 28, 32], &[0; 2 * PIXELS]),
            "a side of 32 pixels, not of 28",
        );
    }

    #[test]
    fn refuses_another_length_than_promised() {
        let check = |bytes: &[u8], problem: &str| {
            check("images-idx3-ubyte.gz", &packed(bytes), problem);
        };
        check(
            &images([2, 28, 28], &[0; 2 * PIXELS - 1]),
            "ends after 1567 of the 1568 bytes",
        );
        check(
            &images([2, 28, 28], &[0; 2 * PIXELS + 1]),
            "goes on after the 1568 bytes",
        );
        check(
            &images([1_000_000, 28, 28], &[0; PIXELS]),
            "ends after 784 of the",
        );
        check(
            &images([u32::MAX, 28, 28], &[0; PIXELS]),
            "promises 4294967295 items, of which 1000000 are allowed",
        );
    }

    #[test]
    fn refuses_damaged_packing() {
        let name = "labels-idx1-ubyte.gz";
        let good = packed(&labels(2, &[7, 2]));
        check(name, &good[..good.len() - 1], "damaged");
        check(name, &[&good[..], b"more"].concat(), "damaged");
        check(name, b"no gzip at all", "no IDX header");
        let mut wrong_sum = good.clone();
        let at = good.len() - 8;
        wrong_sum[at] ^= 1;
        check(name, &wrong_sum, "damaged");
    }

    /// Bits of gzip's own header may mean nothing, such as its time; all others must show.
    #[test]
    fn no_cut_or_changed_bit_gives_other_labels() {
        let directory = two_examples();
        let name = "labels-idx1-ubyte.gz";
        let good = packed(&labels(2, &[7, 2]));
        let read = |bytes: &[u8]| {
            write(directory.path(), name, bytes);
            read_pair(directory.path(), "train")
        };
        for length in 0..good.len() {
            assert!(read(&good[..length]).is_err(), "cut to {length} bytes");
        }
        for place in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[place / 8] ^= 1 << (place % 8);
            match read(&bytes) {
                Ok((_, labels)) => assert_eq!(labels, [7, 2], "bit {place}"),
                Err(error) => assert!(format!("{error:#}").contains("labels-idx1"), "{error:#}"),
            }
        }
    }

    /// A hundred megabytes of zeros in a file of a hundred kilobytes are not unpacked.
    #[test]
    fn refuses_what_is_packed_behind_the_promised_length() {
        let mut bytes = labels(2, &[7, 2]);
        bytes.resize(100 << 20, 0);
        let stream = packed(&bytes);
        let mut rest = stream.as_slice();
        let error = read_idx(MultiGzDecoder::new(&mut rest), &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "goes on after the 2 bytes that its header promises"
        );
        assert!(
            rest.len() > stream.len() / 2,
            "{} bytes are left",
            rest.len()
        );
    }

    #[test]
    fn refuses_labels_that_do_not_fit() {
        let name = "labels-idx1-ubyte.gz";
        check(name, &packed(&labels(1, &[7])), "2 images in");
        check(name, &packed(&labels(2, &[7, 10])), "label 1 of");
    }
}
