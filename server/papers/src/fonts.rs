//! The letters of the papers: Noto Sans, cut down to Latin, Greek and Cyrillic. Embedded, so that a name
//! looks the same wherever it is printed.

use std::sync::LazyLock;

use ttf_parser::Face;

/// A weight of the font.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Bold,
}

const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.ttf");

static FACES: LazyLock<[Option<Face<'static>>; 2]> =
    LazyLock::new(|| [REGULAR, BOLD].map(|data| Face::parse(data, 0).ok()));

impl Weight {
    pub const fn data(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }

    fn face(self) -> Option<&'static Face<'static>> {
        match self {
            Self::Regular => FACES[0].as_ref(),
            Self::Bold => FACES[1].as_ref(),
        }
    }

    /// How wide a text is, in points. Of letters that are joined it may be a little less.
    pub fn width(self, text: &str, size: f32) -> f32 {
        let Some(face) = self.face() else { return 0.0 };
        let advance = |c: char| {
            let glyph = face.glyph_index(c).unwrap_or_default();
            f32::from(face.glyph_hor_advance(glyph).unwrap_or_default())
        };
        let units: f32 = text.chars().map(advance).sum();
        units * size / f32::from(face.units_per_em())
    }

    /// Whether every letter of the text is in the font.
    pub fn has_all(self, text: &str) -> bool {
        self.face()
            .is_some_and(|face| text.chars().all(|c| face.glyph_index(c).is_some()))
    }
}
