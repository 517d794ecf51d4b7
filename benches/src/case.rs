//! The cases, by the names that `benches/run` and all sides know them by.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, anyhow};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Case {
    /// Notebook 000, parity of bits: 4096 numbers of 12 bits.
    Xor,
    /// Notebook 000, a curve: 100 sequences of 10 values.
    Regression,
    /// Notebook 001: 128 images.
    MnistStatic,
    /// Notebook 002: one series of 30 points.
    TimeSeries,
    /// Notebook 003, the RNN: 800 sequences of 10 values.
    Rnn,
    /// Notebook 003, the LSTM with its forget gate by the formulas: the same sequences.
    Lstm,
    /// Notebook 004: 100 images.
    MnistDynamic,
    /// An LSTM by `dynamic_rnn`, the mean squared error of its last output, Adam.
    Sequences(Sizes),
    /// The logits of so many images by the network of notebook 004.
    Inference { images: usize },
    /// What the first step with a new length of sequences costs beyond a later one.
    NewLength,
}

/// The sizes of an LSTM and of what it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sizes {
    pub(crate) batch: usize,
    pub(crate) steps: usize,
    pub(crate) inputs: usize,
    pub(crate) hidden: usize,
}

/// Every kind of case; those whose sizes are free are small.
pub(crate) const SMOKE: [&str; 10] = [
    "000-xor",
    "000-regression",
    "001-mnist-static",
    "002-time-series",
    "003-rnn",
    "003-lstm",
    "004-mnist-dynamic",
    "lstm-b2-t3-i4-h5",
    "infer-b1",
    "new-length",
];

impl FromStr for Case {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Case> {
        Ok(match name {
            "000-xor" => Case::Xor,
            "000-regression" => Case::Regression,
            "001-mnist-static" => Case::MnistStatic,
            "002-time-series" => Case::TimeSeries,
            "003-rnn" => Case::Rnn,
            "003-lstm" => Case::Lstm,
            "004-mnist-dynamic" => Case::MnistDynamic,
            "new-length" => Case::NewLength,
            _ => sized(name).with_context(|| format!("there is no case `{name}`"))?,
        })
    }
}

fn sized(name: &str) -> anyhow::Result<Case> {
    if let Some(images) = name.strip_prefix("infer-b") {
        let images = images.parse()?;
        return Ok(Case::Inference { images });
    }
    Ok(Case::Sequences(name.parse()?))
}

impl FromStr for Sizes {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Sizes> {
        let mut parts = name.split('-');
        let mut part = |prefix: &str| -> anyhow::Result<&str> {
            let part = parts.next().and_then(|part| part.strip_prefix(prefix));
            part.ok_or_else(|| anyhow!("the form is lstm-b64-t128-i256-h512"))
        };
        part("lstm")?;
        Ok(Sizes {
            batch: part("b")?.parse()?,
            steps: part("t")?.parse()?,
            inputs: part("i")?.parse()?,
            hidden: part("h")?.parse()?,
        })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Case::Xor => f.write_str("000-xor"),
            Case::Regression => f.write_str("000-regression"),
            Case::MnistStatic => f.write_str("001-mnist-static"),
            Case::TimeSeries => f.write_str("002-time-series"),
            Case::Rnn => f.write_str("003-rnn"),
            Case::Lstm => f.write_str("003-lstm"),
            Case::MnistDynamic => f.write_str("004-mnist-dynamic"),
            Case::Sequences(sizes) => sizes.fmt(f),
            Case::Inference { images } => write!(f, "infer-b{images}"),
            Case::NewLength => f.write_str("new-length"),
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sizes {
            batch,
            steps,
            inputs,
            hidden,
        } = self;
        write!(f, "lstm-b{batch}-t{steps}-i{inputs}-h{hidden}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, SMOKE};

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in SMOKE {
            let case: Case = name.parse().unwrap();
            assert_eq!(case.to_string(), name);
        }
    }

    #[test]
    fn other_names_are_refused() {
        for name in ["", "lstm", "lstm-b2-t3-i4", "lstm-t2-b3-i4-h5", "infer-b"] {
            assert!(name.parse::<Case>().is_err(), "{name}");
        }
    }
}
