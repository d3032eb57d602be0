//! What a supplier gets: the order as a table and as PDF, and the signature of its messages.

use types::SupplierId;
use types::purchasing::PurchaseView;

/// The papers of purchase orders, and what their messages are signed with.
pub trait SupplierPapers: Send + Sync + 'static {
    /// # Errors
    /// Why it cannot be drawn.
    fn pdf(&self, order: &PurchaseView) -> Result<Vec<u8>, String>;

    /// The `webhook-signature` of a message to a supplier.
    fn sign(&self, supplier: &SupplierId, id: &str, at_s: i64, body: &[u8]) -> String;

    /// What a supplier checks signatures with.
    fn secret(&self, supplier: &SupplierId) -> String;
}

/// `Vega Solitaire Ring, White gold, EU 52`
pub(crate) fn title(title: &str, variant: &str) -> String {
    match variant.is_empty() {
        true => title.to_owned(),
        false => format!("{title}, {variant}"),
    }
}

/// The order as a table for other programs.
pub fn csv(order: &PurchaseView) -> String {
    let mut csv = "order,sku,title,ordered,received,unit cost,currency\r\n".to_owned();
    for it in &order.lines {
        let cost = it.line.unit_cost;
        let fields = [
            order.row.number.clone(),
            it.line.sku.to_string(),
            title(&it.title, &it.variant),
            it.line.ordered.to_string(),
            it.line.received.to_string(),
            format!("{}.{:02}", cost.minor / 100, cost.minor % 100),
            cost.currency.code().to_owned(),
        ];
        csv.push_str(&fields.map(|field| csv_field(&field)).join(","));
        csv.push_str("\r\n");
    }
    csv
}

/// Quoted; what a spreadsheet would take for a formula is text.
fn csv_field(text: &str) -> String {
    let guard = match text.starts_with(['=', '+', '-', '@', '\t']) {
        true => "'",
        false => "",
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_text_whatever_is_in_it() {
        assert_eq!(csv_field("A \"ring\""), "\"A \"\"ring\"\"\"");
        assert_eq!(csv_field("=1+1"), "\"'=1+1\"");
        assert_eq!(csv_field("-1"), "\"'-1\"");
    }
}
