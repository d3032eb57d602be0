//! The files that pages ask for: in which widths and formats a picture is there. What the build makes of the
//! shop's own pictures and what becomes of an uploaded one are the same.

use anyhow::Result;

use crate::Picture;

/// Of pictures that are wider than high: they fill a window.
const WIDE: [u32; 4] = [480, 800, 1200, 1600];
/// Of the others: a thumb, a card on a phone, a card on a sharper one, half a window.
const TALL: [u32; 4] = [160, 360, 640, 1000];
/// A picture for link previews is not wider than this.
const SHARE_WIDTH: u32 = 1200;

const AVIF_QUALITY: u8 = 51;
/// The fastest there is: a fresh build encodes a hundred megapixels, on two cores in about two minutes.
const AVIF_SPEED: u8 = 10;
const WEBP_QUALITY: u8 = 78;
const JPEG_QUALITY: u8 = 82;
/// To be counted up when pictures are made in another way than these numbers say.
const RECIPE: u8 = 1;

/// How pictures are made, for the names of their files: they are others when this is.
pub fn recipe() -> String {
    format!("{RECIPE} {WIDE:?} {TALL:?} {AVIF_QUALITY} {AVIF_SPEED} {WEBP_QUALITY} {JPEG_QUALITY}")
}

/// One of the files: how wide it is, and how its name ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// `360.avif`, `share.jpg`
    pub ending: String,
    pub content: Vec<u8>,
}

/// Never wider than the picture is, and always as wide as it is, up to the widest.
pub fn widths(width: u32, height: u32) -> Vec<u32> {
    let wanted = if width > height { WIDE } else { TALL };
    let mut widths: Vec<u32> = wanted.into_iter().filter(|&w| w < width).collect();
    if widths.len() < wanted.len() {
        widths.push(width);
    }
    widths
}

/// Of the picture for link previews.
pub fn share_size(original: &Picture) -> (u32, u32) {
    let width = original.width().min(SHARE_WIDTH);
    (width, original.height_at(width))
}

/// All of its files, one after the other.
pub fn encoded(original: &Picture) -> impl Iterator<Item = Result<Encoded>> + '_ {
    let widths = widths(original.width(), original.height());
    let pages = widths.into_iter().flat_map(move |width| {
        let scaled = original.scaled(width);
        [
            scaled
                .avif(AVIF_SPEED, AVIF_QUALITY)
                .map(|it| (format!("{width}.avif"), it)),
            scaled
                .webp(WEBP_QUALITY)
                .map(|it| (format!("{width}.webp"), it)),
        ]
    });
    let share = std::iter::once_with(move || {
        let (width, _) = share_size(original);
        let content = original.scaled(width).jpeg(JPEG_QUALITY)?;
        Ok(("share.jpg".to_owned(), content))
    });
    pages.chain(share).map(|file| {
        let (ending, content) = file?;
        Ok(Encoded { ending, content })
    })
}
