//! Shape rules of convolutions and pooling.

use crate::fact::Fact;
use crate::infer::common::{Class, check_class, check_same_dtype, operands, plural, shape_operand};
use crate::mistake::Problem;
use crate::op::{Convolution, Pooling, Sliding, Windows};
use crate::shape::{Dim, Shape};

/// The four sizes of a batch of images, or of a filter.
type Dims = [Dim; 4];

pub(super) fn convolution(
    op: Convolution,
    sliding: &Sliding,
    inputs: &[Fact],
) -> Result<Fact, Problem> {
    sliding.check()?;
    match op {
        Convolution::Forward => forward(sliding, operands(inputs)?),
        Convolution::InputGradient => input_gradient(sliding, operands(inputs)?),
        Convolution::FilterGradient => filter_gradient(sliding, operands(inputs)?),
    }
}

fn forward(sliding: &Sliding, [x, filter]: &[Fact; 2]) -> Result<Fact, Problem> {
    check_floats(("x", x), ("filter", filter))?;
    let (images, filters) = (
        images("x", &x.shape)?,
        filter_sizes("filter", &filter.shape)?,
    );
    check_channels(images[3], filters[2])?;
    let y = convolved(sliding, images, filters)?;
    Ok(Fact::new(x.dtype, y))
}

fn input_gradient(sliding: &Sliding, [x, filter, shape]: &[Fact; 3]) -> Result<Fact, Problem> {
    check_floats(("x", x), ("filter", filter))?;
    let filters = filter_sizes("filter", &filter.shape)?;
    let [batch, height, width, channels] = images("shape", &shape_operand("shape", shape)?)?;
    let channels = check_channels(channels, filters[2])?;
    let y = convolved(sliding, [batch, height, width, channels], filters)?;
    let [batch, ..] = fitting("x", images("x", &x.shape)?, y)?;
    Ok(Fact::new(x.dtype, [batch, height, width, channels]))
}

fn filter_gradient(sliding: &Sliding, [x, dy, shape]: &[Fact; 3]) -> Result<Fact, Problem> {
    check_floats(("x", x), ("dy", dy))?;
    let images_of_x = images("x", &x.shape)?;
    let [height, width, from, to] = filter_sizes("shape", &shape_operand("shape", shape)?)?;
    let from = check_channels(images_of_x[3], from)?;
    let y = convolved(sliding, images_of_x, [height, width, from, to])?;
    let [_, _, _, to] = fitting("dy", images("dy", &dy.shape)?, y)?;
    Ok(Fact::new(x.dtype, [height, width, from, to]))
}

pub(super) fn pooling(op: Pooling, windows: &Windows, inputs: &[Fact]) -> Result<Fact, Problem> {
    windows.check()?;
    let size = windows.size.map(Dim::Known);
    let pooled_of = |images| pooled(&windows.sliding, images, size);
    match op {
        Pooling::Max | Pooling::Average => {
            let [x] = operands(inputs)?;
            check_class("x", x, Class::Float)?;
            Ok(Fact::new(x.dtype, pooled_of(images("x", &x.shape)?)?))
        }
        Pooling::MaxGradient => {
            let [x, dy] = operands(inputs)?;
            check_floats(("x", x), ("dy", dy))?;
            let images_of_x = images("x", &x.shape)?;
            fitting("dy", images("dy", &dy.shape)?, pooled_of(images_of_x)?)?;
            Ok(Fact::new(x.dtype, images_of_x))
        }
        Pooling::MaxSecondGradient => {
            let [x, dx] = operands(inputs)?;
            check_floats(("x", x), ("dx", dx))?;
            let common = fitting("dx", images("dx", &dx.shape)?, images("x", &x.shape)?)?;
            Ok(Fact::new(x.dtype, pooled_of(common)?))
        }
        Pooling::AverageGradient => {
            let [dy, shape] = operands(inputs)?;
            check_class("dy", dy, Class::Float)?;
            let [batch, height, width, channels] =
                images("shape", &shape_operand("shape", shape)?)?;
            let y = pooled_of([batch, height, width, channels])?;
            let [batch, _, _, channels] = fitting("dy", images("dy", &dy.shape)?, y)?;
            Ok(Fact::new(dy.dtype, [batch, height, width, channels]))
        }
    }
}

/// What a convolution of images by a filter gives.
fn convolved(sliding: &Sliding, images: Dims, filter: Dims) -> Result<Dims, Problem> {
    let [height, width, _, channels] = filter;
    let [batch, rows, columns, _] = pooled(sliding, images, [height, width])?;
    Ok([batch, rows, columns, channels])
}

/// The images with an element for each place of a window.
fn pooled(sliding: &Sliding, images: Dims, window: [Dim; 2]) -> Result<Dims, Problem> {
    let [batch, height, width, channels] = images;
    let rows = places(sliding, 0, height, window[0])?;
    let columns = places(sliding, 1, width, window[1])?;
    Ok([batch, rows, columns, channels])
}

/// How many places a window has along an axis.
fn places(sliding: &Sliding, axis: usize, size: Dim, window: Dim) -> Result<Dim, Problem> {
    if let (Dim::Known(size), Dim::Known(window)) = (size, window) {
        let extent = sliding.extent(axis, size, window)?;
        return Ok(Dim::Known(extent.places));
    }
    let keeps_size = sliding.keeps_size(axis, window.known());
    Ok(if keeps_size { size } else { Dim::UNKNOWN })
}

fn images(role: &str, shape: &Shape) -> Result<Dims, Problem> {
    four(role, shape, "[batch, height, width, channels]")
}

fn filter_sizes(role: &str, shape: &Shape) -> Result<Dims, Problem> {
    four(role, shape, "[height, width, in, out]")
}

fn four(role: &str, shape: &Shape, axes: &str) -> Result<Dims, Problem> {
    shape.dims().try_into().map_err(|_| {
        let has = match role {
            "shape" => format!("shape gives {}", plural(shape.rank(), "size")),
            role => format!("{role} has shape {shape}"),
        };
        Problem::shape(format!("{has} but 4 are needed: {axes}"))
            .help("`expand_dims` and `reshape` give a tensor more axes")
    })
}

fn check_floats(a: (&str, &Fact), b: (&str, &Fact)) -> Result<(), Problem> {
    check_same_dtype(a, b)?;
    check_class(a.0, a.1, Class::Float)
}

/// The channels of images and of a filter, which must be as many.
fn check_channels(of_images: Dim, of_filter: Dim) -> Result<Dim, Problem> {
    of_images.unify(of_filter).ok_or_else(|| {
        let count = |dim: Dim| match dim {
            Dim::Known(count) => plural(count, "input channel"),
            Dim::Unknown(_) => "unknown input channels".to_owned(),
        };
        let message = format!(
            "the filter has {} but the images have {of_images}",
            count(of_filter)
        );
        Problem::shape(message).help("axis 2 of a filter is as long as axis 3 of the images")
    })
}

/// What is known of the sizes of an operand that must be these.
fn fitting(role: &str, given: Dims, needed: Dims) -> Result<Dims, Problem> {
    let mut common = needed;
    for (common, size) in common.iter_mut().zip(given) {
        *common = size.unify(*common).ok_or_else(|| {
            let (given, needed) = (Shape::from(given), Shape::from(needed));
            Problem::shape(format!("{role} has shape {given} but must have {needed}"))
        })?;
    }
    Ok(common)
}
