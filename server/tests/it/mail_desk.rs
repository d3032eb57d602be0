//! What staff see and do about mails, and that nobody else does.

use crate::mails::{Read, files, told, until_all_is_heard};
use crate::shop::{RING, RING_PRICE, TestShop, data, eventually};

async fn shop_with_mails() -> (TestShop, types::OrderId, String) {
    let shop = TestShop::open().await;
    let order = shop.shopper().order(RING, "pm_card_visa", RING_PRICE).await;
    told(&shop, order, 2).await;
    let sql = "select id from mails where kind = 'order_confirmed'";
    let row = db::query(sql).fetch_one(shop.log().db().reader()).await;
    let id: String = db::Columns::get(&row.expect("a mail"), 0);
    (shop, order, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_read_a_mail_as_it_was_sent_and_it_can_do_nothing() {
    let (shop, order, id) = shop_with_mails().await;
    let number = types::order::order_number(order);
    let mut staff = shop.staff().await;
    let list = staff.get("/admin/mails").await.expect_ok();
    for words in ["Order received", "Order confirmed", &number, "Sent"] {
        assert!(list.body.contains(words), "{words}");
    }
    let of_order = staff
        .get(&format!("/admin/mails?order={number}"))
        .await
        .expect_ok();
    assert!(of_order.body.contains(&id));
    let none = staff.get("/admin/mails?order=V-00000000").await.expect_ok();
    assert!(none.body.contains("There are no mails about this order."));
    let wrong = staff.get("/admin/mails?order=ring").await;
    assert!(wrong.body.contains("such as V-7K3M2Q9A"), "{}", wrong.body);

    let page = staff.get(&format!("/admin/mails/{id}")).await.expect_ok();
    for words in [
        "ada@example.com",
        "orders@aurel-stone.example",
        "is confirmed",
        "Send again",
    ] {
        assert!(page.body.contains(words), "{words}");
    }
    assert!(page.body.contains("sandbox=\"\""));
    let html = staff
        .get(&format!("/admin/mails/{id}/html"))
        .await
        .expect_ok();
    let policy = html.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "sandbox",
        "frame-ancestors 'self'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(
        !policy.contains("script-src") && !policy.contains("allow-"),
        "{policy}"
    );
    assert_eq!(html.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!(html.header("cache-control"), "no-store");

    let source = staff
        .get(&format!("/admin/mails/{id}/source"))
        .await
        .expect_ok();
    assert_eq!(source.header("content-type"), "message/rfc822");
    let files = files(&data(shop.scratch()));
    let file = files
        .iter()
        .find(|file| file.to_string_lossy().contains(&id))
        .expect("a file");
    let sent = std::fs::read(file).expect("a mail");
    assert_eq!(
        source.body.as_bytes(),
        sent,
        "as it was sent, byte for byte"
    );
    let framed = html.body.replace("&#x2f;", "/");
    assert_eq!(framed, Read::new(&sent).html.replace("\r\n", "\n"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_staff_reads_a_mail_or_sends_one() {
    let (shop, _, id) = shop_with_mails().await;
    let mut guest = shop.shopper();
    for page in ["/admin/mails", &format!("/admin/mails/{id}")] {
        let answer = guest.get(page).await;
        assert_eq!(answer.location(), Some("/admin/sign-in"), "{page}");
        assert!(!answer.body.contains("ada@example.com"));
    }
    for part in ["html", "source"] {
        guest
            .get(&format!("/admin/mails/{id}/{part}"))
            .await
            .problem(401);
    }
    guest
        .post("/api/resend_mail", &[("id", &id)])
        .await
        .problem(401);
    let mut staff = shop.staff().await;
    staff
        .post("/api/resend_mail", &[("id", "x")])
        .await
        .problem(400);
    let nobody = "0199c0a0-1111-7aaa-8bbb-123456789abc";
    staff
        .post("/api/resend_mail", &[("id", nobody)])
        .await
        .problem(404);
    assert_eq!(
        staff.get(&format!("/admin/mails/{nobody}")).await.status,
        404
    );
    staff
        .get(&format!("/admin/mails/{nobody}/html"))
        .await
        .problem(404);
    until_all_is_heard(&shop).await;
    assert_eq!(shop.number("select count(*) from mails").await, 2);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_staff_send_again_is_a_new_one_and_the_log_says_who_asked() {
    let (shop, order, id) = shop_with_mails().await;
    let mut staff = shop.staff().await;
    let answer = staff.submit("/api/resend_mail", &[("id", &id)]).await;
    let page = answer.location().expect("the new one's page").to_owned();
    assert_ne!(page, format!("/admin/mails/{id}?resent"));
    let page = staff.get(&page).await.expect_ok();
    assert!(page.body.contains("This is the new mail.") && page.body.contains(&id));
    let again = format!("select count(*) from mails where resend_of = '{id}' and state = 'sent'");
    eventually("it is sent", async || shop.number(&again).await == 1).await;
    let subjects = told(&shop, order, 3).await;
    assert_eq!(
        subjects
            .iter()
            .filter(|s| s.ends_with("is confirmed"))
            .count(),
        2
    );
    let asked = format!(
        "select count(*) from events where type = 'mail.resend_requested' \
         and data like '%\"by\":\"staff-%' and data like '%{id}%' and key = '{order}'"
    );
    assert_eq!(shop.number(&asked).await, 1);
    // No customer is named in the log.
    let named =
        "select count(*) from events where data like '%ada@example%' or data like '%Lovelace%'";
    assert_eq!(shop.number(named).await, 0);

    // With mails off nothing is asked for.
    let shop = shop.reopened_with(&["--mail=off"]).await;
    let mut staff = shop.staff().await;
    let refused = staff
        .post("/api/resend_mail", &[("id", &id)])
        .await
        .problem(409);
    assert!(refused.detail.contains("VITRINE_MAIL"), "{refused:?}");
    assert_eq!(shop.number(&asked).await, 1);
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_has_pages_and_old_mails_go() {
    let (shop, order, _) = shop_with_mails().await;
    // As if the shop had written for long: each a second older.
    for number in 0..70 {
        shop.alter(format!(
            "insert into mails (id, order_id, kind, position, resend_of, message_id, state, attempts, \
             due_us, error, queued_at_us, changed_at_us) values \
             ('0199c0a0-1111-7aaa-8bbb-{number:012}', '{order}', 'order_confirmed', 1, '', '<x@y>', \
             'sent', 1, 0, '', {}, 0)",
            1_000_000 * number
        ))
        .await;
    }
    let mut staff = shop.staff().await;
    let first = staff.get("/admin/mails").await.expect_ok();
    let older = first
        .body
        .split("href=\"")
        .find(|part| part.starts_with("/admin/mails?before="));
    let older = older
        .and_then(|part| part.split('"').next())
        .expect("older ones");
    let second = staff.get(older).await.expect_ok();
    let ids = |body: &str| -> Vec<String> {
        let parts = body.split("href=\"/admin/mails/").skip(1);
        parts.map(|part| part.chars().take(36).collect()).collect()
    };
    let (first, second) = (ids(&first.body), ids(&second.body));
    assert_eq!((first.len(), second.len()), (50, 22));
    assert!(first.iter().all(|id| !second.contains(id)));

    let swept = shop
        .inner()
        .sweep(services::Lives::of_days(1, 1))
        .await
        .expect("swept");
    assert_eq!(swept.mails, 70);
    assert_eq!(shop.number("select count(*) from mails").await, 2);
    shop.closed().await;
}
