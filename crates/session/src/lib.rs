//! Plans and runs graphs.

mod kernels;
mod philox;
