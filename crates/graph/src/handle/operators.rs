//! Rust's operators on tensors and variables, with scalars on either side; of truth values on the
//! right.
//!
//! `/` is named as in TensorFlow: `truediv` of floats, `div` of integers.

use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

use crate::element::{Element, Number, Signed};
use crate::handle::{Operand, Tensor, Variable};
use crate::op::{Binary, Logical};

macro_rules! operators {
    ($($trait:ident :: $method:ident => $op:ident, $name:literal | $integer:literal;)*) => {$(
        impl<'g, T: Number, R: Operand<'g, T>> $trait<R> for Tensor<'g, T> {
            type Output = Tensor<'g, T>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, T> {
                self.binary(Binary::$op, rhs, name::<T>($name, $integer))
            }
        }

        impl<'g, T: Number, R: Operand<'g, T>> $trait<R> for &Tensor<'g, T> {
            type Output = Tensor<'g, T>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, T> {
                self.binary(Binary::$op, rhs, name::<T>($name, $integer))
            }
        }

        impl<'g, T: Number, R: Operand<'g, T>> $trait<R> for Variable<'g, T> {
            type Output = Tensor<'g, T>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, T> {
                self.value().binary(Binary::$op, rhs, name::<T>($name, $integer))
            }
        }

        impl<'g, T: Number, R: Operand<'g, T>> $trait<R> for &Variable<'g, T> {
            type Output = Tensor<'g, T>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, T> {
                self.value().binary(Binary::$op, rhs, name::<T>($name, $integer))
            }
        }

        operators!(@scalars $trait :: $method => $op, $name | $integer; f32 f64 i32 i64 u8);
    )*};
    (@scalars $trait:ident :: $method:ident => $op:ident, $name:literal | $integer:literal; $($scalar:ty)*) => {$(
        impl<'g> $trait<Tensor<'g, $scalar>> for $scalar {
            type Output = Tensor<'g, $scalar>;

            #[track_caller]
            fn $method(self, rhs: Tensor<'g, $scalar>) -> Tensor<'g, $scalar> {
                self.into_tensor(rhs.graph()).binary(Binary::$op, rhs, name::<$scalar>($name, $integer))
            }
        }

        impl<'g> $trait<Variable<'g, $scalar>> for $scalar {
            type Output = Tensor<'g, $scalar>;

            #[track_caller]
            fn $method(self, rhs: Variable<'g, $scalar>) -> Tensor<'g, $scalar> {
                self.into_tensor(rhs.graph()).binary(Binary::$op, rhs, name::<$scalar>($name, $integer))
            }
        }
    )*};
}

operators! {
    Add::add => Add, "add" | "add";
    Sub::sub => Sub, "sub" | "sub";
    Mul::mul => Mul, "mul" | "mul";
    Div::div => Div, "truediv" | "div";
}

/// The name of an operation by its element type.
const fn name<T: Element>(floats: &'static str, integers: &'static str) -> &'static str {
    if T::DTYPE.is_float() {
        floats
    } else {
        integers
    }
}

impl<'g, T: Signed> Neg for Tensor<'g, T> {
    type Output = Tensor<'g, T>;

    #[track_caller]
    fn neg(self) -> Tensor<'g, T> {
        Tensor::neg(self)
    }
}

impl<'g, T: Signed> Neg for Variable<'g, T> {
    type Output = Tensor<'g, T>;

    #[track_caller]
    fn neg(self) -> Tensor<'g, T> {
        Tensor::neg(self.value())
    }
}

macro_rules! logical_operators {
    ($($trait:ident :: $method:ident => $op:ident, $name:literal;)*) => {$(
        impl<'g, R: Operand<'g, bool>> $trait<R> for Tensor<'g, bool> {
            type Output = Tensor<'g, bool>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, bool> {
                self.logical(Logical::$op, rhs, $name)
            }
        }

        impl<'g, R: Operand<'g, bool>> $trait<R> for &Tensor<'g, bool> {
            type Output = Tensor<'g, bool>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, bool> {
                self.logical(Logical::$op, rhs, $name)
            }
        }
    )*};
}

logical_operators! {
    BitAnd::bitand => And, "and";
    BitOr::bitor => Or, "or";
    BitXor::bitxor => Xor, "xor";
}

impl<'g> Not for Tensor<'g, bool> {
    type Output = Tensor<'g, bool>;

    #[track_caller]
    fn not(self) -> Tensor<'g, bool> {
        self.logical_not()
    }
}

impl<'g> Not for &Tensor<'g, bool> {
    type Output = Tensor<'g, bool>;

    #[track_caller]
    fn not(self) -> Tensor<'g, bool> {
        self.logical_not()
    }
}
