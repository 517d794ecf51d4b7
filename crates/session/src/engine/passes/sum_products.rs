//! Sums of products become one product where their operands can lie in a row.
//!
//! `x₀ᵀ · z₀ + x₁ᵀ · z₁ + …` is `Xᵀ · Z` of all rows: a gradient of unrolled steps. To have all rows in
//! one matrix costs nothing if they are slices that follow each other, or if each step's rows are made
//! at their place in the whole ([`Pass::JoinInPlace`](crate::Pass::JoinInPlace)); others are copied.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use aqueduct_graph::ir::NodeId;

use super::joins::merge_pieces;
use super::merge_common::{self, Seen, seen};
use super::row_sums::{Search, Term, add, adds, summed_by_states, total};
use crate::engine::ir::{Block, Code, Node, Piece, Place, Type, ValueId};

/// How many multiply-adds are taken to be worth the copy of an element.
const WORK_OF_COPY: usize = 8;

/// The most bytes of all rows of one operand. More do not stay in a processor's own cache until the sum
/// is made: then several products, each made when its rows are, were measured to be faster.
const MOST_KEPT: usize = 1 << 20;

/// Unless the products to be added up take so many times as much.
const RESULTS_TO_ROWS: usize = 2;

/// Columns are multiplied in vectors of so many elements, however few they are.
const LANES: usize = 16;

/// How many elements' copy is taken to be worth a step less.
const COPY_OF_STEP: usize = 1024;

/// Makes products of sums of products, in bodies too; gives how many sums there were.
///
/// What a loop adds up onto its states is left to [`sink_sums`](super::sink_sums).
pub(crate) fn run(block: &mut Block) -> usize {
    run_in(block, &HashSet::new())
}

/// As [`run`], in a block of which some values are added to states.
fn run_in(block: &mut Block, summed: &HashSet<ValueId>) -> usize {
    let mut done = 0;
    for node in &mut block.nodes {
        if let Code::Scan(scan) = &mut node.code {
            let summed = summed_by_states(scan);
            done += run_in(&mut scan.body, &summed);
        }
    }
    let sums = find(block, summed);
    let mut replacement = HashMap::new();
    for (index, node) in std::mem::take(&mut block.nodes).into_iter().enumerate() {
        let sum = sums.get(&index);
        if let Some(total) = sum.and_then(|sum| sum.total(block, node.origin)) {
            replacement.insert(node.outputs[0], total);
            done += 1;
        }
        block.nodes.push(node);
    }
    block.replace(&replacement);
    // Sums that have the same rows have each made them.
    merge_common::run(block);
    done
}

/// Matrices whose rows are added up together.
type Matrices = Vec<ValueId>;

/// A sum of sums over rows, and of other values.
struct Sum {
    sizes: Vec<usize>,
    terms: Vec<Term<Matrices>>,
    others: Vec<ValueId>,
}

/// The sums worth a product, by the node that makes them.
fn find(block: &mut Block, summed: &HashSet<ValueId>) -> HashMap<usize, Sum> {
    let search = Search::new(block);
    let mut places = Places::new(block);
    let mut sums = HashMap::new();
    for index in outermost(block, &search) {
        if summed.contains(&block.nodes[index].outputs[0]) {
            continue;
        }
        let sum = Sum::of(block, &search, index);
        if sum.pays(block, &search, &mut places) {
            sums.insert(index, sum);
        }
    }
    sums
}

/// The nodes that only add up and are not themselves a part of such a sum.
fn outermost(block: &Block, search: &Search) -> Vec<usize> {
    let sums = block.nodes.iter().enumerate();
    let sums: Vec<usize> = sums
        .filter(|(_, node)| adds(block, node))
        .map(|(index, _)| index)
        .collect();
    let operands = sums.iter().flat_map(|index| &block.nodes[*index].inputs);
    let parts = operands.filter(|value| search.added(block, **value).is_some());
    let inner: HashSet<ValueId> = parts.copied().collect();
    let is_outer = |index: &usize| !inner.contains(&block.nodes[*index].outputs[0]);
    sums.into_iter().filter(is_outer).collect()
}

impl Sum {
    fn of(block: &mut Block, search: &Search, index: usize) -> Sum {
        let mut sum = Sum {
            sizes: block.sizes(block.nodes[index].outputs[0]).to_vec(),
            terms: Vec::new(),
            others: Vec::new(),
        };
        let mut waiting = block.nodes[index].inputs.clone();
        while let Some(value) = waiting.pop() {
            if let Some(added) = search.added(block, value) {
                waiting.extend(added);
            } else if let Some(terms) = search.terms(block, value) {
                terms
                    .into_iter()
                    .for_each(|term| gather(block, &mut sum.terms, term));
            } else {
                sum.others.push(value);
            }
        }
        sum.terms
            .iter_mut()
            .for_each(|term| term.order(block, search));
        sum
    }
}

impl Sum {
    /// Whether what is saved is worth more than what is copied.
    fn pays(&self, block: &Block, search: &Search, places: &mut Places) -> bool {
        let mut cost = Cost::default();
        for term in &self.terms {
            cost.add(block, search, places, term);
        }
        let pays = cost.is_paid();
        if pays {
            for term in &self.terms {
                term.each(&mut |matrices| places.take(block, matrices));
            }
        }
        pays
    }

    /// Adds the nodes that make the sum.
    fn total(&self, block: &mut Block, origin: NodeId) -> Option<ValueId> {
        let terms = self.terms.iter();
        let stacks = terms.map(|term| term.map(&mut |matrices| all_rows(block, matrices, origin)));
        let stacks: Vec<Term> = stacks.collect();
        let sum = total(block, &stacks, &self.sizes, origin)?;
        let others = self.others.iter();
        Some(others.fold(sum, |sum, other| add(block, sum, *other, origin)))
    }
}

/// What it takes to have the rows of a sum's matrices in a row, and what that saves.
#[derive(Debug, Default)]
struct Cost {
    /// Elements that are copied, and the steps that do it.
    copied: usize,
    copies: usize,
    /// Multiply-adds.
    work: usize,
    /// How many products and sums of rows there are less.
    fewer: usize,
    /// Whether a matrix would be copied whose rows lie across memory: `x · U + h · W` is better added up
    /// than `[x, h] · [U, W]`.
    crosswise: bool,
    /// The bytes of the largest matrix of all rows.
    kept: usize,
    /// The bytes of the products that are added up otherwise.
    results: usize,
}

impl Cost {
    fn add(&mut self, block: &Block, search: &Search, places: &Places, term: &Term<Matrices>) {
        match term {
            Term::Product(lefts, rights) => {
                self.add_rows(block, search, places, lefts);
                self.add_rows(block, search, places, rights);
                let columns = block.sizes(rights[0])[1];
                let width = block.dtype(rights[0]).width();
                let (rows, inner) = (block.sizes(lefts[0])[1], lefts.iter());
                let inner: usize = inner.map(|left| block.sizes(*left)[0]).sum();
                self.work += inner * rows * columns.next_multiple_of(LANES);
                self.results += rights.len() * rows * columns * width;
                self.fewer += rights.len() - 1;
            }
            Term::Rows(matrices) => {
                self.add_rows(block, search, places, matrices);
                self.fewer += matrices.len() - 1;
            }
            Term::Join(parts) => {
                let terms = parts.iter().flat_map(|(_, _, terms)| terms);
                terms.for_each(|term| self.add(block, search, places, term));
            }
        }
    }

    fn add_rows(&mut self, block: &Block, search: &Search, places: &Places, matrices: &Matrices) {
        let bytes = matrices.iter().map(|matrix| block.kind(*matrix).bytes());
        self.kept = self.kept.max(bytes.sum());
        if block.in_a_row(matrices).is_some() || places.taken.contains(&all_seen(block, matrices)) {
            return;
        }
        let mut last = None;
        for matrix in matrices {
            if !places.has(block, search, *matrix) {
                self.copied += block.kind(*matrix).elements();
                self.crosswise |= is_crosswise(block.kind(*matrix));
                let root = block.place(*matrix).root;
                self.copies += usize::from(last.replace(root) != Some(root));
            }
        }
    }

    fn is_paid(&self) -> bool {
        self.fewer > 0
            && !self.crosswise
            && self.kept <= MOST_KEPT.max(self.results / RESULTS_TO_ROWS)
            && self.copied + COPY_OF_STEP * self.copies
                <= self.work / WORK_OF_COPY + COPY_OF_STEP * self.fewer
    }
}

/// Whether the neighbours of a column are nearer to each other than those of a row.
fn is_crosswise(kind: &Type) -> bool {
    let near = |axis: usize| kind.strides[axis].unsigned_abs();
    kind.sizes.iter().all(|size| *size > 1) && near(0) < near(1)
}

/// Where roots can be made.
struct Places {
    /// Roots that have a place of their own.
    settled: HashSet<ValueId>,
    /// The matrices that will be in a row.
    taken: HashSet<Vec<Seen>>,
}

impl Places {
    fn new(block: &Block) -> Places {
        Places {
            settled: block.settled(),
            taken: HashSet::new(),
        }
    }

    /// Whether a matrix can be made at its place among the rows of others.
    fn has(&self, block: &Block, search: &Search, matrix: ValueId) -> bool {
        let root = block.place(matrix).root;
        let maker = search.maker(root).map(|maker| &block.nodes[maker].code);
        maker.is_some_and(|code| !matches!(code, Code::Constant(_) | Code::Opaque(_)))
            && block.covers(matrix)
            && !self.settled.contains(&root)
    }

    /// Gives matrices their places in a row.
    fn take(&mut self, block: &Block, matrices: &Matrices) {
        if self.taken.insert(all_seen(block, matrices)) {
            let roots = matrices.iter().map(|matrix| block.place(*matrix).root);
            self.settled.extend(roots);
        }
    }
}

fn all_seen(block: &Block, matrices: &Matrices) -> Vec<Seen> {
    matrices.iter().map(|matrix| seen(block, *matrix)).collect()
}

/// Adds a term to those that are of its kind.
fn gather(block: &Block, gathered: &mut Vec<Term<Matrices>>, term: Term) {
    let is_like = |other: &&mut Term<Matrices>| other.is_like(block, &term);
    match gathered.iter_mut().find(is_like) {
        Some(known) => known.extend(block, term),
        None => gathered.push(term.map(&mut |matrix| vec![*matrix])),
    }
}

impl Term<Matrices> {
    /// Whether a term differs in its rows alone.
    fn is_like(&self, block: &Block, term: &Term) -> bool {
        let same = |matrices: &Matrices, matrix: &ValueId| {
            block.sizes(matrices[0])[1] == block.sizes(*matrix)[1]
        };
        match (self, term) {
            (Term::Product(lefts, rights), Term::Product(left, right)) => {
                same(lefts, left) && same(rights, right)
            }
            (Term::Rows(matrices), Term::Rows(matrix)) => same(matrices, matrix),
            (Term::Join(own), Term::Join(parts)) => {
                let place = |(piece, sizes): (&Piece, &Vec<usize>)| (piece.clone(), sizes.clone());
                let own = own.iter().map(|(piece, sizes, _)| place((piece, sizes)));
                own.eq(parts.iter().map(|(piece, sizes, _)| place((piece, sizes))))
            }
            (Term::Product(..) | Term::Rows(_) | Term::Join(_), _) => false,
        }
    }

    /// Takes in the rows of a term that is like this one.
    fn extend(&mut self, block: &Block, term: Term) {
        match (self, term) {
            (Term::Product(lefts, rights), Term::Product(left, right)) => {
                lefts.push(left);
                rights.push(right);
            }
            (Term::Rows(matrices), Term::Rows(matrix)) => matrices.push(matrix),
            (Term::Join(own), Term::Join(parts)) => {
                for ((_, _, own), (_, _, terms)) in own.iter_mut().zip(parts) {
                    terms.into_iter().for_each(|term| gather(block, own, term));
                }
            }
            (Term::Product(..) | Term::Rows(_) | Term::Join(_), _) => {}
        }
    }

    /// Puts the rows in the order in which the left operands follow each other, or else against that
    /// in which the right ones are made: what gradients are made of is made from the last step on.
    fn order(&mut self, block: &Block, search: &Search) {
        let made = |matrix: &ValueId| {
            let Place { root, offset } = block.place(*matrix);
            (search.maker(root), offset)
        };
        match self {
            Term::Product(lefts, rights) => {
                let mut pairs: Vec<(ValueId, ValueId)> =
                    lefts.iter().copied().zip(rights.iter().copied()).collect();
                pairs.sort_by_key(|(_, right)| Reverse(made(right)));
                (*lefts, *rights) = pairs.iter().rev().copied().unzip();
                if block.in_a_row(lefts).is_none() {
                    (*lefts, *rights) = pairs.into_iter().unzip();
                }
            }
            Term::Rows(matrices) => matrices.sort_by_key(|matrix| Reverse(made(matrix))),
            Term::Join(parts) => {
                let terms = parts.iter_mut().flat_map(|(_, _, terms)| terms);
                terms.for_each(|term| term.order(block, search));
            }
        }
    }
}

/// A stack of one matrix, which has the rows of these.
fn all_rows(block: &mut Block, matrices: &Matrices, origin: NodeId) -> ValueId {
    let all = match block.in_a_row(matrices) {
        Some((place, kind)) => block.view(place, kind),
        None => join_rows(block, matrices, origin),
    };
    let mut kind = block.kind(all).clone();
    kind.sizes.insert(0, 1);
    kind.strides.insert(0, 0);
    block.view(block.place(all), kind)
}

fn join_rows(block: &mut Block, matrices: &[ValueId], origin: NodeId) -> ValueId {
    let columns = block.sizes(matrices[0])[1];
    let mut pieces = Vec::with_capacity(matrices.len());
    let mut rows = 0;
    for matrix in matrices {
        pieces.push(Piece {
            offset: rows * columns,
            strides: vec![columns as isize, 1],
        });
        rows += block.sizes(*matrix)[0];
    }
    let kind = Type::contiguous(block.dtype(matrices[0]), &[rows, columns]);
    let all = block.root(kind);
    let mut node = Node {
        code: Code::Join(pieces),
        inputs: matrices.to_vec(),
        outputs: vec![all],
        origin,
    };
    merge_pieces(block, &mut node);
    block.nodes.push(node);
    all
}
