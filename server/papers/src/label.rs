//! The label of a parcel: A6, with its number as a bar code.

use crate::code128;
use crate::drawn::{Format, PaperError, pdf};
use crate::fonts::Weight;
use crate::sheet::{Mark, wrapped};

/// 105 by 148 millimetres in points.
const A6: Format = (297.6, 419.5);
const LEFT: f32 = 18.0;
const WIDE: f32 = A6.0 - 2.0 * LEFT;
const LEADING: f32 = 1.3;
/// Height of the bars: 20 millimetres.
const BARS: f32 = 57.0;
/// Width of a module, at most: half a millimetre.
const MODULE: f32 = 1.42;
/// Free space beside the bars that scanners need, in modules.
const QUIET: f32 = 10.0;

/// What stands on it.
#[derive(Debug, Clone)]
pub struct Label<'a> {
    pub carrier: &'a str,
    pub service: &'a str,
    pub from: Vec<String>,
    pub to: Vec<String>,
    /// The tracking number, printable ASCII.
    pub number: &'a str,
    pub notes: Vec<String>,
}

/// # Errors
/// When the number has no bar code, or the PDF cannot be made.
pub fn label(label: &Label<'_>) -> Result<Vec<u8>, PaperError> {
    let widths = code128::widths(label.number);
    let widths =
        widths.ok_or_else(|| PaperError::Drawing("a number without a bar code".to_owned()))?;
    let mut page = Page::default();
    page.text(label.carrier, 15.0, Weight::Bold);
    page.text(label.service, 10.0, Weight::Regular);
    page.rule();
    page.text("From", 7.0, Weight::Regular);
    for line in &label.from {
        page.text(line, 8.0, Weight::Regular);
    }
    page.y += 8.0;
    page.text("To", 8.0, Weight::Regular);
    for line in &label.to {
        page.text(line, 13.0, Weight::Bold);
    }
    // The lower part has its place, however long the address is.
    page.y = page.y.max(250.0);
    page.rule();
    page.bars(&widths);
    page.text(label.number, 13.0, Weight::Bold);
    page.y += 4.0;
    for note in &label.notes {
        page.text(note, 8.0, Weight::Regular);
    }
    let title = format!("Label {}", label.number);
    pdf(&title, A6, &[page.marks])
}

#[derive(Debug)]
struct Page {
    marks: Vec<Mark>,
    y: f32,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            marks: Vec::new(),
            y: 14.0,
        }
    }
}

impl Page {
    fn text(&mut self, text: &str, size: f32, weight: Weight) {
        for text in wrapped(text, WIDE, size, weight) {
            self.y += size * LEADING;
            let (x, y) = (LEFT, self.y);
            self.marks.push(Mark::Text {
                x,
                y,
                size,
                weight,
                text,
            });
        }
    }

    fn rule(&mut self) {
        self.y += 7.0;
        let size = (WIDE, 0.8);
        self.marks.push(Mark::Bar {
            x: LEFT,
            y: self.y,
            size,
        });
        self.y += 3.0;
    }

    fn bars(&mut self, widths: &[u8]) {
        self.y += 8.0;
        let modules: f32 = widths.iter().map(|width| f32::from(*width)).sum();
        let module = (WIDE / (modules + 2.0 * QUIET)).min(MODULE);
        let mut x = (A6.0 - modules * module) / 2.0;
        for (at, width) in widths.iter().enumerate() {
            let wide = f32::from(*width) * module;
            if at % 2 == 0 {
                let size = (wide, BARS);
                let y = self.y;
                self.marks.push(Mark::Bar { x, y, size });
            }
            x += wide;
        }
        self.y += BARS + 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_pdf_however_long_its_address_is() {
        for line in [
            "Ada",
            "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk 17",
        ] {
            let drawn = label(&Label {
                carrier: "Parcel Post",
                service: "Parcel",
                from: vec!["Aurel & Stone".to_owned(); 4],
                to: vec![line.to_owned(); 5],
                number: "VP123456785XX",
                notes: vec!["1 piece".to_owned()],
            });
            assert!(drawn.expect("drawn").starts_with(b"%PDF-"));
        }
    }
}
