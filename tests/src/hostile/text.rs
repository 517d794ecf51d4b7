//! What every text of an error must be, whatever it tells of.

/// Room for a few names and paths, each shortened.
const MOST_BYTES: usize = 256 << 10;

/// Asserts that a text is short and can be printed on a terminal.
///
/// # Panics
/// It is not so.
pub(super) fn assert_printable(text: &str) {
    assert!(text.len() <= MOST_BYTES, "a text of {} bytes", text.len());
    let bad = text.chars().find(|char| *char != '\n' && !printable(*char));
    assert!(bad.is_none(), "{bad:?} in {text:?}");
}

/// Whether a character shows as itself wherever it is printed.
fn printable(char: char) -> bool {
    let shown: String = char.escape_debug().collect();
    shown.chars().eq([char]) || matches!(char, '"' | '\'' | '\\')
}
