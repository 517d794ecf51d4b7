//! Tensors and variables as arguments.

use aqueduct_graph::{AnyTensor, AnyVariable, Element, Graph, Tensor, Variable};

/// A place in a graph that a gradient is taken at: a tensor or a variable.
///
/// A variable stands for all its reads; the tensor that a variable derefs to is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point<'g> {
    /// A tensor.
    Tensor(AnyTensor<'g>),
    /// A variable, wherever it is read.
    Variable(AnyVariable<'g>),
}

impl<'g> Point<'g> {
    /// The tensor, or the variable's value at the start of the run.
    pub fn tensor(self) -> AnyTensor<'g> {
        match self {
            Point::Tensor(tensor) => tensor,
            Point::Variable(variable) => variable.value(),
        }
    }

    /// The graph.
    pub fn graph(self) -> &'g Graph {
        self.tensor().graph()
    }

    /// The name of the tensor or variable, for reports.
    pub(crate) fn name(self) -> String {
        match self {
            Point::Tensor(tensor) => tensor.name(),
            Point::Variable(variable) => variable.name(),
        }
    }
}

impl<'g> From<AnyTensor<'g>> for Point<'g> {
    fn from(tensor: AnyTensor<'g>) -> Point<'g> {
        Point::Tensor(tensor)
    }
}

impl<'g, T: Element> From<Tensor<'g, T>> for Point<'g> {
    fn from(tensor: Tensor<'g, T>) -> Point<'g> {
        Point::Tensor(tensor.any())
    }
}

impl<'g> From<AnyVariable<'g>> for Point<'g> {
    fn from(variable: AnyVariable<'g>) -> Point<'g> {
        Point::Variable(variable)
    }
}

impl<'g, T: Element> From<Variable<'g, T>> for Point<'g> {
    fn from(variable: Variable<'g, T>) -> Point<'g> {
        Point::Variable(variable.any())
    }
}

/// Tensors and variables: one, an array, a slice or a vector of them, or a tuple that mixes types.
pub trait Points<'g> {
    /// Appends them, in order.
    fn append_to(self, points: &mut Vec<Point<'g>>);

    /// All of them, in order.
    fn into_points(self) -> Vec<Point<'g>>
    where
        Self: Sized,
    {
        let mut points = Vec::new();
        self.append_to(&mut points);
        points
    }
}

impl<'g, P: Into<Point<'g>>> Points<'g> for P {
    fn append_to(self, points: &mut Vec<Point<'g>>) {
        points.push(self.into());
    }
}

impl<'g, P: Into<Point<'g>>> Points<'g> for Vec<P> {
    fn append_to(self, points: &mut Vec<Point<'g>>) {
        points.extend(self.into_iter().map(Into::into));
    }
}

impl<'g, P: Into<Point<'g>> + Copy> Points<'g> for &Vec<P> {
    fn append_to(self, points: &mut Vec<Point<'g>>) {
        self.as_slice().append_to(points);
    }
}

impl<'g, P: Into<Point<'g>> + Copy> Points<'g> for &[P] {
    fn append_to(self, points: &mut Vec<Point<'g>>) {
        points.extend(self.iter().map(|point| (*point).into()));
    }
}

impl<'g, P: Into<Point<'g>>, const N: usize> Points<'g> for [P; N] {
    fn append_to(self, points: &mut Vec<Point<'g>>) {
        points.extend(self.into_iter().map(Into::into));
    }
}

macro_rules! tuples {
    ($(($($name:ident $place:tt),*))*) => {$(
        impl<'g, $($name: Points<'g>),*> Points<'g> for ($($name,)*) {
            fn append_to(self, points: &mut Vec<Point<'g>>) {
                $(self.$place.append_to(points);)*
            }
        }
    )*};
}
tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}
