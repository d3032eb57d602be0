//! What papers have in common: their head, their tables, and what stands at their foot.

use types::calendar::Day;
use types::checkout::BillingAddress;

use crate::fonts::Weight;
use crate::sheet::{Cell, Column, LEFT, Sheets};

/// Size of the text, in points.
pub(crate) const TEXT: f32 = 10.0;
pub(crate) const SMALL: f32 = 8.0;
pub(crate) const TITLE: f32 = 14.0;
pub(crate) const HOUSE: f32 = 20.0;

/// Whose papers they are.
#[derive(Debug, Clone, Copy)]
pub struct House<'a> {
    pub name: &'a str,
}

pub(crate) fn cell(column: Column, weight: Weight, text: impl Into<String>) -> Cell {
    Cell {
        column,
        weight,
        text: text.into(),
    }
}

/// `22 November 2026`
pub(crate) fn date(at_us: i64) -> String {
    let date = Day::of(at_us).date();
    format!("{} {} {}", date.day, date.month_name(), date.year)
}

/// What a paper is, for whom, and what it belongs to, line by line.
pub(crate) fn head(
    sheets: &mut Sheets,
    house: House<'_>,
    title: &str,
    told: &[String],
    to: &BillingAddress,
) {
    sheets.turn();
    sheets.line(house.name, HOUSE, Weight::Regular);
    sheets.skip(18.0);
    sheets.line(title, TITLE, Weight::Bold);
    for line in told {
        sheets.line(line, TEXT, Weight::Regular);
    }
    sheets.skip(18.0);
    for line in address(to) {
        sheets.line(&line, TEXT, Weight::Regular);
    }
    sheets.skip(24.0);
}

fn address(to: &BillingAddress) -> Vec<String> {
    let place = format!("{} {}", to.postal_code, to.city);
    [
        to.name.as_str(),
        &to.street,
        &to.street_2,
        &place,
        &to.country,
    ]
    .into_iter()
    .filter(|line| !line.is_empty())
    .map(str::to_owned)
    .collect()
}

/// A row of a table. One that does not fit goes onto another page, under the table's head.
pub(crate) fn row(sheets: &mut Sheets, heads: &[Cell], cells: &[Cell], with_box: bool) {
    if !sheets.make_room(Sheets::height_of(cells, TEXT) + 12.0) {
        headings(sheets, heads);
    }
    if with_box {
        sheets.tick_box(LEFT, TEXT);
    }
    sheets.row(cells, TEXT);
    sheets.skip(6.0);
    sheets.rule();
}

pub(crate) fn headings(sheets: &mut Sheets, heads: &[Cell]) {
    sheets.row(heads, SMALL);
    sheets.skip(4.0);
    sheets.rule();
}

/// Says where something is written whole, if it is not here.
pub(crate) fn foot<'a>(
    sheets: &mut Sheets,
    to: &BillingAddress,
    texts: impl Iterator<Item = &'a str>,
) {
    let has_all = |text: &str| Weight::Regular.has_all(&text.replace('\n', ""));
    let is_whole = address(to).iter().all(|text| has_all(text));
    if !is_whole || !texts.into_iter().all(has_all) {
        sheets.make_room(40.0);
        sheets.skip(12.0);
        let told = "Some letters are not in the font of this file. The page that the browser prints has \
                    them.";
        sheets.line(told, SMALL, Weight::Regular);
    }
}

/// `Invoice INV-6HB7H6NW`, or how many there are in the file.
pub(crate) fn file_title(kind: &str, numbers: &[&str]) -> String {
    match numbers {
        [number] => format!("{kind} {number}"),
        numbers => format!("{} × {kind}", numbers.len()),
    }
}
