//! Draws pages of marks as a PDF.

use krilla::Document;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

use crate::fonts::Weight;
use crate::sheet::{LEFT, Mark, RIGHT};

/// Why there is no paper.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    #[error("the font of the papers cannot be read")]
    Font,
    #[error("the paper cannot be drawn: {0}")]
    Drawing(String),
}

/// Width and height of a page, in points.
pub type Format = (f32, f32);

/// # Errors
/// When the font cannot be read or embedded.
pub fn pdf(title: &str, format: Format, pages: &[Vec<Mark>]) -> Result<Vec<u8>, PaperError> {
    let font = |weight: Weight| Font::new(weight.data().into(), 0).ok_or(PaperError::Font);
    let (regular, bold) = (font(Weight::Regular)?, font(Weight::Bold)?);
    let of = |weight| match weight {
        Weight::Regular => regular.clone(),
        Weight::Bold => bold.clone(),
    };
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .language("en".to_owned()),
    );
    for marks in pages {
        let settings = PageSettings::from_wh(format.0, format.1);
        let settings = settings.ok_or_else(|| PaperError::Drawing("no such page".to_owned()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, mark, &of);
        }
        surface.finish();
        page.finish();
    }
    document
        .finish()
        .map_err(|error| PaperError::Drawing(format!("{error:?}")))
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, font: &impl Fn(Weight) -> Font) {
    match mark {
        Mark::Text {
            x,
            y,
            size,
            weight,
            text,
        } => {
            surface.set_stroke(None);
            surface.set_fill(Some(Fill::default()));
            let start = Point::from_xy(*x, *y);
            surface.draw_text(
                start,
                font(*weight),
                *size,
                text,
                false,
                TextDirection::Auto,
            );
        }
        Mark::Rule { y } => {
            let mut path = PathBuilder::new();
            path.move_to(LEFT, *y);
            path.line_to(RIGHT, *y);
            outline(surface, path.finish());
        }
        Mark::Box { x, y, size } => {
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, *size, *size) {
                path.push_rect(rect);
            }
            outline(surface, path.finish());
        }
        Mark::Bar { x, y, size } => {
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, size.0, size.1) {
                path.push_rect(rect);
            }
            surface.set_stroke(None);
            surface.set_fill(Some(Fill::default()));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
    }
}

fn outline(surface: &mut Surface<'_>, path: Option<Path>) {
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        width: 0.6,
        ..Stroke::default()
    }));
    if let Some(path) = path {
        surface.draw_path(&path);
    }
}
