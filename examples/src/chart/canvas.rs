//! The drawing surface: drawn large, then averaged down, which smooths every edge.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::bail;
use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, BitMapElement, DrawingArea, IntoDrawingArea as _};
use plotters::style::{FontStyle, register_font};

/// The family name of the font that is built in.
pub(super) const FONT: &str = "DejaVu Sans";
/// Dots a pixel, along each side.
pub(super) const DENSITY: u32 = 3;

const WIDTH: u32 = 900;
const HEIGHT: u32 = 560;
/// Bytes of a dot: red, green, blue.
const CHANNELS: usize = 3;

/// A surface whose unit is the dot.
pub(super) type Canvas<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// Runs `paint` on a fresh surface and returns the pixels.
pub(super) fn draw(
    paint: impl FnOnce(&Canvas<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<u8>> {
    register_fonts()?;
    let size = (WIDTH * DENSITY, HEIGHT * DENSITY);
    let mut dots = vec![0; (size.0 * size.1) as usize * CHANNELS];
    let canvas = BitMapBackend::with_buffer(&mut dots, size).into_drawing_area();
    paint(&canvas)?;
    canvas.present()?;
    drop(canvas);
    Ok(averaged(&dots))
}

/// Writes the pixels of [`draw`].
pub(super) fn write_png(path: &Path, pixels: &[u8]) -> anyhow::Result<()> {
    let size = (WIDTH, HEIGHT);
    let file = BitMapBackend::new(path, size).into_drawing_area();
    let Some(image) = BitMapElement::with_ref((0, 0), size, pixels) else {
        bail!("{} bytes are not a picture of {size:?}", pixels.len());
    };
    file.draw(&image)?;
    file.present()?;
    Ok(())
}

/// Makes one pixel of each square of dots.
fn averaged(dots: &[u8]) -> Vec<u8> {
    let density = DENSITY as usize;
    let row = WIDTH as usize * CHANNELS;
    let mut sums = vec![0_u16; row * HEIGHT as usize];
    for (sums, dots) in sums
        .chunks_exact_mut(row)
        .zip(dots.chunks_exact(row * density * density))
    {
        for dots in dots.chunks_exact(row * density) {
            add_row(sums, dots);
        }
    }
    let dots_a_pixel = (density * density) as u16;
    sums.into_iter()
        .map(|sum| (sum / dots_a_pixel) as u8)
        .collect()
}

/// Adds one row of dots to the sums of the pixels it crosses.
fn add_row(sums: &mut [u16], dots: &[u8]) {
    let dots = dots.chunks_exact(DENSITY as usize * CHANNELS);
    for (sums, dots) in sums.chunks_exact_mut(CHANNELS).zip(dots) {
        for dot in dots.chunks_exact(CHANNELS) {
            for (sum, &channel) in sums.iter_mut().zip(dot) {
                *sum += u16::from(channel);
            }
        }
    }
}

/// Makes the built-in fonts known to plotters, once in a process.
fn register_fonts() -> anyhow::Result<()> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = *REGISTERED.get_or_init(|| {
        register_font(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok()
            && register_font(FONT, FontStyle::Bold, dejavu::sans::bold()).is_ok()
    });
    if !registered {
        bail!("the font {FONT} cannot be read");
    }
    Ok(())
}
