//! Invoices and credit notes.

use types::Money;
use types::papers::{CreditNote, Invoice, PaperLine, Vat};

use crate::drawn::{PaperError, pdf};
use crate::fonts::Weight;
use crate::paper::{House, SMALL, TEXT, cell, date, file_title, foot, head, headings, row};
use crate::sheet::{A4, Cell, Column, LEFT, RIGHT, Sheets};

/// # Errors
/// When the PDF cannot be made.
pub fn invoices(house: House<'_>, invoices: &[Invoice]) -> Result<Vec<u8>, PaperError> {
    let mut sheets = Sheets::default();
    for invoice in invoices {
        draw_invoice(&mut sheets, house, invoice);
    }
    let numbers: Vec<&str> = invoices.iter().map(|it| it.number.as_str()).collect();
    pdf(&file_title("Invoice", &numbers), A4, &sheets.pages)
}

/// # Errors
/// When the PDF cannot be made.
pub fn credit_notes(house: House<'_>, notes: &[CreditNote]) -> Result<Vec<u8>, PaperError> {
    let mut sheets = Sheets::default();
    for note in notes {
        draw_note(&mut sheets, house, note);
    }
    let numbers: Vec<&str> = notes.iter().map(|it| it.number.as_str()).collect();
    pdf(&file_title("Credit note", &numbers), A4, &sheets.pages)
}

const WHAT: Column = Column::From(LEFT, 270.0);
const PIECES: Column = Column::To(LEFT + 320.0);
const EACH: Column = Column::To(LEFT + 400.0);
const SUM: Column = Column::To(RIGHT);

fn heads() -> [Cell; 4] {
    [
        cell(WHAT, Weight::Regular, "Piece"),
        cell(PIECES, Weight::Regular, "Pieces"),
        cell(EACH, Weight::Regular, "Each"),
        cell(SUM, Weight::Regular, "Sum"),
    ]
}

fn table(sheets: &mut Sheets, lines: &[PaperLine]) {
    let heads = heads();
    headings(sheets, &heads);
    for line in lines {
        let described = format!("{}\n{}\n{}", line.title, line.variant, line.sku);
        let cells = [
            cell(WHAT, Weight::Regular, described),
            cell(PIECES, Weight::Regular, line.quantity.to_string()),
            cell(EACH, Weight::Regular, line.unit_price.to_string()),
            cell(SUM, Weight::Regular, line.total.to_string()),
        ];
        row(sheets, &heads, &cells, false);
    }
}

fn sum(sheets: &mut Sheets, name: &str, amount: Money, weight: Weight) {
    sheets.make_room(16.0);
    let cells = [
        cell(EACH, weight, name),
        cell(SUM, weight, amount.to_string()),
    ];
    sheets.row(&cells, TEXT);
}

fn tax(sheets: &mut Sheets, vat: Vat) {
    let name = format!("{} included", vat.title());
    sum(sheets, &name, vat.amount, Weight::Regular);
}

fn draw_invoice(sheets: &mut Sheets, house: House<'_>, it: &Invoice) {
    let title = format!("Invoice {}", it.number);
    let told = [
        format!("Of {}", date(it.issued_at_us)),
        format!(
            "Order {}, placed {}",
            it.order_number,
            date(it.placed_at_us)
        ),
    ];
    head(sheets, house, &title, &told, &it.to);
    table(sheets, &it.lines);
    sheets.make_room(80.0);
    sum(sheets, &it.delivery_title, it.delivery, Weight::Regular);
    if let Some(other) = it.other {
        sum(sheets, "Charged otherwise", other, Weight::Regular);
    }
    sum(sheets, "Total", it.total, Weight::Bold);
    tax(sheets, it.vat);
    sheets.skip(8.0);
    sum(sheets, "Paid", it.paid, Weight::Regular);
    sum(sheets, "Outstanding", it.outstanding, Weight::Regular);
    for (number, amount) in &it.credits {
        sum(
            sheets,
            &format!("Given back, {number}"),
            *amount,
            Weight::Regular,
        );
    }
    if !it.cancelled.is_empty() || it.cancelled_delivery.is_some() {
        sheets.make_room(60.0);
        sheets.skip(16.0);
        sheets.line("Cancelled, and not charged", TEXT, Weight::Bold);
        for line in &it.cancelled {
            sheets.make_room(20.0);
            let told = format!("{} × {}, {}", line.quantity, line.title, line.variant);
            sheets.line(&told, TEXT, Weight::Regular);
        }
        if it.cancelled_delivery.is_some() {
            sheets.line(&it.delivery_title, TEXT, Weight::Regular);
        }
    }
    foot(sheets, &it.to, std::iter::empty());
}

fn draw_note(sheets: &mut Sheets, house: House<'_>, it: &CreditNote) {
    let title = format!("Credit note {}", it.number);
    let told = [
        format!("Of {}", date(it.issued_at_us)),
        format!(
            "For invoice {}, order {}",
            it.invoice_number, it.order_number
        ),
        it.cause.clone(),
    ];
    head(sheets, house, &title, &told, &it.to);
    if !it.lines.is_empty() {
        table(sheets, &it.lines);
    }
    sheets.make_room(60.0);
    if let Some(delivery) = it.delivery {
        sum(sheets, &it.delivery_title, delivery, Weight::Regular);
    }
    if let Some(other) = it.other {
        sum(sheets, "Agreed otherwise", other, Weight::Regular);
    }
    sum(sheets, "Given back", it.total, Weight::Bold);
    tax(sheets, it.vat);
    sheets.skip(12.0);
    let told = "It goes the way it was paid; a bank may take a few days to show it.";
    sheets.line(told, SMALL, Weight::Regular);
    foot(sheets, &it.to, [it.cause.as_str()].into_iter());
}

#[cfg(test)]
mod tests {
    use types::checkout::BillingAddress;
    use types::{Currency, OrderId};

    use super::*;
    use crate::sheet::Mark;

    const AUREL: House<'static> = House {
        name: "Aurel & Stone",
    };

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::Eur)
    }

    fn id() -> OrderId {
        "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id")
    }

    fn to() -> BillingAddress {
        BillingAddress {
            name: "Ada Lovelace".to_owned(),
            street: "Main Street 1".to_owned(),
            street_2: String::new(),
            postal_code: "10115".to_owned(),
            city: "Berlin".to_owned(),
            country: "Germany".to_owned(),
        }
    }

    fn line() -> PaperLine {
        PaperLine {
            sku: "AS-VEG-WG-50".parse().expect("a SKU"),
            title: "Vega Solitaire Ring".to_owned(),
            variant: "White gold, EU 50".to_owned(),
            quantity: 2,
            unit_price: eur(249_000),
            total: eur(498_000),
        }
    }

    fn invoice(lines: usize) -> Invoice {
        Invoice {
            number: "INV-6HB7H6NW".to_owned(),
            order_id: id(),
            order_number: "V-6HB7H6NW".to_owned(),
            issued_at_us: 1_795_310_287_000_000,
            placed_at_us: 1_795_310_287_000_000,
            to: to(),
            lines: vec![line(); lines],
            delivery_title: "Standard delivery".to_owned(),
            delivery: eur(690),
            cancelled: vec![line()],
            cancelled_delivery: None,
            other: None,
            total: eur(498_690),
            vat: Vat {
                basis_points: 1_900,
                amount: eur(79_623),
            },
            paid: eur(400_000),
            outstanding: eur(98_690),
            credits: vec![("CN-6HB7H6NW-1".to_owned(), eur(2_000))],
        }
    }

    fn note(lines: Vec<PaperLine>) -> CreditNote {
        CreditNote {
            number: "CN-6HB7H6NW-1".to_owned(),
            refund_id: id().to_string().parse().expect("an id"),
            order_id: id(),
            order_number: "V-6HB7H6NW".to_owned(),
            invoice_number: "INV-6HB7H6NW".to_owned(),
            issued_at_us: 1_795_310_287_000_000,
            placed_at_us: 1_795_310_287_000_000,
            to: to(),
            cause: "Refund: a scratch".to_owned(),
            lines,
            delivery_title: "Standard delivery".to_owned(),
            delivery: None,
            other: None,
            total: eur(2_000),
            vat: Vat {
                basis_points: 1_900,
                amount: eur(319),
            },
        }
    }

    fn texts(sheets: &Sheets) -> Vec<String> {
        let text = |mark: &Mark| match mark {
            Mark::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        sheets.pages.iter().flatten().filter_map(text).collect()
    }

    #[track_caller]
    fn has(texts: &[String], expected: &[&str]) {
        for expected in expected {
            assert!(
                texts.iter().any(|it| it == expected),
                "{expected}: {texts:?}"
            );
        }
    }

    #[test]
    fn an_invoice_says_what_is_charged_paid_outstanding_given_back_and_not_charged() {
        let mut sheets = Sheets::default();
        draw_invoice(&mut sheets, AUREL, &invoice(1));
        has(
            &texts(&sheets),
            &[
                "Invoice INV-6HB7H6NW",
                "Order V-6HB7H6NW, placed 22 November 2026",
                "€4,986.90",
                "19 % VAT included",
                "€796.23",
                "Outstanding",
                "€986.90",
                "Given back, CN-6HB7H6NW-1",
                "Cancelled, and not charged",
            ],
        );
    }

    #[test]
    fn an_invoice_of_many_lines_has_its_headings_on_every_page_and_one_total() {
        let mut sheets = Sheets::default();
        draw_invoice(&mut sheets, AUREL, &invoice(50));
        assert!(sheets.pages.len() > 2, "{}", sheets.pages.len());
        let texts = texts(&sheets);
        let count = |wanted: &str| texts.iter().filter(|text| *text == wanted).count();
        assert!(count("Each") >= sheets.pages.len() - 1);
        assert_eq!((count("Total"), count("€4,980.00")), (1, 50));
    }

    #[test]
    fn a_credit_note_names_its_invoice_and_its_cause_and_has_a_table_only_of_pieces() {
        let mut sheets = Sheets::default();
        draw_note(&mut sheets, AUREL, &note(Vec::new()));
        let plain = texts(&sheets);
        has(
            &plain,
            &[
                "Credit note CN-6HB7H6NW-1",
                "For invoice INV-6HB7H6NW, order V-6HB7H6NW",
                "Refund: a scratch",
                "€20.00",
                "€3.19",
            ],
        );
        assert!(!plain.iter().any(|text| text == "Pieces"), "{plain:?}");
        let pdf = credit_notes(AUREL, &[note(vec![line()])]).expect("a PDF");
        assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 5_000);
        let pdf = invoices(AUREL, &[invoice(1), invoice(40)]).expect("a PDF");
        assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 5_000);
    }
}
