//! The demo's day, let loose on a real shop.

use axum::Router;
use server::demo::{Plan, run};
use shopper::http::Credentials;
use shopper::target::Target;
use tokio::net::TcpListener;

use crate::shop::{EMAIL, PASSWORD, TestShop, eventually};

async fn plan(url: &str) -> Plan {
    Plan {
        target: Target::resolve(url, false).await.expect("an address"),
        speed: 480,
        seed: 5,
        staff: Some(Credentials {
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_sells_and_counts_and_ends_when_it_is_asked_to() {
    let shop = TestShop::open().await;
    let sold_and_counted = async {
        eventually("an order is confirmed", async || {
            let sql = "select count(*) from order_progress where status = 'confirmed'";
            shop.number(sql).await > 0
        })
        .await;
        eventually("somebody has counted", async || {
            let sql = "select count(*) from events where type = 'stock.correction_requested' \
                       and (data like '%count of the day%' or data like '%the workshop%')";
            shop.number(sql).await > 0
        })
        .await;
    };
    let mut told = Vec::new();
    run(plan(shop.url()).await, sold_and_counted, &mut told)
        .await
        .expect("a day");
    let told = String::from_utf8(told).expect("text");
    assert!(told.contains("24 pieces on the shelf"), "{told}");
    assert!(told.contains("is paid and confirmed"), "{told}");
    assert!(told.contains("Staff count AS-"), "{told}");
    assert!(!told.contains("went wrong"), "{told}");
    let last = told.lines().last().unwrap_or_default();
    assert!(last.contains("visitors; orders: "), "{told}");
    assert!(!last.contains(": 0 confirmed"), "{told}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_takes_no_test_cards_is_left_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let other = tokio::spawn(async move { axum::serve(listener, Router::new()).await });
    let refused = run(plan(&url).await, std::future::pending(), &mut Vec::new()).await;
    let refused = refused.expect_err("a refusal").to_string();
    assert!(refused.contains("takes no test cards"), "{refused}");
    other.abort();
}
