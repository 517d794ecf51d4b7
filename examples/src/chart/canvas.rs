//! The drawing surface: drawn large, then averaged down, which smooths every edge.

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context as _, bail};
use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, BitMapElement, DrawingArea, IntoDrawingArea as _};
use plotters::style::{FontStyle, register_font};

/// The family name of the font that is built in.
pub(super) const FONT: &str = "DejaVu Sans";
/// Dots a pixel, along each side.
pub(super) const DENSITY: u32 = 3;

/// Bytes of a dot: red, green, blue.
const CHANNELS: usize = 3;

/// Width and height in pixels.
pub(super) type Size = (u32, u32);

/// A surface whose unit is the dot.
pub(super) type Canvas<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// Paints a picture and saves it as a PNG file, making its directory if there is none.
pub(super) fn save(
    path: &Path,
    size: Size,
    paint: impl FnOnce(&Canvas<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let saved = draw(size, paint).and_then(|pixels| {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        write_png(path, size, &pixels)
    });
    saved.with_context(|| format!("cannot save the chart {}", path.display()))
}

/// Runs `paint` on a fresh surface and returns the pixels.
fn draw(
    (width, height): Size,
    paint: impl FnOnce(&Canvas<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<u8>> {
    register_fonts()?;
    let size = (width * DENSITY, height * DENSITY);
    let mut dots = vec![0; (size.0 * size.1) as usize * CHANNELS];
    let canvas = BitMapBackend::with_buffer(&mut dots, size).into_drawing_area();
    paint(&canvas)?;
    canvas.present()?;
    drop(canvas);
    Ok(averaged(&dots, width, height))
}

/// Writes the pixels of [`draw`].
fn write_png(path: &Path, size: Size, pixels: &[u8]) -> anyhow::Result<()> {
    let file = BitMapBackend::new(path, size).into_drawing_area();
    let Some(image) = BitMapElement::with_ref((0, 0), size, pixels) else {
        bail!("{} bytes are not a picture of {size:?}", pixels.len());
    };
    file.draw(&image)?;
    file.present()?;
    Ok(())
}

/// Makes one pixel of each square of dots.
fn averaged(dots: &[u8], width: u32, height: u32) -> Vec<u8> {
    let density = DENSITY as usize;
    let row = width as usize * CHANNELS;
    let mut sums = vec![0_u16; row * height as usize];
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
