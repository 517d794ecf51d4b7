//! Kernels of family `random`.
