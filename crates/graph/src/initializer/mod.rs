//! Initializers and recipes: how variables get their first values.

mod orthogonal;

use crate::element::{DType, Element};
use crate::graph::Graph;
use crate::handle::{AnyTensor, Tensor};
use crate::ids::TensorId;
use crate::mistake::Problem;
use crate::op::{Array, Binary, Distribution, Random};
use crate::sizes::Sizes;
use crate::store::NewName;
use crate::value::{Data, Value};

/// How to fill a tensor of a shape that is given later: what `get_variable` takes.
///
/// ```
/// use aqueduct_graph::{Graph, glorot_uniform};
///
/// let g = Graph::new();
/// let w = g.get_variable_with::<f32>("w", [4, 4], glorot_uniform().seed(14));
/// # let _ = w;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Initializer {
    fill: Fill,
    seed: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
enum Fill {
    Constant(f64),
    Value(Value),
    RandomUniform {
        low: f64,
        high: f64,
    },
    RandomNormal {
        mean: f64,
        stddev: f64,
    },
    TruncatedNormal {
        mean: f64,
        stddev: f64,
    },
    VarianceScaling {
        scale: f64,
        mode: FanMode,
        shape: FanShape,
    },
    UnitScaling {
        factor: f64,
    },
    Orthogonal {
        gain: f64,
    },
    Identity {
        gain: f64,
    },
}

/// Which fan of a weight matrix scales its variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FanMode {
    /// The number of inputs.
    In,
    /// The number of outputs.
    Out,
    /// The mean of both.
    Average,
}

/// The distribution of [`variance_scaling`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FanShape {
    /// Uniform around 0.
    Uniform,
    /// Normal, redrawn outside of two deviations, and widened so that the deviation is as asked.
    TruncatedNormal,
    /// Normal.
    UntruncatedNormal,
}

impl Initializer {
    fn new(fill: Fill) -> Initializer {
        Initializer { fill, seed: None }
    }

    /// The op seed of the random op; without, the graph's rule gives one.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Initializer {
        self.seed = Some(seed);
        self
    }

    /// TensorFlow's name of the scope that its operations stand in.
    fn scope(&self) -> &'static str {
        match &self.fill {
            Fill::Constant(0.0) => "zeros",
            Fill::Constant(1.0) => "ones",
            Fill::Constant(_) | Fill::Value(_) => "Const",
            Fill::RandomUniform { .. } => "random_uniform",
            Fill::RandomNormal { .. } => "random_normal",
            Fill::TruncatedNormal { .. } => "truncated_normal",
            Fill::VarianceScaling { shape, .. } => match shape {
                FanShape::Uniform => "random_uniform",
                FanShape::TruncatedNormal => "truncated_normal",
                FanShape::UntruncatedNormal => "random_normal",
            },
            Fill::UnitScaling { .. } => "random_uniform",
            Fill::Orthogonal { .. } => "mul",
            Fill::Identity { .. } => "mul",
        }
    }

    /// Adds the operations that make such a tensor, in a name scope of their own.
    #[track_caller]
    pub(crate) fn build<'g>(
        &self,
        graph: &'g Graph,
        dtype: DType,
        sizes: Sizes<'g>,
    ) -> AnyTensor<'g> {
        let _here = graph.here();
        let scope = graph.open_scope(self.scope());
        let known = sizes.known();
        match &self.fill {
            Fill::Constant(number) => constant(graph, dtype, sizes, *number, scope.path()),
            Fill::Value(value) => self.value(graph, dtype, value, known, scope.path()),
            Fill::RandomUniform { low, high } => {
                self.uniform(graph, dtype, sizes, *low, *high, scope.path())
            }
            Fill::RandomNormal { mean, stddev } => {
                let distribution = Distribution::StandardNormal { dtype };
                self.scaled(graph, distribution, sizes, *mean, *stddev, scope.path())
            }
            Fill::TruncatedNormal { mean, stddev } => {
                let distribution = Distribution::TruncatedNormal { dtype };
                self.scaled(graph, distribution, sizes, *mean, *stddev, scope.path())
            }
            Fill::VarianceScaling { scale, mode, shape } => {
                let scale = scale / mode.fan(&known.unwrap_or_default()).max(1.0);
                match shape {
                    FanShape::Uniform => {
                        let limit = (3.0 * scale).sqrt();
                        self.uniform(graph, dtype, sizes, -limit, limit, scope.path())
                    }
                    FanShape::TruncatedNormal => {
                        /// The deviation of a standard normal cut off at two deviations.
                        const CUT_OFF: f64 = 0.879_625_661_034_239_8;
                        let stddev = scale.sqrt() / CUT_OFF;
                        let distribution = Distribution::TruncatedNormal { dtype };
                        self.scaled(graph, distribution, sizes, 0.0, stddev, scope.path())
                    }
                    FanShape::UntruncatedNormal => {
                        let distribution = Distribution::StandardNormal { dtype };
                        self.scaled(graph, distribution, sizes, 0.0, scale.sqrt(), scope.path())
                    }
                }
            }
            Fill::UnitScaling { factor } => {
                let limit = factor * (3.0 / inputs_of(&known.unwrap_or_default())).sqrt();
                self.uniform(graph, dtype, sizes, -limit, limit, scope.path())
            }
            Fill::Orthogonal { gain } => self.orthogonal(graph, dtype, known, *gain, scope.path()),
            Fill::Identity { gain } => identity(graph, dtype, known, *gain, scope.path()),
        }
    }

    fn value<'g>(
        &self,
        graph: &'g Graph,
        dtype: DType,
        value: &Value,
        known: Option<Vec<usize>>,
        name: &str,
    ) -> AnyTensor<'g> {
        let fits = known.as_deref() == Some(value.shape()) && value.dtype() == dtype;
        let problem = (!fits).then(|| {
            Problem::shape(format!(
                "the initial value is {}{:?}, the variable {dtype}{:?}",
                value.dtype(),
                value.shape(),
                known.unwrap_or_default()
            ))
            .help("give a value of the variable's own type and shape")
        });
        let op = Array::Constant(std::sync::Arc::new(value.clone()));
        let id = graph.add_named(op.into(), &[], NewName::Exact(name.to_owned()), problem);
        AnyTensor::new(graph, TensorId::new(id, 0))
    }

    /// A random matrix's orthonormal basis, as rows or columns, whichever are fewer.
    fn orthogonal<'g>(
        &self,
        graph: &'g Graph,
        dtype: DType,
        known: Option<Vec<usize>>,
        gain: f64,
        name: &str,
    ) -> AnyTensor<'g> {
        let Some((sizes, rows, columns)) = matrix_sizes(known) else {
            return not_a_matrix(graph, dtype, "orthogonal_initializer");
        };
        let (long, short) = (rows.max(columns), rows.min(columns));
        let shape = Sizes::from([long, short]).into_tensor(graph);
        let draw = graph.draw(Distribution::StandardNormal { dtype }, self.seed, &[shape]);
        let columns_of = draw.cast(DType::F64).typed();
        let mut basis = orthogonal::orthonormal_columns(graph, columns_of, short);
        if rows < columns {
            basis = basis.transpose([1, 0]);
        }
        let basis = basis.reshape(&sizes[..]).any().cast(dtype);
        let gain = graph.number(dtype, gain, "Const");
        basis.binary_exact(Binary::Mul, gain, name)
    }

    /// `draw * (high - low) + low`, as TensorFlow computes it.
    fn uniform<'g>(
        &self,
        graph: &'g Graph,
        dtype: DType,
        sizes: Sizes<'g>,
        low: f64,
        high: f64,
        name: &str,
    ) -> AnyTensor<'g> {
        let shape = sizes.into_tensor(graph);
        let low = graph.number(dtype, low, "min");
        let high = graph.number(dtype, high, "max");
        let draw = graph.draw(Distribution::Uniform { dtype }, self.seed, &[shape]);
        let range = high.binary(Binary::Sub, low, "sub");
        let scaled = draw.binary(Binary::Mul, range, "mul");
        scaled.binary_exact(Binary::Add, low, name)
    }

    /// `draw * stddev + mean`, as TensorFlow computes it.
    fn scaled<'g>(
        &self,
        graph: &'g Graph,
        distribution: Distribution,
        sizes: Sizes<'g>,
        mean: f64,
        stddev: f64,
        name: &str,
    ) -> AnyTensor<'g> {
        let shape = sizes.into_tensor(graph);
        let draw = graph.draw(distribution, self.seed, &[shape]);
        let dtype = draw.dtype();
        let mean = graph.number(dtype, mean, "mean");
        let stddev = graph.number(dtype, stddev, "stddev");
        let scaled = draw.binary(Binary::Mul, stddev, "mul");
        scaled.binary_exact(Binary::Add, mean, name)
    }
}

#[track_caller]
fn constant<'g>(
    graph: &'g Graph,
    dtype: DType,
    sizes: Sizes<'g>,
    number: f64,
    name: &str,
) -> AnyTensor<'g> {
    let shape = sizes.into_tensor(graph);
    let value = graph.number(dtype, number, "Const");
    let name = NewName::Exact(name.to_owned());
    let id = graph.add_named(Array::Fill.into(), &[shape, value], name, None);
    AnyTensor::new(graph, TensorId::new(id, 0))
}

/// Ones on the diagonal of a matrix, and zeros elsewhere, all times `gain`.
#[track_caller]
fn identity<'g>(
    graph: &'g Graph,
    dtype: DType,
    known: Option<Vec<usize>>,
    gain: f64,
    name: &str,
) -> AnyTensor<'g> {
    let sizes = known.filter(|sizes| sizes.len() == 2);
    let Some((_, rows, columns)) = matrix_sizes(sizes) else {
        return not_a_matrix(graph, dtype, "identity_initializer");
    };
    let diagonal = graph.range(rows as i32).one_hot::<f32>(columns);
    let gain = graph.number(dtype, gain, "Const");
    let diagonal = diagonal.any().cast(dtype);
    diagonal.binary_exact(Binary::Mul, gain, name)
}

/// The sizes, and those of the matrix that they make with all axes but the last in one. Each is a number
/// of places, which are counted in `i32`.
fn matrix_sizes(known: Option<Vec<usize>>) -> Option<(Vec<usize>, usize, usize)> {
    let sizes = known?;
    let [field @ .., inputs, outputs] = &sizes[..] else {
        return None;
    };
    let columns = *outputs;
    let rows = field
        .iter()
        .try_fold(*inputs, |rows, size| rows.checked_mul(*size))?;
    i32::try_from(rows.max(columns)).ok()?;
    Some((sizes, rows, columns))
}

#[track_caller]
fn not_a_matrix<'g>(graph: &'g Graph, dtype: DType, subject: &str) -> AnyTensor<'g> {
    let problem = Problem::shape("it makes matrices whose sizes are known and below 2^31")
        .help("give the variable two sizes, or another initializer");
    let stand_in = graph.number(dtype, 0.0, "Const");
    graph.poisoned_like(stand_in, subject, subject, problem)
}

/// The number of inputs that TensorFlow's `uniform_unit_scaling_initializer` counts: one for a vector.
fn inputs_of(sizes: &[usize]) -> f64 {
    let inputs = sizes.split_last().map_or(&[][..], |(_, inputs)| inputs);
    let count: f64 = inputs.iter().map(|size| *size as f64).product();
    count.max(1.0)
}

impl FanMode {
    /// The fan of a weight of these sizes: of a vector its length, of a matrix its two sizes, of
    /// more dimensions the last two times the product of the others.
    fn fan(self, sizes: &[usize]) -> f64 {
        let (fan_in, fan_out) = match sizes {
            [] => (1.0, 1.0),
            [length] => (*length as f64, *length as f64),
            [field @ .., inputs, outputs] => {
                let field: f64 = field.iter().map(|size| *size as f64).product();
                (field * *inputs as f64, field * *outputs as f64)
            }
        };
        match self {
            FanMode::In => fan_in,
            FanMode::Out => fan_out,
            FanMode::Average => f64::midpoint(fan_in, fan_out),
        }
    }
}

/// Zeros. TensorFlow's `zeros_initializer`.
pub fn zeros_initializer() -> Initializer {
    Initializer::new(Fill::Constant(0.0))
}

/// Ones. TensorFlow's `ones_initializer`.
pub fn ones_initializer() -> Initializer {
    Initializer::new(Fill::Constant(1.0))
}

/// One number everywhere. TensorFlow's `constant_initializer`.
pub fn constant_initializer(number: f64) -> Initializer {
    Initializer::new(Fill::Constant(number))
}

/// A value of the variable's own type and shape.
pub fn value_initializer(value: impl Into<Value>) -> Initializer {
    Initializer::new(Fill::Value(value.into()))
}

/// Uniform in [low, high). TensorFlow's `random_uniform_initializer`.
pub fn random_uniform_initializer(low: f64, high: f64) -> Initializer {
    Initializer::new(Fill::RandomUniform { low, high })
}

/// Normal. TensorFlow's `random_normal_initializer`.
pub fn random_normal_initializer(mean: f64, stddev: f64) -> Initializer {
    Initializer::new(Fill::RandomNormal { mean, stddev })
}

/// Normal, redrawn outside of two deviations. TensorFlow's `truncated_normal_initializer`.
pub fn truncated_normal_initializer(mean: f64, stddev: f64) -> Initializer {
    Initializer::new(Fill::TruncatedNormal { mean, stddev })
}

/// Uniform with the limit `sqrt(6 / (inputs + outputs))`: the default of `get_variable`.
///
/// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
/// 2010. TensorFlow's `glorot_uniform_initializer`.
pub fn glorot_uniform() -> Initializer {
    variance_scaling(1.0, FanMode::Average, FanShape::Uniform)
}

/// Truncated normal with the variance `2 / (inputs + outputs)`. TensorFlow's
/// `glorot_normal_initializer`.
pub fn glorot_normal() -> Initializer {
    variance_scaling(1.0, FanMode::Average, FanShape::TruncatedNormal)
}

/// Variance `scale / fan`. TensorFlow's `variance_scaling_initializer`.
pub fn variance_scaling(scale: f64, mode: FanMode, shape: FanShape) -> Initializer {
    Initializer::new(Fill::VarianceScaling { scale, mode, shape })
}

/// Truncated normal with the variance `2 / inputs`, for layers with `relu`.
///
/// He et al., "Delving deep into rectifiers", 2015. TensorFlow's `initializers.he_normal`.
pub fn he_normal() -> Initializer {
    variance_scaling(2.0, FanMode::In, FanShape::TruncatedNormal)
}

/// Uniform with the limit `sqrt(6 / inputs)`. TensorFlow's `initializers.he_uniform`.
pub fn he_uniform() -> Initializer {
    variance_scaling(2.0, FanMode::In, FanShape::Uniform)
}

/// Truncated normal with the variance `1 / inputs`, for layers with `selu`.
///
/// LeCun et al., "Efficient BackProp", 1998. TensorFlow's `initializers.lecun_normal`.
pub fn lecun_normal() -> Initializer {
    variance_scaling(1.0, FanMode::In, FanShape::TruncatedNormal)
}

/// Uniform with the limit `sqrt(3 / inputs)`. TensorFlow's `initializers.lecun_uniform`.
pub fn lecun_uniform() -> Initializer {
    variance_scaling(1.0, FanMode::In, FanShape::Uniform)
}

/// Uniform with the limit `factor * sqrt(3 / inputs)`, where a vector has one input. TensorFlow's
/// `uniform_unit_scaling_initializer`.
pub fn uniform_unit_scaling_initializer(factor: f64) -> Initializer {
    Initializer::new(Fill::UnitScaling { factor })
}

/// A random matrix with orthonormal columns, or rows if these are fewer, times `gain`: a recurrent
/// kernel that neither stretches nor shrinks. Of more than two axes all but the last are taken as one.
/// TensorFlow's `orthogonal_initializer`, whose numbers it gives but for rounding.
///
/// Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
/// 2013.
///
/// ```
/// use aqueduct_graph::{Graph, orthogonal_initializer};
///
/// let g = Graph::new();
/// let recurrent = g.get_variable_with::<f32>("recurrent", [64, 64], orthogonal_initializer(1.0));
/// # let _ = recurrent;
/// assert!(g.check().is_ok());
/// ```
pub fn orthogonal_initializer(gain: f64) -> Initializer {
    Initializer::new(Fill::Orthogonal { gain })
}

/// `gain` on the diagonal of a matrix, zeros elsewhere: with `relu`, a recurrent kernel that remembers.
/// TensorFlow's `initializers.identity`.
///
/// Le, Jaitly and Hinton, "A simple way to initialize recurrent networks of rectified linear units", 2015.
pub fn identity_initializer(gain: f64) -> Initializer {
    Initializer::new(Fill::Identity { gain })
}

/// A tensor to be made: how to fill it, and its sizes. Becomes a tensor by [`Recipe::tensor`], or a
/// variable by [`Graph::variable`].
///
/// ```
/// use aqueduct_graph::{Graph, random_normal};
///
/// let g = Graph::new();
/// let noise = random_normal([2, 3]).seed(7).tensor::<f32>(&g);
/// assert_eq!(noise.name(), "random_normal:0");
/// let w = g.variable::<f32>("w", random_normal([128, 10]).stddev(0.1));
/// # let _ = w;
/// ```
#[derive(Clone, Debug)]
pub struct Recipe<'g> {
    initializer: Initializer,
    sizes: Sizes<'g>,
}

impl<'g> Recipe<'g> {
    fn new(initializer: Initializer, sizes: impl Into<Sizes<'g>>) -> Recipe<'g> {
        Recipe {
            initializer,
            sizes: sizes.into(),
        }
    }

    /// The op seed of the random op; without, the graph's rule gives one.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Recipe<'g> {
        self.initializer = self.initializer.seed(seed);
        self
    }

    /// The mean of a normal distribution. Of no effect on other recipes.
    #[must_use]
    pub fn mean(mut self, new: f64) -> Recipe<'g> {
        if let Fill::RandomNormal { mean, .. } | Fill::TruncatedNormal { mean, .. } =
            &mut self.initializer.fill
        {
            *mean = new;
        }
        self
    }

    /// The standard deviation of a normal distribution. Of no effect on other recipes.
    #[must_use]
    pub fn stddev(mut self, new: f64) -> Recipe<'g> {
        if let Fill::RandomNormal { stddev, .. } | Fill::TruncatedNormal { stddev, .. } =
            &mut self.initializer.fill
        {
            *stddev = new;
        }
        self
    }

    /// Adds the operations to the graph. Random recipes make `f32` or `f64`.
    #[track_caller]
    pub fn tensor<T: Element>(self, graph: &'g Graph) -> Tensor<'g, T> {
        Tensor::assume(self.initializer.build(graph, T::DTYPE, self.sizes))
    }
}

/// Zeros (or `false`). TensorFlow's `zeros`.
pub fn zeros<'g>(sizes: impl Into<Sizes<'g>>) -> Recipe<'g> {
    Recipe::new(zeros_initializer(), sizes)
}

/// Ones (or `true`). TensorFlow's `ones`.
pub fn ones<'g>(sizes: impl Into<Sizes<'g>>) -> Recipe<'g> {
    Recipe::new(ones_initializer(), sizes)
}

/// One number everywhere. TensorFlow's `fill`.
pub fn fill<'g>(sizes: impl Into<Sizes<'g>>, number: f64) -> Recipe<'g> {
    Recipe::new(constant_initializer(number), sizes)
}

/// Normal, of mean 0 and deviation 1 unless told otherwise. TensorFlow's `random_normal`.
pub fn random_normal<'g>(sizes: impl Into<Sizes<'g>>) -> Recipe<'g> {
    Recipe::new(random_normal_initializer(0.0, 1.0), sizes)
}

/// Normal, redrawn outside of two deviations. TensorFlow's `truncated_normal`.
pub fn truncated_normal<'g>(sizes: impl Into<Sizes<'g>>) -> Recipe<'g> {
    Recipe::new(truncated_normal_initializer(0.0, 1.0), sizes)
}

/// Uniform in [low, high). TensorFlow's `random_uniform` for floats.
pub fn random_uniform<'g>(sizes: impl Into<Sizes<'g>>, low: f64, high: f64) -> Recipe<'g> {
    Recipe::new(random_uniform_initializer(low, high), sizes)
}

impl Graph {
    /// A scalar constant of this type.
    #[track_caller]
    pub fn number(&self, dtype: DType, number: f64, name: &str) -> AnyTensor<'_> {
        self.constant_value(scalar_of(dtype, number), name)
    }

    #[track_caller]
    pub(crate) fn draw<'g>(
        &'g self,
        distribution: Distribution,
        seed: Option<u64>,
        inputs: &[AnyTensor<'g>],
    ) -> AnyTensor<'g> {
        let op = Random {
            distribution,
            seeds: self.seeds(seed),
        };
        self.add_tensor(op, inputs, crate::op::Op::from(op).type_name())
    }
}

/// A scalar of this type: the nearest value, as [`Number::from_f64`](crate::Number::from_f64) says.
pub(crate) fn scalar_of(dtype: DType, number: f64) -> Value {
    use crate::element::Number;
    let data = match dtype {
        DType::F32 => Data::F32(vec![f32::from_f64(number)]),
        DType::F64 => Data::F64(vec![number]),
        DType::I32 => Data::I32(vec![i32::from_f64(number)]),
        DType::I64 => Data::I64(vec![i64::from_f64(number)]),
        DType::U8 => Data::U8(vec![u8::from_f64(number)]),
        DType::Bool => Data::Bool(vec![number != 0.0]),
    };
    Value::new(Vec::new(), data).unwrap_or_else(|| Value::scalar(false))
}
