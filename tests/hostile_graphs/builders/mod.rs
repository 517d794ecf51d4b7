//! Every public function that builds, called with whatever a scene gives.

mod arrays;
mod control;
mod math;
mod misbehaving;
mod networks;
mod reductions;
mod state;
mod training;

use crate::scene::Scene;

pub(crate) type Builder = for<'s, 'g> fn(&'s Scene<'g>);

/// The families, and what calls each of them.
pub(crate) const FAMILIES: [&[Builder]; 7] = [
    math::ALL,
    arrays::ALL,
    reductions::ALL,
    networks::ALL,
    state::ALL,
    control::ALL,
    training::ALL,
];
