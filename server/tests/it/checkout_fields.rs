//! Whatever is typed into the address form: no answer is an error of the shop's, and what was typed comes back.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::client::{Client, new_order_id};
use crate::shop::{RING, RING_PRICE, TestShop};

const FIELDS: [&str; 13] = [
    "email",
    "name",
    "street",
    "street_2",
    "postal_code",
    "city",
    "phone",
    "billing_name",
    "billing_street",
    "billing_street_2",
    "billing_postal_code",
    "billing_city",
    "billing_country",
];
const FORMS: usize = 150;

/// The texts of the form's fields on the checkout page.
fn shown(page: &str) -> HashMap<String, String> {
    let plain = |text: &str| {
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#x27;", "'")
            .replace("&amp;", "&")
    };
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(plain(rest.split('"').next()?))
    };
    let inputs = page.split("<input").skip(1);
    let inputs = inputs.filter_map(|rest| {
        let tag = rest.split('>').next()?;
        let value = attribute(tag, "value").unwrap_or_default();
        Some((attribute(tag, "name")?, value))
    });
    inputs.collect()
}

/// What people, their programs and those who try a shop type.
fn typed() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "\u{200b}", "\u{202e}", "\u{0}", "\u{7}", "\n", "\r\n", "\t", "'", "\"", "<b>", "&amp;",
        "%00", "\u{feff}", "12", "00", "  ", "ß", "李", "🌹", "\u{301}", ";", "=", "\\", "${x}",
        "10115", "!!", "@", ".", "-", "D-", "\u{a0}",
    ]);
    prop_oneof![
        4 => prop::collection::vec(odd, 0..8).prop_map(|parts| parts.concat()),
        3 => ".{0,40}",
        2 => "[0-9A-Za-z -]{0,20}",
        1 => Just(String::new()),
    ]
}

async fn post(ada: &mut Client, form: &[(&str, &str)]) -> HashMap<String, String> {
    let answer = ada.submit("/api/place_order", form).await;
    assert_eq!(answer.status, 302, "{form:?}");
    let location = answer.location().expect("a page").to_owned();
    if location != "/checkout" {
        // It was good, and is ordered.
        assert!(location.starts_with("/orders/"), "{form:?}: {location}");
        ada.add(RING, "1", "").await.expect_ok();
        return HashMap::new();
    }
    let page = ada.get("/checkout").await;
    assert_eq!(page.status, 200, "{form:?}");
    let page = page.body;
    assert!(!page.contains("Something went wrong"), "{form:?}");
    shown(&page)
}

fn form<'a>(order: &'a str, total: &'a str, texts: &'a [String]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("order_id", order),
        ("country", "DE"),
        ("delivery", "standard"),
        ("billing", "other"),
        ("expected_total_minor_standard", total),
    ];
    form.extend(FIELDS.into_iter().zip(texts.iter().map(String::as_str)));
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_typed_into_the_address_comes_back_and_is_no_error_of_the_shop() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let total = RING_PRICE.to_string();
    let mut runner = TestRunner::deterministic();
    let texts = prop::collection::vec(typed(), FIELDS.len());
    for _ in 0..FORMS {
        let texts = texts.new_tree(&mut runner).expect("texts").current();
        let order = new_order_id().to_string();
        let back = post(&mut ada, &form(&order, &total, &texts)).await;
        if back.is_empty() {
            continue;
        }
        // What no cookie can carry, with its complaints, loses its longest ends.
        let is_whole = texts.iter().map(String::len).sum::<usize>() < 250;
        for (field, text) in FIELDS.into_iter().zip(&texts) {
            let back = back.get(field).expect("its field");
            assert!(text.starts_with(back), "{field}: {back:?} of {texts:?}");
            assert!(back == text || !is_whole, "{field}: {back:?} of {texts:?}");
        }
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_script_a_text_that_is_far_too_long_has_its_complaint_and_all_else_stays() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    let (order, total) = (new_order_id().to_string(), RING_PRICE.to_string());
    for letter in ["x", "李"] {
        let long = letter.repeat(5_000);
        let mut texts: Vec<String> = [
            "ada@example.com",
            &long,
            "Main Street 1",
            "3rd floor",
            "10115",
            "Berlin",
            "+49 30 123456",
            "Lovelace & Co",
            "Bahnhofstrasse 1",
            "",
            "8001",
            "Zürich",
            "Switzerland",
        ]
        .map(str::to_owned)
        .to_vec();
        let back = post(&mut ada, &form(&order, &total, &texts)).await;
        for (field, text) in FIELDS.into_iter().zip(&mut texts) {
            let back = back.get(field).expect("its field");
            if field == "name" {
                assert!(back.chars().count() >= 150, "its beginning: {}", back.len());
                assert!(text.starts_with(back), "as it was typed");
            } else {
                assert_eq!(back, text, "{field}");
            }
        }
        // The complaint was shown with it.
        let answer = ada
            .submit("/api/place_order", &form(&order, &total, &texts))
            .await;
        assert_eq!(answer.location(), Some("/checkout"));
        let page = ada.get("/checkout").await.body;
        let complaint = "Your full name may have at most 120 characters.";
        assert!(page.contains(complaint), "{page}");
    }
    shop.closed().await;
}
