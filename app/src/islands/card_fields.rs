//! The card: three inputs whose content goes to the payment gateway and nowhere else. The shop gets
//! a token for it.

use leptos::html::Input;
use leptos::prelude::*;
use types::FieldError;

use super::field::{Complaint, complaint, forget, judge};

/// The inputs of one card form.
#[derive(Clone, Copy)]
pub struct Card {
    number: NodeRef<Input>,
    expiry: NodeRef<Input>,
    cvc: NodeRef<Input>,
    /// Complaints about the whole form, the card's among them.
    pub errors: RwSignal<Vec<FieldError>>,
}

impl Card {
    pub fn new(errors: RwSignal<Vec<FieldError>>) -> Self {
        Self {
            number: NodeRef::new(),
            expiry: NodeRef::new(),
            cvc: NodeRef::new(),
            errors,
        }
    }
}

/// Number, expiry and security code. `named` only in a form that posts to the gateway itself: a
/// nameless input is not sent anywhere, whatever happens to the script.
#[component]
pub fn CardFields(card: Card, #[prop(optional)] named: bool) -> impl IntoView {
    let errors = card.errors;
    let wrong = move |field: &'static str| complaint(field, errors).is_some();
    let invalid = move |field| move || wrong(field).then_some("true");
    let described = move |field| move || wrong(field).then(|| format!("{field}-error"));
    view! {
        <div class="card-fields">
            <div class="field card-fields__number" data-field="number">
                <label class="field__label" for="number">"Card number"</label>
                <input
                    class="input"
                    id="number"
                    node_ref=card.number
                    name=named.then_some("number")
                    r#type="text"
                    autocomplete="cc-number"
                    inputmode="numeric"
                    maxlength="23"
                    required=named
                    aria-invalid=invalid("number")
                    aria-describedby=described("number")
                    on:input=move |_| {
                        rewrite(card.number, group_number);
                        forget("number", errors);
                    }
                    on:change:target=move |event| {
                        judge("number", number_complaint(&event.target().value()), errors);
                    }
                />
                <Complaint field="number" errors />
            </div>
            <div class="field" data-field="expiry">
                <label class="field__label" for="expiry">"Expiry date"</label>
                <input
                    class="input"
                    id="expiry"
                    node_ref=card.expiry
                    name=named.then_some("expiry")
                    r#type="text"
                    autocomplete="cc-exp"
                    inputmode="numeric"
                    placeholder="MM / YY"
                    maxlength="9"
                    required=named
                    aria-invalid=invalid("expiry")
                    aria-describedby=described("expiry")
                    on:input=move |_| {
                        rewrite(card.expiry, group_expiry);
                        forget("expiry", errors);
                    }
                    on:change:target=move |event| {
                        judge("expiry", expiry_complaint(&event.target().value()), errors);
                    }
                />
                <Complaint field="expiry" errors />
            </div>
            <div class="field" data-field="cvc">
                <label class="field__label" for="cvc">"Security code"</label>
                <input
                    class="input"
                    id="cvc"
                    node_ref=card.cvc
                    name=named.then_some("cvc")
                    r#type="text"
                    autocomplete="cc-csc"
                    inputmode="numeric"
                    maxlength="4"
                    required=named
                    aria-invalid=invalid("cvc")
                    aria-describedby=described("cvc")
                    on:input=move |_| forget("cvc", errors)
                    on:change:target=move |event| {
                        judge("cvc", cvc_complaint(&event.target().value()), errors);
                    }
                />
                <Complaint field="cvc" errors />
            </div>
        </div>
        <p class="card-hint">
            "Test gateway: " <span class="card-hint__number">"4242 4242 4242 4242"</span>
            " is accepted, …0002 is declined, …9995 has insufficient funds, 4000\u{a0}0025\u{a0}0000\u{a0}3155 asks you first. Any future date and code."
        </p>
    }
}

/// What can be seen to be wrong with a number before the gateway is asked.
fn number_complaint(typed: &str) -> Option<String> {
    let digits: Vec<u32> = typed.chars().filter_map(|c| c.to_digit(10)).collect();
    let message = match digits.len() {
        0 => "Enter your card number.",
        12..=19 if passes_luhn(&digits) => return None,
        1..12 => "This card number is not complete.",
        _ => "This card number is mistyped.",
    };
    Some(message.to_owned())
}

/// Source: ISO/IEC 7812-1, annex B: the check digit that catches most slips.
fn passes_luhn(digits: &[u32]) -> bool {
    let doubled = |(at, digit): (usize, &u32)| match at % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    sum.is_multiple_of(10)
}

fn expiry_complaint(typed: &str) -> Option<String> {
    let message = "Enter the expiry date, like 08\u{a0}/\u{a0}29.";
    expiry(typed).is_none().then(|| message.to_owned())
}

fn cvc_complaint(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let is_code = matches!(typed.len(), 3 | 4) && typed.bytes().all(|b| b.is_ascii_digit());
    (!is_code).then(|| "Enter the 3 or 4 digits.".to_owned())
}

/// Sets what was typed apart for reading, but only while typing at the end: a caret that stands
/// elsewhere must stay where it is.
fn rewrite(input: NodeRef<Input>, group: fn(&str) -> String) {
    #[cfg(feature = "hydrate")]
    if let Some(input) = input.get_untracked() {
        let typed = input.value();
        let at_end = input.selection_start().ok().flatten() == Some(typed.chars().count() as u32);
        let grouped = group(&typed);
        if at_end && grouped != typed {
            input.set_value(&grouped);
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (input, group);
}

/// `4242424242` → `4242 4242 42`.
fn group_number(typed: &str) -> String {
    let digits: Vec<char> = typed
        .chars()
        .filter(char::is_ascii_digit)
        .take(19)
        .collect();
    digits
        .chunks(4)
        .map(|four| four.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

/// `1234` → `12 / 34`. A slash that was typed or deleted is left as it is.
fn group_expiry(typed: &str) -> String {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    match digits.len() {
        3..=4 if !typed.contains('/') => format!("{} / {}", &digits[..2], &digits[2..]),
        _ => typed.to_owned(),
    }
}

/// Month and year, from `12/34`, `12 / 2034` or `1234`.
fn expiry(typed: &str) -> Option<(u32, u32)> {
    let (month, year) = match typed.split_once('/') {
        Some((month, year)) => (month.trim(), year.trim()),
        None if typed.trim().len() == 4 => typed.trim().split_at_checked(2)?,
        None => return None,
    };
    let (month, year): (u32, u32) = (month.parse().ok()?, year.parse().ok()?);
    let year = if year < 100 { year + 2000 } else { year };
    (1..=12).contains(&month).then_some((month, year))
}

#[cfg(feature = "hydrate")]
mod gateway {
    use leptos::prelude::GetUntracked;
    use leptos::server_fn::client::{Client, browser::BrowserClient};
    use leptos::server_fn::request::ClientReq;
    use leptos::server_fn::response::ClientRes;
    use serde::{Deserialize, Serialize};
    use types::{FieldError, Problem};

    use super::{Card, cvc_complaint, expiry, expiry_complaint, number_complaint};
    use crate::api::ApiError;

    const ADDRESS: &str = "/test-gateway/tokens";

    #[derive(Serialize)]
    struct CardDetails {
        number: String,
        exp_month: u32,
        exp_year: u32,
        cvc: String,
    }

    #[derive(Deserialize)]
    struct Token {
        token: String,
    }

    impl Card {
        /// What can be seen to be missing before anybody is asked.
        pub fn complaints(self) -> Vec<FieldError> {
            let [number, expires, cvc] = self.typed();
            let complaints = [
                ("number", number_complaint(&number)),
                ("expiry", expiry_complaint(&expires)),
                ("cvc", cvc_complaint(&cvc)),
            ];
            let told = complaints.into_iter();
            told.filter_map(|(field, message)| Some(FieldError::new(field, message?)))
                .collect()
        }

        /// Gives the card to the gateway and takes the token it answers with.
        pub async fn tokenise(self) -> Result<String, Problem> {
            let [number, expires, cvc] = self.typed();
            let errors = self.complaints();
            let Some((exp_month, exp_year)) = expiry(&expires).filter(|_| errors.is_empty()) else {
                return Err(Problem::invalid(errors));
            };
            let number = number.chars().filter(|c| !c.is_whitespace()).collect();
            let details = CardDetails {
                number,
                exp_month,
                exp_year,
                cvc: cvc.trim().to_owned(),
            };
            let body = serde_json::to_string(&details).map_err(|_| Problem::internal())?;
            ask(body).await.map_err(|ApiError(problem)| problem)
        }

        /// Forgets what was typed: nobody else who comes to this page shall find it.
        pub fn clear(self) {
            for input in [self.number, self.expiry, self.cvc] {
                if let Some(input) = input.get_untracked() {
                    input.set_value("");
                }
            }
        }

        fn typed(self) -> [String; 3] {
            [self.number, self.expiry, self.cvc].map(|input| {
                input
                    .get_untracked()
                    .map(|input| input.value())
                    .unwrap_or_default()
            })
        }
    }

    async fn ask(body: String) -> Result<String, ApiError> {
        type Request = <BrowserClient as Client<ApiError>>::Request;
        const JSON: &str = "application/json";
        let request = <Request as ClientReq<ApiError>>::try_new_post(ADDRESS, JSON, JSON, body)?;
        let response = <BrowserClient as Client<ApiError>>::send(request).await?;
        let accepted = (200..300).contains(&ClientRes::<ApiError>::status(&response));
        let text = ClientRes::<ApiError>::try_into_string(response).await?;
        if accepted {
            let unreadable = |_| ApiError(Problem::internal());
            return serde_json::from_str::<Token>(&text)
                .map(|t| t.token)
                .map_err(unreadable);
        }
        let silent = |_| Problem::unavailable("The bank cannot be reached just now. Try again.");
        Err(ApiError(serde_json::from_str(&text).unwrap_or_else(silent)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_grouped_by_four() {
        assert_eq!(group_number("42424242424"), "4242 4242 424");
        assert_eq!(group_number("4242 4242"), "4242 4242");
        assert_eq!(group_number("abc"), "");
    }

    #[test]
    fn what_can_be_seen_to_be_wrong_with_a_card_is_told_at_once() {
        assert_eq!(number_complaint("4242 4242 4242 4242"), None);
        for (typed, told) in [
            ("", "Enter your card number."),
            ("4242", "This card number is not complete."),
            ("4242 4242 4242 4241", "This card number is mistyped."),
            ("42424242424242424242", "This card number is mistyped."),
        ] {
            assert_eq!(number_complaint(typed).as_deref(), Some(told), "{typed:?}");
        }
        assert!(expiry_complaint("1").is_some() && expiry_complaint("08 / 29").is_none());
        for (typed, is_good) in [
            ("123", true),
            (" 1234 ", true),
            ("12", false),
            ("12a", false),
        ] {
            assert_eq!(cvc_complaint(typed).is_none(), is_good, "{typed:?}");
        }
    }

    #[test]
    fn an_expiry_is_read_as_people_write_it() {
        for (typed, read) in [
            ("12 / 34", Some((12, 2034))),
            ("1/34", Some((1, 2034))),
            ("12/2034", Some((12, 2034))),
            ("1234", Some((12, 2034))),
            ("13/34", None),
            ("12", None),
            ("é123", None),
            ("", None),
        ] {
            assert_eq!(expiry(typed), read, "{typed:?}");
        }
        assert_eq!(group_expiry("123"), "12 / 3");
        assert_eq!(group_expiry("12 /"), "12 /");
    }
}
