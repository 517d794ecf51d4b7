//! Unknown sizes by number: those that placeholders and parameters name.
//!
//! All other unknown sizes follow from the shape rules, and get their identities anew.

use std::collections::HashMap;

use super::SizeSource;
use super::loops::Births;
use crate::fact::{Fact, Int};
use crate::ids::{NodeId, TensorId};
use crate::op::{Array, Control, Op};
use crate::shape::{Dim, Shape, Symbol};
use crate::store::Store;

/// Numbers unknown sizes while a graph is gone through in the order of its operations.
pub(super) struct Numbering<'s> {
    store: &'s Store,
    births: Births,
    gained: HashMap<Symbol, Vec<SizeSource>>,
    numbers: HashMap<Symbol, u32>,
    sources: Vec<Option<SizeSource>>,
    /// Where each symbol was seen first among the outputs that operations had from the start.
    seen: HashMap<Symbol, SizeSource>,
    /// The first operation whose outputs were not looked at.
    next: usize,
}

/// Where the unknown sizes come from that the placeholders and parameters of a graph name.
pub(super) fn sources(store: &Store) -> Vec<Option<SizeSource>> {
    let mut numbering = Numbering::new(store);
    for id in store.node_ids() {
        if let Op::Array(Array::Placeholder { shape, .. }) = &store.node(id).op {
            numbering.shape(shape, id);
        }
        if let Op::Control(Control::Parameter { region, index }) = &store.node(id).op
            && let Some(fact) = store.region(*region).parameter_facts.get(*index)
        {
            numbering.shape(&fact.shape, id);
        }
    }
    numbering.into_sources()
}

impl<'s> Numbering<'s> {
    pub(super) fn new(store: &'s Store) -> Numbering<'s> {
        let births = Births::new(store);
        Numbering {
            store,
            gained: gained(store, &births),
            births,
            numbers: HashMap::new(),
            sources: Vec::new(),
            seen: HashMap::new(),
            next: 0,
        }
    }

    /// The shape, named by operation `id`, with numbers in place of symbols.
    pub(super) fn shape(&mut self, shape: &Shape, id: NodeId) -> Shape {
        let dims = shape.dims().iter().map(|dim| match *dim {
            Dim::Unknown(symbol) if !symbol.is_anonymous() => {
                Dim::Unknown(Symbol::new(self.number(symbol, id)))
            }
            Dim::Known(_) | Dim::Unknown(_) => *dim,
        });
        Shape::new(dims.collect())
    }

    pub(super) fn into_sources(self) -> Vec<Option<SizeSource>> {
        self.sources
    }

    fn number(&mut self, symbol: Symbol, id: NodeId) -> u32 {
        if let Some(number) = self.numbers.get(&symbol) {
            return *number;
        }
        self.look_before(id);
        let source = self.seen.get(&symbol).copied();
        self.sources
            .push(source.or_else(|| self.gained_before(symbol, id)));
        let number = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.numbers.insert(symbol, number);
        number
    }

    /// Looks at the outputs of all operations before `id`.
    fn look_before(&mut self, id: NodeId) {
        while self.next < id.index() {
            let node = NodeId::from_index(self.next);
            for output in 0..self.births.outputs_from_start(self.store, node) {
                let tensor = output_of(node, output);
                for (symbol, source) in symbols_of(tensor, self.store.fact(tensor)) {
                    self.seen.entry(symbol).or_insert(source);
                }
            }
            self.next += 1;
        }
    }

    /// Where the symbol is among the outputs that loops and branches have gained before operation `id`.
    fn gained_before(&self, symbol: Symbol, id: NodeId) -> Option<SizeSource> {
        let sources = self.gained.get(&symbol)?.iter().copied();
        let mut before =
            sources.filter(|source| self.births.is_before(self.store, source.tensor(), id));
        before.next()
    }
}

impl SizeSource {
    /// The tensor whose size or element it is.
    pub(super) fn tensor(self) -> TensorId {
        match self {
            SizeSource::Axis(tensor, _) | SizeSource::Element(tensor, _) => tensor,
        }
    }
}

/// Where symbols are among the outputs that loops and branches have gained.
fn gained(store: &Store, births: &Births) -> HashMap<Symbol, Vec<SizeSource>> {
    let mut gained: HashMap<Symbol, Vec<SizeSource>> = HashMap::new();
    for owner in store.node_ids() {
        for output in births.outputs_from_start(store, owner)..store.node(owner).outputs.len() {
            let tensor = output_of(owner, output);
            for (symbol, source) in symbols_of(tensor, store.fact(tensor)) {
                gained.entry(symbol).or_default().push(source);
            }
        }
    }
    gained
}

fn output_of(node: NodeId, output: usize) -> TensorId {
    TensorId::new(node, u32::try_from(output).unwrap_or(u32::MAX))
}

/// The unknown sizes of a tensor, and its unknown elements.
fn symbols_of(tensor: TensorId, fact: &Fact) -> impl Iterator<Item = (Symbol, SizeSource)> + '_ {
    let dims = fact.shape.dims().iter().enumerate();
    let axes = dims.filter_map(move |(axis, dim)| match dim {
        Dim::Unknown(symbol) => Some((*symbol, SizeSource::Axis(tensor, axis))),
        Dim::Known(_) => None,
    });
    let ints = fact.ints.iter().flatten().enumerate();
    let elements = ints.filter_map(move |(place, int)| match int {
        Int::Unknown(symbol) => Some((*symbol, SizeSource::Element(tensor, place))),
        Int::Known(_) => None,
    });
    axes.chain(elements)
}

/// The symbol that is found there; `None` if the size is known or there is no such place.
pub(super) fn symbol_at(store: &Store, source: SizeSource) -> Option<Symbol> {
    let (SizeSource::Axis(tensor, place) | SizeSource::Element(tensor, place)) = source;
    let output = usize::try_from(tensor.output).ok()?;
    let fact = store.node(tensor.node).outputs.get(output)?;
    match source {
        SizeSource::Axis(..) => match fact.shape.dim(place)? {
            Dim::Unknown(symbol) => Some(symbol),
            Dim::Known(_) => None,
        },
        SizeSource::Element(..) => match fact.ints.as_ref()?.get(place)? {
            Int::Unknown(symbol) => Some(*symbol),
            Int::Known(_) => None,
        },
    }
}
