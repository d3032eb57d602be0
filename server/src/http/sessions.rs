//! Where the staff's sessions are kept: the shop's own database.

use db::{Columns, Db};
use services::Shop;
use time::OffsetDateTime;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use super::visitor::Cookies;

/// A session ends after this long without a request.
const IDLE_HOURS: i64 = 12;

pub fn layer(shop: &Shop, secure: bool) -> SessionManagerLayer<Sessions> {
    let store = Sessions {
        db: shop.log().db().clone(),
    };
    SessionManagerLayer::new(store)
        .with_name(Cookies::new(secure).session_name())
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_expiry(Expiry::OnInactivity(time::Duration::hours(IDLE_HOURS)))
}

#[derive(Debug, Clone)]
pub struct Sessions {
    db: Db,
}

fn backend(error: impl std::fmt::Display) -> Error {
    Error::Backend(error.to_string())
}

fn micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

#[async_trait::async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // Ids have 128 random bits: a second one is not a thing to plan for.
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(&record.data).map_err(backend)?;
        let mut tx = self.db.begin().await.map_err(backend)?;
        db::query(
            "insert into sessions (id, data, expires_at_us) values ($1, $2, $3) \
             on conflict (id) do update \
             set data = excluded.data, expires_at_us = excluded.expires_at_us",
        )
        .bind(record.id.to_string())
        .bind(data)
        .bind(micros(record.expiry_date))
        .execute(tx.conn())
        .await
        .map_err(backend)?;
        db::query("delete from sessions where expires_at_us < $1")
            .bind(micros(OffsetDateTime::now_utc()))
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        tx.commit().await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row = db::query("select data, expires_at_us from sessions where id = $1")
            .bind(id.to_string())
            .fetch_optional(self.db.reader())
            .await
            .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        let expires_at_us: i64 = row.try_get(1).map_err(backend)?;
        let expiry_date =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(expires_at_us) * 1_000)
                .map_err(backend)?;
        if expiry_date <= OffsetDateTime::now_utc() {
            return Ok(None);
        }
        let data = serde_json::from_str(row.try_get(0).map_err(backend)?)
            .map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let mut tx = self.db.begin().await.map_err(backend)?;
        db::query("delete from sessions where id = $1")
            .bind(id.to_string())
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        tx.commit().await.map_err(backend)
    }
}
