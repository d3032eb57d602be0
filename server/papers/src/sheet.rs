//! Where what stands: texts, rules and boxes on pages of A4, from top to bottom. A page that is full is
//! followed by another one.

use crate::fonts::Weight;

/// A4 in points.
pub const WIDTH: f32 = 595.0;
pub const HEIGHT: f32 = 842.0;
pub const A4: (f32, f32) = (WIDTH, HEIGHT);
pub const LEFT: f32 = 56.0;
pub const RIGHT: f32 = WIDTH - 56.0;
const TOP: f32 = 56.0;
const BOTTOM: f32 = HEIGHT - 64.0;
/// Between two lines, in sizes of their letters.
const LEADING: f32 = 1.4;

/// Something on a page. Coordinates are points from the page's upper left corner; of a text, where its
/// base line begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        weight: Weight,
        text: String,
    },
    /// From the left edge to the right one.
    Rule { y: f32 },
    /// To be ticked off by hand.
    Box { x: f32, y: f32, size: f32 },
    /// Filled; as wide and as high as this.
    Bar { x: f32, y: f32, size: (f32, f32) },
}

/// Pages that are filled from top to bottom.
#[derive(Debug, Default)]
pub struct Sheets {
    pub pages: Vec<Vec<Mark>>,
    y: f32,
}

/// Where a text of a row stands.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    /// From here on, as wide as this.
    From(f32, f32),
    /// Up to here.
    To(f32),
}

/// A text of a row.
#[derive(Debug, Clone)]
pub struct Cell {
    pub column: Column,
    pub weight: Weight,
    pub text: String,
}

impl Sheets {
    /// Begins a page.
    pub fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = TOP;
    }

    /// Whether so much still fits; if not, another page has begun.
    pub fn make_room(&mut self, height: f32) -> bool {
        let fits = self.y + height <= BOTTOM;
        if !fits {
            self.turn();
        }
        fits
    }

    pub fn skip(&mut self, height: f32) {
        self.y += height;
    }

    fn put(&mut self, mark: Mark) {
        if self.pages.is_empty() {
            self.turn();
        }
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// A rule under what was written.
    pub fn rule(&mut self) {
        let y = self.y;
        self.put(Mark::Rule { y });
        self.y += 6.0;
    }

    /// A box beside the next line.
    pub fn tick_box(&mut self, x: f32, size: f32) {
        let y = self.y + size * LEADING - size;
        self.put(Mark::Box { x, y, size });
    }

    /// How high a row of these is.
    pub fn height_of(cells: &[Cell], size: f32) -> f32 {
        let lines = cells.iter().map(|cell| cell.lines(size).len()).max();
        lines.unwrap_or_default() as f32 * size * LEADING
    }

    /// Texts side by side, each over as many lines as it needs.
    pub fn row(&mut self, cells: &[Cell], size: f32) {
        for cell in cells {
            for (number, text) in cell.lines(size).into_iter().enumerate() {
                let y = self.y + (number as f32 + 1.0) * size * LEADING;
                let x = match cell.column {
                    Column::From(x, _) => x,
                    Column::To(right) => right - cell.weight.width(&text, size),
                };
                let weight = cell.weight;
                self.put(Mark::Text {
                    x,
                    y,
                    size,
                    weight,
                    text,
                });
            }
        }
        self.y += Self::height_of(cells, size);
    }

    /// A line across the page, or several.
    pub fn line(&mut self, text: &str, size: f32, weight: Weight) {
        let cell = Cell {
            column: Column::From(LEFT, RIGHT - LEFT),
            weight,
            text: text.to_owned(),
        };
        self.row(&[cell], size);
    }
}

impl Cell {
    fn lines(&self, size: f32) -> Vec<String> {
        match self.column {
            Column::From(_, width) => wrapped(&self.text, width, size, self.weight),
            Column::To(_) => vec![self.text.clone()],
        }
    }
}

/// The lines of a text that is to be no wider than `width`. A word that is wider is broken.
pub fn wrapped(text: &str, width: f32, size: f32, weight: Weight) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let longer = match line.is_empty() {
                true => word.to_owned(),
                false => format!("{line} {word}"),
            };
            if weight.width(&longer, size) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if weight.width(&line, size) > width {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_its_place_and_no_letter_is_lost() {
        let text = "A ring of white gold Donaudampfschifffahrtselektrizitätenhauptbetriebswerk x";
        for width in [40.0, 120.0, 1_000.0] {
            let lines = wrapped(text, width, 10.0, Weight::Regular);
            for line in &lines {
                assert!(Weight::Regular.width(line, 10.0) <= width, "{line}");
            }
            let letters = |text: &str| text.replace(' ', "");
            assert_eq!(letters(&lines.concat()), letters(text));
        }
        assert_eq!(wrapped("a\n\nb", 100.0, 10.0, Weight::Bold), ["a", "", "b"]);
    }

    #[test]
    fn what_does_not_fit_goes_onto_another_page() {
        let mut sheets = Sheets::default();
        sheets.turn();
        let mut turned = 0;
        for number in 0..100 {
            turned += usize::from(!sheets.make_room(14.0));
            sheets.line(&number.to_string(), 10.0, Weight::Regular);
        }
        assert_eq!(sheets.pages.len(), 1 + turned);
        assert!(turned > 0);
        let marks: usize = sheets.pages.iter().map(Vec::len).sum();
        assert_eq!(marks, 100);
    }
}
