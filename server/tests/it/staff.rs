//! Members of staff come by invitation, go, and sign in with one step or two.

use std::time::Instant;

use mail_parser::MessageParser;
use reqwest::Method;
use reqwest::header::{ACCEPT, USER_AGENT};
use server::WayIn;
use totp_rs::{Builder, Secret, Totp};
use types::staff::Role;

use crate::client::{Answer, Client};
use crate::mails::files;
use crate::replay::command;
use crate::shop::{EMAIL, PASSWORD, TestShop, data, eventually};

const GRACE: &str = "grace@example.com";
const LONG: &str = "a long enough passphrase";
const OTHER: &str = "another long enough passphrase";

/// A path of the shop in the mails to somebody, the newest last.
fn links(shop: &TestShop, to: &str) -> Vec<String> {
    let mails = files(&data(shop.scratch())).into_iter().filter_map(|path| {
        let bytes = std::fs::read(path).expect("a mail");
        let mail = MessageParser::default().parse(&bytes)?.into_owned();
        let whom = mail.to()?.first()?.address()?.to_owned();
        (whom == to).then_some(mail)
    });
    let mut mails: Vec<_> = mails.collect();
    mails.sort_by_key(|mail| mail.date().map(mail_parser::DateTime::to_timestamp));
    let link = |mail: &mail_parser::Message<'_>| {
        let text = mail.body_text(0).expect("text").into_owned();
        let lines = text.lines().map(str::trim);
        let mut links = lines.filter_map(|line| line.strip_prefix(shop.url()));
        links
            .find(|path| path.starts_with("/admin/join/"))
            .map(str::to_owned)
    };
    mails.iter().filter_map(link).collect()
}

async fn until_links(shop: &TestShop, to: &str, count: usize) -> Vec<String> {
    eventually(&format!("{count} mails to {to}"), async || {
        links(shop, to).len() == count
    })
    .await;
    links(shop, to)
}

async fn join(client: &mut Client, path: &str, password: &str, again: &str) -> Answer {
    let form = [
        ("email", "ignored@example.com"),
        ("password", password),
        ("again", again),
    ];
    client.submit(path, &form).await
}

async fn sign_in(client: &mut Client, email: &str, password: &str) -> String {
    let form = [("email", email), ("password", password)];
    let answer = client.post("/admin/session", &form).await;
    answer.location().expect("a page").to_owned()
}

impl TestShop {
    async fn member_id(&self, email: &str) -> String {
        let row = db::query("select id from staff where email = $1")
            .bind(email.to_owned())
            .fetch_one(self.log().db().reader())
            .await;
        let row = row.expect("a member");
        db::Columns::get::<String, _>(&row, 0)
    }

    async fn invited_id(&self, email: &str) -> String {
        let row = db::query("select member from staff_invitations where email = $1")
            .bind(email.to_owned())
            .fetch_one(self.log().db().reader())
            .await;
        db::Columns::get::<String, _>(&row.expect("an invitation"), 0)
    }

    async fn told(&self, kind: &str) -> i64 {
        self.number(&format!(
            "select count(*) from events where type = '{kind}'"
        ))
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_invited_chooses_a_password_once() {
    let shop = TestShop::open().await;
    let mut owner = shop.staff().await;
    let form = [("email", " Grace@Example.com "), ("role", "stock")];
    owner.post("/api/invite_staff", &form).await.expect_ok();
    let link = until_links(&shop, GRACE, 1).await.remove(0);
    let token = link.strip_prefix("/admin/join/").expect("a token");
    // Nobody finds it in the database, in the log, or in the backup of either.
    for table in ["events", "staff_invitations"] {
        let column = if table == "events" {
            "data"
        } else {
            "invitation"
        };
        let kept = format!("select count(*) from {table} where {column} like '%{token}%'");
        assert_eq!(shop.number(&kept).await, 0, "{table}");
    }
    let mut grace = shop.shopper();
    let page = grace.get(&link).await.expect_ok().body;
    assert!(
        page.contains(GRACE) && page.contains("Your role: Stock"),
        "{page}"
    );
    let differ = join(&mut grace, &link, LONG, OTHER).await;
    assert_eq!(differ.location(), Some(&*link));
    let page = grace.get(&link).await.expect_ok().body;
    assert!(page.contains("These two are not the same"), "{page}");
    let short = join(&mut grace, &link, "short", "short").await;
    assert_eq!(short.location(), Some(&*link));
    let page = grace.get(&link).await.expect_ok().body;
    assert!(page.contains("at least 12 characters"), "{page}");
    // Two browsers at once: one of them is a member.
    let mut other = shop.shopper();
    let (one, two) = tokio::join!(
        join(&mut grace, &link, LONG, LONG),
        join(&mut other, &link, LONG, LONG)
    );
    let mut pages = [one.location(), two.location()];
    pages.sort();
    assert_eq!(pages, [Some("/admin/inventory"), Some(&*link)]);
    assert_eq!(shop.told("staff.joined").await, 1);
    let used = shop.shopper().get(&link).await;
    assert_eq!(used.status, 404);
    assert!(used.body.contains("of no use any more"), "{}", used.body);
    // She is who was invited, and what for.
    assert_eq!(sign_in(&mut grace, GRACE, LONG).await, "/admin/inventory");
    let prices = grace.get("/admin/prices").await;
    assert_eq!(prices.status, 403);
    assert!(
        prices.body.contains("Those who may: Owner"),
        "{}",
        prices.body
    );
    let page = grace.get("/admin/inventory").await.expect_ok().body;
    assert!(!page.contains("href=\"/admin/prices\""), "{page}");
    assert!(page.contains("href=\"/admin/restock\""), "{page}");
    let again = owner.post("/api/invite_staff", &form).await;
    assert!(again.problem(409).is("is-member"), "{again:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_sent_again_taken_back_and_grows_old() {
    let shop = TestShop::open().await;
    let mut owner = shop.staff().await;
    let form = [("email", GRACE), ("role", "viewer")];
    owner.post("/api/invite_staff", &form).await.expect_ok();
    let first = until_links(&shop, GRACE, 1).await.remove(0);
    let member = shop.invited_id(GRACE).await;
    let of = [("member", member.as_str())];
    owner.post("/api/invite_again", &of).await.expect_ok();
    let both = until_links(&shop, GRACE, 2).await;
    let second = both.into_iter().find(|link| *link != first);
    let second = second.expect("another link");
    assert_eq!(shop.shopper().get(&first).await.status, 404);
    shop.shopper().get(&second).await.expect_ok();
    // Somebody makes one up.
    let mut made_up = second.clone();
    made_up.replace_range(second.len() - 3..second.len() - 2, "_");
    for odd in [made_up.as_str(), "/admin/join/x", "/admin/join/%00"] {
        assert_eq!(shop.shopper().get(odd).await.status, 404, "{odd}");
        let tried = join(&mut shop.shopper(), odd, LONG, LONG).await;
        assert!([303, 404].contains(&tried.status), "{odd}: {tried:?}");
    }
    let past = shop.inner().now_us() - 1;
    shop.alter(format!(
        "update staff_invitations set expires_at_us = {past}"
    ))
    .await;
    assert_eq!(shop.shopper().get(&second).await.status, 404);
    join(&mut shop.shopper(), &second, LONG, LONG).await;
    assert_eq!(shop.told("staff.joined").await, 0);
    owner.post("/api/invite_again", &of).await.expect_ok();
    let third = until_links(&shop, GRACE, 3).await.pop().expect("a link");
    owner
        .post("/api/withdraw_invitation", &of)
        .await
        .expect_ok();
    assert_eq!(shop.shopper().get(&third).await.status, 404);
    owner
        .post("/api/withdraw_invitation", &of)
        .await
        .problem(404);
    for odd in ["", "nobody", "a b@example.com"] {
        let form = [("email", odd), ("role", "viewer")];
        let refused = owner.post("/api/invite_staff", &form).await.problem(422);
        assert!(refused.field("email").is_some(), "{odd}");
    }
    let form = [("email", GRACE), ("role", "emperor")];
    let refused = owner.post("/api/invite_staff", &form).await.problem(422);
    assert!(refused.field("role").is_some());
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_invites_and_shows_the_link() {
    let shop = TestShop::open().await;
    let folder = format!("--data-dir={}", data(shop.scratch()).display());
    let told = command(
        &shop,
        &[
            "staff", "invite", GRACE, "--role", "orders", "--json", &folder,
        ],
    )
    .await
    .expect("invited");
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (&told["email"], &told["role"]),
        (&GRACE.into(), &"orders".into())
    );
    let link = told["link"].as_str().expect("a link");
    let path = &link[link.find("/admin/join/").expect("a path")..];
    // The shop that runs writes to her, too, with the same link.
    assert_eq!(until_links(&shop, GRACE, 1).await, [path]);
    let mut grace = shop.shopper();
    let joined = join(&mut grace, path, LONG, LONG).await;
    assert_eq!(joined.location(), Some("/admin/inventory"));
    let elsewhere = [
        "staff",
        "invite",
        "x@example.com",
        "--role",
        "viewer",
        "--data-dir=/nowhere",
    ];
    let refused = command(&shop, &elsewhere).await.expect_err("no secret");
    assert!(refused.contains("secret"), "{refused}");
    command(&shop, &["staff", "role", GRACE, "viewer"])
        .await
        .expect("changed");
    assert_eq!(
        grace.get("/admin/orders").await.location(),
        Some("/admin/sign-in")
    );
    let listed = command(&shop, &["staff", "list"]).await.expect("a list");
    assert!(
        listed.contains(&format!("{GRACE}: viewer, 0 sessions")),
        "{listed}"
    );
    let last = command(&shop, &["staff", "remove", EMAIL]).await;
    assert!(last.expect_err("refused").contains("Nobody would be left"));
    shop.closed().await;
}

fn first_link(shop: &TestShop) -> String {
    match &shop.running().way_in {
        Some(WayIn::Link(link)) => link[shop.running().url.len()..].to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_comes_with_the_link_of_the_start_and_then_there_is_none() {
    let shop = TestShop::without_staff().await;
    let before = first_link(&shop);
    let shop = shop.reopened().await;
    let link = first_link(&shop);
    assert_ne!(link, before, "another one at each start");
    assert_eq!(shop.shopper().get(&before).await.status, 404);
    let mut ada = shop.shopper();
    ada.get(&link).await.expect_ok();
    let nobody = [("email", "nobody"), ("password", LONG), ("again", LONG)];
    ada.submit(&link, &nobody).await;
    let page = ada.get(&link).await.expect_ok().body;
    assert!(page.contains("Expected an email address"), "{page}");
    let (mut bob, form) = (shop.shopper(), |email| {
        [("email", email), ("password", LONG), ("again", LONG)]
    });
    let (adas, bobs) = (form("ada@example.com"), form("bob@example.com"));
    let (one, two) = tokio::join!(ada.submit(&link, &adas), bob.submit(&link, &bobs));
    let mut pages = [one.location(), two.location()];
    pages.sort();
    assert_eq!(
        pages,
        [Some("/admin/inventory"), Some(&*link)],
        "one is first"
    );
    assert_eq!(
        shop.number("select count(*) from staff where role = 'owner'")
            .await,
        1
    );
    let shop = shop.reopened().await;
    assert_eq!(shop.running().way_in, None);
    assert_eq!(shop.shopper().get(&link).await.status, 404);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_of_before_keeps_its_owner_when_the_settings_name_nobody_any_more() {
    let shop = TestShop::open().await;
    let shop = shop.reopened_with(&["nobody"]).await;
    assert_eq!(shop.running().way_in, None);
    assert_eq!(
        sign_in(&mut shop.shopper(), EMAIL, PASSWORD).await,
        "/admin/inventory"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_always_an_owner_however_many_leave_at_once() {
    let shop = TestShop::open().await;
    let shop = shop.reopened_with(&["nobody"]).await;
    let mut first = shop.staff().await;
    let mut second = shop.signed_in_as(Role::Owner).await;
    let ids = (
        shop.member_id(EMAIL).await,
        shop.member_id("owner@example.com").await,
    );
    let removed = [("member", ids.1.as_str()), ("sure", "yes")];
    let demoted = [("member", ids.0.as_str()), ("role", "viewer")];
    let (one, two) = tokio::join!(
        first.post("/api/remove_member", &removed),
        second.post("/api/change_role", &demoted)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "{one:?} {two:?}");
    // Whoever was slower is an owner no more, or the last one.
    assert!(
        [401, 403, 404, 409].contains(&statuses[1]),
        "{one:?} {two:?}"
    );
    let owners = "select count(*) from staff where role = 'owner'";
    assert_eq!(shop.number(owners).await, 1);
    let mut last = if one.status == 200 { first } else { second };
    let own = if one.status == 200 { &ids.0 } else { &ids.1 };
    let form = [("member", own.as_str()), ("sure", "yes"), ("role", "stock")];
    for act in ["/api/remove_member", "/api/change_role"] {
        let refused = last.post(act, &form).await.problem(409);
        assert!(refused.is("last-owner"), "{act}: {refused:?}");
    }
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_ends_sessions_and_sockets_within_a_second() {
    let shop = TestShop::open().await;
    let mut owner = shop.staff().await;
    let mut member = shop.signed_in_as(Role::Orders).await;
    let mut socket = member.socket().await;
    socket.subscribe(&["alerts"], 0).await;
    socket.next_snapshot().await;
    let id = shop.member_id("orders@example.com").await;
    let since = Instant::now();
    let form = [("member", id.as_str()), ("role", "stock")];
    owner.post("/api/change_role", &form).await.expect_ok();
    assert_eq!(socket.until_end().await, Some(1013));
    assert!(since.elapsed().as_secs() < 2, "{:?}", since.elapsed());
    assert_eq!(
        member.get("/admin/orders").await.location(),
        Some("/admin/sign-in")
    );
    let same = owner.post("/api/change_role", &form).await.problem(409);
    assert!(same.is("role-unchanged"), "{same:?}");
    // Whom the settings name is changed there.
    let other = shop.signed_in_as(Role::Owner).await;
    let own = shop.member_id(EMAIL).await;
    let mut other = other;
    let form = [("member", own.as_str()), ("role", "stock")];
    let named = other.post("/api/change_role", &form).await.problem(409);
    assert!(named.is("named-by-settings"), "{named:?}");
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_and_ends_ones_own_sessions_and_nobody_elses() {
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let shop = TestShop::open().await;
    let mut own = shop.staff().await;
    let mut second = shop.shopper();
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let request = second.request(Method::POST, "/admin/session").form(&form);
    let request = request
        .header(USER_AGENT, FIREFOX)
        .header(ACCEPT, "text/html");
    second.send(request).await;
    let mut third = shop.staff().await;
    let stranger = shop.signed_in_as(Role::Owner).await;
    let page = own.get("/admin/account").await.expect_ok().body;
    assert_eq!(
        page.matches("Firefox on Linux").count(),
        2,
        "row and button: {page}"
    );
    assert!(
        page.contains("127.0.0.\u{2026}") && page.contains("This browser"),
        "{page}"
    );
    assert_eq!(
        page.matches("action=\"/api/end_session\"").count(),
        2,
        "{page}"
    );
    let sessions = "select id from sessions where browser = 'Firefox on Linux'";
    let row = db::query(sessions)
        .fetch_one(shop.log().db().reader())
        .await;
    let id = db::Columns::get::<String, _>(&row.expect("a session"), 0);
    let mut stranger = stranger;
    stranger
        .post("/api/end_session", &[("session", &id)])
        .await
        .problem(404);
    second.get("/admin/inventory").await.expect_ok();
    own.post("/api/end_session", &[("session", &id)])
        .await
        .expect_ok();
    assert_eq!(second.get("/admin/inventory").await.status, 302);
    third.get("/admin/inventory").await.expect_ok();
    own.post("/api/end_other_sessions", &[]).await.expect_ok();
    assert_eq!(third.get("/admin/inventory").await.status, 302);
    own.get("/admin/inventory").await.expect_ok();
    stranger.get("/admin/inventory").await.expect_ok();
    let member = shop.member_id(EMAIL).await;
    let of = [("member", member.as_str())];
    stranger.post("/api/sign_member_out", &of).await.expect_ok();
    assert_eq!(own.get("/admin/inventory").await.status, 302);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_password_is_changed_by_whoever_knows_it() {
    let shop = TestShop::open().await;
    let mut member = shop.signed_in_as(Role::Stock).await;
    let mut elsewhere = shop.shopper();
    sign_in(&mut elsewhere, "stock@example.com", LONG).await;
    let change = async |client: &mut Client, current: &str, password: &str, again: &str| {
        let form = [
            ("current", current),
            ("password", password),
            ("again", again),
        ];
        client.submit("/admin/account/password", &form).await;
        client.get("/admin/account").await.body
    };
    let page = change(&mut member, "not mine at all", OTHER, OTHER).await;
    assert!(page.contains("This is not your password"), "{page}");
    let page = change(&mut member, LONG, OTHER, LONG).await;
    assert!(page.contains("These two are not the same"), "{page}");
    let page = change(&mut member, LONG, "short", "short").await;
    assert!(page.contains("at least 12 characters"), "{page}");
    let page = change(&mut member, LONG, OTHER, OTHER).await;
    assert!(page.contains("Your password is changed"), "{page}");
    member.get("/admin/inventory").await.expect_ok();
    assert_eq!(elsewhere.get("/admin/inventory").await.status, 302);
    assert_eq!(
        sign_in(&mut elsewhere, "stock@example.com", LONG).await,
        "/admin/sign-in"
    );
    assert_eq!(
        sign_in(&mut elsewhere, "stock@example.com", OTHER).await,
        "/admin/inventory"
    );
    shop.closed().await;
}

/// The app of whoever reads the page.
fn app_of(page: &str) -> Totp {
    let (_, rest) = page
        .split_once("class=\"staff__secret\">")
        .expect("a secret");
    let secret = rest.split('<').next().expect("a secret");
    let secret = Secret::try_from_base32(secret).expect("base32");
    let app = Builder::new().with_secret(secret).with_account_name("x");
    app.build().expect("an app")
}

fn seconds(shop: &TestShop) -> u64 {
    shop.inner().now_us().unsigned_abs() / 1_000_000
}

/// Sets an app up, and answers with it and the recovery codes. The code of the step of now is used.
async fn set_up(shop: &TestShop, member: &mut Client) -> (Totp, Vec<String>) {
    member.submit("/api/begin_second_step", &[]).await;
    let page = member.get("/admin/account").await.expect_ok().body;
    assert!(
        page.contains("<svg") && page.contains("otpauth://totp/"),
        "{page}"
    );
    let app = app_of(&page);
    let code = app.generate(seconds(shop)).to_string();
    member
        .submit("/api/confirm_second_step", &[("code", &code)])
        .await;
    let page = member.get("/admin/account").await.expect_ok().body;
    let codes = page.split("<li><code>").skip(1);
    let codes: Vec<String> = codes
        .map(|rest| rest.split('<').next().expect("a code").to_owned())
        .collect();
    assert_eq!(codes.len(), 10, "{page}");
    let page = member.get("/admin/account").await.expect_ok().body;
    assert!(!page.contains(&codes[0]), "shown once");
    assert!(page.contains("Recovery codes left: 10"), "{page}");
    (app, codes)
}

async fn show_code(client: &mut Client, code: &str) -> String {
    let answer = client.post("/admin/session/code", &[("code", code)]).await;
    answer.location().expect("a page").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_step_asks_for_a_code_and_takes_each_once() {
    let shop = TestShop::open().await;
    let mut member = shop.signed_in_as(Role::Viewer).await;
    let email = "viewer@example.com";
    // Begun and not finished it asks for nothing.
    member.submit("/api/begin_second_step", &[]).await;
    assert_eq!(
        sign_in(&mut shop.shopper(), email, LONG).await,
        "/admin/inventory"
    );
    let wrong = member
        .post("/api/confirm_second_step", &[("code", "000000")])
        .await;
    assert!(wrong.problem(422).field("code").is_some());
    let (app, codes) = set_up(&shop, &mut member).await;
    let secret = Secret::from(app.secret().as_bytes()).to_base32();
    for column in ["secret", "member"] {
        let plain =
            format!("select count(*) from staff_second_steps where {column} like '%{secret}%'");
        assert_eq!(shop.number(&plain).await, 0, "stored encrypted");
    }
    let plain = format!(
        "select count(*) from staff_recovery_codes where code like '%{}%'",
        codes[0]
    );
    assert_eq!(shop.number(&plain).await, 0, "stored hashed");

    let mut browser = shop.shopper();
    assert_eq!(
        sign_in(&mut browser, email, "a wrong passphrase").await,
        "/admin/sign-in"
    );
    assert!(!browser.has_cookie("half"));
    assert_eq!(
        show_code(&mut browser, &codes[0]).await,
        "/admin/sign-in",
        "no password yet"
    );
    assert_eq!(
        sign_in(&mut browser, email, LONG).await,
        "/admin/sign-in/code"
    );
    assert_eq!(
        browser.get("/admin/inventory").await.status,
        302,
        "half is not in"
    );
    browser.get("/admin/sign-in/code").await.expect_ok();
    // The code that set it up was used; the next step's is good already.
    let used = app.generate(seconds(&shop)).to_string();
    let at_edge = app.generate(seconds(&shop) - 1).to_string() != used;
    if !at_edge {
        assert_eq!(
            show_code(&mut browser, &used).await,
            "/admin/sign-in/code",
            "used"
        );
    }
    let next = app.generate(seconds(&shop) + 30).to_string();
    assert_eq!(show_code(&mut browser, &next).await, "/admin/inventory");
    browser.get("/admin/inventory").await.expect_ok();
    assert!(!browser.has_cookie("half"));
    let mut second = shop.shopper();
    sign_in(&mut second, email, LONG).await;
    assert_eq!(
        show_code(&mut second, &next).await,
        "/admin/sign-in/code",
        "taken once"
    );

    // Somebody else's password is not this one's half.
    let mut other = shop.shopper();
    let half = second.cookie("half").expect("a half").to_owned();
    other.set_cookie("half", &half.replace("viewer", "owner"));
    assert_eq!(
        show_code(&mut other, &codes[0]).await,
        "/admin/sign-in",
        "forged"
    );

    // Two browsers with one recovery code: one gets in.
    let (mut one, mut two) = (shop.shopper(), shop.shopper());
    sign_in(&mut one, email, LONG).await;
    sign_in(&mut two, email, LONG).await;
    let typed = codes[0].to_uppercase().replace('-', " ");
    let (first, second) = tokio::join!(show_code(&mut one, &typed), show_code(&mut two, &typed));
    let mut pages = [first, second];
    pages.sort();
    assert_eq!(pages, ["/admin/inventory", "/admin/sign-in/code"]);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn few_codes_are_tried_wherever_they_come_from() {
    let shop = TestShop::with(&["--trusted-proxies=127.0.0.1"]).await;
    let mut member = shop.signed_in_as(Role::Viewer).await;
    let (_, codes) = set_up(&shop, &mut member).await;
    let mut browser = shop.shopper();
    sign_in(&mut browser, "viewer@example.com", LONG).await;
    let half = browser.cookie("half").expect("a half").to_owned();
    let tries = async |code: &str, number: u8| {
        let mut eve = shop.shopper();
        eve.set_cookie("half", &half);
        let request = eve.request(Method::POST, "/admin/session/code");
        let request = request.header("x-forwarded-for", format!("192.0.2.{number}"));
        eve.send(request.form(&[("code", code)])).await;
        eve.cookie("flash").unwrap_or_default().to_owned()
    };
    let mut slowed = 0;
    for number in 0..14 {
        let said = tries("000000", number).await;
        slowed += usize::from(said.contains("Too%20many%20codes"));
    }
    assert!((3..=5).contains(&slowed), "{slowed}");
    let said = tries(&codes[0], 99).await;
    assert!(
        said.contains("Too%20many%20codes"),
        "the right one waits as well: {said}"
    );
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_step_ends_by_its_member_an_owner_or_the_command_line() {
    let shop = TestShop::open().await;
    let mut owner = shop.staff().await;
    let email = "viewer@example.com";
    let mut member = shop.signed_in_as(Role::Viewer).await;
    let (_, codes) = set_up(&shop, &mut member).await;
    let wrong = member
        .post("/api/end_second_step", &[("code", "000000")])
        .await;
    assert!(wrong.problem(422).field("code").is_some());
    let again = member.post("/api/begin_second_step", &[]).await;
    assert!(again.problem(409).is("second-step-on"));
    member
        .post("/api/end_second_step", &[("code", &codes[1])])
        .await
        .expect_ok();
    assert_eq!(sign_in(&mut member, email, LONG).await, "/admin/inventory");

    set_up(&shop, &mut member).await;
    let id = shop.member_id(email).await;
    let of = [("member", id.as_str())];
    owner.post("/api/reset_second_step", &of).await.expect_ok();
    assert_eq!(member.get("/admin/account").await.status, 302, "signed out");
    assert_eq!(sign_in(&mut member, email, LONG).await, "/admin/inventory");
    let none = owner.post("/api/reset_second_step", &of).await.problem(409);
    assert!(none.is("no-second-step"), "{none:?}");

    set_up(&shop, &mut member).await;
    let listed = command(&shop, &["staff", "list"]).await.expect("a list");
    assert!(
        listed.contains(&format!("{email}: viewer, 1 sessions, with a code")),
        "{listed}"
    );
    command(&shop, &["staff", "reset-totp", email])
        .await
        .expect("reset");
    assert_eq!(sign_in(&mut member, email, LONG).await, "/admin/inventory");
    assert_eq!(
        shop.number("select count(*) from staff_recovery_codes")
            .await,
        0
    );
    shop.closed().await;
}
