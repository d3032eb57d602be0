//! Reads a picture that somebody has sent: what it is follows from its content, and how large it is from its
//! header, before anything is decoded.

use std::io::Cursor;

use image::{ImageDecoder as _, ImageFormat, ImageReader, Limits};

use crate::Picture;

/// Pixels of a side, at most.
pub const MAX_SIDE: u32 = 12_000;
/// Pixels, at most, in millions.
pub const MAX_MEGAPIXELS: u64 = 50;
/// Bytes that the pixels may take while they are decoded: those of 50 megapixels with transparency.
const MAX_DECODED: u64 = MAX_MEGAPIXELS * 1_000_000 * 4;
/// Pixels of a side, at least: narrower ones are no photograph of a piece.
pub const MIN_SIDE: u32 = 200;
/// Wider pictures are scaled down at once: no place of the shop shows more.
const WIDE_ENOUGH: u32 = 2_400;

/// Why a file is not taken, in words for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    OtherFormat,
    TooLarge {
        width: u32,
        height: u32,
    },
    TooSmall {
        width: u32,
        height: u32,
    },
    /// It takes too much memory, whatever its size.
    TooDeep,
    Damaged,
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherFormat => f.write_str("Expected a JPEG, PNG or WebP picture; this is none of them."),
            Self::TooLarge { width, height } => write!(
                f,
                "This picture has {width} x {height} pixels. Expected at most {MAX_SIDE} a side, and \
                 {MAX_MEGAPIXELS} million in all."
            ),
            Self::TooSmall { width, height } => write!(
                f,
                "This picture has {width} x {height} pixels. Expected at least {MIN_SIDE} a side."
            ),
            Self::TooDeep => f.write_str(
                "This picture takes too much memory. Expected one with 8 bits per colour, or fewer pixels.",
            ),
            Self::Damaged => f.write_str(
                "This picture is damaged or not whole. Open it, save it again, and send that.",
            ),
        }
    }
}

impl std::error::Error for Unusable {}

impl Picture {
    /// Reads what was sent, upright and without anything but its pixels: where and with what it was taken stays
    /// behind.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn of_upload(content: &[u8]) -> Result<Self, Unusable> {
        let damaged = |_| Unusable::Damaged;
        let mut reader = ImageReader::new(Cursor::new(content))
            .with_guessed_format()
            .map_err(|_| Unusable::OtherFormat)?;
        if !matches!(
            reader.format(),
            Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)
        ) {
            return Err(Unusable::OtherFormat);
        }
        // Its decoder makes up what is missing.
        if reader.format() == Some(ImageFormat::Jpeg) && !is_whole_jpeg(content) {
            return Err(Unusable::Damaged);
        }
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_DECODED);
        reader.limits(limits);
        let decoder = reader.into_decoder().map_err(|error| match error {
            image::ImageError::Limits(_) => Unusable::TooDeep,
            _ => Unusable::Damaged,
        })?;
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        if width.max(height) > MAX_SIDE || pixels > MAX_MEGAPIXELS * 1_000_000 {
            return Err(Unusable::TooLarge { width, height });
        }
        if width.min(height) < MIN_SIDE {
            return Err(Unusable::TooSmall { width, height });
        }
        if decoder.total_bytes() > MAX_DECODED {
            return Err(Unusable::TooDeep);
        }
        let picture = Self::decoded(decoder).map_err(damaged)?;
        match picture.width() > WIDE_ENOUGH {
            true => Ok(picture.reduced(WIDE_ENOUGH)),
            false => Ok(picture),
        }
    }
}

/// Whether a JPEG has an end. Its parts are followed one after the other: small pictures inside of it have ends of
/// their own.
fn is_whole_jpeg(content: &[u8]) -> bool {
    const END: u8 = 0xd9;
    const PIXELS: u8 = 0xda;
    // After the mark of its beginning.
    let mut at = 2;
    loop {
        let Some(&[0xff, kind]) = content.get(at..at + 2) else {
            return false;
        };
        match kind {
            END => return true,
            // Fills the place before a mark.
            0xff => at += 1,
            _ => {
                let Some(&[high, low]) = content.get(at + 2..at + 4) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
            }
        }
        if kind == PIXELS {
            let rest = content.get(at..).unwrap_or_default();
            // Within pixels the sign of a mark stands before 0 or a number of 0 to 7.
            let is_mark = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7);
            let Some(length) = rest.windows(2).position(is_mark) else {
                return false;
            };
            at += length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture = Picture::plain(width, height, [200, 180, 160]);
        picture.jpeg(90).expect("a JPEG")
    }

    #[track_caller]
    fn refused(content: &[u8]) -> Unusable {
        Picture::of_upload(content).err().expect("a refusal")
    }

    /// A PNG that says it is so large, and has no pixels.
    fn png_header(width: u32, height: u32) -> Vec<u8> {
        let mut header = b"IHDR".to_vec();
        header.extend(width.to_be_bytes());
        header.extend(height.to_be_bytes());
        header.extend([8, 6, 0, 0, 0]);
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
        png.extend(&header);
        png.extend(crc(&header).to_be_bytes());
        png.extend(b"\0\0\0\0IDAT");
        png.extend(crc(b"IDAT").to_be_bytes());
        png
    }

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
            }
        }
        !crc
    }

    #[test]
    fn a_photograph_is_read_and_a_wide_one_scaled_down() {
        let read = Picture::of_upload(&jpeg(400, 500)).expect("a picture");
        assert_eq!((read.width(), read.height()), (400, 500));
        let read = Picture::of_upload(&jpeg(4_800, 2_400)).expect("a picture");
        assert_eq!((read.width(), read.height()), (2_400, 1_200));
    }

    #[test]
    fn what_is_too_large_is_refused_by_its_header() {
        for (width, height) in [(20_000, 20_000), (12_001, 300), (10_000, 10_000)] {
            let refusal = refused(&png_header(width, height));
            assert_eq!(refusal, Unusable::TooLarge { width, height });
        }
        let small = refused(&jpeg(100, 500));
        assert!(matches!(small, Unusable::TooSmall { .. }), "{small:?}");
    }

    #[test]
    fn what_is_no_picture_of_ours_is_refused_whatever_it_is_called() {
        for content in [
            &b""[..],
            b"GIF89a\x01\0\x01\0\0\0\0;",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            b"%PDF-1.7",
            b"BM\0\0\0\0",
        ] {
            assert_eq!(refused(content), Unusable::OtherFormat);
        }
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let whole = jpeg(400, 500);
        assert_eq!(refused(&whole[..200]), Unusable::Damaged);
        let cut = refused(&whole[..whole.len() * 2 / 3]);
        assert_eq!(cut, Unusable::Damaged, "whatever its decoder makes up");
        assert_eq!(refused(&png_header(400, 400)), Unusable::Damaged);
        assert_eq!(refused(b"\xff\xd8\xff\xe0"), Unusable::Damaged);
    }

    #[test]
    fn a_picture_stands_upright_and_says_no_more_where_it_was_taken() {
        // Exif with one entry: orientation 6, a quarter turn to the right.
        let mut exif =
            b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        exif.extend(b"GPS 52.5200 13.4050");
        let mut turned = vec![0xff, 0xd8, 0xff, 0xe1];
        turned.extend(u16::try_from(exif.len() + 2).expect("short").to_be_bytes());
        turned.extend(&exif);
        turned.extend(&jpeg(400, 300)[2..]);
        let read = Picture::of_upload(&turned).expect("a picture");
        assert_eq!((read.width(), read.height()), (300, 400));
        let again = read.jpeg(80).expect("a JPEG");
        assert!(!again.windows(3).any(|part| part == b"GPS"));
        assert!(!again.windows(4).any(|part| part == b"Exif"));
    }
}
