//! How long a member of staff is signed in, and what is kept of it.

use std::time::{Duration, Instant};

use reqwest::header::{CACHE_CONTROL, SET_COOKIE};
use types::staff::Role;

use crate::client::Client;
use crate::replay::command;
use crate::shop::{EMAIL, PASSWORD, RING, RING_PRICE, TestShop};
use crate::socket::Socket;

impl TestShop {
    /// A signed-in browser, and a socket of it that follows the stock.
    async fn staff_with_socket(&self) -> (Client, Socket) {
        let staff = self.staff().await;
        let mut socket = staff.socket().await;
        socket.subscribe(&["inventory"], 0).await;
        socket.next_snapshot().await;
        (staff, socket)
    }
}

/// Asserts that nothing is left of a session, and that its socket ended soon.
async fn assert_ended(since: Instant, mut staff: Client, mut socket: Socket) {
    assert_eq!(socket.until_end().await, Some(1013));
    assert!(
        since.elapsed() < Duration::from_secs(2),
        "{:?}",
        since.elapsed()
    );
    staff.count(RING, 99).await.problem(401);
    let page = staff.get("/admin/inventory").await;
    assert_eq!(page.location(), Some("/admin/sign-in"), "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_the_database_is_not_signed_in() {
    let shop = TestShop::open().await;
    let staff = shop.staff().await;
    let cookie = staff.cookie("session").expect("a session");
    let as_stored = format!("select count(*) from sessions where id = '{cookie}'");
    assert_eq!(shop.number("select count(*) from sessions").await, 1);
    assert_eq!(shop.number(&as_stored).await, 0);
    let rows = db::query("select id from sessions")
        .fetch_all(shop.log().db().reader())
        .await
        .expect("sessions");
    let id: String = db::Columns::get(&rows[0], 0);
    let mut thief = shop.shopper();
    thief.set_cookie("session", &id);
    thief.count(RING, 99).await.problem(401);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_used_goes_on_and_one_that_is_not_ends() {
    let shop = TestShop::limited(&["--session-idle-minutes=10"]).await;
    let (mut staff, socket) = shop.staff_with_socket().await;
    let ends = "select expires_at_us from sessions";
    let soon = shop.inner().now_us() + 60_000_000;
    shop.alter(format!("update sessions set expires_at_us = {soon}"))
        .await;
    staff.get("/admin/inventory").await.expect_ok();
    let later = shop.number(ends).await;
    assert!(later > soon + 8 * 60_000_000, "use moves its end");
    let past = shop.inner().now_us() - 1;
    let since = Instant::now();
    shop.alter(format!("update sessions set expires_at_us = {past}"))
        .await;
    assert_ended(since, staff, socket).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_a_week_however_much_it_is_used() {
    let shop = TestShop::open().await;
    let (staff, socket) = shop.staff_with_socket().await;
    let began = shop.inner().now_us() - 8 * 24 * 3_600 * 1_000_000;
    let since = Instant::now();
    shop.alter(format!("update sessions set began_us = {began}"))
        .await;
    assert_ended(since, staff, socket).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_sessions_and_their_sockets() {
    let shop = TestShop::open().await;
    let (staff, socket) = shop.staff_with_socket().await;
    let new = "another horse battery".to_owned();
    let since = Instant::now();
    services::set_staff_password(shop.log(), EMAIL, new.clone(), Role::Owner, true, "tests")
        .await
        .expect("a new password");
    assert_ended(since, staff, socket).await;
    for (password, page) in [
        (PASSWORD, "/admin/sign-in"),
        (new.as_str(), "/admin/inventory"),
    ] {
        let form = [("email", EMAIL), ("password", password)];
        let answer = shop.shopper().post("/admin/session", &form).await;
        assert_eq!(answer.location(), Some(page));
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_member_of_staff_is_out_within_a_second() {
    let shop = TestShop::open().await;
    let staff = shop.signed_in_as(Role::Orders).await;
    let mut socket = staff.socket().await;
    socket.subscribe(&["inventory"], 0).await;
    socket.next_snapshot().await;
    let since = Instant::now();
    let removed = services::remove_staff(shop.log(), "orders@example.com", "tests").await;
    assert!(removed.expect("removed"));
    assert_ended(since, staff, socket).await;
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_password_at_a_restart_leaves_sessions_and_another_owner_ends_them() {
    let shop = TestShop::open().await;
    let staff = shop.staff().await;
    let shop = shop.reopened().await;
    let mut staff = staff.at(shop.url());
    staff.get("/admin/inventory").await.expect_ok();
    let named = shop.inner().name_owner("other@example.com", None).await;
    assert_eq!(named, Ok(false), "who is named now has no password yet");
    let page = staff.get("/admin/inventory").await;
    assert_eq!(page.location(), Some("/admin/sign-in"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_pages_are_not_kept_and_cookies_are_secure_where_the_shop_is() {
    for (settings, is_https) in [
        (vec![], false),
        (vec!["--public-url=https://shop.example"], true),
    ] {
        let shop = TestShop::with(&settings).await;
        let prefix = if is_https { "__Host-" } else { "" };
        let mut ada = shop.shopper();
        let added = ada.add(RING, "1", "").await.expect_ok();
        assert!(ada.has_cookie(&format!("{prefix}shopper")), "{added:?}");
        let order = ada.order(RING, "", RING_PRICE * 2).await;
        let mut staff = shop.shopper();
        let form = [("email", EMAIL), ("password", PASSWORD)];
        let signed_in = staff.post("/admin/session", &form).await;
        assert!(
            staff.has_cookie(&format!("{prefix}session")),
            "{signed_in:?}"
        );
        for answer in [&added, &signed_in] {
            for cookie in answer.headers.get_all(SET_COOKIE) {
                let cookie = cookie.to_str().expect("text");
                assert_eq!(cookie.contains("Secure"), is_https, "{cookie}");
                assert!(cookie.contains("HttpOnly"), "{cookie}");
            }
        }
        let order_page = format!("/orders/{order}");
        for (client, page) in [
            (&mut ada, order_page.as_str()),
            (&mut staff, "/admin/inventory"),
        ] {
            let answer = client.get(page).await.expect_ok();
            assert_eq!(answer.headers[CACHE_CONTROL], "no-store", "{page}");
        }
        let ended = staff.post("/admin/session/end", &[]).await;
        let removals: Vec<&str> = (ended.headers.get_all(SET_COOKIE).iter())
            .map(|cookie| cookie.to_str().expect("text"))
            .filter(|cookie| cookie.starts_with(&format!("{prefix}session=;")))
            .collect();
        let is_taken = |cookie: &&str| cookie.contains("Secure") == is_https;
        assert!(removals.iter().any(is_taken), "{ended:?}");
        shop.closed().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_needs_any_more_is_deleted_and_the_rest_stays() {
    const DAY_US: i64 = 24 * 3_600 * 1_000_000;
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let mut bob = shop.shopper();
    ada.add(RING, "1", "").await.expect_ok();
    bob.add(RING, "1", "").await.expect_ok();
    let old = shop.inner().now_us() - 91 * DAY_US;
    shop.alter(format!(
        "update carts set added_at_us = {old} where line_id = (select min(line_id) from carts)"
    ))
    .await;
    let _staff = shop.staff().await;
    let _other = shop.staff().await;
    shop.alter(format!(
        "update sessions set expires_at_us = {old} where id = (select min(id) from sessions)"
    ))
    .await;
    let swept = shop
        .inner()
        .sweep(services::Lives::of_days(90, 90))
        .await
        .expect("swept");
    assert_eq!((swept.cart_lines, swept.sessions), (1, 1));
    assert_eq!(ada.cart_lines().await.len(), 0);
    assert_eq!(bob.cart_lines().await.len(), 1);
    let swept = shop
        .inner()
        .sweep(services::Lives::of_days(90, 90))
        .await
        .expect("swept");
    assert_eq!(swept, services::Swept::default());
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_come_and_go_by_the_command_line() {
    let shop = TestShop::open().await;
    let new = "grace@example.com";
    let told = command(&shop, &["staff", "password", new, "--role", "stock"])
        .await
        .expect("a password");
    let password = told.split_whitespace().nth(4).expect("shown once");
    let form = [("email", new), ("password", password)];
    let mut grace = shop.shopper();
    let answer = grace.post("/admin/session", &form).await;
    assert_eq!(answer.location(), Some("/admin/inventory"), "{told}");
    let listed = command(&shop, &["staff", "list"]).await.expect("a list");
    assert!(
        listed.contains(&format!("{new}: stock, 1 sessions")),
        "{listed}"
    );
    assert!(listed.contains(EMAIL), "{listed}");
    command(&shop, &["staff", "sign-out", new])
        .await
        .expect("signed out");
    grace.count(RING, 3).await.problem(401);
    command(&shop, &["staff", "remove", new])
        .await
        .expect("removed");
    let answer = shop.shopper().post("/admin/session", &form).await;
    assert_eq!(answer.location(), Some("/admin/sign-in"));
    let unknown = command(&shop, &["staff", "remove", new]).await;
    assert!(unknown.expect_err("refused").contains("not a member"));
    let odd = command(&shop, &["staff", "password", "nobody"]).await;
    assert!(odd.expect_err("refused").contains("email address"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_staff_by_an_id_and_pages_by_their_email() {
    let shop = TestShop::open().await;
    // As an earlier version left it.
    shop.alter("update staff set id = ''".to_owned()).await;
    let shop = shop.reopened().await;
    let mut staff = shop.staff().await;
    staff.count(RING, 9).await.expect_ok();
    let id = shop.id_of_staff().await;
    assert!(id.starts_with("staff-"), "{id}");
    let naming = |who: &str| format!("select count(*) from events where data like '%{who}%'");
    assert_eq!(shop.number(&naming(EMAIL)).await, 0);
    assert!(shop.number(&naming(&id)).await > 0);
    let page = staff.get("/admin/inventory").await.expect_ok().body;
    let told = format!("recount ({EMAIL})");
    assert!(page.contains(&told), "{page}");
    assert_eq!(shop.id_of_staff().await, id, "it stays");
    shop.closed().await;
}
