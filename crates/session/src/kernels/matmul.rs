//! Matrix products.

#![allow(
    unsafe_code,
    reason = "products take addresses; see the SAFETY comment"
)]

use aqueduct_graph::DType;

use crate::kernels::product::{Product, Strides};
use crate::kernels::strides::{self, Odometer};
use crate::kernels::{Args, Failure, Kernel, Spec, Typed};

/// The kernel of the products of matrices, either of them transposed first; the axes before the
/// last two are broadcast.
pub(super) fn kernel(transpose_a: bool, transpose_b: bool, spec: &Spec<'_>) -> Kernel {
    let plan = Plan::new(spec, transpose_a, transpose_b);
    with_float!(spec.input_dtype(0), T => Box::new(move |args| plan.run::<T>(args)))
}

/// Some products of matrices of the same sizes.
#[derive(Clone, Debug)]
struct Plan {
    a: Matrix,
    b: Matrix,
    c: Matrix,
    product: Product,
    /// Which matrix of either operand goes into each product, in the order of the results.
    products: Odometer<2>,
}

impl Plan {
    fn new(spec: &Spec<'_>, transpose_a: bool, transpose_b: bool) -> Plan {
        let (a_sizes, b_sizes, c_sizes) = (spec.input(0), spec.input(1), spec.output(0));
        let (a_batch, mut a) = Matrix::split(&a_sizes, transpose_a);
        let (b_batch, b) = Matrix::split(&b_sizes, transpose_b);
        let (c_batch, mut c) = Matrix::split(&c_sizes, false);
        let one_matrix = b_batch.iter().all(|size| *size == 1);
        let products = if one_matrix && !transpose_a {
            // The rows of all matrices on the left are the rows of one large matrix.
            let count: usize = c_batch.iter().product();
            a.stored.0 *= count;
            c.stored.0 *= count;
            Odometer::new(Vec::new(), [0, 0])
        } else {
            let a_strides = strides::broadcast(a_batch, c_batch);
            let b_strides = strides::broadcast(b_batch, c_batch);
            let axes = strides::collapse(c_batch, [&a_strides, &b_strides]);
            Odometer::new(axes, [0, 0])
        };
        let product = product(spec.output_dtype(0), a, b, c);
        Plan {
            a,
            b,
            c,
            product,
            products,
        }
    }

    fn run<T: Typed>(&self, args: &mut Args<'_>) -> Result<(), Failure> {
        let (a, b, c) = (args.input::<T>(0), args.input::<T>(1), args.output::<T>(0));
        // An empty result has no product, whatever length is asked for.
        let results = c.chunks_exact_mut(self.c.len().max(1));
        for (c, [at_a, at_b]) in results.zip(self.products.offsets()) {
            let a = a
                .get(at_a * self.a.len()..)
                .and_then(|a| a.get(..self.a.len()));
            let b = b
                .get(at_b * self.b.len()..)
                .and_then(|b| b.get(..self.b.len()));
            let (Some(a), Some(b)) = (a, b) else {
                return Err(Failure::new("a matrix of another size than planned"));
            };
            let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
            // SAFETY: the slices are as long as the matrices of the product, row by row, and `c` is
            // borrowed for it alone. It is one task, as it is shared with no other thread.
            unsafe { self.product.run(a.cast(), b.cast(), c.cast(), 0) };
        }
        Ok(())
    }
}

/// The product of two matrices: the kernel that optimised plans use, so that the bits are theirs.
fn product(dtype: DType, a: Matrix, b: Matrix, c: Matrix) -> Product {
    let [(rows, depth), (_, columns)] = [a, b].map(Matrix::seen);
    Product::new(
        dtype,
        [rows, depth, columns],
        [a, b, c].map(Matrix::strides),
        false,
    )
}

/// The layout of a matrix.
#[derive(Clone, Copy, Debug)]
struct Matrix {
    stored: (usize, usize),
    transposed: bool,
}

impl Matrix {
    /// The axes before the last two, and the matrices that these hold.
    fn split(sizes: &[usize], transposed: bool) -> (&[usize], Matrix) {
        // The shape rule lets nothing of a lower rank through.
        let (batch, stored) = match sizes {
            [batch @ .., rows, columns] => (batch, (*rows, *columns)),
            [_] | [] => (&[][..], (1, 1)),
        };
        (batch, Matrix { stored, transposed })
    }

    fn len(self) -> usize {
        self.stored.0 * self.stored.1
    }

    /// The rows and columns of what goes into the product.
    fn seen(self) -> (usize, usize) {
        let (rows, columns) = self.stored;
        if self.transposed {
            (columns, rows)
        } else {
            (rows, columns)
        }
    }

    fn strides(self) -> Strides {
        let row = self.stored.1 as isize;
        if self.transposed {
            Strides {
                row: 1,
                column: row,
            }
        } else {
            Strides { row, column: 1 }
        }
    }
}
