//! What stands on the papers of an order.

use types::calendar::Day;
use types::checkout::BillingAddress;
use types::order::{Order, OrderLine};

use crate::drawn::{PaperError, pdf};
use crate::fonts::Weight;
use crate::sheet::{A4, Cell, Column, LEFT, RIGHT, Sheets};

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

/// What lies in the parcels: no price on them.
///
/// # Errors
/// When the PDF cannot be made.
pub fn slips(house: House<'_>, orders: &[Order]) -> Result<Vec<u8>, PaperError> {
    let mut sheets = Sheets::default();
    for order in orders {
        slip(&mut sheets, house, order);
    }
    pdf(&title("Packing slip", orders), A4, &sheets.pages)
}

/// # Errors
/// When the PDF cannot be made.
pub fn invoices(house: House<'_>, orders: &[Order]) -> Result<Vec<u8>, PaperError> {
    let mut sheets = Sheets::default();
    for order in orders {
        invoice(&mut sheets, house, order);
    }
    pdf(&title("Invoice", orders), A4, &sheets.pages)
}

fn title(kind: &str, orders: &[Order]) -> String {
    match orders {
        [order] => format!("{kind} {}", order.number),
        orders => format!("{kind}s of {} orders", orders.len()),
    }
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

fn head(sheets: &mut Sheets, house: House<'_>, kind: &str, order: &Order, to: &BillingAddress) {
    sheets.turn();
    sheets.line(house.name, HOUSE, Weight::Regular);
    sheets.skip(18.0);
    sheets.line(&format!("{kind} {}", order.number), TITLE, Weight::Bold);
    let ordered = format!("Ordered {}", date(order.placed_at_us));
    sheets.line(&ordered, TEXT, Weight::Regular);
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

/// Says where a name is written whole, if it is not here.
fn foot(sheets: &mut Sheets, order: &Order, to: &BillingAddress) {
    let texts = address(to).into_iter();
    let notes = order.lines.iter().filter_map(|line| line.gift_note.clone());
    if !texts
        .chain(notes)
        .all(|text| Weight::Regular.has_all(&text.replace('\n', "")))
    {
        sheets.make_room(40.0);
        sheets.skip(12.0);
        let told = "Some letters are not in the font of this file. The page that the browser prints has \
                    them.";
        sheets.line(told, SMALL, Weight::Regular);
    }
}

fn slip(sheets: &mut Sheets, house: House<'_>, order: &Order) {
    let to = order.ship_to();
    head(sheets, house, "Packing slip", order, &to);
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
    for line in &order.lines {
        let gift = line.gift_note.as_ref();
        let gift = gift.map(|note| format!("\nGift note: \u{201c}{note}\u{201d}"));
        let gift = gift.unwrap_or_default();
        let cells = [
            cell(pieces, Weight::Bold, line.quantity.to_string()),
            cell(what, Weight::Regular, described(line) + &gift),
            cell(sku, Weight::Regular, line.sku.to_string()),
        ];
        row(sheets, &heads, &cells, true);
    }
    sheets.skip(8.0);
    let pieces: u32 = order.lines.iter().map(|line| line.quantity).sum();
    let told = format!("{pieces} in all. {}.", order.delivery.title());
    sheets.line(&told, TEXT, Weight::Regular);
    foot(sheets, order, &to);
}

fn described(line: &OrderLine) -> String {
    format!("{}\n{}", line.title, line.variant)
}

fn invoice(sheets: &mut Sheets, house: House<'_>, order: &Order) {
    let to = order.bill_to();
    head(sheets, house, "Invoice", order, &to);
    let (what, pieces, each, sum) = (
        Column::From(LEFT, 270.0),
        Column::To(LEFT + 320.0),
        Column::To(LEFT + 400.0),
        Column::To(RIGHT),
    );
    let heads = [
        cell(what, Weight::Regular, "Piece"),
        cell(pieces, Weight::Regular, "Pieces"),
        cell(each, Weight::Regular, "Each"),
        cell(sum, Weight::Regular, "Sum"),
    ];
    headings(sheets, &heads);
    for line in &order.lines {
        let all = line.unit_price.checked_mul(line.quantity);
        let cells = [
            cell(
                what,
                Weight::Regular,
                format!("{}\n{}", described(line), line.sku),
            ),
            cell(pieces, Weight::Regular, line.quantity.to_string()),
            cell(each, Weight::Regular, line.unit_price.to_string()),
            cell(
                sum,
                Weight::Regular,
                all.map_or_else(String::new, |all| all.to_string()),
            ),
        ];
        row(sheets, &heads, &cells, false);
    }
    sheets.make_room(60.0);
    let totals = order.totals;
    for (name, amount, weight) in [
        ("Subtotal", totals.subtotal, Weight::Regular),
        (order.delivery.title(), totals.delivery, Weight::Regular),
        ("Total, VAT included", totals.total, Weight::Bold),
    ] {
        let cells = [
            cell(each, weight, name),
            cell(sum, weight, amount.to_string()),
        ];
        sheets.row(&cells, TEXT);
    }
    foot(sheets, order, &to);
}

#[cfg(test)]
mod tests {
    use types::cart::Totals;
    use types::catalogue::Image;
    use types::checkout::DeliveryMethod;
    use types::order::{OrderStatus, Progress};
    use types::{Currency, Money};

    use super::*;
    use crate::sheet::Mark;

    const AUREL: House<'static> = House {
        name: "Aurel & Stone",
    };

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::Eur)
    }

    fn order(name: &str, lines: usize) -> Order {
        let line = OrderLine {
            sku: "AS-VEG-WG-50".parse().expect("a SKU"),
            product: "vega-solitaire-ring".parse().expect("a slug"),
            title: "Vega Solitaire Ring".to_owned(),
            variant: "White gold, EU 50".to_owned(),
            image: Image {
                src: String::new(),
                alt: String::new(),
                width: 1,
                height: 1,
                metal: String::new(),
            },
            quantity: 2,
            gift_note: Some("Für Zoë".to_owned()),
            unit_price: eur(249_000),
        };
        let total = eur(498_000 * i64::try_from(lines).expect("few"));
        Order {
            id: "0199c0a0-1111-7aaa-8bbb-123456789abc"
                .parse()
                .expect("an id"),
            number: "V-6HB7H6NW".to_owned(),
            email: "ada@example.com".to_owned(),
            name: name.to_owned(),
            street: "Main Street 1".to_owned(),
            street_2: String::new(),
            postal_code: "10115".to_owned(),
            city: "Berlin".to_owned(),
            country: "DE".to_owned(),
            phone: String::new(),
            billing: None,
            is_own: false,
            delivery: DeliveryMethod::Standard,
            lines: vec![line; lines],
            totals: Totals {
                subtotal: total,
                delivery: eur(0),
                total,
            },
            placed_at_us: 1_795_310_287_000_000,
            progress: Progress {
                status: OrderStatus::Confirmed,
                steps: Vec::new(),
                reserved_until_us: None,
            },
            position: 0,
        }
    }

    fn texts(sheets: &Sheets) -> Vec<String> {
        let text = |mark: &Mark| match mark {
            Mark::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        sheets.pages.iter().flatten().filter_map(text).collect()
    }

    #[test]
    fn a_slip_has_the_address_and_every_line_and_no_price() {
        let mut sheets = Sheets::default();
        slip(&mut sheets, AUREL, &order("Ada Lovelace", 3));
        let texts = texts(&sheets);
        for expected in [
            "Packing slip V-6HB7H6NW",
            "Ordered 22 November 2026",
            "Ada Lovelace",
            "10115 Berlin",
            "Germany",
            "6 in all. Standard delivery.",
        ] {
            assert!(
                texts.iter().any(|text| text == expected),
                "{expected}: {texts:?}"
            );
        }
        let notes = texts.iter().filter(|text| text.contains("Für Zoë"));
        assert_eq!(notes.count(), 3);
        assert!(!texts.iter().any(|text| text.contains('€')), "{texts:?}");
        let boxes = sheets.pages.iter().flatten();
        assert_eq!(boxes.filter(|m| matches!(m, Mark::Box { .. })).count(), 3);
    }

    #[test]
    fn an_invoice_of_many_lines_has_its_headings_on_every_page_and_one_total() {
        let mut sheets = Sheets::default();
        invoice(&mut sheets, AUREL, &order("Ada Lovelace", 50));
        assert!(sheets.pages.len() > 2, "{}", sheets.pages.len());
        let texts = texts(&sheets);
        let count = |wanted: &str| texts.iter().filter(|text| *text == wanted).count();
        assert_eq!(count("Each"), sheets.pages.len());
        assert_eq!(count("€249,000.00"), 2, "subtotal and total");
        assert_eq!(count("€4,980.00"), 50);
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
            let mut sheets = Sheets::default();
            slip(&mut sheets, AUREL, &order(name, 1));
            let texts = texts(&sheets);
            let told = texts.iter().any(|text| text.contains("not in the font"));
            assert_eq!(told, !is_there, "{name}");
        }
    }

    #[test]
    fn every_order_begins_a_page_of_a_pdf() {
        let orders = [order("Ada Lovelace", 1), order("李雷 & Łucja", 40)];
        for made in [slips(AUREL, &orders), invoices(AUREL, &orders)] {
            let pdf = made.expect("a PDF");
            assert!(pdf.starts_with(b"%PDF-"), "{:?}", &pdf[..8]);
            assert!(pdf.len() > 5_000, "fonts are embedded: {}", pdf.len());
        }
    }
}
