//! Reports with places that outlive changes of a file.

/// A report with its places in `file` told by their distance from the line `anchor`, so that a
/// snapshot of it outlives changes further up: `tests/x.rs:+2:17`.
pub fn relative(report: &str, file: &str, anchor: u32) -> String {
    let start = format!("{file}:");
    let mut pieces = report.split(start.as_str());
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let (line, rest) = piece.split_at(digits);
        let line: i64 = line.parse().unwrap_or_default();
        text.push_str(&format!("{start}{:+}{rest}", line - i64::from(anchor)));
    }
    text
}
