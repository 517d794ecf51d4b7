//! The command line that every example understands.

use std::path::PathBuf;

/// Options of every example; an example's own parser takes them in with `#[command(flatten)]`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Do a few steps only, to see that everything works
    #[arg(long)]
    pub quick: bool,

    /// The directory for charts and other files, made when needed
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
}

impl Options {
    /// The number of steps to take: `full`, or `quick` where asked for.
    pub fn steps(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// The path of a file of this name in the output directory.
    pub fn output(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{CommandFactory as _, Parser};

    use super::Options;

    #[derive(Parser)]
    struct Example {
        #[command(flatten)]
        options: Options,
    }

    fn parse(arguments: &[&str]) -> Options {
        let program = ["example"].iter();
        Example::parse_from(program.chain(arguments)).options
    }

    #[test]
    fn are_well_formed() {
        Example::command().debug_assert();
    }

    #[test]
    fn default_to_the_whole_run_and_out() {
        let options = parse(&[]);
        assert_eq!(options.steps(100, 5), 100);
        assert_eq!(options.output("loss.png"), Path::new("out/loss.png"));
    }

    #[test]
    fn are_taken_from_the_command_line() {
        let options = parse(&["--quick", "--out", "elsewhere"]);
        assert_eq!(options.steps(100, 5), 5);
        assert_eq!(options.output("loss.png"), Path::new("elsewhere/loss.png"));
    }
}
