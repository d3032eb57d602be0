//! Where the staff's sessions are kept: the shop's own database. What is kept is a hash of the id, so
//! that who reads a backup is not signed in.

use services::{SessionTimes, Shop, StoredSession};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use super::cookies::Cookies;

/// Key of the member of staff in the session.
pub const STAFF: &str = "staff";
/// Key of the mark of their password.
pub const MARK: &str = "mark";
/// Key of the browser, in words.
pub const BROWSER: &str = "browser";
/// Key of where it came from, without the end.
pub const ADDRESS: &str = "address";

pub fn layer(shop: &Shop, cookies: Cookies, times: SessionTimes) -> SessionManagerLayer<Sessions> {
    let store = Sessions {
        shop: shop.clone(),
        times,
    };
    SessionManagerLayer::new(store)
        .with_name(cookies.session_name())
        .with_secure(cookies.is_secure())
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        // The browser forgets it when it is closed; when it ends, the database says.
        .with_expiry(Expiry::OnSessionEnd)
}

/// What stands in the database for an id.
pub fn stored_id(id: &Id) -> String {
    use std::fmt::Write;
    let hash = Sha256::digest(id.to_string());
    hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[derive(Debug, Clone)]
pub struct Sessions {
    shop: Shop,
    times: SessionTimes,
}

fn backend(error: impl std::fmt::Display) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait::async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // Ids have 128 random bits: a second one is not a thing to plan for.
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let text = |key| record.data.get(key).and_then(|value| value.as_str());
        let session = StoredSession {
            id: stored_id(&record.id),
            data: serde_json::to_string(&record.data).map_err(backend)?,
            staff: text(STAFF).unwrap_or_default().to_owned(),
            mark: text(MARK).unwrap_or_default().to_owned(),
            browser: text(BROWSER).unwrap_or_default().to_owned(),
            address: text(ADDRESS).unwrap_or_default().to_owned(),
        };
        let saved = self.shop.save_session(session, self.times).await;
        saved.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.shop.session_data(&stored_id(id)).await;
        let Some((data, expires_at_us)) = found.map_err(backend)? else {
            return Ok(None);
        };
        let nanos = i128::from(expires_at_us) * 1_000;
        Ok(Some(Record {
            id: *id,
            data: serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))?,
            expiry_date: OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(backend)?,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let ended = self.shop.end_session(stored_id(id)).await;
        ended.map_err(backend)
    }
}
