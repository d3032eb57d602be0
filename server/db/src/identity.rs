//! Which log this is: a random name that changes when the database was restored from a backup, so that
//! whoever knows positions of the one before does not take them for positions of this one.

use std::sync::Arc;

use sqlx::{AnyConnection, Row};

use crate::file::{DatabaseFile, Noted};
use crate::{Reader, Result, Tx};

/// Keeps two servers that start at once from naming the log twice.
const LOCK: i64 = 8_240_118;

/// Reads the log's name, or gives it a new one when this is not the database that it was given to, and
/// notes beside the database that there is one.
pub(crate) async fn settle(mut tx: Tx, file: &DatabaseFile) -> Result<Arc<str>> {
    tx.lock(LOCK).await?;
    let here: String = match tx.dialect().place() {
        Some(sql) => sqlx::query(sql).fetch_one(tx.conn()).await?.try_get(0)?,
        None => String::new(),
    };
    let head = sqlx::query(HEAD).fetch_one(tx.conn()).await?;
    let head = head.try_get::<i64, _>(0)?.unsigned_abs();
    let row = sqlx::query("select identity, place from log_identity where id = 1")
        .fetch_optional(tx.conn())
        .await?;
    let known = match row {
        Some(row) if row.try_get::<String, _>(1)? == here => Some(row.try_get::<String, _>(0)?),
        _ => None,
    };
    let known = known.filter(|identity| !file.was_restored(identity, head));
    let identity = match known {
        Some(identity) => identity,
        None => {
            let identity = format!("{:016x}", rand::random::<u64>());
            sqlx::query(
                "insert into log_identity (id, identity, place) values (1, $1, $2) \
                 on conflict (id) do update set identity = excluded.identity, \
                 place = excluded.place",
            )
            .bind(&identity)
            .bind(here)
            .execute(tx.conn())
            .await?;
            identity
        }
    };
    tx.commit().await?;
    file.note(&Noted {
        identity: identity.clone(),
        head,
    });
    Ok(identity.into())
}

/// The name, as a server has settled it.
pub(crate) async fn read(reader: Reader<'_>) -> Result<Arc<str>> {
    let row = sqlx::query("select identity from log_identity where id = 1")
        .fetch_optional(reader)
        .await?;
    Ok(match row {
        Some(row) => row.try_get::<String, _>(0)?.into(),
        None => "".into(),
    })
}

/// Asks for the log's head.
pub(crate) const HEAD: &str = "select position from log_head where id = 1";

/// Notes beside the database how far its log goes, when it has gone further.
#[derive(Debug, Clone)]
pub(crate) struct HeadNotes {
    pub file: DatabaseFile,
    pub identity: Arc<str>,
    pub head: u64,
}

impl HeadNotes {
    pub async fn update(
        &mut self,
        connection: &mut AnyConnection,
    ) -> std::result::Result<(), sqlx::Error> {
        let row = sqlx::query(HEAD).fetch_one(connection).await?;
        let head = row.try_get::<i64, _>(0)?.unsigned_abs();
        if head > self.head {
            self.head = head;
            self.file.note(&Noted {
                identity: self.identity.to_string(),
                head,
            });
        }
        Ok(())
    }
}
