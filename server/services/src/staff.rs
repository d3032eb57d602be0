//! Who runs the shop. A [`Staff`] value is the proof of having signed in: what only staff may do asks
//! for one, and this file alone can make it.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use db::Columns;
use domain::Event;
use domain::event::StockCorrectionRequested;
use types::admin::{CorrectStock, EventRow, InventoryRow, Level, MAX_ON_HAND, MAX_REASON};
use types::{FieldError, Problem};

use crate::events::{Refused, decode, encode, internal};
use crate::shop::Shop;
use crate::summary::event_row;

/// Shortest password that is taken, in characters.
const MIN_PASSWORD: usize = 12;

/// A member of staff who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::manual_non_exhaustive,
    reason = "the other files of this crate cannot make one either"
)]
pub struct Staff {
    pub email: String,
    /// Keeps others from making one.
    _proof: (),
}

impl Staff {
    fn signed_in(email: String) -> Self {
        Self { email, _proof: () }
    }
}

impl Shop {
    /// Makes sure that `email` can sign in with `password`.
    ///
    /// # Errors
    /// 422 for a password that is too short.
    pub async fn set_staff_password(&self, email: &str, password: String) -> crate::Result<()> {
        if password.chars().count() < MIN_PASSWORD {
            let message = format!("A password has at least {MIN_PASSWORD} characters.");
            return Err(Problem::invalid_field("password", message));
        }
        let hash = hashing(move || {
            let hash = Argon2::default()
                .hash_password(password.as_bytes())
                .map_err(internal)?;
            Ok(hash.to_string())
        })
        .await?;
        Ok(self
            .store_password(email.trim().to_lowercase(), hash)
            .await?)
    }

    async fn store_password(&self, email: String, hash: String) -> Result<(), Refused> {
        self.writer()
            .run(move |tx| {
                Box::pin(async move {
                    db::query(
                        "insert into staff (email, password_hash) values ($1, $2) \
                         on conflict (email) do update set password_hash = excluded.password_hash",
                    )
                    .bind(email)
                    .bind(hash)
                    .execute(tx.conn())
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Whether anybody can sign in.
    pub async fn has_staff(&self) -> crate::Result<bool> {
        let row = db::query("select count(*) from staff")
            .fetch_one(self.log().db().reader())
            .await
            .map_err(internal)?;
        Ok(row.try_get::<i64, _>(0).map_err(internal)? > 0)
    }

    /// # Errors
    /// 401 for a wrong email or a wrong password; which of them is not told.
    pub async fn sign_in(&self, email: &str, password: String) -> crate::Result<Staff> {
        let email = email.trim().to_lowercase();
        let known = self.password_hash(&email).await?;
        let right = hashing(move || {
            // An unknown name costs the same time as a known one.
            let (hash, known) = match known {
                Some(hash) => (hash, true),
                None => (DECOY.to_owned(), false),
            };
            let hash = PasswordHash::new(&hash).map_err(internal)?;
            let right = Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok();
            Ok(known && right)
        })
        .await?;
        if right {
            Ok(Staff::signed_in(email))
        } else {
            Err(Problem::unauthenticated(
                "The email or the password is not right.",
            ))
        }
    }

    /// The member of staff that a session names, if there still is one.
    pub async fn staff(&self, email: &str) -> crate::Result<Option<Staff>> {
        let known = self.password_hash(email).await?.is_some();
        Ok(known.then(|| Staff::signed_in(email.to_owned())))
    }

    async fn password_hash(&self, email: &str) -> crate::Result<Option<String>> {
        let row = db::query("select password_hash from staff where email = $1")
            .bind(email)
            .fetch_optional(self.log().db().reader())
            .await
            .map_err(internal)?;
        row.map(|row| row.try_get(0)).transpose().map_err(internal)
    }

    /// Every SKU with its stock as it is now.
    pub fn inventory(&self, _: &Staff) -> Vec<InventoryRow> {
        self.catalogue()
            .variants()
            .filter_map(|(product, variant)| {
                Some(InventoryRow {
                    sku: variant.sku.clone(),
                    product: product.slug.clone(),
                    title: product.title.clone(),
                    variant: variant.title(),
                    level: self.levels().level(&variant.sku)?,
                })
            })
            .collect()
    }

    /// Tells the books what a count found, and waits for what they say.
    ///
    /// # Errors
    /// 404 for an unknown SKU, 422 for its fields, 409 `promised` when fewer were counted than are
    /// promised to orders.
    pub async fn correct_stock(&self, staff: &Staff, count: CorrectStock) -> crate::Result<Level> {
        let CorrectStock {
            sku,
            on_hand,
            reason,
        } = count;
        if self.catalogue().variant(&sku).is_none() {
            return Err(Problem::not_found(format!("There is no SKU {sku}.")));
        }
        let reason = reason.trim().to_owned();
        let mut errors = Vec::new();
        if !(0..=MAX_ON_HAND).contains(&on_hand) {
            let message = format!("Enter a count from 0 to {MAX_ON_HAND}, not {on_hand}.");
            errors.push(FieldError::new("on_hand", message));
        }
        if reason.is_empty() || reason.chars().count() > MAX_REASON {
            let message = format!("Give a reason of 1 to {MAX_REASON} characters.");
            errors.push(FieldError::new("reason", message));
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let from = self.log().head();
        let by = staff.email.clone();
        let asked = StockCorrectionRequested {
            sku: sku.clone(),
            on_hand,
            reason,
            by,
        }
        .into();
        let id = self.append_correction(asked).await?;
        self.outcome_of_correction(from, id).await
    }

    async fn append_correction(&self, event: Event) -> Result<uuid::Uuid, Refused> {
        let append = move |tx: &mut broker::Tx| Ok(tx.append(encode(event)?, None));
        self.writer()
            .run(move |tx| Box::pin(async move { append(tx) }))
            .await
    }

    /// Follows the log until the books have answered.
    async fn outcome_of_correction(&self, from: u64, id: uuid::Uuid) -> crate::Result<Level> {
        let answered = async {
            let mut tail = self.log().tail(from);
            loop {
                for event in tail.next(256).await? {
                    if event.causation_id == Some(id) {
                        return decode(&event).map(|decoded| (decoded, event.position));
                    }
                }
            }
        };
        // The request is in the log and will be answered; only this page stops waiting.
        let waited = tokio::time::timeout(std::time::Duration::from_secs(10), answered).await;
        let answer = waited.map_err(|_| {
            Problem::unavailable("The count is recorded and will be booked in a moment.")
        })?;
        let (answer, position) = answer.map_err(internal)?;
        match &*answer {
            Event::StockCorrected(done) => {
                let threshold = self
                    .levels()
                    .level(&done.sku)
                    .map_or(0, |l| l.reorder_threshold);
                Ok(Level {
                    on_hand: done.on_hand,
                    allocated: done.allocated,
                    reorder_threshold: threshold,
                    position,
                })
            }
            Event::StockCorrectionRejected(refused) => {
                let detail = format!(
                    "Orders were promised {}, so {} cannot be on hand. Cancel an order first, or \
                     count again.",
                    refused.allocated, refused.on_hand
                );
                Err(Problem::conflict(
                    "promised",
                    "Fewer than are promised",
                    detail,
                ))
            }
            other => Err(internal(format!("unexpected answer {}", other.kind()))),
        }
    }

    /// The last events of the log, newest first.
    pub async fn recent_events(&self, _: &Staff, limit: usize) -> crate::Result<Vec<EventRow>> {
        let events = self
            .log()
            .read_last(limit.min(500))
            .await
            .map_err(internal)?;
        Ok(events.iter().map(event_row).collect())
    }

    /// The events after `position`, oldest first; of many only the last `limit`. Also the position at
    /// which that is true.
    pub async fn events_after(
        &self,
        position: u64,
        limit: usize,
    ) -> crate::Result<(Vec<EventRow>, u64)> {
        let mut events = self.log().read_last(limit).await.map_err(internal)?;
        let newest = events.first().map_or(0, |event| event.position);
        events.retain(|event| event.position > position);
        Ok((events.iter().rev().map(event_row).collect(), newest))
    }
}

/// A hash of nobody's password, with the default parameters.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
     c2FsdHNhbHRzYWx0c2FsdA$q0CRJFgOcGp9kHTyLOnlEOfZcqDuQIbZ0sTQ5mbTvXY";

/// Hashing takes tens of milliseconds of one core: not on the threads that answer requests.
async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> crate::Result<T> + Send + 'static,
) -> crate::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(internal)?
}
