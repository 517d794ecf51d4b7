//! Names, paths and shapes as texts show them that come from files of strangers: none of them may
//! steer a terminal, look like another, or fill a log.

use std::fmt::{self, Write as _};
use std::path::Path;

/// Characters that are shown of a name or path.
const MOST_CHARS: usize = 1000;

/// Characters that are shown of a report.
const MOST_REPORT_CHARS: usize = 10_000;

/// Sizes that are shown of a shape.
const MOST_SIZES: usize = 32;

/// A name.
pub fn name(name: &str) -> Shown<'_> {
    Shown { text: name }
}

/// A path.
pub fn path(path: &Path) -> String {
    name(&path.to_string_lossy()).to_string()
}

/// A text that is shown as such a name.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'t> {
    text: &'t str,
}

/// Characters that do not show as themselves are escaped. What is too long ends with its length.
impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.text.chars().take(MOST_CHARS) {
            match char {
                '"' | '\'' | '\\' => f.write_char(char)?,
                char => write!(f, "{}", char.escape_debug())?,
            }
        }
        if self.text.chars().nth(MOST_CHARS).is_some() {
            write!(f, "... ({} bytes)", self.text.len())?;
        }
        Ok(())
    }
}

/// A report whose parts show as themselves. What is too long ends with its length.
pub fn report(report: &impl fmt::Display) -> String {
    let mut text = report.to_string();
    if let Some((end, _)) = text.char_indices().nth(MOST_REPORT_CHARS) {
        let length = text.len();
        text.truncate(end);
        let _ = write!(text, "... ({length} bytes)");
    }
    text
}

/// A shape: `[2, 3]`.
pub fn shape<T: fmt::Debug>(sizes: &[T]) -> String {
    match sizes.get(..MOST_SIZES) {
        Some(first) if sizes.len() > MOST_SIZES => {
            let first: Vec<String> = first.iter().map(|size| format!("{size:?}")).collect();
            format!("[{}, ... ({} sizes)]", first.join(", "), sizes.len())
        }
        Some(_) | None => format!("{sizes:?}"),
    }
}
