//! The server goes away and comes back.

use std::time::{Duration, Instant};

use db::{Db, Settings};
use private_postgres::{Durability, Proxy, Stop};

use crate::{
    LIMIT, everybody_is_refused_in_time, note, notes, open, server, server_that_is, writes_again,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_stopped_or_killed_is_used_again_when_it_is_back() {
    let server = server_that_is(Durability::Durable);
    let db = open(server.url()).await;
    note(&db, "before").await.expect("written");
    for how in [Stop::Fast, Stop::Immediate] {
        server.stop(how).expect("stopped");
        everybody_is_refused_in_time(&db).await;
        let health = db.health().await;
        assert!(!health.can_read && !health.can_write, "{health:?}");
        server.start_again().expect("started");
        writes_again(&db).await;
    }
    assert_eq!(
        notes(&db).await.expect("readable"),
        3,
        "what was acknowledged is there"
    );
    let health = db.health().await;
    assert!(health.can_read && health.can_write, "{health:?}");
    db.close().await;
}

/// Every connection is dead when it is next used, and nobody notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_while_nobody_asked_the_first_write_goes_well() {
    let server = server();
    let db = open(server.url()).await;
    server.stop(Stop::Fast).expect("stopped");
    server.start_again().expect("started");
    note(&db, "the first").await.expect("written");
    db.close().await;
}

/// What a fail-over looks like from here: the server that we know is a standby for a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_read_only_for_a_while_is_written_again() {
    let server = server();
    let db = open(server.url()).await;
    set_read_only(&server.url(), true).await;
    // Those who are connected do not know yet.
    end_connections(&server.url()).await;
    let refused = loop {
        match note(&db, "lost").await {
            Err(error) if error.to_string().contains("read-only") => break error,
            Err(error) => assert!(error.is_unavailable(), "{error}"),
            Ok(()) => panic!("written to a standby"),
        }
    };
    assert!(refused.is_unavailable(), "{refused}");
    assert!(refused.breaks_connection(), "{refused}");
    everybody_is_refused_in_time(&db).await;
    assert_eq!(notes(&db).await.expect("it can still be read"), 0);
    let health = db.health().await;
    assert!(health.can_read && !health.can_write, "{health:?}");
    set_read_only(&server.url(), false).await;
    writes_again(&db).await;
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_goes_silent_keeps_nobody_waiting() {
    let server = server();
    let proxy = Proxy::before(server.port()).expect("a proxy");
    let db = open(server.url_at(proxy.port())).await;
    note(&db, "before").await.expect("written");
    proxy.go_silent();
    everybody_is_refused_in_time(&db).await;
    assert!(!db.health().await.can_read);
    proxy.speak();
    writes_again(&db).await;
    assert_eq!(notes(&db).await.expect("readable"), 2);
    db.close().await;
}

/// The worst moment: the commit is on its way, and no answer comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_server_goes_silent_ends_and_its_connection_with_it() {
    let server = server();
    let proxy = Proxy::before(server.port()).expect("a proxy");
    let db = open(server.url_at(proxy.port())).await;
    let mut tx = db.begin().await.expect("begun");
    db::query("insert into notes (text) values ('maybe')")
        .execute(tx.conn())
        .await
        .expect("inserted");
    proxy.go_silent();
    let begun = Instant::now();
    let unknown = tx.commit().await.expect_err("nobody answered");
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    assert!(
        unknown.is_unavailable() && unknown.breaks_connection(),
        "{unknown}"
    );
    proxy.speak();
    writes_again(&db).await;
    db.close().await;
}

/// Many transactions are under way when the server goes silent, and take their statements one after
/// the other, as those do that wait for each other in this process: they do not add up their waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_under_way_learn_from_the_first_that_nobody_answers() {
    let server = server();
    let proxy = Proxy::before(server.port()).expect("a proxy");
    let db = open(server.url_at(proxy.port())).await;
    let mut under_way = Vec::new();
    for _ in 0..6 {
        under_way.push(db.begin().await.expect("begun"));
    }
    proxy.go_silent();
    let begun = Instant::now();
    for mut tx in under_way {
        let asked = db::query("insert into notes (text) values ('lost')");
        let lost = db::Error::from(asked.execute(tx.conn()).await.expect_err("no answer"));
        assert!(lost.is_unavailable() && lost.breaks_connection(), "{lost}");
        let aborted = tx.commit().await.expect_err("nothing was committed");
        assert!(aborted.is_unavailable(), "{aborted}");
    }
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    proxy.speak();
    writes_again(&db).await;
    db.close().await;
}

/// A client that is cut off in the middle holds its locks for no longer than the server's patience.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_lock_is_not_waited_for_without_end() {
    let server = server();
    let db = open(server.url()).await;
    let mut holding = db.begin().await.expect("begun");
    holding.lock(1).await.expect("locked");
    let mut waiting = db.begin().await.expect("begun");
    let begun = Instant::now();
    let refused = waiting.lock(1).await.expect_err("not locked");
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    assert!(refused.is_unavailable(), "{refused}");
    assert!(
        !refused.breaks_connection(),
        "a savepoint mends it: {refused}"
    );
    drop(waiting);
    holding.commit().await.expect("committed");
    db.close().await;
}

/// Whoever commits after a statement has failed is told: PostgreSQL only rolls back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_with_a_failed_statement_does_not_pass_for_committed() {
    let server = server();
    let db = open(server.url()).await;
    let mut tx = db.begin().await.expect("begun");
    db::query("insert into notes (text) values ('kept')")
        .execute(tx.conn())
        .await
        .expect("inserted");
    tx.mark().await.expect("marked");
    let failed = db::query("insert into notes (text) values (null)")
        .execute(tx.conn())
        .await;
    let failed = db::Error::from(failed.expect_err("refused"));
    assert!(
        !failed.breaks_connection() && !failed.is_unavailable(),
        "{failed}"
    );
    tx.return_to_mark().await.expect("back");
    tx.commit().await.expect("committed");
    let mut tx = db.begin().await.expect("begun");
    db::query("insert into notes (text) values ('lost')")
        .execute(tx.conn())
        .await
        .expect("inserted");
    let failed = db::query("insert into notes (text) values (null)");
    failed.execute(tx.conn()).await.expect_err("refused");
    tx.commit().await.expect_err("nothing was committed");
    assert_eq!(notes(&db).await.expect("readable"), 1);
    db.close().await;
}

#[tokio::test]
async fn a_start_without_a_server_says_so_at_once_and_without_the_password() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let begun = Instant::now();
    let url = format!("postgres://shop:secret-word@127.0.0.1:{port}/shop");
    let refused = Db::open(&Settings::new(url)).await.expect_err("refused");
    assert!(refused.to_string().contains("refused"), "{refused}");
    assert!(
        !format!("{refused:?}").contains("secret-word"),
        "{refused:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

/// A dump that was restored: tables of the same content, made anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_dump_has_another_identity_and_a_restart_has_not() {
    let server = server();
    let db = open(server.url()).await;
    let first = db.identity().to_owned();
    db.close().await;
    let reopened = || async {
        Db::open(&Settings::new(server.url()))
            .await
            .expect("opened")
    };
    let db = reopened().await;
    assert_eq!(db.identity(), first);
    for statement in [
        "create table restored as select * from log_head",
        "drop table log_head",
        "alter table restored rename to log_head",
    ] {
        let mut tx = db.begin().await.expect("begun");
        db::query(statement).execute(tx.conn()).await.expect("done");
        tx.commit().await.expect("committed");
    }
    db.close().await;
    let db = reopened().await;
    assert_ne!(db.identity(), first);
    db.close().await;
}

async fn admin(url: &str, statements: &'static [&'static str]) {
    let db = Db::open_existing(&Settings::new(url))
        .await
        .expect("opened");
    for statement in statements {
        db::query(*statement)
            .fetch_all(db.reader())
            .await
            .expect("done");
    }
    db.close().await;
}

async fn set_read_only(url: &str, read_only: bool) {
    if read_only {
        admin(
            url,
            &[
                "alter system set default_transaction_read_only = on",
                "select pg_reload_conf()",
            ],
        )
        .await;
    } else {
        admin(
            url,
            &[
                "alter system reset default_transaction_read_only",
                "select pg_reload_conf()",
            ],
        )
        .await;
    }
}

async fn end_connections(url: &str) {
    admin(
        url,
        &[
            "select pg_terminate_backend(pid)::text from pg_stat_activity \
           where pid <> pg_backend_pid() and backend_type = 'client backend'",
        ],
    )
    .await;
}
