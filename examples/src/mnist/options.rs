//! The command line of the examples that learn MNIST.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::mnist::Mnist;
use crate::options::Options;

/// Options of an example that learns MNIST.
#[derive(Clone, Debug, clap::Args)]
pub struct MnistOptions {
    /// What every example takes.
    #[command(flatten)]
    pub common: Options,

    /// The directory of the four MNIST files, as .gz or unpacked [default: the copy of this repository]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// The seed of the first weights and of the order of the images
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

impl MnistOptions {
    /// The data sets that are asked for.
    pub fn read_data_sets(&self) -> anyhow::Result<Mnist> {
        let directory = self.data.clone().unwrap_or_else(Mnist::shipped);
        Mnist::read_data_sets(&directory, self.seed)
            .context("cannot read MNIST (`--data` names another directory)")
    }
}
