//! Scales and encodes pictures. A crate of its own, so that it is optimised where the program that builds
//! the shop is not: that is compiled on every machine before anything else.

mod shop_files;
mod upload;

use std::collections::HashMap;
use std::io::Cursor;

use anyhow::{Context as _, Result, anyhow};
use image::{
    DynamicImage, ImageDecoder, ImageReader, ImageResult, Rgb, RgbImage,
    codecs::{avif::AvifEncoder, jpeg::JpegEncoder},
    imageops::{self, FilterType},
};

pub use shop_files::{Encoded, encoded, recipe, share_size, widths};
pub use upload::{MAX_MEGAPIXELS, MAX_SIDE, MIN_SIDE, Unusable};

/// A picture without transparency.
pub struct Picture(RgbImage);

impl Picture {
    /// Of one colour.
    pub fn plain(width: u32, height: u32, colour: [u8; 3]) -> Self {
        Self(RgbImage::from_pixel(width, height, Rgb(colour)))
    }

    /// Reads a JPEG, a PNG or a WebP, upright as its camera noted. What shines through is white.
    pub fn decode(content: &[u8]) -> Result<Self> {
        let reader = ImageReader::new(Cursor::new(content)).with_guessed_format()?;
        Ok(Self::decoded(reader.into_decoder()?)?)
    }

    fn decoded(mut decoder: impl ImageDecoder) -> ImageResult<Self> {
        let orientation = decoder.orientation()?;
        let mut picture = DynamicImage::from_decoder(decoder)?;
        picture.apply_orientation(orientation);
        if !picture.color().has_alpha() {
            return Ok(Self(picture.into_rgb8()));
        }
        let picture = picture.into_rgba8();
        let over_white = |x, y| {
            let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u16::from);
            let part = |colour: u16| ((colour * alpha + 255 * (255 - alpha)) / 255) as u8;
            Rgb([part(red), part(green), part(blue)])
        };
        let (width, height) = picture.dimensions();
        Ok(Self(RgbImage::from_fn(width, height, over_white)))
    }

    pub fn width(&self) -> u32 {
        self.0.width()
    }

    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// As high as the width demands.
    pub fn height_at(&self, width: u32) -> u32 {
        let own_width = u64::from(self.width().max(1));
        let height = (u64::from(self.height()) * u64::from(width) + own_width / 2) / own_width;
        u32::try_from(height).unwrap_or(u32::MAX).max(1)
    }

    #[must_use]
    pub fn scaled(&self, width: u32) -> Self {
        if width == self.width() {
            return Self(self.0.clone());
        }
        let height = self.height_at(width);
        Self(imageops::resize(
            &self.0,
            width,
            height,
            FilterType::Lanczos3,
        ))
    }

    /// The same by averages: for a large picture that is scaled again, which this is fast at.
    fn reduced(&self, width: u32) -> Self {
        Self(imageops::thumbnail(&self.0, width, self.height_at(width)))
    }

    /// The colour that most of the picture is near to: three hexadecimal digits, as CSS has them.
    pub fn tint(&self) -> String {
        let small = imageops::thumbnail(&self.0, 64, 64);
        let mut counts = HashMap::<[u8; 3], usize>::new();
        for pixel in small.pixels() {
            *counts.entry(pixel.0.map(nearest_of_16)).or_default() += 1;
        }
        // Of colours that are equally frequent always the same one.
        let most = counts.into_iter().max_by_key(|&(colour, n)| (n, colour));
        let colour = most.map_or([8; 3], |(colour, _)| colour);
        colour.iter().map(|part| format!("{part:x}")).collect()
    }

    /// `speed` is 1 to 10, `quality` up to 100.
    pub fn avif(&self, speed: u8, quality: u8) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // One thread for each picture keeps all processors busy, and the result the same everywhere.
        let encoder = AvifEncoder::new_with_speed_quality(&mut bytes, speed, quality)
            .with_num_threads(Some(1));
        self.0
            .write_with_encoder(encoder)
            .context("encode as AVIF")?;
        Ok(bytes)
    }

    pub fn webp(&self, quality: u8) -> Result<Vec<u8>> {
        let encoder = webp::Encoder::from_rgb(self.0.as_raw(), self.width(), self.height());
        let encoded = encoder
            .encode_simple(false, quality.into())
            .map_err(|error| anyhow!("encode as WebP: {error:?}"))?;
        Ok(encoded.to_vec())
    }

    pub fn jpeg(&self, quality: u8) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
            .context("encode as JPEG")?;
        Ok(bytes)
    }
}

/// 0xf stands for 0xff: each step is 17.
fn nearest_of_16(part: u8) -> u8 {
    ((u16::from(part) + 8) / 17) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_colour_is_the_tint() {
        let mut picture = RgbImage::from_pixel(64, 64, Rgb([237, 220, 204]));
        for (x, _, pixel) in picture.enumerate_pixels_mut() {
            if x < 20 {
                *pixel = Rgb([0, 0, 0]);
            }
        }
        assert_eq!(Picture(picture).tint(), "edc");
    }

    #[test]
    fn what_is_encoded_can_be_read_again_in_its_size() -> Result<()> {
        let picture = Picture::plain(100, 125, [200, 30, 40]).scaled(40);
        for encoded in [picture.webp(80)?, picture.jpeg(80)?] {
            let read = Picture::decode(&encoded)?;
            assert_eq!((read.width(), read.height()), (40, 50));
        }
        assert_eq!(&picture.avif(10, 50)?[4..12], b"ftypavif");
        Ok(())
    }
}
