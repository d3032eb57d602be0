//! What stands on an order to a supplier.

use types::purchasing::{PurchaseLineView, PurchaseView};

use crate::drawn::{PaperError, pdf};
use crate::fonts::Weight;
use crate::paper::{HOUSE, House, TEXT, TITLE, cell, date, headings, row};
use crate::sheet::{A4, Column, LEFT, RIGHT, Sheets};

/// An order to a supplier: what is wanted, and at what cost.
///
/// # Errors
/// When the PDF cannot be made.
pub fn purchase_order(house: House<'_>, order: &PurchaseView) -> Result<Vec<u8>, PaperError> {
    let mut sheets = Sheets::default();
    draw(&mut sheets, house, order);
    pdf(&format!("Order {}", order.row.number), A4, &sheets.pages)
}

fn draw(sheets: &mut Sheets, house: House<'_>, order: &PurchaseView) {
    sheets.turn();
    sheets.line(house.name, HOUSE, Weight::Regular);
    sheets.skip(18.0);
    let title = format!("Order {}", order.row.number);
    sheets.line(&title, TITLE, Weight::Bold);
    sheets.line(&date(order.row.opened_us), TEXT, Weight::Regular);
    sheets.skip(18.0);
    sheets.line(&order.supplier.name, TEXT, Weight::Regular);
    if !order.supplier.email.is_empty() {
        sheets.line(&order.supplier.email, TEXT, Weight::Regular);
    }
    sheets.skip(24.0);
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
    for it in &order.lines {
        let cost = it.line.unit_cost;
        let all = cost.checked_mul(it.line.ordered);
        let cells = [
            cell(what, Weight::Regular, described(it)),
            cell(pieces, Weight::Bold, it.line.ordered.to_string()),
            cell(each, Weight::Regular, cost.to_string()),
            cell(
                sum,
                Weight::Regular,
                all.map_or_else(String::new, |all| all.to_string()),
            ),
        ];
        row(sheets, &heads, &cells, false);
    }
    sheets.make_room(60.0);
    if let Some(total) = order.row.total {
        let cells = [
            cell(each, Weight::Bold, "Total"),
            cell(sum, Weight::Bold, total.to_string()),
        ];
        sheets.row(&cells, TEXT);
    }
}

fn described(it: &PurchaseLineView) -> String {
    let lines = [it.title.as_str(), &it.variant, it.line.sku.as_str()];
    let lines = lines.into_iter().filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use types::purchasing::{PurchaseLine, PurchaseRow, PurchaseStatus, SupplierDetails};
    use types::{Currency, Money};

    use super::*;
    use crate::sheet::Mark;

    fn order(lines: usize) -> PurchaseView {
        let cost = Money::new(99_600, Currency::Eur);
        let line = PurchaseLineView {
            line: PurchaseLine {
                sku: "AS-VEG-WG-50".parse().expect("a SKU"),
                ordered: 4,
                received: 0,
                unit_cost: cost,
                lead_time_days: 21,
            },
            title: "Vega Solitaire Ring".to_owned(),
            variant: "White gold, EU 50".to_owned(),
        };
        let id = "0199c0a0-1111-7aaa-8bbb-123456789abc";
        PurchaseView {
            row: PurchaseRow {
                id: id.parse().expect("an id"),
                number: "PO-6HB7H6NW".to_owned(),
                supplier: "arno".parse().expect("a supplier"),
                supplier_name: "Arno & Sons".to_owned(),
                status: PurchaseStatus::Approved,
                is_overdue: false,
                expected_us: 0,
                opened_us: 1_795_310_287_000_000,
                lines,
                ordered: 4,
                received: 0,
                total: cost.checked_mul(4),
            },
            supplier: SupplierDetails {
                name: "Arno & Sons".to_owned(),
                email: "orders@arno.example".to_owned(),
                webhook: String::new(),
                approve_up_to_minor: 0,
                gather_minutes: 0,
            },
            lines: vec![line; lines],
            revision: 1,
            is_sending: true,
            way: None,
            approve_at_us: 0,
            story: Vec::new(),
            position: 1,
        }
    }

    fn texts(lines: usize) -> Vec<String> {
        let mut sheets = Sheets::default();
        let name = "Aurel & Stone";
        draw(&mut sheets, House { name }, &order(lines));
        let marks = sheets.pages.into_iter().flatten();
        let texts = marks.filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn it_says_who_orders_what_of_whom_and_at_what_cost() {
        let texts = texts(1);
        for expected in [
            "Aurel & Stone",
            "Order PO-6HB7H6NW",
            "22 November 2026",
            "Arno & Sons",
            "AS-VEG-WG-50",
            "4",
            "€996.00",
            "€3,984.00",
        ] {
            assert!(
                texts.iter().any(|text| text == expected),
                "{expected}: {texts:?}"
            );
        }
        let pdf = purchase_order(House { name: "A" }, &order(1)).expect("a PDF");
        assert!(pdf.starts_with(b"%PDF-"));
    }

    #[test]
    fn many_lines_go_over_several_pages() {
        let skus = texts(200)
            .iter()
            .filter(|text| *text == "AS-VEG-WG-50")
            .count();
        assert_eq!(skus, 200);
    }
}
