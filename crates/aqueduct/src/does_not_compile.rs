//! What the types catch. Each example differs from one that compiles in the marked line only.
//!
//! An array of another element type is not fed:
//!
//! ```
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let x = g.placeholder::<f32>("x", shape![?]);
//! let _ = feed![x => vec![1.0_f32]];
//! ```
//!
//! ```compile_fail,E0277
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let x = g.placeholder::<f32>("x", shape![?]);
//! let _ = feed![x => vec![1_i64]]; // here
//! ```
//!
//! A state is not fed without its form:
//!
//! ```
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let x = g.placeholder::<f32>("x", shape![1, 3]);
//! let cell = BasicLstmCell::new(4);
//! let state = cell.zero_state(&g, 1);
//! let step = Session::new(&g).prepare(cell.call(x, state), (x, state)).unwrap();
//! let (c, h) = ([[0.0; 4]], [[0.0; 4]]);
//! let _ = step.run(([[0.0; 3]], LstmState { c, h }));
//! ```
//!
//! ```compile_fail,E0277
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let x = g.placeholder::<f32>("x", shape![1, 3]);
//! let cell = BasicLstmCell::new(4);
//! let state = cell.zero_state(&g, 1);
//! let step = Session::new(&g).prepare(cell.call(x, state), (x, state)).unwrap();
//! let (c, h) = ([[0.0; 4]], [[0.0; 4]]);
//! let _ = step.run(([[0.0; 3]], (c, h))); // here
//! ```
//!
//! Labels are not fetched as floats:
//!
//! ```
//! use aqueduct::ndarray::ArrayD;
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let labels = g.constant([1_i64, 2]);
//! let fetched: ArrayD<i64> = Session::new(&g).run(labels, feed![]).unwrap();
//! ```
//!
//! ```compile_fail,E0308
//! use aqueduct::ndarray::ArrayD;
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let labels = g.constant([1_i64, 2]);
//! let fetched: ArrayD<f32> = Session::new(&g).run(labels, feed![]).unwrap(); // here
//! ```
//!
//! Tensors of two types of floats are not added:
//!
//! ```
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let (single, double) = (g.constant(1.0_f32), g.constant(1.0_f64));
//! let _ = single + double.cast::<f32>();
//! ```
//!
//! ```compile_fail,E0277
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let (single, double) = (g.constant(1.0_f32), g.constant(1.0_f64));
//! let _ = single + double; // here
//! ```
//!
//! There is no matrix product of integers:
//!
//! ```
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let matrix = g.constant([[1.0_f32]]);
//! let _ = matrix.matmul(matrix);
//! ```
//!
//! ```compile_fail,E0599
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let matrix = g.constant([[1_i32]]); // here
//! let _ = matrix.matmul(matrix);
//! ```
//!
//! Numbers that are never negative have no negative:
//!
//! ```
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let counts = g.constant([1_i32]);
//! let _ = -counts;
//! ```
//!
//! ```compile_fail,E0277
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let counts = g.constant([1_u8]); // here
//! let _ = -counts;
//! ```
//!
//! Logic is of truth values:
//!
//! ```
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let flags = g.constant([true, false]);
//! let _ = flags & !flags;
//! ```
//!
//! ```compile_fail,E0600
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let flags = g.constant([1_i32, 0]); // here
//! let _ = flags & !flags;
//! ```
//!
//! The condition of a choice is of truth values:
//!
//! ```
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let x = g.constant([1.0_f32, 2.0]);
//! let _ = x.greater(0.0).select(x, 0.0);
//! ```
//!
//! ```compile_fail,E0599
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let x = g.constant([1.0_f32, 2.0]);
//! let _ = x.select(x, 0.0); // here
//! ```
//!
//! A tensor does not outlive its graph:
//!
//! ```
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let x = g.constant(1.0_f32);
//! let _ = x.tanh();
//! ```
//!
//! ```compile_fail,E0505
//! use aqueduct::prelude::*;
//! let g = Graph::new();
//! let x = g.constant(1.0_f32);
//! drop(g); // here
//! let _ = x.tanh();
//! ```
