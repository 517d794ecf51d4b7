//! The file `checkpoint` of a folder: which checkpoints there are, in TensorFlow's text form.
//!
//! ```text
//! model_checkpoint_path: "model-200"
//! all_model_checkpoint_paths: "model-100"
//! all_model_checkpoint_paths: "model-200"
//! ```

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::str;

use aqueduct_graph::ir::shown;

use super::beside;
use super::error::{CheckpointError, FileAction};
use super::files::{self, Kind, System};

/// The name of the file.
const NAME: &str = "checkpoint";

/// Whether a path has the name of such a file.
pub(super) fn is_one(path: &Path) -> bool {
    path.ends_with(NAME)
}

/// No list of checkpoints is longer than this; what claims to be is not read.
const MOST_BYTES: u64 = 1 << 26;

/// What the file `checkpoint` of a folder says. TensorFlow's `CheckpointState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointState {
    /// The newest checkpoint, without extension: what [`Saver::restore`](crate::Saver::restore)
    /// takes.
    pub model_checkpoint_path: PathBuf,
    /// All that are kept, the oldest first.
    pub all_model_checkpoint_paths: Vec<PathBuf>,
}

/// Adds a checkpoint to those that the file of a folder lists, before it is there: a program that ends
/// before it says more leaves no checkpoint that nobody knows of.
///
/// # Errors
/// The file system refuses. The former file is there then, or the other one.
pub(super) fn announce(
    system: &dyn System,
    directory: &Path,
    coming: &Path,
) -> Result<(), CheckpointError> {
    let state = match read(system, directory) {
        Ok(Some(state)) => state,
        Ok(None) => CheckpointState {
            model_checkpoint_path: coming.to_path_buf(),
            all_model_checkpoint_paths: Vec::new(),
        },
        Err(error) => {
            log::warn!("{error}\n  this save writes it anew");
            return Ok(());
        }
    };
    let mut all: Vec<&Path> = state
        .all_model_checkpoint_paths
        .iter()
        .map(PathBuf::as_path)
        .collect();
    if all.contains(&coming) {
        return Ok(());
    }
    all.push(coming);
    write(system, directory, &state.model_checkpoint_path, &all)?;
    Ok(files::sync_directory_of(system, coming)?)
}

/// Writes the file of a folder. All paths are absolute; they are written relative to the folder, so
/// that it can be moved.
///
/// # Errors
/// The file system refuses. The former file is there then.
pub(super) fn write(
    system: &dyn System,
    directory: &Path,
    newest: &Path,
    all: &[&Path],
) -> Result<(), CheckpointError> {
    let mut text = String::new();
    let mut line = |field: &str, path: &Path| {
        let path = escaped(&path_bytes(&relative(path, directory)));
        text.push_str(&format!("{field}: \"{path}\"\n"));
    };
    line("model_checkpoint_path", newest);
    for path in all {
        line("all_model_checkpoint_paths", path);
    }
    let written = beside::write(system, &directory.join(NAME), |output| {
        output.write_all(text.as_bytes())
    })?;
    Ok(written.rename()?)
}

/// Reads the file of a folder; `None` if there is none. Paths are given relative to where the folder
/// is.
///
/// # Errors
/// The file system refuses, or the file is not of this form.
pub(super) fn read(
    system: &dyn System,
    directory: &Path,
) -> Result<Option<CheckpointState>, CheckpointError> {
    let path = directory.join(NAME);
    let kind = system
        .kind(&path)
        .map_err(files::at(FileAction::Find, &path))?;
    if kind == Kind::Nothing {
        return Ok(None);
    }
    let damaged = |reason: String| CheckpointError::Damaged {
        path: path.clone(),
        reason,
    };
    if kind != Kind::File {
        return Err(damaged("it is not a file".to_owned()));
    }
    let opened = system.open(&path);
    let (file, length) = opened.map_err(files::at(FileAction::Open, &path))?;
    if length > MOST_BYTES {
        return Err(damaged(format!("it has {length} bytes")));
    }
    let mut bytes = Vec::new();
    let read = Read::take(file, MOST_BYTES).read_to_end(&mut bytes);
    read.map_err(files::at(FileAction::Read, &path))?;
    let state = parse(&bytes, directory).map_err(damaged)?;
    Ok(Some(state))
}

fn parse(bytes: &[u8], directory: &Path) -> Result<CheckpointState, String> {
    let mut newest = None;
    let mut all = Vec::new();
    let mut text = Text { rest: bytes };
    while let Some(field) = text.field()? {
        let value = text.value(&field)?;
        let path = || {
            let value = value.ok_or_else(|| format!("field `{field}` is not a text in quotes"))?;
            path_of(value).map(|path| directory.join(path))
        };
        match field.as_str() {
            "model_checkpoint_path" if newest.is_some() => {
                return Err(format!("it has {field} twice"));
            }
            "model_checkpoint_path" => newest = Some(path()?),
            "all_model_checkpoint_paths" => all.push(path()?),
            // Later versions may say more.
            _ => {}
        }
    }
    Ok(CheckpointState {
        model_checkpoint_path: newest.ok_or("it has no model_checkpoint_path")?,
        all_model_checkpoint_paths: all,
    })
}

/// What is left to read of a text of `name: value` fields.
struct Text<'t> {
    rest: &'t [u8],
}

impl Text<'_> {
    /// The name of the next field, with its colon passed.
    fn field(&mut self) -> Result<Option<String>, String> {
        self.skip_space();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let name = self.word();
        if name.is_empty() {
            return Err(format!("a field begins with {:?}", self.upcoming()));
        }
        self.skip_space();
        match self.next() {
            Some(b':') => Ok(Some(name)),
            _ => Err(format!("field `{}` has no colon", shown::name(&name))),
        }
    }

    /// The value of a field: the bytes of a text, or `None` for a number or a word.
    fn value(&mut self, field: &str) -> Result<Option<Vec<u8>>, String> {
        self.skip_space();
        match self.rest.first() {
            Some(quote @ (b'"' | b'\'')) => {
                let quote = *quote;
                self.next();
                let text = self.quoted(quote);
                text.map(Some).ok_or_else(|| {
                    format!("the text of field `{}` is malformed", shown::name(field))
                })
            }
            _ if self.word().is_empty() => {
                Err(format!("field `{}` has no value", shown::name(field)))
            }
            _ => Ok(None),
        }
    }

    /// The bytes up to the closing quote, which is passed.
    fn quoted(&mut self, quote: u8) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'\n' => return None,
                b'\\' => bytes.push(self.escape()?),
                byte if byte == quote => return Some(bytes),
                byte => bytes.push(byte),
            }
        }
    }

    /// The byte that is meant by what follows a backslash.
    fn escape(&mut self) -> Option<u8> {
        Some(match self.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 7,
            b'b' => 8,
            b'v' => 11,
            b'f' => 12,
            b'x' | b'X' => {
                let first = self.digit(16)?;
                self.digits(16, 1, first)?
            }
            octal @ b'0'..=b'7' => self.digits(8, 2, u32::from(octal - b'0'))?,
            byte @ (b'\\' | b'"' | b'\'' | b'?') => byte,
            // `\u` and whatever else there may be: a path that was understood wrongly is another.
            _ => return None,
        })
    }

    /// A number that goes on with at most so many digits.
    fn digits(&mut self, radix: u32, most: usize, start: u32) -> Option<u8> {
        let mut number = start;
        for _ in 0..most {
            let Some(digit) = self.digit(radix) else {
                break;
            };
            number = number * radix + digit;
        }
        u8::try_from(number).ok()
    }

    fn digit(&mut self, radix: u32) -> Option<u32> {
        let digit = char::from(*self.rest.first()?).to_digit(radix)?;
        self.next();
        Some(digit)
    }

    fn word(&mut self) -> String {
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(byte);
        let length = self.rest.iter().take_while(is_part).count();
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        String::from_utf8_lossy(word).into_owned()
    }

    /// Passes white space, separators and comments.
    fn skip_space(&mut self) {
        while let Some(byte) = self.rest.first() {
            match byte {
                b'#' => while self.next().is_some_and(|byte| byte != b'\n') {},
                b',' | b';' => _ = self.next(),
                byte if byte.is_ascii_whitespace() => _ = self.next(),
                _ => return,
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn upcoming(&self) -> char {
        self.rest.first().map_or(' ', |byte| char::from(*byte))
    }
}

/// Bytes as they stand between quotes: control characters, and what is no UTF-8, by number.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    let numbered = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\{byte:03o}");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' | '\\' => text.extend(['\\', char]),
                char if char.is_control() => {
                    numbered(&mut text, char.encode_utf8(&mut [0; 4]).as_bytes());
                }
                char => text.push(char),
            }
        }
        numbered(&mut text, chunk.invalid());
    }
    text
}

/// The way from a folder to a path, both absolute; the path itself if there is none.
fn relative(path: &Path, directory: &Path) -> PathBuf {
    let (mut ahead, mut behind) = (
        path.components().peekable(),
        directory.components().peekable(),
    );
    let mut shared = 0;
    while ahead.peek().is_some() && ahead.peek() == behind.peek() {
        ahead.next();
        behind.next();
        shared += 1;
    }
    if shared == 0 {
        return path.to_path_buf();
    }
    let up = behind.map(|_| Component::ParentDir);
    up.chain(ahead).collect()
}

#[cfg(unix)]
fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> Result<PathBuf, String> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

#[cfg(not(unix))]
fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> Result<PathBuf, String> {
    let text = String::from_utf8(bytes);
    text.map(PathBuf::from)
        .map_err(|_| "a path is not UTF-8".to_owned())
}
