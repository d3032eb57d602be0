//! What goes to a server on another machine is encrypted when the URL says so.

use db::{Columns, Db, Settings};

use crate::server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_sslmode_in_the_url_the_connection_is_encrypted_and_the_server_is_who_it_says() {
    let server = server();
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]);
    let certificate = certificate.expect("a certificate");
    let pem = certificate.cert.pem();
    let cert = server.give("server.crt", &pem).expect("written");
    let key = certificate.signing_key.serialize_pem();
    let key = server.give("server.key", &key).expect("written");
    let plain = format!("{}?sslmode=disable", server.url());
    let db = Db::open(&Settings::new(&plain)).await.expect("opened");
    for setting in [
        format!("alter system set ssl_cert_file = '{}'", cert.display()),
        format!("alter system set ssl_key_file = '{}'", key.display()),
        "alter system set ssl = on".to_owned(),
        "select pg_reload_conf()".to_owned(),
    ] {
        db::query(db::trusted_sql(setting))
            .fetch_all(db.reader())
            .await
            .expect("set");
    }
    assert_eq!(version(&db).await, None, "it says so: sslmode=disable");
    db.close().await;

    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("root.crt");
    std::fs::write(&root, &pem).expect("written");
    let url = format!(
        "{}?sslmode=verify-full&sslrootcert={}",
        server.url(),
        root.display()
    );
    let db = Db::open(&Settings::new(url)).await.expect("opened");
    let version = version(&db).await.expect("encrypted");
    assert!(version.starts_with("TLSv1."), "{version}");
    db.close().await;

    // Somebody else's certificate.
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("another");
    std::fs::write(&root, other.cert.pem()).expect("written");
    let url = format!(
        "{}?sslmode=verify-full&sslrootcert={}",
        server.url(),
        root.display()
    );
    let refused = Db::open(&Settings::new(url)).await.expect_err("refused");
    assert!(refused.to_string().contains("certificate"), "{refused}");
}

async fn version(db: &Db) -> Option<String> {
    let sql = "select version from pg_stat_ssl where pid = pg_backend_pid()";
    let row = db::query(sql).fetch_one(db.reader()).await;
    row.expect("readable").get(0)
}
