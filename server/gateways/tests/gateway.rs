//! The gateway by itself, over HTTP, with its ledger on a disk.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use futures::future::join_all;
use gateways::{Gateway, Settings};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

const KEY: &str = "the key";

async fn start(folder: &Path) -> Gateway {
    let gateway = Gateway::start(Settings {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        ledger: folder.join("gateway.db"),
        key: KEY.to_owned(),
        delay: Duration::ZERO,
        webhooks: None,
    });
    gateway.await.expect("a gateway")
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    client.build().expect("a client")
}

async fn post(
    client: &reqwest::Client,
    gateway: &Gateway,
    path: &str,
    key: &str,
    body: Value,
) -> (u16, Value) {
    let request = client.post(format!("{}{path}", gateway.url()));
    let request = request.bearer_auth(KEY).header("idempotency-key", key);
    let answer = request.body(body.to_string()).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

fn payment(token: &str) -> Value {
    json!({
        "reference": "order 1", "attempt": 1, "amount_minor": 1_000, "currency": "EUR",
        "payment_token": token,
    })
}

fn money(minor: i64) -> Value {
    json!({"amount_minor": minor, "currency": "EUR"})
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_key_money_is_held_and_moved_once_whoever_asks_and_however_often() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = start(folder.path()).await;
    let client = client();
    let asked = (0..64).map(|_| {
        let body = payment("pm_card_visa");
        post(&client, &gateway, "/payments", "key 1", body)
    });
    let answers = join_all(asked).await;
    let (status, first) = &answers[0];
    assert_eq!((*status, &first["status"]), (200, &json!("authorized")));
    assert!(answers.iter().all(|(_, answer)| answer == first));
    let id = first["id"].as_str().expect("a name");

    let capture = format!("/payments/{id}/capture");
    let asked = (0..16).map(|_| post(&client, &gateway, &capture, "key 2", money(700)));
    for (_, answer) in join_all(asked).await {
        assert_eq!(answer["status"], "done");
    }
    let more = post(&client, &gateway, &capture, "key 3", money(301)).await;
    assert_eq!(more.1["status"], "refused", "only 300 are left");
    // What was answered is there after a restart, and answered again.
    gateway.stop().await;
    let gateway = start(folder.path()).await;
    let body = payment("pm_card_visa");
    let again = post(&client, &gateway, "/payments", "key 1", body).await;
    assert_eq!(&again.1, first);
    let console = gateway.console();
    assert_eq!(console.payments().await.expect("listed").len(), 1);
    let movements = console.movements().await.expect("listed");
    let moved: Vec<i64> = movements.iter().map(|it| it.amount_minor).collect();
    assert_eq!(moved, [700]);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_the_key_is_told_nothing_and_bad_requests_say_what_was_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = start(folder.path()).await;
    let client = client();
    for given in [
        None,
        Some("Bearer "),
        Some("Bearer the kez"),
        Some("the key"),
    ] {
        for path in [
            "/payments/auth_1",
            "/ledger/payments",
            "/control",
            "/settlements/2026-11-30",
        ] {
            let mut request = client.get(format!("{}{path}", gateway.url()));
            if let Some(given) = given {
                request = request.header(AUTHORIZATION, given);
            }
            let status = request.send().await.expect("an answer").status();
            assert_eq!(status.as_u16(), 401, "{path} with {given:?}");
        }
    }
    let mut free = payment("pm_card_visa");
    free["amount_minor"] = 0.into();
    let mut foreign = payment("pm_card_visa");
    foreign["currency"] = "euro".into();
    for (body, expected) in [
        (json!({}), 400),
        (json!([]), 400),
        (free, 422),
        (foreign, 422),
    ] {
        let (status, answer) = post(&client, &gateway, "/payments", "key", body).await;
        assert_eq!(status, expected, "{answer}");
        assert!(answer["detail"].as_str().is_some_and(|it| !it.is_empty()));
    }
    let long = "k".repeat(129);
    let body = payment("pm_card_visa");
    assert_eq!(
        post(&client, &gateway, "/payments", &long, body).await.0,
        400
    );
    assert!(
        gateway
            .console()
            .payments()
            .await
            .expect("listed")
            .is_empty()
    );
    gateway.stop().await;
}

/// Requests that arrive together share a commit: many more are authorized than the disk syncs.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_wait_for_few_syncs() {
    const REQUESTS: usize = 1_000;
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = start(folder.path()).await;
    let client = client();
    let began = Instant::now();
    let asked = (0..REQUESTS).map(|at| {
        let (client, gateway) = (&client, &gateway);
        async move {
            let key = format!("key {at}");
            post(client, gateway, "/payments", &key, payment("pm_card_visa")).await
        }
    });
    let answers = join_all(asked).await;
    let took = began.elapsed();
    assert!(answers.iter().all(|(status, _)| *status == 200));
    let payments = gateway.console().payments().await.expect("listed");
    assert_eq!(payments.len(), REQUESTS);
    // A hundredth of what it does on an idle machine in this profile would still pass.
    assert!(took < Duration::from_secs(30), "{took:?}");
    gateway.stop().await;
}
