//! Whether what a step writes lies apart from what else it touches. The planner sees to it; in the
//! crate's unit tests this is checked before a step runs.

use smallvec::SmallVec;

use crate::kernels::fused::Fused;
use crate::kernels::product::Product;
use crate::kernels::step::Step;
use crate::kernels::table::{Reach, Span, Table};

impl Step {
    /// Checks what the table does not: that results share no element with an operand, nor with each other,
    /// but for element-wise work in place; and that what is packed has the size that it is read by.
    ///
    /// # Panics
    /// The plan is wrong.
    pub(super) fn check(&self, table: &Table) {
        match self {
            Step::Fused {
                kernel,
                inputs,
                outputs,
            } => check_fused(kernel, inputs, outputs, table),
            Step::Reduced {
                kernel,
                inputs,
                totals,
            } => {
                let totals = Seen::from_span(*totals, table);
                for input in seen_fused(kernel.elements(), inputs, table) {
                    assert!(!input.meets(&totals), "totals lie in what is reduced");
                }
            }
            Step::Product { product, a, b, c } => {
                let [a, b, c] = seen_product(product, [a, b, c], table);
                assert!(!a.meets(&c), "a product overwrites its left operand");
                assert!(!b.meets(&c), "a product overwrites its right operand");
            }
            Step::Packed { product, a, b, c } => {
                assert_eq!(b.after, product.packed_size(), "another size is packed");
                let [a, _, c] = seen_product(product, [a, b, c], table);
                assert!(!a.meets(&c), "a product overwrites its left operand");
            }
            Step::Group { group, b, others } => {
                let seen: Vec<_> = (group.products().iter().zip(others))
                    .map(|(product, [a, c])| seen_product(product, [a, b, c], table))
                    .collect();
                for (index, [_, b, c]) in seen.iter().enumerate() {
                    assert!(!b.meets(c), "a product overwrites the right operand");
                    for (other, [a, _, another]) in seen.iter().enumerate() {
                        assert!(!a.meets(c), "a product overwrites a left operand");
                        assert!(index == other || !another.meets(c), "two results meet");
                    }
                }
            }
            Step::Pack { product, b, packed } => {
                assert_eq!(packed.after, product.packed_size(), "no room to pack");
                assert!(
                    !table.overlap(*b, *packed),
                    "a matrix is packed onto itself"
                );
            }
            Step::Shared { inputs, output, .. } => {
                let output = Seen::from_span(*output, table);
                for input in inputs {
                    let input = Seen::from_span(*input, table);
                    assert!(!input.meets(&output), "a result lies in an operand");
                }
            }
            // `step::arguments` checks them in every build.
            Step::Kernel { .. } => {}
        }
    }
}

fn check_fused(kernel: &Fused, inputs: &[Reach], outputs: &[Reach], table: &Table) {
    let seen = seen_fused(kernel, inputs.iter().chain(outputs), table);
    let seen: Vec<Seen> = seen.collect();
    for (index, output) in seen.iter().enumerate().skip(inputs.len()) {
        for (other, operand) in seen.iter().enumerate() {
            let in_place = other < inputs.len() && operand == output;
            assert!(
                other == index || in_place || !operand.meets(output),
                "result {} of {kernel:?} meets operand {other} elsewhere than in place",
                index - inputs.len()
            );
        }
    }
}

/// Operands of an element-wise kernel: inputs first, then outputs.
fn seen_fused<'a>(
    kernel: &'a Fused,
    reaches: impl IntoIterator<Item = &'a Reach>,
    table: &'a Table,
) -> impl Iterator<Item = Seen> {
    let operands = reaches.into_iter().enumerate();
    operands.map(|(index, reach)| Seen {
        first: table.address(reach),
        width: kernel.width(index),
        axes: kernel.axes(index).collect(),
    })
}

/// A, B and C of a product.
fn seen_product(product: &Product, reaches: [&Reach; 3], table: &Table) -> [Seen; 3] {
    let axes = product.axes();
    let seen = |index: usize| Seen {
        first: table.address(reaches[index]),
        width: product.width(),
        axes: SmallVec::from_slice(&axes[index]),
    };
    [seen(0), seen(1), seen(2)]
}

/// The elements of an operand.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// The address of the first one.
    first: usize,
    /// The bytes of each.
    width: usize,
    /// Sizes, and strides in elements.
    axes: SmallVec<[(usize, isize); 6]>,
}

/// Elements that lie among each other are compared one by one up to so many.
const COMPARED: usize = 1 << 10;

impl Seen {
    fn from_span(span: Span, table: &Table) -> Seen {
        Seen {
            first: table.address(&Reach::from(span)),
            width: span.dtype.width(),
            axes: SmallVec::from_iter([(span.elements, 1)]),
        }
    }

    /// Whether two operands share a byte. `false` too where they lie among each other and have more
    /// elements than are compared.
    fn meets(&self, other: &Seen) -> bool {
        let apart = match (self.bytes(), other.bytes()) {
            (Some((start, end)), Some((from, to))) => end <= from || to <= start,
            (None, _) | (_, None) => true,
        };
        if apart || self.count() > COMPARED || other.count() > COMPARED {
            return false;
        }
        let (these, others) = (self.places(), other.places());
        let meets = |place: usize| {
            let after = others.partition_point(|other_place| other_place + other.width <= place);
            others
                .get(after)
                .is_some_and(|next| *next < place + self.width)
        };
        these.into_iter().any(meets)
    }

    fn count(&self) -> usize {
        let sizes = self.axes.iter().map(|(size, _)| *size);
        sizes.fold(1, usize::saturating_mul)
    }

    /// The first byte, and the one behind the last; `None` without elements.
    fn bytes(&self) -> Option<(usize, usize)> {
        let (mut start, mut end) = (self.first, self.first.wrapping_add(self.width));
        for (size, stride) in &self.axes {
            let reach = (size.checked_sub(1)? as isize).wrapping_mul(*stride);
            let reach = reach.wrapping_mul(self.width as isize);
            if reach < 0 {
                start = start.wrapping_add_signed(reach);
            } else {
                end = end.wrapping_add_signed(reach);
            }
        }
        Some((start, end))
    }

    /// The addresses of all elements, ascending.
    fn places(&self) -> Vec<usize> {
        let mut places = vec![self.first];
        for (size, stride) in &self.axes {
            let step = stride.wrapping_mul(self.width as isize);
            let moved = places.iter().flat_map(|place| {
                (0..*size as isize).map(move |times| place.wrapping_add_signed(times * step))
            });
            places = moved.collect();
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}
