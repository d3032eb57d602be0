//! Who may do what: every route, command and topic that there is, taken from the registries themselves, asked by
//! everybody. One that is not in the tables here fails.

use std::collections::{BTreeMap, BTreeSet};

use clap::CommandFactory;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use server::cli::Cli;
use strum::VariantArray;
use types::live::{ServerMessage, Topic, TopicKind};
use types::staff::{Right, Role};

use crate::client::{Answer, Client};
use crate::shop::{RING, TestShop};

/// What a route asks of whoever asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// Nothing of staff: shoppers, machines and those who are only about to sign in come here.
    Open,
    /// The token of a service of others: nobody's session opens it.
    Token,
    May(Right),
}

use Gate::{May, Open, Token};

/// Every route, and what it takes.
const ROUTES: &[(&str, &str, Gate)] = &[
    // The shop.
    ("GET", "/", Open),
    ("GET", "/c/{category}", Open),
    ("GET", "/p/{slug}", Open),
    ("GET", "/cart", Open),
    ("GET", "/checkout", Open),
    ("GET", "/orders", Open),
    ("GET", "/orders/find", Open),
    ("GET", "/orders/{id}", Open),
    ("GET", "/orders/{id}/returns/{number}", Open),
    ("GET", "/orders/{id}/invoice", Open),
    ("GET", "/orders/{order}/invoice.pdf", Open),
    ("GET", "/orders/{id}/credit-notes/{refund}", Open),
    (
        "GET",
        "/orders/{order}/credit-notes/{refund}/note.pdf",
        Open,
    ),
    ("GET", "/back-in-stock/{token}", Open),
    ("GET", "/delivery", Open),
    ("GET", "/returns", Open),
    ("GET", "/imprint", Open),
    ("GET", "/privacy", Open),
    ("POST", "/api/{*command}", Open),
    ("POST", "/api/accept_order", Open),
    ("POST", "/api/accept_prices", Open),
    ("POST", "/api/add_to_cart", Open),
    ("POST", "/api/ask_return", Open),
    ("POST", "/api/cancel_order", Open),
    ("POST", "/api/extend_hold", Open),
    ("POST", "/api/find_order", Open),
    ("POST", "/api/fit_cart", Open),
    ("POST", "/api/fit_order", Open),
    ("POST", "/api/hold_cart", Open),
    ("POST", "/api/leave_checkout", Open),
    ("POST", "/api/order_rest", Open),
    ("POST", "/api/pay_order", Open),
    ("POST", "/api/place_order", Open),
    ("POST", "/api/remove_line", Open),
    ("POST", "/api/returned_cart", Open),
    ("POST", "/api/review_cart", Open),
    ("POST", "/api/set_quantity", Open),
    ("POST", "/api/tell_me_when_back", Open),
    ("GET", "/live", Open),
    ("GET", "/o/{token}", Open),
    ("POST", "/back-in-stock/{token}", Open),
    ("GET", "/orders/{order}/record.json", Open),
    ("GET", "/orders/{order}/returns/{number}/label.pdf", Open),
    ("GET", "/orders/{id}/payment", Open),
    ("GET", "/demo-carrier/track/{number}", Open),
    ("POST", "/test-gateway/tokens", Open),
    ("GET", "/test-gateway/challenges/{id}", Open),
    ("POST", "/test-gateway/challenges/{id}", Open),
    // Programs, and those who find the shop.
    ("GET", "/log-head", Open),
    ("GET", "/log-head/{position}", Open),
    ("POST", "/webhooks/carriers/{carrier}", Open),
    ("POST", "/webhooks/payments/simulator", Open),
    ("POST", "/webhooks/payments/stripe", Open),
    ("GET", "/events", Token),
    ("POST", "/events", Token),
    ("PUT", "/subscriptions/{name}", Token),
    ("GET", "/subscriptions/{name}", Token),
    ("DELETE", "/subscriptions/{name}", Token),
    ("POST", "/subscriptions/{name}/read", Token),
    ("POST", "/subscriptions/{name}/acknowledgements", Token),
    ("GET", "/pictures/uploaded/{file}", Open),
    ("GET", "/robots.txt", Open),
    ("GET", "/sitemap.xml", Open),
    ("GET", "/health/live", Open),
    ("GET", "/health/ready", Open),
    // The way in and out.
    ("GET", "/admin", Open),
    ("GET", "/admin/sign-in", Open),
    ("GET", "/admin/sign-in/code", Open),
    ("GET", "/admin/join/{token}", Open),
    ("POST", "/admin/join/{token}", Open),
    ("POST", "/admin/session", Open),
    ("POST", "/admin/session/code", Open),
    ("POST", "/admin/session/end", Open),
    // Looking.
    ("GET", "/admin/today", May(Right::See)),
    ("GET", "/admin/print/credit-notes", May(Right::See)),
    ("GET", "/admin/print/credit-notes.pdf", May(Right::See)),
    ("GET", "/admin/orders", May(Right::See)),
    ("GET", "/admin/orders/{id}", May(Right::See)),
    ("GET", "/admin/print/slips", May(Right::See)),
    ("GET", "/admin/print/slips.pdf", May(Right::See)),
    ("GET", "/admin/print/invoices", May(Right::See)),
    ("GET", "/admin/print/invoices.pdf", May(Right::See)),
    ("GET", "/admin/print/pick-list", May(Right::See)),
    ("GET", "/admin/print/count-sheet", May(Right::See)),
    ("GET", "/admin/inventory", May(Right::See)),
    ("GET", "/admin/inventory/count", May(Right::See)),
    ("GET", "/admin/inventory/export.csv", May(Right::See)),
    ("GET", "/admin/inventory/{sku}", May(Right::See)),
    ("GET", "/admin/inventory/{sku}/ledger.csv", May(Right::See)),
    ("GET", "/admin/events", May(Right::See)),
    ("GET", "/admin/events/consumers", May(Right::See)),
    ("GET", "/admin/events/what-if", May(Right::See)),
    ("GET", "/admin/alerts", May(Right::See)),
    ("GET", "/admin/restock", May(Right::See)),
    ("GET", "/admin/suppliers", May(Right::See)),
    ("GET", "/admin/purchase-orders", May(Right::See)),
    ("GET", "/admin/purchase-orders/{id}", May(Right::See)),
    (
        "GET",
        "/admin/purchase-orders/{id}/order.pdf",
        May(Right::See),
    ),
    (
        "GET",
        "/admin/purchase-orders/{id}/order.csv",
        May(Right::See),
    ),
    ("GET", "/admin/mails", May(Right::See)),
    ("POST", "/api/desk_order", May(Right::See)),
    // One's own account.
    ("GET", "/admin/account", May(Right::OwnAccount)),
    ("POST", "/admin/account/password", May(Right::OwnAccount)),
    ("POST", "/api/end_session", May(Right::OwnAccount)),
    ("POST", "/api/end_other_sessions", May(Right::OwnAccount)),
    ("POST", "/api/begin_second_step", May(Right::OwnAccount)),
    ("POST", "/api/confirm_second_step", May(Right::OwnAccount)),
    ("POST", "/api/end_second_step", May(Right::OwnAccount)),
    // Stock.
    ("GET", "/admin/inventory/import", May(Right::Stock)),
    ("POST", "/admin/inventory/import", May(Right::Stock)),
    ("GET", "/admin/inventory/import/{id}", May(Right::Stock)),
    ("POST", "/api/correct_stock", May(Right::Stock)),
    ("POST", "/api/follow_import", May(Right::Stock)),
    ("POST", "/api/record_counts", May(Right::Stock)),
    ("POST", "/api/set_many", May(Right::Stock)),
    ("POST", "/api/write_off", May(Right::Stock)),
    // Suppliers.
    ("POST", "/api/change_purchase_order", May(Right::Purchasing)),
    ("POST", "/api/order_suggested", May(Right::Purchasing)),
    ("POST", "/api/set_restock_rule", May(Right::Purchasing)),
    ("POST", "/api/set_supplier", May(Right::Purchasing)),
    // Orders.
    (
        "GET",
        "/admin/orders/{order}/parcels/{parcel}/label.pdf",
        May(Right::Orders),
    ),
    ("POST", "/api/answer_return", May(Right::Orders)),
    ("POST", "/api/buy_label", May(Right::Orders)),
    ("POST", "/api/buy_return_label", May(Right::Orders)),
    ("POST", "/api/cancel_for_shopper", May(Right::Orders)),
    ("POST", "/api/cancel_label", May(Right::Orders)),
    ("POST", "/api/capture_again", May(Right::Orders)),
    ("POST", "/api/correct_address", May(Right::Orders)),
    ("POST", "/api/give_up_parcel", May(Right::Orders)),
    ("POST", "/api/send_again", May(Right::Orders)),
    ("POST", "/api/end_shipment", May(Right::Orders)),
    ("POST", "/api/note_order", May(Right::Orders)),
    ("POST", "/api/pack_order", May(Right::Orders)),
    ("POST", "/api/pack_orders", May(Right::Orders)),
    ("POST", "/api/receive_return", May(Right::Orders)),
    ("POST", "/api/refund_order", May(Right::Orders)),
    ("POST", "/api/release_order", May(Right::Orders)),
    ("POST", "/api/ship_order", May(Right::Orders)),
    ("POST", "/api/unpack_order", May(Right::Orders)),
    // Mails and persons.
    ("GET", "/admin/mails/{id}", May(Right::Mails)),
    ("GET", "/admin/mails/{id}/html", May(Right::Mails)),
    ("GET", "/admin/mails/{id}/source", May(Right::Mails)),
    ("POST", "/api/resend_mail", May(Right::Mails)),
    ("GET", "/admin/persons", May(Right::ExportPersons)),
    ("POST", "/admin/persons/export", May(Right::ExportPersons)),
    ("POST", "/api/find_person", May(Right::ExportPersons)),
    ("POST", "/api/erase_person", May(Right::ErasePersons)),
    // What watches, and what is decided.
    ("POST", "/api/change_alert", May(Right::Alerts)),
    ("POST", "/api/redrive_event", May(Right::Log)),
    ("POST", "/api/discard_event", May(Right::Log)),
    ("POST", "/api/quarantine_event", May(Right::Log)),
    ("POST", "/api/rebuild_states", May(Right::Log)),
    ("GET", "/admin/products", May(Right::Products)),
    ("GET", "/admin/products/{slug}", May(Right::Products)),
    (
        "POST",
        "/admin/products/{slug}/photographs",
        May(Right::Products),
    ),
    ("POST", "/api/draft_product", May(Right::Products)),
    ("POST", "/api/set_product", May(Right::Products)),
    ("POST", "/api/set_variant", May(Right::Products)),
    ("POST", "/api/change_picture", May(Right::Products)),
    ("POST", "/api/publish_product", May(Right::Publish)),
    ("POST", "/api/offer_variant", May(Right::Publish)),
    ("GET", "/admin/prices", May(Right::Prices)),
    ("POST", "/api/set_price", May(Right::Prices)),
    ("POST", "/api/withdraw_price", May(Right::Prices)),
    ("POST", "/api/set_delivery", May(Right::Prices)),
    ("POST", "/api/withdraw_delivery", May(Right::Prices)),
    ("GET", "/admin/staff", May(Right::Staff)),
    ("POST", "/api/invite_staff", May(Right::Staff)),
    ("POST", "/api/invite_again", May(Right::Staff)),
    ("POST", "/api/withdraw_invitation", May(Right::Staff)),
    ("POST", "/api/change_role", May(Right::Staff)),
    ("POST", "/api/remove_member", May(Right::Staff)),
    ("POST", "/api/sign_member_out", May(Right::Staff)),
    ("POST", "/api/reset_second_step", May(Right::Staff)),
    ("GET", "/admin/services", May(Right::Services)),
    ("POST", "/api/register_service", May(Right::Services)),
    ("POST", "/api/revoke_service", May(Right::Services)),
    ("GET", "/admin/audit", May(Right::Audit)),
    ("GET", "/admin/audit/export.csv", May(Right::Audit)),
];

/// What a topic takes; `None` for those of shoppers.
const fn right_of(kind: TopicKind) -> Option<Right> {
    match kind {
        TopicKind::Product
        | TopicKind::Order
        | TopicKind::Checkout
        | TopicKind::OwnCheckout
        | TopicKind::Delivery
        | TopicKind::Shelves => None,
        TopicKind::Inventory
        | TopicKind::Events
        | TopicKind::EventsOf
        | TopicKind::Consumers
        | TopicKind::Orders
        | TopicKind::Desk
        | TopicKind::Present
        | TopicKind::Alerts
        | TopicKind::Purchasing
        | TopicKind::Restock
        | TopicKind::Sales
        | TopicKind::Ledger => Some(Right::See),
        TopicKind::Audit => Some(Right::Audit),
        TopicKind::Products => Some(Right::Products),
    }
}

/// Whether a command of the command line changes anything. Whoever may start it has the machine, so that nobody is
/// refused who does not act for a member of staff; what changes something stands in the log with who it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Reads,
    Changes,
    /// Is not about the log of a shop: another program's door, or a database that is not there yet.
    Beside,
}

const COMMANDS: &[(&str, Act)] = &[
    ("consumers", Act::Reads),
    ("events", Act::Reads),
    ("show", Act::Reads),
    ("dead-letters", Act::Reads),
    ("redrive", Act::Changes),
    ("discard", Act::Changes),
    ("quarantine", Act::Changes),
    ("replay", Act::Changes),
    ("price", Act::Changes),
    ("delivery", Act::Changes),
    ("settlement", Act::Changes),
    ("staff list", Act::Reads),
    ("staff invite", Act::Changes),
    ("staff password", Act::Changes),
    ("staff role", Act::Changes),
    ("staff reset-totp", Act::Changes),
    ("staff remove", Act::Changes),
    ("staff sign-out", Act::Changes),
    ("service add", Act::Changes),
    ("service list", Act::Reads),
    ("service revoke", Act::Changes),
    ("person export", Act::Changes),
    ("person erase", Act::Changes),
    ("purchase-orders list", Act::Reads),
    ("purchase-orders show", Act::Reads),
    ("export inventory", Act::Reads),
    ("import inventory", Act::Changes),
    ("check", Act::Reads),
    ("backup", Act::Reads),
    ("dump", Act::Reads),
    ("restore", Act::Beside),
    ("demo", Act::Beside),
];

/// The routes that the router has: method and path. It tells of itself as developers see it.
fn routes_of(router: &str) -> BTreeSet<(String, String)> {
    let (routes, rest) = router.split_once("node: Node { paths: {").expect("paths");
    let (paths, _) = rest.split_once("\"} }").expect("the end of the paths");
    // `RouteId(7): "/orders/{id}", …`
    let paths = paths.split("RouteId(").skip(1).map(|part| {
        let (id, path) = part.split_once("): \"").expect("a path");
        (id, path.split('"').next().unwrap_or_default().to_owned())
    });
    let paths: BTreeMap<&str, String> = paths.collect();
    let mut all = BTreeSet::new();
    // `RouteId(7): MethodRouter(MethodRouter { get: BoxedHandler, head: None, …`
    for part in routes.split("RouteId(").skip(1) {
        let (id, endpoint) = part.split_once("): ").expect("an endpoint");
        let path = paths.get(id).unwrap_or_else(|| panic!("the path of {id}"));
        if !endpoint.starts_with("MethodRouter(") {
            // Files, and what is below a folder.
            all.insert(("FILES".to_owned(), path.clone()));
            continue;
        }
        for method in [
            "get", "head", "delete", "options", "patch", "post", "put", "trace",
        ] {
            let (_, value) = endpoint
                .split_once(&format!("{method}: "))
                .unwrap_or_else(|| panic!("{method} of {endpoint}"));
            if !value.starts_with("None") {
                all.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    all
}

/// Something in the place of each part of a path that is asked for.
fn filled(path: &str) -> String {
    const ID: &str = "0199c0a0-1111-7aaa-8bbb-123456789abc";
    let parts = path.split('/').map(|part| match part {
        "{sku}" => RING,
        "{id}" | "{order}" | "{parcel}" => ID,
        "{number}" | "{position}" => "1",
        "{category}" => "rings",
        "{slug}" => "vega-solitaire-ring",
        "{carrier}" => "simulator",
        "{token}" => "made-up",
        "{file}" => "made-up.avif",
        "{*command}" => "made_up",
        other => other,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn asked(client: &mut Client, method: &str, path: &str) -> Answer {
    let method: Method = method.parse().expect("a method");
    let is_post = method == Method::POST;
    let mut request = client.request(method, &filled(path));
    // A script is told with a status; a plain form is sent back to its page.
    request = request.header(ACCEPT, "application/json");
    if is_post {
        request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body("");
    }
    client.send(request).await
}

fn is_sent_to_sign_in(answer: &Answer) -> bool {
    answer.status == 401 || answer.location() == Some("/admin/sign-in")
}

impl TestShop {
    /// A new member of staff with this role, signed in.
    pub async fn signed_in_as(&self, role: Role) -> Client {
        let name: &str = role.into_str();
        let (email, password) = (format!("{name}@example.com"), "a long enough passphrase");
        let (log, password_of) = (self.log(), password.to_owned());
        services::set_staff_password(log, &email, password_of, role, false, "tests")
            .await
            .expect("a member of staff");
        let mut member = self.shopper();
        let form = [("email", email.as_str()), ("password", password)];
        let answer = member.post("/admin/session", &form).await;
        assert_eq!(answer.location(), Some("/admin/inventory"), "{answer:?}");
        member
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_asked_by_everybody_and_answers_whom_it_should() {
    let shop = TestShop::open().await;
    let known: BTreeSet<(String, String)> = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(known.len(), ROUTES.len(), "each route is named once");
    let mut there = routes_of(&shop.running().routes);
    there.retain(|(method, _)| !["FILES", "HEAD", "OPTIONS"].contains(&method.as_str()));
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        there.insert((method.to_string(), path.to_owned()));
    }
    // Pages answer with a slash at their end, too.
    let named = |path: &str| match path.strip_suffix('/') {
        Some(path) if !path.is_empty() => path.to_owned(),
        _ => path.to_owned(),
    };
    let slashed: Vec<(String, String)> = (there.iter())
        .filter(|(_, path)| named(path) != *path)
        .cloned()
        .collect();
    there.retain(|(_, path)| named(path) == *path);
    let new: Vec<_> = there.difference(&known).collect();
    assert!(new.is_empty(), "who may? not in the table: {new:#?}");
    let gone: Vec<_> = known.difference(&there).collect();
    assert!(gone.is_empty(), "in the table, and not there: {gone:#?}");
    let gates: BTreeMap<(&str, &str), Gate> = (ROUTES.iter())
        .map(|(method, path, gate)| ((*method, *path), *gate))
        .collect();
    let mut asks: Vec<(String, String, Gate)> = (ROUTES.iter())
        .map(|(method, path, gate)| ((*method).to_owned(), (*path).to_owned(), *gate))
        .collect();
    for (method, path) in slashed {
        let page = named(&path);
        let gate = gates.get(&(method.as_str(), page.as_str()));
        let gate = *gate.unwrap_or_else(|| panic!("who may? {method} {path}"));
        asks.push((method, path, gate));
    }
    let mut wrong = Vec::new();
    for (method, path, gate) in &asks {
        let answer = asked(&mut shop.shopper(), method, path).await;
        let is_right = match gate {
            // What other houses send has to be signed.
            Open => {
                answer.status != 403 && (answer.status != 401 || path.starts_with("/webhooks/"))
            }
            Token => answer.status == 401,
            May(_) => is_sent_to_sign_in(&answer),
        };
        if !is_right {
            wrong.push(format!("nobody: {method} {path}: {}", answer.status));
        }
    }
    for role in Role::VARIANTS {
        let member = shop.signed_in_as(*role).await;
        let session = member.cookie("session").expect("a session").to_owned();
        for (method, path, gate) in &asks {
            // This one alone would take the others' session away.
            if path == "/admin/session/end" {
                continue;
            }
            let mut member = shop.shopper();
            member.set_cookie("session", &session);
            let answer = asked(&mut member, method, path).await;
            let may = match gate {
                Open | Token => true,
                May(right) => role.may(*right),
            };
            let is_right = match may {
                true if *gate == Token => answer.status == 401,
                true => answer.status != 403 && (*gate == Open || !is_sent_to_sign_in(&answer)),
                false => answer.status == 403 && answer.body.contains("Those who may: "),
            };
            if !is_right {
                let said: String = answer.body.chars().take(120).collect();
                let status = answer.status;
                wrong.push(format!("{role:?}: {method} {path}: {status} {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_topic_is_asked_for_by_everybody_and_told_to_whom_it_should() {
    let shop = TestShop::open().await;
    let id = "0199c0a0-1111-7aaa-8bbb-123456789abc";
    let topic = |kind: &TopicKind| match kind {
        TopicKind::Product => "product:vega-solitaire-ring".to_owned(),
        TopicKind::Order => format!("order:{id}"),
        TopicKind::Checkout => format!("checkout:{id}"),
        TopicKind::OwnCheckout => "own-checkout".to_owned(),
        TopicKind::Delivery => "delivery".to_owned(),
        TopicKind::Inventory => "inventory".to_owned(),
        TopicKind::Events => "events".to_owned(),
        TopicKind::EventsOf => "events:orders\u{1f}\u{1f}\u{1f}\u{1f}\u{1f}".to_owned(),
        TopicKind::Consumers => "consumers".to_owned(),
        TopicKind::Orders => "orders".to_owned(),
        TopicKind::Desk => format!("desk:{id}"),
        TopicKind::Present => format!("present:{id}"),
        TopicKind::Alerts => "alerts".to_owned(),
        TopicKind::Purchasing => "purchasing".to_owned(),
        TopicKind::Restock => "restock".to_owned(),
        TopicKind::Ledger => format!("ledger:{RING}"),
        TopicKind::Sales => "sales".to_owned(),
        TopicKind::Audit => "audit".to_owned(),
        TopicKind::Shelves => "shelves".to_owned(),
        TopicKind::Products => "products".to_owned(),
    };
    let everybody = std::iter::once(None).chain(Role::VARIANTS.iter().copied().map(Some));
    for who in everybody {
        let client = match who {
            Some(role) => shop.signed_in_as(role).await,
            None => shop.shopper(),
        };
        let mut socket = client.socket().await;
        for kind in TopicKind::VARIANTS {
            let Some(right) = right_of(*kind) else {
                continue;
            };
            let text = topic(kind);
            let parsed: Topic = text.parse().expect("a topic");
            assert_eq!(parsed.right(), Some(right), "{text}");
            socket.subscribe(&[&text], 0).await;
            let may = who.is_some_and(|role| role.may(right));
            loop {
                match socket.next_or_end().await.expect("an answer") {
                    ServerMessage::Snapshot { topic, .. } if topic == parsed => {
                        assert!(may, "{who:?} is told of {text}");
                        break;
                    }
                    // A desk without an order has nothing to tell, whoever asks.
                    ServerMessage::Error {
                        topic: Some(topic),
                        detail,
                    } if topic == parsed => {
                        let refused = ["Sign in as staff", "Those who may"];
                        let is_refused = refused.iter().any(|words| detail.contains(words));
                        assert_eq!(is_refused, !may, "{who:?}, {text}: {detail}");
                        break;
                    }
                    _ => {}
                }
            }
        }
    }
    shop.closed().await;
}

#[test]
fn every_command_is_known_to_change_something_or_not() {
    let mut there = BTreeSet::new();
    let mut acting = BTreeSet::new();
    let mut cli = Cli::command();
    // Has commands know the arguments of those above them.
    cli.build();
    let mut open = vec![(String::new(), cli)];
    while let Some((path, command)) = open.pop() {
        let below = command.get_subcommands();
        let below: Vec<_> = below
            .filter(|it| it.get_name() != "help")
            .cloned()
            .collect();
        if below.is_empty() {
            if command
                .get_arguments()
                .any(|it| it.get_long() == Some("as"))
            {
                acting.insert(path.clone());
            }
            there.insert(path);
            continue;
        }
        for command in below {
            let name = format!("{path} {}", command.get_name()).trim().to_owned();
            open.push((name, command));
        }
    }
    let known: BTreeSet<String> = COMMANDS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(there, known);
    // What is compared with the gateway's report is nobody's decision.
    let of_members = COMMANDS
        .iter()
        .filter(|(name, act)| *act == Act::Changes && *name != "settlement");
    for (name, _) in of_members {
        assert!(acting.contains(*name), "{name} knows no --as");
    }
}

/// The functions of a source that take a `&Staff`: their names and what is in them.
fn taking_staff(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("fn ") {
        let rest = &text[at + 3..];
        let Some(body_at) = rest.find('{') else {
            continue;
        };
        let head = &rest[..body_at];
        let takes = head.contains("&Staff,") || head.contains("&Staff)");
        if head.contains(';') || !takes {
            continue;
        }
        let mut depth = 0_i32;
        let end = rest[body_at..].char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(at)
        });
        let name = head.split('(').next().unwrap_or_default().to_owned();
        found.push((
            name,
            rest[body_at..body_at + end.expect("an end")].to_owned(),
        ));
    }
    found
}

#[test]
fn no_service_takes_a_member_of_staff_and_names_no_right() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("services/src");
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).expect("sources") {
        let path = entry.expect("a file").path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for (name, body) in taking_staff(&text) {
            let names = body.contains("staff.may(Right::");
            assert!(names, "{}: {name} names no right", path.display());
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn the_table_of_the_readme_is_that_of_the_program() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("../README.md")).expect("a README");
    let mut table = "| |".to_owned();
    for role in Role::VARIANTS {
        table.push_str(&format!(" {} |", role.title()));
    }
    table.push_str("\n| --- |");
    table.push_str(&" --- |".repeat(Role::VARIANTS.len()));
    for right in Right::VARIANTS {
        table.push_str(&format!("\n| {} |", right.words()));
        for role in Role::VARIANTS {
            table.push_str(if role.may(*right) { " yes |" } else { " |" });
        }
    }
    assert!(readme.contains(&table), "the README has:\n{table}");
}
