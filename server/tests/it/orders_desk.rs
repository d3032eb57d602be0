//! The orders of everybody, as staff see them: who may, what is listed, what is found, and what moves.

use services::Staff;
use types::OrderId;
use types::desk::{DeskList, DeskQuery, MAX_NOTE, PAGE, Page, Present, Tab, counted};
use types::live::{ServerMessage, State};
use types::order::{OrderStatus, order_number};
use types::staff::Role;

use crate::client::{Client, new_order_id};
use crate::shop::{EMAIL, PASSWORD, RING, RING_PRICE, TestShop, eventually};
use crate::socket::Socket;

const PAGE_PATH: &str = "/admin/orders";
const GOOD_CARD: &str = "pm_card_visa";
const BAD_CARD: &str = "pm_card_chargeDeclined";
const OTHER: &str = "bo@aurel-stone.example";

/// Who orders, and where.
struct Person {
    email: &'static str,
    name: &'static str,
}

const ADA: Person = Person {
    email: "Ada@Example.com",
    name: "Ada King Lovelace",
};

impl TestShop {
    async fn member(&self) -> Staff {
        let signed_in = self.inner().sign_in(EMAIL, PASSWORD.to_owned());
        signed_in.await.expect("staff")
    }

    /// Buys a ring for somebody.
    async fn bought_by(&self, person: &Person, card: &str) -> OrderId {
        let mut shopper = self.shopper();
        shopper.add(RING, "1", "").await.expect_ok();
        let order = new_order_id();
        let (id, total) = (order.to_string(), RING_PRICE.to_string());
        let form = [
            ("order_id", id.as_str()),
            ("email", person.email),
            ("name", person.name),
            ("street", "Main Street 1"),
            ("postal_code", "10115"),
            ("city", "Berlin"),
            ("country", "DE"),
            ("delivery", "standard"),
            ("payment_token", card),
            ("expected_total_minor", &total),
        ];
        shopper.post("/api/place_order", &form).await.expect_ok();
        order
    }

    async fn listed(&self, query: DeskQuery) -> DeskList {
        let staff = self.member().await;
        let list = self.inner().desk_list(&staff, query).await;
        list.expect("a list")
    }

    async fn under(&self, tab: Tab) -> Vec<OrderId> {
        let query = DeskQuery {
            tab,
            ..DeskQuery::default()
        };
        let list = self.listed(query).await;
        list.rows.iter().map(|row| row.id).collect()
    }

    async fn found(&self, search: &str) -> Vec<OrderId> {
        let query = DeskQuery {
            tab: Tab::All,
            search: search.to_owned(),
            ..DeskQuery::default()
        };
        let list = self.listed(query).await;
        list.rows.iter().map(|row| row.id).collect()
    }

    async fn until_under(&self, tab: Tab, order: OrderId) {
        eventually(&format!("the order is under {tab:?}"), async || {
            self.under(tab).await.contains(&order)
        })
        .await;
    }

    /// Another member of staff, signed in.
    async fn other(&self) -> Client {
        let password = "another long passphrase";
        let set = services::set_staff_password(
            self.log(),
            OTHER,
            password.to_owned(),
            Role::Owner,
            false,
            "tests",
        );
        set.await.expect("a member of staff");
        let mut other = self.shopper();
        let form = [("email", OTHER), ("password", password)];
        let answer = other.post("/admin/session", &form).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        other
    }
}

/// The next thing that is said about a topic.
async fn next_of(socket: &mut Socket, topic: &str) -> State {
    loop {
        match socket.next_or_end().await.expect("a message") {
            ServerMessage::Snapshot {
                topic: of, state, ..
            }
            | ServerMessage::Change {
                topic: of, state, ..
            } if of.to_string() == topic => {
                return state;
            }
            ServerMessage::Error { detail, .. } => panic!("{detail}"),
            _ => {}
        }
    }
}

async fn present(socket: &mut Socket, topic: &str) -> Vec<Present> {
    match next_of(socket, topic).await {
        State::Present { staff } => staff,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_staff_sees_an_order_or_writes_about_it() {
    let shop = TestShop::open().await;
    let mut buyer = shop.shopper();
    let order = buyer.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_under(Tab::ToPack, order).await;
    let id = order.to_string();
    for mut visitor in [shop.shopper(), buyer] {
        for page in [
            PAGE_PATH.to_owned(),
            format!("{PAGE_PATH}?search=ada"),
            format!("{PAGE_PATH}/{order}"),
            format!("/admin/print/slips?order={order}"),
            format!("/admin/print/invoices?order={order}"),
            format!("/admin/print/slips.pdf?order={order}"),
            format!("/admin/print/invoices.pdf?order={order}"),
            "/admin/print/pick-list".to_owned(),
        ] {
            let answer = visitor.get(&page).await;
            assert!([302, 303].contains(&answer.status), "{page}: {answer:?}");
            assert_eq!(answer.location(), Some("/admin/sign-in"), "{page}");
            for personal in ["ada@example.com", "Lovelace", "Main Street"] {
                assert!(!answer.body.contains(personal), "{page}: {}", answer.body);
            }
        }
        let form = [("order_id", id.as_str()), ("note", "I was here")];
        for command in ["/api/desk_order", "/api/note_order"] {
            let answer = visitor.post(command, &form).await;
            let problem = answer.problem(401);
            assert!(!problem.detail.contains("Lovelace"), "{problem:?}");
        }
        let mut socket = visitor.socket().await;
        let topics = ["orders", &format!("desk:{id}"), &format!("present:{id}")];
        socket.subscribe(&topics, 0).await;
        for _ in topics {
            match socket.next_or_end().await.expect("an answer") {
                ServerMessage::Error { detail, .. } => assert!(detail.contains("Sign in as staff")),
                told => panic!("{told:?}"),
            }
        }
    }
    assert_eq!(shop.number("select count(*) from order_notes").await, 0);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_stands_under_the_tab_of_its_state_and_is_counted_there() {
    let shop = TestShop::open().await;
    let paid = shop.bought_by(&ADA, GOOD_CARD).await;
    let unpaid = shop.bought_by(&ADA, BAD_CARD).await;
    shop.until_under(Tab::ToPack, paid).await;
    let status = |list: &DeskList, id| {
        let row = list.rows.iter().find(|row| row.id == id);
        row.map(|row| row.status)
    };
    eventually("the card was declined", async || {
        let list = shop.listed(DeskQuery {
            tab: Tab::Unpaid,
            ..DeskQuery::default()
        });
        status(&list.await, unpaid) == Some(OrderStatus::AwaitingPayment)
    })
    .await;
    let list = shop.listed(DeskQuery::default()).await;
    let [row] = list.rows.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(row.number, order_number(paid));
    assert_eq!(
        (row.name.as_str(), row.email.as_str()),
        (ADA.name, ADA.email)
    );
    assert_eq!((row.pieces, row.total.minor), (1, RING_PRICE));
    let tabs = |list: &DeskList| {
        [Tab::ToPack, Tab::Unpaid, Tab::Ended, Tab::All].map(|tab| counted(&list.counts, tab))
    };
    assert_eq!(tabs(&list), [1, 1, 0, 2]);
    // What the counts say is what there is.
    let mismatched = "select count(*) from order_desk_counts c where c.orders <> \
                      (select count(*) from order_desk d where d.status = c.status)";
    assert_eq!(shop.number(mismatched).await, 0);

    let reopened = shop.reopened().await;
    assert_eq!(reopened.under(Tab::ToPack).await, [paid]);
    let mut staff = reopened.staff().await;
    let page = staff.get(PAGE_PATH).await.expect_ok().body;
    assert!(page.contains(&order_number(paid)), "{page}");
    assert!(!page.contains(&order_number(unpaid)), "{page}");
    reopened.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_found_by_number_email_words_of_the_name_and_sku() {
    let shop = TestShop::open().await;
    let ada = shop.bought_by(&ADA, GOOD_CARD).await;
    let li = Person {
        email: "li@example.org",
        name: "Łucja Żółć",
    };
    let li = shop.bought_by(&li, GOOD_CARD).await;
    shop.until_under(Tab::ToPack, ada).await;
    shop.until_under(Tab::ToPack, li).await;
    let number = order_number(ada);
    for search in [
        number.as_str(),
        &number.to_lowercase(),
        &number[2..],
        &number[..6],
        "ada@example.com",
        "ADA@EX",
        "ada king",
        "Ada  King love",
        "king",
        "LOVELACE",
        "  lov ",
    ] {
        assert_eq!(shop.found(search).await, [ada], "{search:?}");
    }
    for search in ["łucja", "ŻÓŁ", "Łucja ż", "li@"] {
        assert_eq!(shop.found(search).await, [li], "{search:?}");
    }
    for both in [RING, &RING.to_lowercase(), "AS-VEG"] {
        assert_eq!(shop.found(both).await, [li, ada], "{both:?}");
    }
    for nothing in [
        "%",
        "_da",
        "a%",
        "' or 1=1 --",
        "ovelace",
        "king ada",
        "V-",
        "V-U",
        "AS-VEG-WG-99",
        "\u{0}",
        "zz\u{0}z",
        "x",
    ] {
        assert!(shop.found(nothing).await.is_empty(), "{nothing:?}");
    }
    // A search counts what it finds under every tab.
    let list = shop.listed(DeskQuery {
        tab: Tab::Unpaid,
        search: "lovelace".to_owned(),
        page: Page::First,
    });
    let list = list.await;
    assert!(list.rows.is_empty());
    assert_eq!(counted(&list.counts, Tab::ToPack), 1);
    let mut staff = shop.staff().await;
    let page = staff.get(&format!("{PAGE_PATH}?search=lovel")).await;
    let page = page.expect_ok().body;
    assert!(
        page.contains(&number) && !page.contains("<script>lovel"),
        "{page}"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_before_are_found_once_the_shop_has_opened() {
    let shop = TestShop::open().await;
    let order = shop.bought_by(&ADA, GOOD_CARD).await;
    shop.until_under(Tab::ToPack, order).await;
    let forgotten = "update orders set email_key = null, name_key = null, name_key_2 = null, \
                     name_key_3 = null, name_key_4 = null";
    shop.alter(forgotten.to_owned()).await;
    assert!(shop.found("lovelace").await.is_empty());
    let shop = shop.reopened().await;
    for search in ["lovelace", "king", "ada@", "ada"] {
        assert_eq!(shop.found(search).await, [order], "{search}");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_turned_page_by_page_there_and_back() {
    let shop = TestShop::open().await;
    shop.count(RING, 1_000).await;
    let all = 2 * PAGE + 3;
    let mut placed = Vec::new();
    for _ in 0..all {
        placed.push(shop.bought_by(&ADA, GOOD_CARD).await);
    }
    eventually("all are listed", async || {
        let list = shop.listed(DeskQuery::default()).await;
        counted(&list.counts, Tab::ToPack) == all as u64
    })
    .await;
    placed.reverse();
    for search in ["", "lovelace"] {
        let turn = async |page| {
            let search = search.to_owned();
            let tab = Tab::ToPack;
            shop.listed(DeskQuery { tab, search, page }).await
        };
        let ids = |list: &DeskList| list.rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let mut pages = vec![turn(Page::First).await];
        while let Some(last) = pages.last().filter(|page| page.has_older) {
            let place = last.rows.last().expect("a row").place();
            pages.push(turn(Page::Older(place)).await);
        }
        assert_eq!(pages.len(), 3, "{search:?}");
        assert!(!pages[0].has_newer && pages[1].has_newer && pages[2].has_newer);
        let seen: Vec<OrderId> = pages.iter().flat_map(ids).collect();
        assert_eq!(seen, placed, "each once, the newest first");
        // Back the same way.
        for at in [1, 0] {
            let place = pages[at + 1].rows[0].place();
            let back = turn(Page::Newer(place)).await;
            assert_eq!(ids(&back), ids(&pages[at]), "{search:?}, page {at}");
            assert_eq!(back.has_newer, at == 1);
            assert!(back.has_older);
        }
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_and_an_open_order_move_by_the_socket() {
    let shop = TestShop::open().await;
    let staff = shop.staff().await;
    let mut socket = staff.socket().await;
    socket.subscribe(&["orders"], 0).await;
    let State::Orders(begins) = next_of(&mut socket, "orders").await else {
        panic!("a snapshot of orders")
    };
    assert!(
        begins.rows.is_empty() && begins.counts.is_empty(),
        "{begins:?}"
    );
    let order = shop.bought_by(&ADA, BAD_CARD).await;
    // Steps that come at once may be told at once; the last is always told.
    let until = async |socket: &mut Socket, status| loop {
        let State::Orders(news) = next_of(socket, "orders").await else {
            panic!("news of orders")
        };
        let row = news.rows.iter().find(|row| row.id == order);
        if row.is_some_and(|row| row.status == status) {
            assert_eq!(counted(&news.counts, Tab::of(status)), 1, "{news:?}");
            return row.cloned().expect("it");
        }
    };
    let row = until(&mut socket, OrderStatus::AwaitingPayment).await;
    assert_eq!((row.name.as_str(), row.pieces), (ADA.name, 1));

    let desk = format!("desk:{order}");
    let mut open = staff.socket().await;
    open.subscribe(&[&desk], 0).await;
    let State::Desk { version } = next_of(&mut open, &desk).await else {
        panic!("a snapshot of the order")
    };
    assert_eq!(version, row.position);
    let mut staff = staff;
    let form = [("order_id", &*order.to_string()), ("note", "Rang her.")];
    staff.post("/api/note_order", &form).await.expect_ok();
    let State::Desk { version: noted } = next_of(&mut open, &desk).await else {
        panic!("news of the order")
    };
    assert!(noted > version, "the note is told");

    // Who comes back is told what they missed, and no more: at once, or once the list has it.
    let mut again = staff.socket().await;
    again.subscribe(&["orders"], row.position).await;
    loop {
        let State::Orders(missed) = next_of(&mut again, "orders").await else {
            panic!("news of orders")
        };
        let positions: Vec<u64> = missed.rows.iter().map(|row| row.position).collect();
        if !positions.is_empty() {
            assert_eq!(positions, [noted]);
            break;
        }
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_have_an_order_open_each_is_told_of_the_other() {
    let shop = TestShop::open().await;
    let order = shop.bought_by(&ADA, GOOD_CARD).await;
    let topic = format!("present:{order}");
    let (first, mut second) = (shop.staff().await, shop.other().await);
    let mut ada = first.socket().await;
    ada.subscribe(&[&topic], 0).await;
    let emails = |staff: Vec<Present>| staff.into_iter().map(|p| p.email).collect::<Vec<_>>();
    assert_eq!(emails(present(&mut ada, &topic).await), [EMAIL]);
    // The page that the second opens says so before its script is there.
    let path = format!("{PAGE_PATH}/{order}");
    let page = second.get(&path).await.expect_ok().body;
    assert!(page.contains("is on this order, too, since"), "{page}");
    assert!(page.contains(EMAIL), "{page}");

    let mut bo = second.socket().await;
    bo.subscribe(&[&topic], 0).await;
    assert_eq!(emails(present(&mut bo, &topic).await), [EMAIL, OTHER]);
    assert_eq!(emails(present(&mut ada, &topic).await), [EMAIL, OTHER]);
    // A second tab of the same person is nobody new.
    let mut tab = second.socket().await;
    tab.subscribe(&[&topic], 0).await;
    assert_eq!(emails(present(&mut tab, &topic).await), [EMAIL, OTHER]);
    drop(tab);
    drop(bo);
    while emails(present(&mut ada, &topic).await) != [EMAIL] {}
    drop(ada);
    eventually("nobody is there", async || {
        shop.inner().presence().of(order).is_empty()
    })
    .await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_says_who_wrote_it_and_what_it_says_is_not_in_the_log() {
    let shop = TestShop::open().await;
    let order = shop.bought_by(&ADA, GOOD_CARD).await;
    shop.until_under(Tab::ToPack, order).await;
    let mut staff = shop.staff().await;
    let id = order.to_string();
    let text = "Allergic to <b>nickel</b>.\r\nCall first.";
    let form = [("order_id", id.as_str()), ("note", text)];
    let answer = staff.submit("/api/note_order", &form).await;
    let page = format!("{PAGE_PATH}/{order}");
    assert_eq!(
        answer.location(),
        Some(&*format!("{page}#notes")),
        "{answer:?}"
    );
    let shown = staff.get(&page).await.expect_ok().body;
    assert!(
        shown.contains("Allergic to &lt;b&gt;nickel&lt;/b&gt;."),
        "{shown}"
    );
    let member = shop.member().await;
    let found = shop.inner().desk_order(&member, order).await.expect("it");
    let [note] = found.notes.as_slice() else {
        panic!("{:?}", found.notes)
    };
    assert_eq!(note.text, "Allergic to <b>nickel</b>.\nCall first.");
    assert_eq!(note.by, EMAIL);
    assert_eq!(found.status, OrderStatus::Confirmed);
    let written = "select count(*) from events where type = 'order.noted' and data like '%staff-%'";
    assert_eq!(shop.number(written).await, 1, "that there is one");
    let told = "select count(*) from events where data like '%nickel%'";
    assert_eq!(shop.number(told).await, 0);

    for (note, status) in [("", 422), ("\u{202e}turned", 422)] {
        let form = [("order_id", id.as_str()), ("note", note)];
        staff.post("/api/note_order", &form).await.problem(status);
    }
    let long = "x".repeat(MAX_NOTE + 1);
    let form = [("order_id", id.as_str()), ("note", long.as_str())];
    let problem = staff.post("/api/note_order", &form).await.problem(422);
    assert!(problem.field("note").is_some(), "{problem:?}");
    // A plain form comes back with what was typed.
    let back = staff.submit("/api/note_order", &form).await;
    let notes = format!("{page}#notes");
    assert_eq!(back.location(), Some(&*notes), "{back:?}");
    let shown = staff.get(&page).await.expect_ok().body;
    assert!(shown.contains("at most 1000 characters"), "{shown}");
    assert!(shown.contains(&long), "what was typed");
    let nobody = new_order_id().to_string();
    let form = [("order_id", nobody.as_str()), ("note", "hello")];
    staff.post("/api/note_order", &form).await.problem(404);
    let form = [("order_id", "nonsense"), ("note", "hello")];
    staff.post("/api/note_order", &form).await.problem(400);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_says_what_was_ordered_and_nothing_that_it_should_not() {
    let shop = TestShop::open().await;
    let mut shopper = shop.shopper();
    shopper
        .add(RING, "2", "For Bo & <i>all</i>")
        .await
        .expect_ok();
    let order = new_order_id();
    let placed = shopper.place(order, GOOD_CARD, 2 * RING_PRICE).await;
    placed.expect_ok();
    let single = shop.bought_by(&ADA, GOOD_CARD).await;
    shop.bought_by(&ADA, BAD_CARD).await;
    shop.until_under(Tab::ToPack, order).await;
    shop.until_under(Tab::ToPack, single).await;
    let mut staff = shop.staff().await;
    let both = format!("order={order}&order={single}&order={order}&order=nonsense");
    let slips = staff.get(&format!("/admin/print/slips?{both}")).await;
    let slips = slips.expect_ok().body;
    assert_eq!(
        slips.matches("<article class=\"paper\">").count(),
        2,
        "{slips}"
    );
    assert!(
        slips.contains("For Bo &amp; &lt;i&gt;all&lt;/i&gt;"),
        "{slips}"
    );
    assert!(!slips.contains("€2,490.00"), "no price in the parcel");
    let invoices = staff.get(&format!("/admin/print/invoices?{both}")).await;
    let invoices = invoices.expect_ok().body;
    assert!(invoices.contains("€4,980.00") && !invoices.contains("For Bo"));
    let list = shop.inner().pick_list(&shop.member().await).await;
    let list = list.expect("a list");
    assert_eq!((list.orders, list.pieces, list.rows.len()), (2, 3, 1));
    let row = &list.rows[0];
    assert_eq!((row.sku.as_str(), row.pieces), (RING, 3));
    assert_eq!(
        row.orders,
        [(order_number(order), 2), (order_number(single), 1)]
    );
    let page = staff.get("/admin/print/pick-list").await.expect_ok().body;
    let told = format!("{} (2), {}", order_number(order), order_number(single));
    assert!(page.contains(&told), "{page}");
    assert_eq!(staff.get("/admin/print/slips").await.status, 404);
    for kind in ["slips", "invoices"] {
        let path = format!("/admin/print/{kind}.pdf?{both}");
        let request = staff.request(reqwest::Method::GET, &path);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "application/pdf");
        let pdf = answer.bytes().await.expect("a PDF");
        assert!(pdf.starts_with(b"%PDF-"), "{kind}");
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.contains("/Count 2"), "a page for each order: {kind}");
    }
    let nobody = format!("/admin/print/slips.pdf?order={}", new_order_id());
    staff.get(&nobody).await.problem(404);
    let many: Vec<String> = (0..101)
        .map(|_| format!("order={}", new_order_id()))
        .collect();
    let many = staff
        .get(&format!("/admin/print/slips?{}", many.join("&")))
        .await;
    assert_eq!(many.status, 422);
    shop.closed().await;
}

/// The fields of the form that posts to `action`, as the page has filled them in.
fn form_of(page: &str, action: &str) -> Vec<(String, String)> {
    let form = page.split(&format!("action=\"{action}\"")).nth(1);
    let form = form.unwrap_or_else(|| panic!("no form for {action}: {page}"));
    let form = form.split("</form>").next().unwrap_or_default();
    let attribute = |input: &str, name: &str| {
        let value = input.split(&format!(" {name}=\"")).nth(1)?;
        Some(value.split('"').next().unwrap_or_default().to_owned())
    };
    let inputs = form.split("<input").skip(1).map(|input| {
        let input = input.split('>').next().unwrap_or_default();
        let name = attribute(input, "name")?;
        Some((name, attribute(input, "value").unwrap_or_default()))
    });
    inputs.flatten().collect()
}

/// Sends a form of the order's page as a browser without script does, and shows the page again.
async fn send(
    staff: &mut Client,
    page: &str,
    order: OrderId,
    action: &str,
    typed: &[(&str, &str)],
) -> String {
    let mut fields = form_of(page, action);
    for (name, value) in typed {
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = (*value).to_owned(),
            None => fields.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    let answer = staff.submit(action, &fields).await;
    let path = format!("{PAGE_PATH}/{order}");
    assert_eq!(answer.location(), Some(&*path), "{action}: {answer:?}");
    staff.get(&path).await.expect_ok().body
}

#[tokio::test(flavor = "multi_thread")]
async fn by_plain_forms_an_order_is_packed_in_parts_sent_delivered_and_paid_back() {
    let shop = TestShop::open().await;
    let mut shopper = shop.shopper();
    shopper.add(RING, "3", "").await.expect_ok();
    let order = new_order_id();
    shopper
        .place(order, GOOD_CARD, 3 * RING_PRICE)
        .await
        .expect_ok();
    shop.until_under(Tab::ToPack, order).await;
    let mut staff = shop.staff().await;
    let path = format!("{PAGE_PATH}/{order}");
    let page = staff.get(&path).await.expect_ok().body;

    let one = [("lines[0][quantity]", "1")];
    let page = send(&mut staff, &page, order, "/api/pack_order", &one).await;
    assert!(page.contains("Parcel 1") && page.contains("of 2"), "{page}");
    shop.until_under(Tab::ToSend, order).await;
    let tracking = [("tracking_number", "JD 014-6")];
    let page = send(&mut staff, &page, order, "/api/ship_order", &tracking).await;
    assert!(page.contains("JD 014-6"), "{page}");
    // The rest of it is still to be fetched.
    let list = shop.inner().pick_list(&shop.member().await).await;
    let list = list.expect("a list");
    assert_eq!((list.orders, list.pieces), (1, 2));
    eventually("the parcel is paid for", async || {
        let page = staff_page(&shop, order).await;
        page.money.captured.minor == RING_PRICE
    })
    .await;

    let page = staff.get(&path).await.expect_ok().body;
    let page = send(&mut staff, &page, order, "/api/pack_order", &[]).await;
    let page = send(&mut staff, &page, order, "/api/ship_order", &[]).await;
    shop.until_under(Tab::OnTheWay, order).await;
    let arrived = [("outcome", "delivered")];
    let page = send(&mut staff, &page, order, "/api/end_shipment", &arrived).await;
    send(&mut staff, &page, order, "/api/end_shipment", &arrived).await;
    shop.until_under(Tab::Arrived, order).await;
    eventually("all is collected", async || {
        staff_page(&shop, order).await.money.refundable.minor == 3 * RING_PRICE
    })
    .await;
    let page = staff.get(&path).await.expect_ok().body;
    let part = [("amount", "100"), ("reason", "A scratch")];
    send(&mut staff, &page, order, "/api/refund_order", &part).await;
    eventually("it is given back", async || {
        staff_page(&shop, order).await.money.refunded.minor == 10_000
    })
    .await;
    let page = staff.get(&path).await.expect_ok().body;
    let more = [("amount", "100000"), ("reason", "A slip")];
    let refused = send(&mut staff, &page, order, "/api/refund_order", &more).await;
    assert!(refused.contains("can be given back"), "{refused}");
    shop.closed().await;
}

async fn staff_page(shop: &TestShop, order: OrderId) -> types::desk::DeskOrder {
    let found = shop.inner().desk_order(&shop.member().await, order).await;
    found.expect("an order")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_on_an_order_that_has_changed_is_refused_with_what_has_changed() {
    let shop = TestShop::open().await;
    let order = shop.bought_by(&ADA, GOOD_CARD).await;
    shop.until_under(Tab::ToPack, order).await;
    let (mut first, mut second) = (shop.staff().await, shop.other().await);
    let path = format!("{PAGE_PATH}/{order}");
    let stale = first.get(&path).await.expect_ok().body;
    let page = second.get(&path).await.expect_ok().body;
    // A note stands in nobody's way.
    let note = [("note", "Mine.")];
    let fields = form_of(&page, "/api/note_order");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    let noted = second
        .submit("/api/note_order", &[&fields[..], &note].concat())
        .await;
    assert_eq!(noted.status, 302, "{noted:?}");
    send(&mut second, &page, order, "/api/pack_order", &[]).await;

    let refused = send(&mut first, &stale, order, "/api/cancel_for_shopper", &[]).await;
    assert!(
        refused.contains("The order has changed meanwhile"),
        "{refused}"
    );
    assert!(refused.contains("parcel 1: 1 × AS-VEG-WG-50"), "{refused}");
    let refused = send(&mut first, &stale, order, "/api/pack_order", &[]).await;
    assert!(
        refused.contains("The order has changed meanwhile"),
        "{refused}"
    );
    assert_eq!(staff_page(&shop, order).await.parcels.len(), 1);
    // The same form twice has packed once, and says nothing.
    let again = send(&mut second, &page, order, "/api/pack_order", &[]).await;
    assert!(!again.contains("changed meanwhile"), "{again}");
    assert_eq!(staff_page(&shop, order).await.parcels.len(), 1);
    // Who has looked again may.
    send(&mut first, &again, order, "/api/cancel_for_shopper", &[]).await;
    shop.until_under(Tab::Ended, order).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_chosen_are_packed_at_once_and_the_others_are_named() {
    let shop = TestShop::open().await;
    let paid = [
        shop.bought_by(&ADA, GOOD_CARD).await,
        shop.bought_by(&ADA, GOOD_CARD).await,
    ];
    let unpaid = shop.bought_by(&ADA, BAD_CARD).await;
    for order in paid {
        shop.until_under(Tab::ToPack, order).await;
    }
    let ids = [paid[0], paid[1], unpaid].map(|id| id.to_string());
    let form = ids.each_ref().map(|id| ("order[]", id.as_str()));
    shop.shopper()
        .post("/api/pack_orders", &form)
        .await
        .problem(401);
    let mut staff = shop.staff().await;
    let answer = staff.submit("/api/pack_orders", &form).await;
    assert_eq!(answer.location(), Some(PAGE_PATH), "{answer:?}");
    let page = staff.get(PAGE_PATH).await.expect_ok().body;
    let told = format!("Not packed: {}", order_number(unpaid));
    assert!(page.contains(&told), "{page}");
    assert!(!page.contains(&format!("Not packed: {}", order_number(paid[0]))));
    for order in paid {
        shop.until_under(Tab::ToSend, order).await;
    }
    staff.post("/api/pack_orders", &[]).await.problem(422);
    shop.closed().await;
}
