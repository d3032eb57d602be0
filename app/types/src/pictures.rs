//! The files that the build made of a picture, in several widths and two formats.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Where the built files stand under the site's root. Their names carry a hash of their content.
pub const FOLDER: &str = "pictures";
/// Begins the names of pictures that were uploaded: they stand in the database, and not in the folder.
pub const UPLOADED: &str = "uploaded/";
/// In that folder: the built pictures by the address of the picture they were made of.
pub const MANIFEST: &str = "manifest.json";
/// Wide enough for a line of a cart on any screen.
const SMALL: u32 = 200;

/// What a picture's files are encoded in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Avif,
    WebP,
}

impl Format {
    pub const ALL: [Self; 2] = [Self::Avif, Self::WebP];

    pub const fn ending(self) -> &'static str {
        match self {
            Self::Avif => "avif",
            Self::WebP => "webp",
        }
    }

    pub const fn mime(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::WebP => "image/webp",
        }
    }
}

/// One picture as the build left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltPicture {
    /// What the names of its files begin with: the source's name and a hash.
    pub name: String,
    /// Its dominant colour, as the three hexadecimal digits of a CSS colour.
    pub tint: String,
    /// Of its files, from the narrowest to the widest.
    pub widths: Vec<u32>,
    /// Size of the picture for link previews.
    pub share: (u32, u32),
}

impl BuiltPicture {
    /// The name of a file in [`FOLDER`].
    pub fn file(&self, width: u32, format: Format) -> String {
        format!("{}-{width}.{}", self.name, format.ending())
    }

    /// The name of the picture for link previews, which few services read as AVIF or WebP.
    pub fn share_file(&self) -> String {
        format!("{}-share.jpg", self.name)
    }

    /// Every file of it.
    pub fn files(&self) -> impl Iterator<Item = String> + '_ {
        let widths = self.widths.iter();
        widths
            .flat_map(|&width| Format::ALL.map(|format| self.file(width, format)))
            .chain([self.share_file()])
    }

    /// Its files of a format as `srcset` lists them.
    pub fn srcset(&self, format: Format) -> String {
        let one = |&width: &u32| format!("/{FOLDER}/{} {width}w", self.file(width, format));
        self.widths.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// Address, width and height of a file for a small place, in the format that every browser reads.
    pub fn small(&self) -> Option<(String, u32, u32)> {
        let wide_enough = self.widths.iter().find(|&&width| width >= SMALL);
        let width = *wide_enough.or(self.widths.last())?;
        let (share_width, share_height) = self.share;
        let height = u64::from(width) * u64::from(share_height) / u64::from(share_width.max(1));
        Some((
            format!("/{FOLDER}/{}", self.file(width, Format::WebP)),
            width,
            u32::try_from(height).unwrap_or(u32::MAX),
        ))
    }

    /// The class that paints its dominant colour while it loads; without a rule for it where the picture was
    /// uploaded in a colour that none of the build's has.
    pub fn tint_class(&self) -> String {
        format!("tint-{}", self.tint)
    }
}

/// All built pictures, by the address of their source, e.g. `/images/ring.webp`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pictures(pub HashMap<String, BuiltPicture>);

impl Pictures {
    /// `None` for a picture that was not built: a merchant's own.
    pub fn get(&self, src: &str) -> Option<&BuiltPicture> {
        self.0.get(src)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(widths: &[u32]) -> BuiltPicture {
        BuiltPicture {
            name: "ring-0a1b2c3d".to_owned(),
            tint: "edc".to_owned(),
            widths: widths.to_vec(),
            share: (1000, 1250),
        }
    }

    #[test]
    fn a_srcset_names_every_width() {
        assert_eq!(
            ring(&[160, 1000]).srcset(Format::Avif),
            "/pictures/ring-0a1b2c3d-160.avif 160w, /pictures/ring-0a1b2c3d-1000.avif 1000w"
        );
    }

    #[test]
    fn a_small_place_gets_the_narrowest_file_that_is_sharp_there() {
        let small = |widths: &[u32]| {
            ring(widths)
                .small()
                .map(|(_, width, height)| (width, height))
        };
        assert_eq!(small(&[160, 360, 640]), Some((360, 450)));
        assert_eq!(small(&[120]), Some((120, 150)), "the picture has no more");
        assert_eq!(small(&[]), None);
    }

    #[test]
    fn every_file_has_a_name_of_its_own() {
        let mut files: Vec<_> = ring(&[160, 360]).files().collect();
        assert_eq!(files.len(), 5);
        files.sort();
        files.dedup();
        assert_eq!(files.len(), 5);
    }
}
