//! Graphs of a hundred thousand operations, and graphs that are as deep.

mod deep;
mod families;
