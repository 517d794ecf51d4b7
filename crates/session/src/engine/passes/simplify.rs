//! What changes nothing is left out.

use crate::engine::ir::Block;

pub(crate) fn run(_: &mut Block) -> usize {
    0
}
