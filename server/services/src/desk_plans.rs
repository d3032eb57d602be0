//! How the database answers the desk's questions: by indexes, however many orders there are.

use db::{Columns, Db, Settings};

use crate::desk_list::places_sql;
use crate::desk_search::Questions;

/// What SQLite says about how it will answer, one step each.
async fn plan(db: &Db, sql: &str) -> Vec<String> {
    let rows = db::query(db::trusted_sql(format!("explain query plan {sql}")))
        .fetch_all(db.reader())
        .await
        .expect("a plan");
    rows.iter().map(|row| row.get(3)).collect()
}

#[tokio::test]
async fn neither_pages_nor_searches_look_at_every_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("shop.db").display());
    let db = Db::open(&Settings::new(url)).await.expect("a database");
    let mut search = Questions::default();
    search.ask_for("V-7K", &["AS-1".to_owned(), "AS-2".to_owned()]);
    let pages = [false, true].map(|up| [0, 1, 3].map(|statuses| places_sql(statuses, up)));
    let all = pages.into_iter().flatten().chain([search.sql()]);
    for sql in all {
        let steps = plan(&db, &sql).await;
        for step in &steps {
            let table = step.strip_prefix("SCAN ").unwrap_or_default();
            let is_whole = ["order_desk", "orders", "order_desk_skus", "d"].contains(&table);
            assert!(!is_whole, "{sql}: {steps:#?}");
        }
        let uses_index = steps.iter().any(|step| step.contains(" USING "));
        assert!(uses_index, "{sql}: {steps:#?}");
    }
    // One that has no index is told apart.
    let steps = plan(&db, "select id from orders where city = 'Berlin'").await;
    assert_eq!(steps, ["SCAN orders"]);
    db.close().await;
}
