//! The forms that shoppers post.

use form_urlencoded::Serializer;
use types::OrderId;

/// Who orders, and where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    pub email: &'static str,
    pub name: &'static str,
    pub street: &'static str,
    pub postal_code: &'static str,
    pub city: &'static str,
    pub country: &'static str,
}

/// A customer where it does not matter who it is.
pub const ADA: Customer = Customer {
    email: "ada.lovelace@example.com",
    name: "Ada Lovelace",
    street: "Unter den Linden 77",
    postal_code: "10117",
    city: "Berlin",
    country: "DE",
};

/// The form that puts pieces into the cart.
pub fn pieces(sku: &str, quantity: u32, gift_note: &str) -> String {
    Serializer::new(String::new())
        .append_pair("sku", sku)
        .append_pair("quantity", &quantity.to_string())
        .append_pair("gift_note", gift_note)
        .finish()
}

/// The form that places an order with standard delivery; without a card it is to be paid later.
pub fn order_form(
    id: OrderId,
    total_minor: i64,
    card: Option<&str>,
    customer: &Customer,
) -> String {
    Serializer::new(String::new())
        .append_pair("order_id", &id.to_string())
        .append_pair("email", customer.email)
        .append_pair("name", customer.name)
        .append_pair("street", customer.street)
        .append_pair("postal_code", customer.postal_code)
        .append_pair("city", customer.city)
        .append_pair("country", customer.country)
        .append_pair("delivery", "standard")
        .append_pair("payment_token", card.unwrap_or_default())
        .append_pair("expected_total_minor", &total_minor.to_string())
        .finish()
}

/// The form that gives an order another card, or, without one, cancels it.
pub fn about_order(id: OrderId, card: Option<&str>) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("order_id", &id.to_string());
    if let Some(card) = card {
        form.append_pair("payment_token", card);
    }
    form.finish()
}
