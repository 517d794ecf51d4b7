//! Rust's operators on tensors and variables, with scalars on either side.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::element::{Float, Number};
use crate::handle::{Operand, Tensor, Variable};
use crate::op::Binary;

macro_rules! operators {
    ($($trait:ident :: $method:ident => $op:ident, $name:literal;)*) => {$(
        impl<'g, T: Number, R: Operand<'g, T>> $trait<R> for Tensor<'g, T> {
            type Output = Tensor<'g, T>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, T> {
                self.binary(Binary::$op, rhs, $name)
            }
        }

        impl<'g, T: Number, R: Operand<'g, T>> $trait<R> for &Tensor<'g, T> {
            type Output = Tensor<'g, T>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, T> {
                self.binary(Binary::$op, rhs, $name)
            }
        }

        impl<'g, T: Number, R: Operand<'g, T>> $trait<R> for Variable<'g, T> {
            type Output = Tensor<'g, T>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, T> {
                self.value().binary(Binary::$op, rhs, $name)
            }
        }

        impl<'g, T: Number, R: Operand<'g, T>> $trait<R> for &Variable<'g, T> {
            type Output = Tensor<'g, T>;

            #[track_caller]
            fn $method(self, rhs: R) -> Tensor<'g, T> {
                self.value().binary(Binary::$op, rhs, $name)
            }
        }

        operators!(@scalars $trait :: $method => $op, $name; f32 f64 i32 i64 u8);
    )*};
    (@scalars $trait:ident :: $method:ident => $op:ident, $name:literal; $($scalar:ty)*) => {$(
        impl<'g> $trait<Tensor<'g, $scalar>> for $scalar {
            type Output = Tensor<'g, $scalar>;

            #[track_caller]
            fn $method(self, rhs: Tensor<'g, $scalar>) -> Tensor<'g, $scalar> {
                self.into_tensor(rhs.graph()).binary(Binary::$op, rhs, $name)
            }
        }

        impl<'g> $trait<Variable<'g, $scalar>> for $scalar {
            type Output = Tensor<'g, $scalar>;

            #[track_caller]
            fn $method(self, rhs: Variable<'g, $scalar>) -> Tensor<'g, $scalar> {
                self.into_tensor(rhs.graph()).binary(Binary::$op, rhs, $name)
            }
        }
    )*};
}

operators! {
    Add::add => Add, "add";
    Sub::sub => Sub, "sub";
    Mul::mul => Mul, "mul";
    Div::div => Div, "truediv";
}

impl<'g, T: Float> Neg for Tensor<'g, T> {
    type Output = Tensor<'g, T>;

    #[track_caller]
    fn neg(self) -> Tensor<'g, T> {
        Tensor::neg(self)
    }
}

impl<'g, T: Float> Neg for Variable<'g, T> {
    type Output = Tensor<'g, T>;

    #[track_caller]
    fn neg(self) -> Tensor<'g, T> {
        Tensor::neg(self.value())
    }
}
