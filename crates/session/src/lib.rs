//! Plans and runs graphs.

mod kernels;
mod philox;

pub use philox::Philox;
