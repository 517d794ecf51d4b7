//! The rows, in the order of the page.

mod arrays;
mod extensions;
mod images;
mod math;
mod networks;
mod reductions;
mod state;

use crate::row::Row;

/// The sections of the page: a title, and its rows.
pub(crate) fn all() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("Element by element", math::unary()),
        ("Pair by pair", math::binary()),
        ("Comparison and logic", math::logic()),
        ("Products of matrices", math::products()),
        ("Reductions", reductions::reductions()),
        ("Making arrays", arrays::making()),
        ("Shapes", arrays::shapes()),
        ("Parts of arrays", arrays::parts()),
        ("Joining and cutting", arrays::joining()),
        ("By index", arrays::indexing()),
        ("In segments", arrays::segments()),
        ("In order", arrays::ordering()),
        ("Matrices", arrays::matrices()),
        ("Grids and repetition", arrays::grids()),
        ("Networks", networks::networks()),
        ("Images and sequences", images::images()),
        ("Losses", networks::losses()),
        ("Random numbers", state::random()),
        ("Variables", state::variables()),
        ("Parts of variables", state::parts_of_variables()),
        ("Control", state::control()),
        ("Looking and checking", extensions::debug()),
        ("Of the user's own", extensions::custom()),
    ]
}
