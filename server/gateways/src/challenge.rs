//! The page on which the shopper proves to the bank who they are. It needs no script.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::books::Payment;

/// Only what the page itself says.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f4f2;color:#1d1d1b}\
     main{max-width:26rem;margin:10vh auto;padding:2rem;background:#fff;border-radius:.5rem}\
     h1{font-size:1.25rem;margin:0 0 1rem}button{font:inherit;display:block;width:100%;padding:.75rem;\
     margin-top:.75rem;border-radius:.25rem;border:1px solid #1d1d1b;background:#fff;color:#1d1d1b}\
     button[value=approve]{background:#1d1d1b;color:#fff}";

/// Everything in it is the gateway's own: an amount, and addresses that it has made.
pub fn page(payment: &Payment) -> String {
    let Payment {
        amount_minor,
        currency,
        ..
    } = payment;
    let (whole, cents) = (amount_minor / 100, amount_minor % 100);
    let (title, body) = match payment.status.as_str() {
        "action_required" => (
            "Confirm your payment",
            format!(
                "<p>Your bank asks whether it is you who pays {whole}.{cents:02} {currency}.</p>\
                 <form method=\"post\">\
                 <button name=\"answer\" value=\"approve\">Yes, it is me</button>\
                 <button name=\"answer\" value=\"refuse\">No, do not pay</button></form>"
            ),
        ),
        _ => (
            "This question is answered",
            "<form method=\"post\"><button name=\"answer\" value=\"back\">Back to the shop</button>\
             </form>"
                .to_owned(),
        ),
    };
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}\
         <p><small>Test gateway: no money moves.</small></p></main></body></html>"
    )
}

pub fn headers() -> HeaderMap {
    let text = |name, value| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    [
        text("content-security-policy", POLICY),
        text("cache-control", "no-store"),
        // Without a referrer a browser would not say that the answer comes from this page.
        text("referrer-policy", "same-origin"),
        text("x-robots-tag", "noindex"),
    ]
    .into_iter()
    .collect()
}
