//! Outputs: memory of the caller that a run writes its results to.

use aqueduct_graph::{LstmState, Value};
use ndarray::{ArrayBase, ArrayD, DataMut, Dimension, RawData, ViewRepr};

use crate::error::{Error, Result};
use crate::feed::{Few, Sizes};
use crate::fetch::Fetched;
use crate::kernels::{Slice, SliceMut, Typed};

/// Memory for results `O`, in their form: for an array an `ndarray` array or view of its shape, or a
/// slice of as many elements; for a number, or an untyped value, a reference to one; `()` for an
/// operation; a tuple for a tuple, an array for an array, an [`LstmState`] for an `LstmState`.
#[diagnostic::on_unimplemented(
    message = "`{O}` cannot be written to `{Self}`",
    note = "an array is written to a `&mut` array of `ndarray` or slice, a number to a `&mut` number, and \
            the outputs have the form of the results: a tuple for a tuple"
)]
pub trait Outputs<'b, O> {
    /// Adds the memory, in the order of the results.
    fn add_to(self, buffers: &mut OutputBuffers<'b>);
}

/// Memory for results in a row.
#[derive(Debug, Default)]
pub struct OutputBuffers<'b>(Few<Buffer<'b>>);

#[derive(Debug)]
struct Buffer<'b> {
    /// `None` if the elements do not lie row by row.
    elements: Option<SliceMut<'b>>,
    /// `None` where the number of elements alone matters.
    sizes: Option<Sizes>,
}

impl<'b> OutputBuffers<'b> {
    /// Writes the results, or none of them if one does not fit.
    pub(crate) fn fill(self, fetched: &Fetched<'_>) -> Result<()> {
        if self.0.len() != fetched.len() {
            let (given, wanted) = (self.0.len(), fetched.len());
            let message = format!("{given} outputs were given for {wanted} results");
            return Err(Error::internal(message));
        }
        for (place, buffer) in self.0.iter().enumerate() {
            let (result, sizes) = fetched.view(place)?;
            if let Some(buffer) = buffer.misfit(result, sizes) {
                return Err(Error::Output {
                    name: fetched.name(place),
                    site: fetched.site(place),
                    result: format!("{}{sizes:?}", result.dtype()),
                    buffer,
                });
            }
        }
        for (place, buffer) in self.0.into_iter().enumerate() {
            if let Some(elements) = buffer.elements {
                elements.copy_from(fetched.view(place)?.0);
            }
        }
        Ok(())
    }

    fn add<T: Typed>(&mut self, elements: Option<&'b mut [T]>, sizes: Option<Sizes>) {
        self.0.push(Buffer {
            elements: elements.map(T::wrap_mut),
            sizes,
        });
    }
}

impl Buffer<'_> {
    /// What the buffer is, if a result of these elements and sizes cannot be written to it.
    fn misfit(&self, result: Slice<'_>, sizes: &[usize]) -> Option<String> {
        let Some(elements) = &self.elements else {
            return Some("an array that does not lie row by row in memory".to_owned());
        };
        let (dtype, count) = (elements.dtype(), elements.len());
        let same_sizes = self.sizes.as_ref().is_none_or(|own| **own == *sizes);
        if dtype == result.dtype() && count == result.len() && same_sizes {
            return None;
        }
        Some(match &self.sizes {
            Some(own) => format!("{dtype}{own:?}"),
            None => format!("{count} of {dtype}"),
        })
    }
}

macro_rules! outputs {
    ($($type:ty),*) => {$(
        impl<'b, S, D> Outputs<'b, ArrayD<$type>> for &'b mut ArrayBase<S, D>
        where
            S: RawData<Elem = $type> + DataMut,
            D: Dimension,
        {
            fn add_to(self, buffers: &mut OutputBuffers<'b>) {
                let sizes = Sizes::from_slice(self.shape());
                buffers.add(self.as_slice_mut(), Some(sizes));
            }
        }

        impl<'b, D: Dimension> Outputs<'b, ArrayD<$type>> for ArrayBase<ViewRepr<&'b mut $type>, D> {
            fn add_to(self, buffers: &mut OutputBuffers<'b>) {
                let sizes = Sizes::from_slice(self.shape());
                buffers.add(self.into_slice(), Some(sizes));
            }
        }

        /// As many elements as the result has, whatever its shape.
        impl<'b> Outputs<'b, ArrayD<$type>> for &'b mut [$type] {
            fn add_to(self, buffers: &mut OutputBuffers<'b>) {
                buffers.add(Some(self), None);
            }
        }

        impl<'b> Outputs<'b, $type> for &'b mut $type {
            fn add_to(self, buffers: &mut OutputBuffers<'b>) {
                buffers.add(Some(std::slice::from_mut(self)), None);
            }
        }
    )*};
}
outputs!(f32, f64, i32, i64, u8, bool);

impl<'b> Outputs<'b, Value> for &'b mut Value {
    fn add_to(self, buffers: &mut OutputBuffers<'b>) {
        let sizes = Some(Sizes::from_slice(self.shape()));
        let elements = Some(SliceMut::from(self.data_mut()));
        buffers.0.push(Buffer { elements, sizes });
    }
}

/// What an operation gives.
impl<'b> Outputs<'b, ()> for () {
    fn add_to(self, _: &mut OutputBuffers<'b>) {}
}

impl<'b, O, B: Outputs<'b, O>, const N: usize> Outputs<'b, [O; N]> for [B; N] {
    fn add_to(self, buffers: &mut OutputBuffers<'b>) {
        for part in self {
            part.add_to(buffers);
        }
    }
}

impl<'b, O, B: Outputs<'b, O>> Outputs<'b, LstmState<O>> for LstmState<B> {
    fn add_to(self, buffers: &mut OutputBuffers<'b>) {
        self.c.add_to(buffers);
        self.h.add_to(buffers);
    }
}

macro_rules! tuples {
    ($(($($output:ident $buffer:ident $place:tt),*))*) => {$(
        impl<'b, $($output, $buffer: Outputs<'b, $output>),*> Outputs<'b, ($($output,)*)>
            for ($($buffer,)*)
        {
            fn add_to(self, buffers: &mut OutputBuffers<'b>) {
                $(self.$place.add_to(buffers);)*
            }
        }
    )*};
}
tuples! {
    (A BA 0)
    (A BA 0, B BB 1)
    (A BA 0, B BB 1, C BC 2)
    (A BA 0, B BB 1, C BC 2, D BD 3)
    (A BA 0, B BB 1, C BC 2, D BD 3, E BE 4)
    (A BA 0, B BB 1, C BC 2, D BD 3, E BE 4, F BF 5)
    (A BA 0, B BB 1, C BC 2, D BD 3, E BE 4, F BF 5, G BG 6)
    (A BA 0, B BB 1, C BC 2, D BD 3, E BE 4, F BF 5, G BG 6, H BH 7)
}
