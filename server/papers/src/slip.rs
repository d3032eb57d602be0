//! Packing slips: what lies in a parcel, without a price.

use types::papers::{Slip, SlipLine};

use crate::drawn::{PaperError, pdf};
use crate::fonts::Weight;
use crate::paper::{House, TEXT, cell, date, file_title, foot, head, headings, row};
use crate::sheet::{A4, Column, LEFT, RIGHT, Sheets};

/// # Errors
/// When the PDF cannot be made.
pub fn slips(house: House<'_>, slips: &[Slip]) -> Result<Vec<u8>, PaperError> {
    let mut sheets = Sheets::default();
    for slip in slips {
        draw(&mut sheets, house, slip);
    }
    let numbers: Vec<&str> = slips
        .iter()
        .map(|slip| slip.order_number.as_str())
        .collect();
    pdf(&file_title("Packing slip", &numbers), A4, &sheets.pages)
}

fn draw(sheets: &mut Sheets, house: House<'_>, slip: &Slip) {
    let what = match slip.parcel {
        Some(parcel) => parcel.title(),
        None => "Still to be packed".to_owned(),
    };
    let told = [what, format!("Ordered {}", date(slip.placed_at_us))];
    let title = format!("Packing slip {}", slip.order_number);
    head(sheets, house, &title, &told, &slip.to);
    let (pieces, what, sku) = (
        Column::To(LEFT + 56.0),
        Column::From(LEFT + 72.0, 270.0),
        Column::From(LEFT + 358.0, RIGHT - LEFT - 358.0),
    );
    let heads = [
        cell(pieces, Weight::Regular, "Pieces"),
        cell(what, Weight::Regular, "Piece"),
        cell(sku, Weight::Regular, "SKU"),
    ];
    headings(sheets, &heads);
    for line in &slip.lines {
        let gift = line.gift_note.as_ref();
        let gift = gift.map(|note| format!("\nGift note: \u{201c}{note}\u{201d}"));
        let gift = gift.unwrap_or_default();
        let described = format!("{}\n{}{gift}", line.title, line.variant);
        let cells = [
            cell(pieces, Weight::Bold, line.quantity.to_string()),
            cell(what, Weight::Regular, described),
            cell(sku, Weight::Regular, line.sku.to_string()),
        ];
        row(sheets, &heads, &cells, true);
    }
    sheets.make_room(40.0);
    sheets.skip(8.0);
    let place = if slip.parcel.is_some() {
        "in this parcel"
    } else {
        "in all"
    };
    let told = format!("{} {place}. {}.", slip.pieces(), slip.delivery_title);
    sheets.line(&told, TEXT, Weight::Regular);
    others(sheets, "In another parcel:", &slip.follows);
    for (number, lines) in &slip.before {
        others(sheets, &format!("Sent before, in parcel {number}:"), lines);
    }
    let notes = slip
        .lines
        .iter()
        .filter_map(|line| line.gift_note.as_deref());
    foot(sheets, &slip.to, notes);
}

/// What does not lie in this parcel.
fn others(sheets: &mut Sheets, title: &str, lines: &[SlipLine]) {
    if lines.is_empty() {
        return;
    }
    sheets.make_room(40.0);
    sheets.skip(10.0);
    sheets.line(title, TEXT, Weight::Bold);
    for line in lines {
        sheets.make_room(20.0);
        let told = format!("{} × {}, {}", line.quantity, line.title, line.variant);
        sheets.line(&told, TEXT, Weight::Regular);
    }
}

#[cfg(test)]
mod tests {
    use types::checkout::BillingAddress;
    use types::papers::SlipParcel;

    use super::*;
    use crate::sheet::Mark;

    const AUREL: House<'static> = House {
        name: "Aurel & Stone",
    };

    fn line(quantity: u32, gift_note: Option<&str>) -> SlipLine {
        SlipLine {
            sku: "AS-VEG-WG-50".parse().expect("a SKU"),
            title: "Vega Solitaire Ring".to_owned(),
            variant: "White gold, EU 50".to_owned(),
            quantity,
            gift_note: gift_note.map(str::to_owned),
        }
    }

    fn slip(name: &str, lines: usize) -> Slip {
        Slip {
            order_number: "V-6HB7H6NW".to_owned(),
            placed_at_us: 1_795_310_287_000_000,
            to: BillingAddress {
                name: name.to_owned(),
                street: "Main Street 1".to_owned(),
                street_2: String::new(),
                postal_code: "10115".to_owned(),
                city: "Berlin".to_owned(),
                country: "Germany".to_owned(),
            },
            delivery_title: "Standard delivery".to_owned(),
            parcel: Some(SlipParcel {
                id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                    .parse()
                    .expect("an id"),
                number: 2,
                at: 2,
                of: Some(3),
                replaces: None,
            }),
            lines: vec![line(2, Some("Für Zoë")); lines],
            follows: vec![line(1, None)],
            before: vec![(1, vec![line(4, None)])],
        }
    }

    fn texts(slip: &Slip) -> Vec<String> {
        let mut sheets = Sheets::default();
        draw(&mut sheets, AUREL, slip);
        let text = |mark: &Mark| match mark {
            Mark::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        sheets.pages.iter().flatten().filter_map(text).collect()
    }

    #[test]
    fn a_slip_has_the_address_what_is_inside_what_follows_what_was_sent_and_no_price() {
        let texts = texts(&slip("Ada Lovelace", 3));
        for expected in [
            "Packing slip V-6HB7H6NW",
            "Parcel 2 of 3",
            "Ordered 22 November 2026",
            "Ada Lovelace",
            "10115 Berlin",
            "Germany",
            "6 in this parcel. Standard delivery.",
            "In another parcel:",
            "1 × Vega Solitaire Ring, White gold, EU 50",
            "Sent before, in parcel 1:",
            "4 × Vega Solitaire Ring, White gold, EU 50",
        ] {
            assert!(
                texts.iter().any(|text| text == expected),
                "{expected}: {texts:?}"
            );
        }
        let notes = texts.iter().filter(|text| text.contains("Für Zoë"));
        assert_eq!(notes.count(), 3);
        assert!(!texts.iter().any(|text| text.contains('€')), "{texts:?}");
    }

    #[test]
    fn names_of_many_languages_are_in_the_font_and_others_are_told_of() {
        for (name, is_there) in [
            ("Łucja Żółć", true),
            ("Ελένη Παπαδοπούλου", true),
            ("Юлія Коваль", true),
            ("Nguyễn Thị Ánh", true),
            ("李雷", false),
        ] {
            let texts = texts(&slip(name, 1));
            let told = texts.iter().any(|text| text.contains("not in the font"));
            assert_eq!(told, !is_there, "{name}");
        }
    }

    #[test]
    fn every_slip_begins_a_page_of_a_pdf() {
        let made = slips(AUREL, &[slip("Ada Lovelace", 1), slip("李雷 & Łucja", 40)]);
        let pdf = made.expect("a PDF");
        assert!(pdf.starts_with(b"%PDF-"), "{:?}", &pdf[..8]);
        assert!(pdf.len() > 5_000, "fonts are embedded: {}", pdf.len());
    }
}
