//! Who comes to the demo shop, and with which test cards.

use anyhow::Context;
use rand::Rng;
use serde_json::json;
use shopper::forms::Customer;
use shopper::http::Connection;
use shopper::target::Target;

/// Where the test gateway takes cards.
const TOKENS: &str = "/test-gateway/tokens";
pub const GOOD_CARD: &str = "4242424242424242";
/// Cards that are declined, with what their owner says of it.
pub const DECLINED: [(&str, &str); 3] = [
    ("4000000000000002", "is declined"),
    ("4000000000009995", "has too little on it"),
    ("4000000000000069", "has expired"),
];

const fn customer(
    name: &'static str,
    email: &'static str,
    street: &'static str,
    postal_code: &'static str,
    city: &'static str,
    country: &'static str,
) -> Customer {
    Customer {
        email,
        name,
        street,
        postal_code,
        city,
        country,
    }
}

/// Invented people; their mail goes nowhere.
const CUSTOMERS: [Customer; 10] = [
    customer(
        "Nora Lindgren",
        "nora@example.com",
        "Storgatan 4",
        "114 55",
        "Stockholm",
        "SE",
    ),
    customer(
        "Tomás Ferreira",
        "tomas@example.com",
        "Rua do Século 12",
        "1200-433",
        "Lisbon",
        "PT",
    ),
    customer(
        "Greta Hofmann",
        "greta@example.com",
        "Lindenweg 9",
        "80331",
        "Munich",
        "DE",
    ),
    customer(
        "Aoife Brennan",
        "aoife@example.com",
        "3 Harbour Row",
        "D01 X4H7",
        "Dublin",
        "IE",
    ),
    customer(
        "Lucas Moreau",
        "lucas@example.com",
        "18 rue des Lilas",
        "69001",
        "Lyon",
        "FR",
    ),
    customer(
        "Elif Jansen",
        "elif@example.com",
        "Prinsengracht 210",
        "1016 HD",
        "Amsterdam",
        "NL",
    ),
    customer(
        "Marta Ruiz",
        "marta@example.com",
        "Calle Mayor 31",
        "46001",
        "Valencia",
        "ES",
    ),
    customer(
        "Matteo Conti",
        "matteo@example.com",
        "Via dei Fiori 7",
        "50122",
        "Florence",
        "IT",
    ),
    customer(
        "Sanna Virtanen",
        "sanna@example.com",
        "Kalevankatu 15",
        "00100",
        "Helsinki",
        "FI",
    ),
    customer(
        "Jonas Holm",
        "jonas@example.com",
        "Nørregade 22",
        "1165",
        "Copenhagen",
        "DK",
    ),
];

pub fn anybody(rng: &mut impl Rng) -> &'static Customer {
    &CUSTOMERS[rng.random_range(0..CUSTOMERS.len())]
}

/// `Nora from Stockholm`
pub fn called(customer: &Customer) -> String {
    let first = customer.name.split(' ').next().unwrap_or(customer.name);
    format!("{first} from {}", customer.city)
}

/// Shows a card to the gateway; answers with its token.
pub async fn show_card(
    connection: &mut Connection,
    target: &Target,
    number: &str,
) -> anyhow::Result<String> {
    #[derive(serde::Deserialize)]
    struct Token {
        token: String,
    }
    let card = json!({ "number": number, "exp_month": 12, "exp_year": 2039, "cvc": "123" });
    let answer = connection.post_json(target, TOKENS, &card).await?;
    let token: Token = serde_json::from_str(&answer).context("a token that cannot be read")?;
    Ok(token.token)
}

#[cfg(test)]
mod tests {
    use types::checkout::COUNTRIES;

    use super::*;

    #[test]
    fn the_shop_delivers_to_everybody() {
        for each in &CUSTOMERS {
            let is_served = COUNTRIES.iter().any(|(code, _)| *code == each.country);
            assert!(is_served, "{}", each.country);
        }
        assert_eq!(called(&CUSTOMERS[0]), "Nora from Stockholm");
    }
}
