//! The words of mails: templates filled in.
//!
//! Each kind has two, `KIND.txt` and `KIND.html`. The first line of the text is the subject. What comes
//! from outside is escaped in HTML; in text there is nothing that it could break out of.

use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior};
use serde::Serialize;

use super::facts::{Facts, Piece, PieceFacts, Told};
use super::kind::Notice;
use super::palette::{Colours, DARK, LIGHT};

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/notification/templates");
static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(environment);

/// Characters in a line of text, at most, as RFC 5322 (2.1.1) and a narrow window like it. A link is
/// never broken.
const LINE: usize = 72;

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// What a template finds.
#[derive(Serialize)]
struct Context<'a> {
    /// Of a mail about an order.
    order: Option<&'a Facts>,
    /// Of a mail about a piece.
    piece: Option<&'a PieceFacts>,
    details: &'a super::kind::Details,
    /// Those of the order that it is about, if not all.
    pieces: Vec<Piece<'a>>,
    /// Those that its reader still waits for.
    to_come: Vec<Piece<'a>>,
    /// Opens the order, or the piece.
    link: &'a str,
    /// Takes who reads it off the list, where there is one.
    leave: Option<&'a str>,
    subject: &'a str,
    light: &'static Colours,
    dark: &'static Colours,
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    environment.set_syntax(syntax);
    for file in TEMPLATES.files() {
        let (Some(name), Some(source)) = (file.path().to_str(), file.contents_utf8()) else {
            continue;
        };
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Writes a mail.
///
/// # Errors
/// When a template is wrong: a defect of ours.
pub fn write(
    notice: &Notice,
    told: &Told,
    link: &str,
    leave: Option<&str>,
) -> Result<Letter, String> {
    let environment = ENVIRONMENT.as_ref().map_err(ToString::to_string)?;
    let name: &str = notice.kind.into_str();
    let (order, piece) = match told {
        Told::Order(order) => (Some(order), None),
        Told::Piece(piece) => (None, Some(piece)),
    };
    let mut context = Context {
        order,
        piece,
        details: &notice.details,
        pieces: order.map_or_else(Vec::new, |order| order.named(&notice.details.pieces)),
        to_come: order.map_or_else(Vec::new, |order| order.named(&notice.details.to_come)),
        link,
        leave,
        subject: "",
        light: &LIGHT,
        dark: &DARK,
    };
    let filled = |name: &str, context: &Context<'_>| {
        let template = environment.get_template(name)?;
        template.render(Serde(context))
    };
    let text = filled(&format!("{name}.txt"), &context).map_err(|error| error.to_string())?;
    let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
    let subject = subject.trim();
    context.subject = subject;
    let html = filled(&format!("{name}.html"), &context).map_err(|error| error.to_string())?;
    Ok(Letter {
        subject: subject.to_owned(),
        text: wrapped(text.trim()),
        html,
    })
}

/// Writes a mail of text alone, out of the template `NAME.txt`: its subject, and its words.
///
/// # Errors
/// When the template is wrong: a defect of ours.
pub fn plain(name: &str, context: &impl Serialize) -> Result<(String, String), String> {
    let environment = ENVIRONMENT.as_ref().map_err(ToString::to_string)?;
    let template = environment.get_template(&format!("{name}.txt"));
    let text = template.and_then(|template| template.render(Serde(context)));
    let text = text.map_err(|error| error.to_string())?;
    let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
    Ok((subject.trim().to_owned(), wrapped(text.trim())))
}

/// Long lines are broken between words; what is indented goes on indented.
fn wrapped(text: &str) -> String {
    let mut wrapped = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let line = line.trim_end();
        let indent = &line[..line.len() - line.trim_start().len()];
        let options = textwrap::Options::new(LINE)
            .break_words(false)
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .subsequent_indent(indent);
        for part in textwrap::wrap(line, options) {
            wrapped.push_str(part.trim_end());
            wrapped.push('\n');
        }
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use domain::Event;
    use domain::event::{
        BackInStockDue, OrderCancelled, OrderConfirmed, OrderPlaced, OrderRejected,
        OrderRestCancelled, PaymentDeclined, PaymentMethodRequired, PaymentRefundFailed,
        PaymentRefunded, PaymentReminderDue, Pieces, ReturnAccepted, ReturnDeclined,
        ShipmentCameBack, ShipmentDelivered, ShipmentLost, ShipmentShipped,
    };
    use strum::IntoEnumIterator;
    use types::fulfilment::{Carrier, FulfilmentStatus, Tracking};
    use types::order::{CancelledBy, DeclineReason};
    use types::{Currency, Money, OrderId, RefundId, ReturnId, ShipmentId, SignupId};

    use super::*;
    use crate::notification::kind::MailKind;

    const LINK: &str =
        "https://shop.example/o/AZnAoBERequYu7xI0Vniq7wSNFZ4mrwRo9mPz5w4hVBlcHQRXhHLQPI-9qTs5Ml3";

    /// What is said of a parcel.
    const PARCELS: [MailKind; 5] = [
        MailKind::ShipmentShipped,
        MailKind::ShipmentSentAgain,
        MailKind::ShipmentDelivered,
        MailKind::ShipmentLost,
        MailKind::ShipmentCameBack,
    ];

    const LEAVE: &str = "https://shop.example/back-in-stock/AZnAoBERequYu7xI0Vniq7wSNFZ4mrwRo9mPz5w4hVBlcHQRXhHLQPI-9qTs5Ml3";

    fn id() -> OrderId {
        "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id")
    }

    fn pieces() -> Vec<Pieces> {
        let sku = |text: &str| text.parse().expect("a SKU");
        vec![
            Pieces {
                sku: sku("AS-VEG-WG-50"),
                quantity: 1,
            },
            Pieces {
                sku: sku("AS-GONE"),
                quantity: 3,
            },
        ]
    }

    fn shipped(status: FulfilmentStatus) -> Event {
        shipped_for(status, None)
    }

    fn shipped_for(status: FulfilmentStatus, replaces: Option<u32>) -> Event {
        ShipmentShipped {
            order_id: id(),
            shipment_id: ShipmentId::new(id().uuid()),
            number: 1,
            lines: pieces(),
            carrier: Carrier::Manual,
            tracking: Some(Tracking {
                number: "JD0146".into(),
                url: Some("https://carrier.example/?n=JD0146".into()),
            }),
            status,
            replaces,
        }
        .into()
    }

    /// One event of every kind, and of each way of being cancelled.
    fn events() -> Vec<Event> {
        let (order_id, return_id) = (id(), ReturnId::new(id().uuid()));
        let cancelled = |by| {
            Event::from(OrderCancelled {
                order_id,
                by,
                lines: Vec::new(),
                paid: false,
            })
        };
        vec![
            OrderPlaced {
                order_id,
                shopper_id: "0199c0a0-2222-7aaa-8bbb-123456789abc"
                    .parse()
                    .expect("an id"),
                lines: Vec::new(),
                total: Money::new(100, Currency::Eur),
                payment_token: Some("pm_secret".into()),
            }
            .into(),
            PaymentMethodRequired {
                order_id,
                reserved_until_us: 1_795_310_287_000_000,
            }
            .into(),
            PaymentReminderDue {
                order_id,
                reserved_until_us: 1_795_310_287_000_000,
            }
            .into(),
            PaymentDeclined {
                order_id,
                attempt: 1,
                reason: DeclineReason::InsufficientFunds,
                gateway: domain::event::Gateway::Test,
            }
            .into(),
            OrderConfirmed { order_id }.into(),
            OrderRejected { order_id }.into(),
            cancelled(CancelledBy::Shopper),
            cancelled(CancelledBy::PaymentWindow),
            cancelled(CancelledBy::Deadline),
            OrderRestCancelled {
                order_id,
                by: CancelledBy::Staff,
                lines: pieces(),
                status: FulfilmentStatus::Shipped,
            }
            .into(),
            shipped(FulfilmentStatus::PartlyShipped),
            shipped(FulfilmentStatus::Shipped),
            shipped_for(FulfilmentStatus::ShippedAgain, Some(1)),
            ShipmentDelivered {
                order_id,
                shipment_id: ShipmentId::new(id().uuid()),
                number: 1,
                status: FulfilmentStatus::PartlyShipped,
                lines: pieces()[..1].to_vec(),
                to_come: pieces()[1..].to_vec(),
                turned_up: None,
            }
            .into(),
            ShipmentLost {
                order_id,
                shipment_id: ShipmentId::new(id().uuid()),
                number: 1,
                status: FulfilmentStatus::Lost,
                lines: pieces(),
            }
            .into(),
            ShipmentCameBack {
                order_id,
                shipment_id: ShipmentId::new(id().uuid()),
                number: 1,
                lines: pieces(),
                status: FulfilmentStatus::CameBack,
                waits: true,
            }
            .into(),
            PaymentRefunded {
                order_id,
                refund_id: RefundId::new(id().uuid()),
                amount: Money::new(498_000, Currency::Eur),
                request: None,
            }
            .into(),
            PaymentRefundFailed {
                order_id,
                refund_id: RefundId::new(id().uuid()),
                amount: Money::new(498_000, Currency::Eur),
                reason: "account closed".to_owned(),
                was_told: true,
            }
            .into(),
            ReturnAccepted {
                order_id,
                return_id,
                number: 1,
            }
            .into(),
            ReturnDeclined {
                order_id,
                return_id,
                number: 1,
            }
            .into(),
            BackInStockDue {
                signup_id: SignupId::new(id().uuid()),
                sku: "AS-VEG-WG-50".parse().expect("a SKU"),
                until_us: 1_795_310_287_000_000,
                waits_until_us: 1_795_310_287_000_000,
            }
            .into(),
        ]
    }

    fn letters(name: &str, title: &str) -> Vec<(MailKind, Letter)> {
        let order = Told::Order(Facts::sample(name, title));
        let piece = Told::Piece(PieceFacts::sample(title));
        let notices = events();
        let notices = notices.iter().map(|event| Notice::of(event).expect("told"));
        notices
            .map(|notice| {
                let letter = match notice.kind {
                    MailKind::BackInStock => write(&notice, &piece, LINK, Some(LEAVE)),
                    _ => write(&notice, &order, LINK, None),
                };
                (
                    notice.kind,
                    letter.unwrap_or_else(|error| panic!("{:?}: {error}", notice.kind)),
                )
            })
            .collect()
    }

    #[test]
    fn every_kind_has_a_subject_a_text_and_html_that_lead_to_the_order() {
        let letters = letters("Ada Lovelace", "Vega Solitaire Ring");
        for kind in MailKind::iter() {
            assert!(
                letters.iter().any(|(told, _)| *told == kind),
                "{kind:?} has an event"
            );
        }
        for (kind, letter) in about_orders(&letters) {
            assert!(
                letter.subject.contains("V-6HB7H6NW"),
                "{kind:?}: {}",
                letter.subject
            );
            for body in [&letter.text, &letter.html.replace("&#x2f;", "/")] {
                for word in ["Ada Lovelace", "Vega Solitaire Ring", LINK] {
                    assert!(body.contains(word), "{kind:?} has {word}: {body}");
                }
                // A parcel is no bill.
                let is_bill = !PARCELS.contains(kind);
                assert_eq!(body.contains("€4,980.00"), is_bill, "{kind:?}: {body}");
                assert!(!body.contains("pm_secret"), "{kind:?}");
            }
            assert!(!letter.html.contains("<table"), "{kind:?}");
            assert!(
                letter.html.contains("prefers-color-scheme: dark"),
                "{kind:?}"
            );
        }
    }

    fn about_orders(letters: &[(MailKind, Letter)]) -> impl Iterator<Item = &(MailKind, Letter)> {
        let letters = letters.iter();
        letters.filter(|(kind, _)| *kind != MailKind::BackInStock)
    }

    #[test]
    fn a_piece_that_is_back_is_named_with_its_page_the_time_there_is_and_the_way_out() {
        let letters = letters("Ada", "Vega Solitaire Ring");
        let (_, letter) = (letters.iter())
            .find(|(kind, _)| *kind == MailKind::BackInStock)
            .expect("a letter");
        assert_eq!(letter.subject, "Vega Solitaire Ring is back");
        let whole = |text: &str| text.replace("&#x2f;", "/").replace('\n', " ");
        for body in [whole(&letter.text), whole(&letter.html)] {
            for word in [
                "Vega Solitaire Ring",
                "White gold, 50",
                "€2,490.00",
                "22 November 2026",
                LINK,
                LEAVE,
            ] {
                assert!(body.contains(word), "{word}: {body}");
            }
            assert!(!body.contains("Your order"), "{body}");
        }
    }

    #[test]
    fn ways_of_being_cancelled_are_told_apart() {
        let letters = letters("Ada", "A ring");
        let cancelled = letters
            .iter()
            .filter(|(kind, _)| *kind == MailKind::OrderCancelled);
        let mut texts: Vec<&str> = cancelled.map(|(_, letter)| letter.text.as_str()).collect();
        texts.dedup();
        assert_eq!(texts.len(), 3, "{texts:?}");
    }

    #[test]
    fn a_parcel_says_what_is_in_it_and_where_it_is() {
        let letters = letters("Ada", "A ring");
        let parcels = letters
            .iter()
            .filter(|(kind, _)| *kind == MailKind::ShipmentShipped);
        let parcels: Vec<&Letter> = parcels.map(|(_, letter)| letter).collect();
        for letter in &parcels {
            for body in [&letter.text, &letter.html.replace("&#x2f;", "/")] {
                for word in [
                    "3 × ",
                    "AS-GONE",
                    "JD0146",
                    "https://carrier.example/?n=JD0146",
                ] {
                    assert!(body.contains(word), "{word}: {body}");
                }
            }
        }
        let [part, whole] = parcels[..] else {
            panic!("{parcels:?}")
        };
        assert!(part.subject.starts_with("A parcel of"), "{}", part.subject);
        assert!(part.text.contains("The rest follows") && !whole.text.contains("The rest follows"));
    }

    #[test]
    fn a_parcel_that_has_arrived_is_told_with_its_own_pieces_and_those_to_come() {
        let letters = letters("Ada", "A ring");
        let of = |wanted: MailKind| {
            let mut of_kind = letters.iter().filter(|(kind, _)| *kind == wanted);
            of_kind.next().expect("a letter").1.clone()
        };
        let arrived = of(MailKind::ShipmentDelivered);
        for body in [&arrived.text, &arrived.html] {
            let (here, to_come) = body.split_once("till to come").expect("what is to come");
            assert!(
                here.contains("A ring") && !here.contains("AS-GONE"),
                "{here}"
            );
            assert!(
                to_come.contains("AS-GONE") && !to_come.contains("A ring"),
                "{to_come}"
            );
        }
        for (kind, words) in [
            (MailKind::ShipmentLost, "was lost"),
            (MailKind::ShipmentCameBack, "came back"),
            (MailKind::ShipmentSentAgain, "again"),
        ] {
            let letter = of(kind);
            assert!(
                letter.subject.contains(words),
                "{kind:?}: {}",
                letter.subject
            );
            assert!(letter.text.contains("AS-GONE"), "{kind:?}: {}", letter.text);
        }
    }

    #[test]
    fn lines_of_text_are_short_and_links_whole() {
        let name = "Ada ".repeat(28);
        for (kind, letter) in letters(name.trim(), &"Long Ring ".repeat(12)) {
            assert!(
                letter.text.lines().any(|line| line.trim() == LINK),
                "{kind:?}"
            );
            let is_link = |line: &&str| [LINK, LEAVE].contains(&line.trim());
            for line in letter.text.lines().filter(|line| !is_link(line)) {
                assert!(line.chars().count() <= LINE, "{kind:?}: {line}");
                assert_eq!(line, line.trim_end(), "{kind:?}");
            }
        }
    }

    #[test]
    fn what_looks_like_html_or_a_template_is_text() {
        let hostile = "<img src=x onerror=alert(1)>{{ link }}\"'";
        for (kind, letter) in letters(hostile, hostile) {
            assert!(
                !letter.html.contains("<img src=x"),
                "{kind:?}: {}",
                letter.html
            );
            assert!(
                letter.html.contains("&lt;img src=x"),
                "{kind:?}: {}",
                letter.html
            );
            assert!(letter.text.contains("{{ link }}"), "{kind:?}");
        }
    }
}
