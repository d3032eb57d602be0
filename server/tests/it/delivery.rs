//! What delivery costs, changed while the shop runs: shown, agreed to, paid, and never otherwise.

use services::NewTerms;
use types::delivery::DeliveryTerms;
use types::live::{State, Topic};

use crate::client::new_order_id;
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop, eventually};

const GOOD_CARD: &str = "pm_card_visa";
/// Nothing is delivered for nothing: €7.90 below €10,000.
const DEARER: DeliveryTerms = DeliveryTerms {
    standard_minor: 790,
    express_minor: 1_490,
    free_from_minor: 1_000_000,
};

/// All of the terms, whatever is in force.
const fn whole(terms: DeliveryTerms, from_us: Option<i64>) -> NewTerms {
    NewTerms {
        terms,
        seen: None,
        from_us,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_pages_and_orders_follow_and_the_old_fee_is_neither_charged_nor_forged() {
    let shop = TestShop::open().await;
    let (mut ada, mut early) = (shop.shopper(), shop.shopper());
    let kept = early.order(RING, GOOD_CARD, RING_PRICE).await;
    ada.add(RING, "1", "").await.expect_ok();
    assert!(!ada.cart().await.has_new_prices());
    let mut socket = ada.socket().await;
    socket.subscribe(&["delivery"], 0).await;
    let (_, _, first) = socket.next_snapshot().await;
    assert_eq!(first, State::Delivery(DeliveryTerms::default()));

    let staff = shop.member_of_staff().await;
    let changed = shop
        .inner()
        .change_delivery(&staff, whole(DEARER, None))
        .await;
    changed.expect("a change");
    let (topic, _, news) = socket.next_change().await;
    assert_eq!((topic, news), (Topic::Delivery, State::Delivery(DEARER)));
    let cart = ada.cart().await;
    assert_eq!(
        (cart.delivery, cart.delivery_was),
        (DEARER, Some(DeliveryTerms::default()))
    );
    assert!(cart.has_new_prices(), "to be accepted before it is paid");
    let page = ada.get("/delivery").await.expect_ok().body;
    assert!(
        page.contains("€7.90") && page.contains("€10,000.00"),
        "{page}"
    );
    for path in ["/cart", "/checkout"] {
        let page = ada.get(path).await.expect_ok().body;
        assert!(
            page.contains("Delivery costs something else now"),
            "{path}: {page}"
        );
        assert!(page.contains("€7.90"), "{path}: {page}");
    }
    // A form that saw the old total, or says so, is refused and told both.
    let refused = ada
        .place(new_order_id(), GOOD_CARD, RING_PRICE)
        .await
        .problem(409);
    assert!(refused.is("price-changed"), "{refused:?}");
    assert!(refused.detail.contains("€2,497.90"), "{refused:?}");
    ada.post("/api/accept_prices", &[]).await.expect_ok();
    assert!(!ada.cart().await.has_new_prices());
    let order = new_order_id();
    ada.place(order, GOOD_CARD, RING_PRICE + 790)
        .await
        .expect_ok();
    shop.until_status(order, "confirmed").await;
    let fee = |order| format!("select delivery_minor from orders where id = '{order}'");
    assert_eq!(shop.number(&fee(order)).await, 790);
    assert_eq!(shop.number(&fee(kept)).await, 0, "placed before");

    // Who begins now has nothing to accept, and a restart and a replay change nothing.
    command(&shop, &["replay", "--consumer=delivery"])
        .await
        .expect("a replay");
    let shop = shop.reopened().await;
    let mut bob = shop.shopper();
    bob.add(RING, "1", "").await.expect_ok();
    let cart = bob.cart().await;
    assert_eq!((cart.delivery, cart.delivery_was), (DEARER, None));
    let by = format!(
        "select count(*) from events where type = 'delivery.changed' and data like '%\"{}\"%'",
        shop.id_of_staff().await
    );
    assert_eq!(shop.number(&by).await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_the_same_under_new_terms_is_asked_nothing() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let staff = shop.member_of_staff().await;
    let terms = DeliveryTerms {
        standard_minor: 990,
        ..DeliveryTerms::default()
    };
    let changed = shop
        .inner()
        .change_delivery(&staff, whole(terms, None))
        .await;
    changed.expect("a change");
    let cart = ada.cart().await;
    assert_eq!(
        (cart.delivery, cart.delivery_was),
        (terms, None),
        "free as before"
    );
    ada.place(new_order_id(), GOOD_CARD, RING_PRICE)
        .await
        .expect_ok();
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_command_line_and_by_plain_forms_now_or_later() {
    let shop = TestShop::open().await;
    let said = command(&shop, &["delivery"]).await.expect("the terms");
    assert_eq!(
        said,
        "standard €5.90, free from €150.00 on, express €14.90\n"
    );
    let said = command(&shop, &["delivery", "--standard=6.50"]).await;
    let said = said.expect("a change");
    assert!(
        said.contains("standard €6.50, free from €150.00 on"),
        "{said}"
    );
    assert!(said.contains("before it was standard €5.90"), "{said}");
    eventually("the running shop knows it", async || {
        shop.inner().delivery_terms().standard_minor == 650
    })
    .await;
    for (bad, why) in [
        ("-1", "expected an amount"),
        ("10001", "higher than the shop"),
    ] {
        let refused = command(&shop, &["delivery", &format!("--standard={bad}")]).await;
        let refused = refused.expect_err(bad);
        assert!(refused.contains(why), "{refused}");
    }

    let mut staff = shop.staff().await;
    let form = |standard: &'static str, from: &'static str| {
        [
            ("standard", standard),
            ("express", "14.90"),
            ("free_from", "200"),
            ("from", from),
        ]
    };
    let answer = staff
        .submit("/api/set_delivery", &form("7", "2099-01-01T08:00"))
        .await;
    assert_eq!(answer.location(), Some("/admin/prices"));
    let page = staff.get("/admin/prices").await.expect_ok().body;
    assert!(
        page.contains("Standard €7.00, free from €200.00 on"),
        "{page}"
    );
    assert_eq!(shop.inner().delivery_terms().standard_minor, 650, "not yet");
    let member = shop.member_of_staff().await;
    let [planned] = shop.inner().planned_delivery(&member).expect("an owner")[..] else {
        panic!("one is planned")
    };
    let from_us = planned.from_us.to_string();
    for (status, gone) in [(200, true), (409, true)] {
        let answer = staff
            .post("/api/withdraw_delivery", &[("from_us", &from_us)])
            .await;
        assert_eq!(answer.status, status);
        assert_eq!(
            shop.inner()
                .planned_delivery(&member)
                .expect("an owner")
                .is_empty(),
            gone
        );
    }
    // A comma where half of Europe has it would be a hundred times as much.
    staff
        .post("/api/set_delivery", &form("5,90", ""))
        .await
        .problem(422);
    let answer = staff.submit("/api/set_delivery", &form("cheap", "")).await;
    assert_eq!(answer.location(), Some("/admin/prices"));
    let page = staff.get("/admin/prices").await.expect_ok().body;
    assert!(
        page.contains("Enter an amount like") && page.contains("value=\"cheap\""),
        "{page}"
    );
    staff
        .post("/api/set_delivery", &form("7", ""))
        .await
        .expect_ok();
    assert_eq!(shop.inner().delivery_terms().standard_minor, 700);

    // By itself, when its time has come.
    let soon = shop.inner().now_us() + 300_000;
    let planned = shop
        .inner()
        .change_delivery(&member, whole(DEARER, Some(soon)))
        .await;
    planned.expect("a plan");
    eventually("it is in force", async || {
        shop.inner().delivery_terms() == DEARER
    })
    .await;
    // Nobody else may.
    let mut ada = shop.shopper();
    ada.post("/api/set_delivery", &form("0", ""))
        .await
        .problem(401);
    ada.post("/api/withdraw_delivery", &[("from_us", "1")])
        .await
        .problem(401);
    shop.closed().await;
}

/// The hidden field of a form.
fn hidden(page: &str, form: &str, name: &str) -> String {
    let form = page
        .split("<form")
        .find(|it| it.contains(form))
        .expect(form);
    let field = format!("name=\"{name}\" value=\"");
    let from = form.find(&field).expect(name) + field.len();
    let value = form[from..].split('"').next().expect("an end");
    value.replace("&quot;", "\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_have_the_same_page_open_take_nothing_back_from_each_other() {
    let shop = TestShop::open().await;
    let (mut ada, mut bo) = (shop.staff().await, shop.staff().await);
    let seen = async |staff: &mut crate::client::Client| {
        let page = staff.get("/admin/prices").await.expect_ok().body;
        hidden(&page, "/api/set_delivery", "seen")
    };
    let (of_ada, of_bo) = (seen(&mut ada).await, seen(&mut bo).await);
    assert_eq!(of_ada, "590 1490 15000");
    let form = |standard: &'static str, express: &'static str, from: &'static str| {
        [
            ("standard", standard),
            ("express", express),
            ("free_from", "150.00"),
            ("from", from),
        ]
    };
    let save = |seen: &str, values: [(&'static str, &'static str); 4]| {
        let values = values.map(|(name, value)| (name, value.to_owned()));
        let mut values = values.to_vec();
        values.push(("seen", seen.to_owned()));
        values
    };
    // Ada plans a part; Bo changes another part at once, on a page of before.
    let plan = save(&of_ada, form("7.00", "14.90", "2099-01-01T08:00"));
    post(&mut ada, &plan).await.expect_ok();
    post(&mut bo, &save(&of_bo, form("5.90", "19.00", "")))
        .await
        .expect_ok();
    let now = shop.inner().delivery_terms();
    assert_eq!((now.standard_minor, now.express_minor), (590, 1_900));
    let member = shop.member_of_staff().await;
    let [planned] = shop.inner().planned_delivery(&member).expect("an owner")[..] else {
        panic!("one is planned")
    };
    let then = planned.terms;
    assert_eq!((then.standard_minor, then.express_minor), (700, 1_900));
    // Of the part that Bo has changed Ada is told, as a program and as a form, and decides.
    let late = save(&of_ada, form("5.90", "24.00", ""));
    let told = post(&mut ada, &late).await.problem(409);
    assert!(told.is("changed-meanwhile"), "{told:?}");
    let of_express = told.field("express").expect("told at the field");
    assert!(of_express.contains("19.00"), "{of_express}");
    assert!(told.field("standard").is_none(), "{told:?}");
    let fields: Vec<(&str, &str)> = late.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = ada.submit("/api/set_delivery", &fields).await;
    assert_eq!(answer.location(), Some("/admin/prices"));
    let page = ada.get("/admin/prices").await.expect_ok().body;
    assert!(page.contains(of_express), "{page}");
    assert!(page.contains("value=\"24.00\""), "what was typed: {page}");
    let now = hidden(&page, "/api/set_delivery", "seen");
    assert_eq!(now, "590 1900 15000");
    post(&mut ada, &save(&now, form("5.90", "24.00", "")))
        .await
        .expect_ok();
    assert_eq!(shop.inner().delivery_terms().express_minor, 2_400);
    // A plan is withdrawn by who has seen it.
    let from_us = planned.from_us.to_string();
    let withdraw = |seen: &'static str| [("from_us", from_us.clone()), ("seen", seen.to_owned())];
    for (seen, status) in [("590 1490 15000", 409), ("700 1490 15000", 200)] {
        let form = withdraw(seen);
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = ada.post("/api/withdraw_delivery", &form).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    command(&shop, &["replay", "--consumer=delivery"])
        .await
        .expect("a replay");
    shop.closed().await;
}

async fn post(
    staff: &mut crate::client::Client,
    form: &[(&'static str, String)],
) -> crate::client::Answer {
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
    staff.post("/api/set_delivery", &form).await
}
