//! Matrix products.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar, ShapeError};

use crate::kernels::elementwise::Arithmetic;
use crate::kernels::{Args, Failure, Kernel, Spec};

/// The kernel of a product of two matrices, either of them transposed first.
pub(super) fn kernel(transpose_a: bool, transpose_b: bool, spec: &Spec<'_>) -> Kernel {
    let operands = (
        Matrix::new(&spec.input(0), transpose_a),
        Matrix::new(&spec.input(1), transpose_b),
    );
    let result = Matrix::new(&spec.output(0), false);
    with_float!(spec.input_dtype(0), T => Box::new(move |args| {
        multiply::<T>(operands, result, args)
            .map_err(|error| Failure::new(format!("matrix of another size than planned: {error}")))
    }))
}

/// The layout of an operand.
#[derive(Clone, Copy, Debug)]
struct Matrix {
    stored: (usize, usize),
    transposed: bool,
}

impl Matrix {
    fn new(sizes: &[usize], transposed: bool) -> Matrix {
        let size = |axis| sizes.get(axis).copied().unwrap_or(1);
        Matrix {
            stored: (size(0), size(1)),
            transposed,
        }
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
    operands: (Matrix, Matrix),
    result: Matrix,
    args: &mut Args<'_>,
) -> Result<(), ShapeError> {
    let a = operands.0.view(args.input::<T>(0))?;
    let b = operands.1.view(args.input::<T>(1))?;
    let mut c = ArrayViewMut2::from_shape(result.stored, args.output::<T>(0))?;
    if a.ncols() == 0 {
        c.fill(T::ZERO);
    } else {
        general_mat_mul(T::ONE, &a, &b, T::ZERO, &mut c);
    }
    Ok(())
}
