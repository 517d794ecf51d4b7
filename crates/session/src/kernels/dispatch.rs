//! From an element type known at run time to a generic kernel.
//!
//! `with_number!(dtype, T => make::<T>(..))` makes the kernel with `T` standing for the Rust type.
//! A type outside of the macro's set makes what [`Unsupported`](super::primitive::Unsupported) has
//! for the result of the expression.

/// Any element type.
macro_rules! with_element {
    ($dtype:expr, $T:ident => $make:expr) => {
        match $dtype {
            aqueduct_graph::DType::Bool => {
                type $T = bool;
                $make
            }
            number @ (aqueduct_graph::DType::F32
            | aqueduct_graph::DType::F64
            | aqueduct_graph::DType::I32
            | aqueduct_graph::DType::I64
            | aqueduct_graph::DType::U8) => with_number!(number, $T => $make),
        }
    };
}

/// An element type with arithmetic.
macro_rules! with_number {
    ($dtype:expr, $T:ident => $make:expr) => {
        match $dtype {
            float @ (aqueduct_graph::DType::F32 | aqueduct_graph::DType::F64) => {
                with_float!(float, $T => $make)
            }
            integer @ (aqueduct_graph::DType::I32
            | aqueduct_graph::DType::I64
            | aqueduct_graph::DType::U8
            | aqueduct_graph::DType::Bool) => with_integer!(integer, $T => $make),
        }
    };
}

/// `f32` or `f64`.
macro_rules! with_float {
    ($dtype:expr, $T:ident => $make:expr) => {
        match $dtype {
            aqueduct_graph::DType::F32 => {
                type $T = f32;
                $make
            }
            aqueduct_graph::DType::F64 => {
                type $T = f64;
                $make
            }
            other @ (aqueduct_graph::DType::I32
            | aqueduct_graph::DType::I64
            | aqueduct_graph::DType::U8
            | aqueduct_graph::DType::Bool) => {
                crate::kernels::primitive::Unsupported::unsupported(other)
            }
        }
    };
}

/// `i32`, `i64` or `u8`.
macro_rules! with_integer {
    ($dtype:expr, $T:ident => $make:expr) => {
        match $dtype {
            aqueduct_graph::DType::U8 => {
                type $T = u8;
                $make
            }
            other @ (aqueduct_graph::DType::F32
            | aqueduct_graph::DType::F64
            | aqueduct_graph::DType::I32
            | aqueduct_graph::DType::I64
            | aqueduct_graph::DType::Bool) => with_index!(other, $T => $make),
        }
    };
}

/// `i32` or `i64`.
macro_rules! with_index {
    ($dtype:expr, $T:ident => $make:expr) => {
        match $dtype {
            aqueduct_graph::DType::I32 => {
                type $T = i32;
                $make
            }
            aqueduct_graph::DType::I64 => {
                type $T = i64;
                $make
            }
            other @ (aqueduct_graph::DType::F32
            | aqueduct_graph::DType::F64
            | aqueduct_graph::DType::U8
            | aqueduct_graph::DType::Bool) => {
                crate::kernels::primitive::Unsupported::unsupported(other)
            }
        }
    };
}
