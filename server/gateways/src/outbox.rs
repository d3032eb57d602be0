//! What is to be told, until somebody has taken it.

use sqlx::sqlite::SqliteConnection;

use crate::api::News;

/// Puts news into the outbox, in the transaction that makes it true.
pub async fn put(
    connection: &mut SqliteConnection,
    news: &News<'_>,
    now_us: i64,
) -> sqlx::Result<()> {
    sqlx::query("insert into deliveries values ($1, $2, 0, $3, $3)")
        .bind(format!("msg_{}", uuid::Uuid::now_v7().simple()))
        .bind(serde_json::to_string(news).unwrap_or_default())
        .bind(now_us)
        .execute(connection)
        .await?;
    Ok(())
}
