//! Files whose checksums are right and whose contents are not.

use aqueduct::prelude::*;
use aqueduct::{list_variables, load_variable};
use aqueduct_tests::hostile::{CheckpointFile as File, FileTensor as Tensor, with_preamble};

use crate::allocations::largest_request;
use crate::session;

/// Why a file is refused. However large it says it is, little memory is asked for.
fn refusal(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.aqueduct");
    std::fs::write(&path, bytes).unwrap();
    let read = || list_variables(&path).and_then(|_| load_variable(&path, "w"));
    let (result, largest) = largest_request(read);
    assert!(largest < 2 << 20, "{largest} bytes were asked for");
    let text = result.unwrap_err().to_string();
    let (_, reason) = text.split_once("m.aqueduct` ").unwrap();
    reason.to_owned()
}

fn file(tensors: &[Tensor]) -> File {
    File {
        tensors: tensors.to_vec(),
        ..File::default()
    }
}

fn tensor(name: &'static str) -> Tensor {
    Tensor::new(name, 1, &[2], &[0; 8])
}

/// Why a file with this one tensor is refused.
fn of_tensor(change: impl Fn(&mut Tensor)) -> String {
    let mut changed = tensor("w");
    change(&mut changed);
    refusal(&file(&[changed]).bytes())
}

#[test]
fn lengths_beyond_the_file() {
    let good = file(&[tensor("w")]).bytes();
    let with_header_length = |length: u64| {
        let mut bytes = good.clone();
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        refusal(&bytes)
    };
    for length in [1 << 28, 1 << 40, 1 << 63, u64::MAX] {
        let expected = format!(
            "is damaged: its header has {length} bytes, in a file of {}",
            good.len()
        );
        assert_eq!(with_header_length(length), expected);
    }
    // The list of tensors, a name, a shape, the list of streams.
    let header = file(&[tensor("w")]).header();
    let rest = [0; 100];
    for place in [0, 8, 8 + 9 + 4, header.len() - 8] {
        for length in [1_u64 << 31, 1 << 40, 1 << 63, u64::MAX] {
            let mut forged = header.clone();
            forged[place..place + 8].copy_from_slice(&length.to_le_bytes());
            let reason = refusal(&with_preamble(&forged, &rest));
            assert!(
                reason.starts_with("is damaged: its header is malformed: "),
                "{reason}"
            );
        }
    }
}

#[test]
fn headers_that_are_too_long_or_too_short() {
    let header = file(&[tensor("w")]).header();
    let longer = [&header[..], &[0]].concat();
    for header in [&longer[..], &header[..header.len() - 1], &[]] {
        let reason = refusal(&with_preamble(header, &[0; 100]));
        assert!(
            reason.starts_with("is damaged: its header is malformed: "),
            "{reason}"
        );
    }
}

#[test]
fn tables_that_make_no_sense() {
    let shape = |sizes: &[u64]| of_tensor(|tensor| tensor.shape = sizes.to_vec());
    let impossible =
        |sizes: &str| format!("is damaged: its tensor `w` has the impossible shape {sizes}");
    assert_eq!(shape(&[1 << 63]), impossible("[9223372036854775808]"));
    assert_eq!(
        shape(&[1 << 40, 1 << 40]),
        impossible("[1099511627776, 1099511627776]")
    );
    assert_eq!(
        shape(&[1 << 40, 0, 1 << 40]),
        impossible("[1099511627776, 0, 1099511627776]")
    );
    assert_eq!(
        shape(&[1 << 40]),
        "is damaged: its tensor `w` has 8 bytes, and f32[1099511627776] takes 4398046511104"
    );
    assert_eq!(
        shape(&[]),
        "is damaged: its tensor `w` has 8 bytes, and f32[] takes 4"
    );

    for number in [0, 5, 7, 11, u32::MAX] {
        assert_eq!(
            of_tensor(|tensor| tensor.dtype = number),
            format!("is damaged: its tensor `w` has an unknown element type {number}")
        );
    }
    for offset in [0, 64, 129, 192, 1 << 40, u64::MAX] {
        let reason = of_tensor(|tensor| tensor.offset = Some(offset));
        assert_eq!(
            reason,
            format!(
                "is damaged: its tensor `w` begins at byte {offset}, and what is before it ends at 97"
            )
        );
    }
    let huge = of_tensor(|tensor| {
        tensor.shape = vec![1 << 60];
        tensor.length = Some(1 << 62);
    });
    assert_eq!(
        huge,
        "is damaged: its tensors end at byte 4611686018427388032 of 136"
    );
}

#[test]
fn names_that_are_out_of_order() {
    let refused = |names: [&'static str; 2]| refusal(&file(&names.map(tensor)).bytes());
    assert_eq!(refused(["w", "w"]), "is damaged: it has `w` twice");
    assert_eq!(refused(["w", "v"]), "is damaged: `v` comes after `w`");
    let streams = |names: [&'static str; 2]| {
        let mut file = file(&[tensor("w")]);
        file.streams = names.map(|name| (name.into(), [1, 2, 3])).to_vec();
        refusal(&file.bytes())
    };
    assert_eq!(streams(["a", "a"]), "is damaged: it has `a` twice");
    assert_eq!(streams(["b", "a"]), "is damaged: `a` comes after `b`");
}

#[test]
fn ranges_that_overlap() {
    let mut second = tensor("x");
    second.offset = Some(128);
    let reason = refusal(&file(&[tensor("w"), second]).bytes());
    assert!(
        reason.starts_with("is damaged: its tensor `x` begins at byte 128"),
        "{reason}"
    );
}

#[test]
fn bytes_that_are_no_values() {
    assert_eq!(
        of_tensor(|tensor| {
            tensor.dtype = 10;
            tensor.shape = vec![8];
            tensor.bytes = vec![0, 1, 0, 1, 2, 0, 1, 0];
        }),
        "is damaged: its tensor `w` has a byte that is neither false nor true"
    );
    let mut name = file(&[tensor("w")]).header();
    name[16] = 0xff;
    let reason = refusal(&with_preamble(&name, &[0; 100]));
    assert!(
        reason.starts_with("is damaged: its header is malformed: "),
        "{reason}"
    );
}

#[test]
fn bytes_that_hide_between_tensors() {
    let good = file(&[tensor("w")]).bytes();
    let mut hiding = good.clone();
    hiding[127] = 1;
    assert_eq!(
        refusal(&hiding),
        "is damaged: its tensor `w` has bytes before it that are not the zeros of padding"
    );
    let header = file(&[tensor("w")]).header();
    let rest = &good[32 + header.len()..];
    let reason = refusal(&with_preamble(&header, &[rest, &[0; 64]].concat()));
    assert_eq!(reason, "is damaged: its tensors end at byte 136 of 200");
}

/// What a restore allocates is bounded by the variables, whatever the file says.
#[test]
fn a_tensor_that_no_variable_needs_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.aqueduct");
    let large = Tensor::new("large", 4, &[5 << 20], &vec![0; 5 << 20]);
    std::fs::write(&path, file(&[large, tensor("w")]).bytes()).unwrap();
    let g = Graph::new();
    let w = g.variable("w", [1.0_f32, 1.0]);
    let sess = session(&g);
    let (result, largest) = largest_request(|| Saver::new(&g).restore(&sess, &path));
    result.unwrap();
    assert!(largest < 1 << 20);
    assert_eq!(sess.value(w).unwrap().sum(), 0.0);
}
