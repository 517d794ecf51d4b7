//! Matrix products.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar, ShapeError};

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::strides::{self, Odometer};
use crate::kernels::{Args, Failure, Kernel, Spec};

/// The kernel of the products of matrices, either of them transposed first; the axes before the
/// last two are broadcast.
pub(super) fn kernel(transpose_a: bool, transpose_b: bool, spec: &Spec<'_>) -> Kernel {
    let plan = Plan::new(spec, transpose_a, transpose_b);
    with_float!(spec.input_dtype(0), T => Box::new(move |args| {
        plan.run::<T>(args)
            .map_err(|error| Failure::new(format!("matrix of another size than planned: {error}")))
    }))
}

/// Some products of matrices of the same sizes.
#[derive(Clone, Debug)]
struct Plan {
    a: Matrix,
    b: Matrix,
    c: Matrix,
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
        Plan { a, b, c, products }
    }

    fn run<T: Arithmetic + LinalgScalar>(&self, args: &mut Args<'_>) -> Result<(), ShapeError> {
        let (a, b, c) = (args.input::<T>(0), args.input::<T>(1), args.output::<T>(0));
        // An empty result has no product, whatever length is asked for.
        let results = c.chunks_exact_mut(self.c.len().max(1));
        for (c, [at_a, at_b]) in results.zip(self.products.offsets()) {
            let a = self.a.view(&a[at_a * self.a.len()..][..self.a.len()])?;
            let b = self.b.view(&b[at_b * self.b.len()..][..self.b.len()])?;
            multiply(a, b, ArrayViewMut2::from_shape(self.c.stored, c)?);
        }
        Ok(())
    }
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

    fn view<T>(self, values: &[T]) -> Result<ArrayView2<'_, T>, ShapeError> {
        let view = ArrayView2::from_shape(self.stored, values)?;
        Ok(if self.transposed {
            view.reversed_axes()
        } else {
            view
        })
    }
}

fn multiply<T: Arithmetic + LinalgScalar>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    mut c: ArrayViewMut2<'_, T>,
) {
    if a.ncols() == 0 {
        c.fill(T::ZERO);
    } else {
        general_mat_mul(T::ONE, &a, &b, T::ZERO, &mut c);
    }
}
