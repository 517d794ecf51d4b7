//! A process of its own for what could take all memory, or bring its process down.

use std::process::Command;

/// Tells the test's own program, started anew, to do the work.
const WITHIN_LIMITS: &str = "AQUEDUCT_TEST_WITHIN_LIMITS";

/// What a process may take. So a size of gigabytes is refused by the system, as one of terabytes is
/// everywhere.
const KILOBYTES: u32 = 3_000_000;

/// Does the work of the test of this path in a process of its own that may take little memory, and gives
/// what it printed. An abort there fails the test rather than ending it. There the result is `None`.
///
/// # Panics
/// The work fails.
pub fn within_limits(test: &str, work: impl FnOnce()) -> Option<String> {
    within_kilobytes(KILOBYTES, test, work)
}

/// [`within_limits`] of another number of kilobytes.
///
/// # Panics
/// The work fails.
pub fn within_kilobytes(kilobytes: u32, test: &str, work: impl FnOnce()) -> Option<String> {
    if std::env::var_os(WITHIN_LIMITS).is_some() {
        work();
        return None;
    }
    let program = std::env::current_exe().expect("a test has a program");
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "ulimit -v {kilobytes}; exec \"$0\" --exact --nocapture {test}"
        ))
        .arg(program)
        .env(WITHIN_LIMITS, "1")
        .output()
        .expect("the program is started");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{printed}\n{complaints}",
        output.status
    );
    Some(printed)
}
