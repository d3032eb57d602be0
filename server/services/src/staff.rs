//! Who runs the shop: passwords, signing in, and what staff do.

use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use broker::Log;
use db::Columns;
use domain::Event;
use domain::event::{CountRefusal, StockCorrectionRejected, StockCorrectionRequested};
use serde::Serialize;
use tokio::sync::Semaphore;
use types::admin::{
    CorrectStock, EventRow, InventoryRow, InventoryView, Level, MAX_ON_HAND, MAX_REASON,
};
use types::{FieldError, Problem};

use crate::answers::{Asked, answer_to};
use crate::events::{Refused, internal};
use crate::sessions;
use crate::shop::Shop;
use crate::staff_names;
use crate::summary::event_row;
use crate::visitor::{Staff, mark_of};

/// How long the answer to a count is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(8);
/// For pages to know of an event that is committed.
const FOLLOWED: std::time::Duration = std::time::Duration::from_secs(2);

/// Shortest password that is taken, in characters.
const MIN_PASSWORD: usize = 12;

/// Hashes computed at once: each takes 19 MiB and one core for tens of milliseconds.
static HASHERS: Semaphore = Semaphore::const_new(2);
/// Hashes that are computed or waited for, at most.
const MAX_HASHES: usize = 32;
static HASHES: AtomicUsize = AtomicUsize::new(0);

/// A member of staff, as the command line lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    pub email: String,
    /// Whether the settings name them.
    pub from_settings: bool,
    /// Sessions that have not ended.
    pub sessions: i64,
}

/// Everybody who can sign in.
pub async fn staff_members(log: &Log) -> crate::Result<Vec<Member>> {
    let found = async {
        let rows = db::query(
            "select email, from_settings, (select count(*) from sessions \
             where sessions.staff = staff.email and expires_at_us > $1) \
             from staff order by email",
        )
        .bind(log.environment().now_us())
        .fetch_all(log.db().reader())
        .await?;
        let member = |row: &db::Row| {
            Ok(Member {
                email: row.try_get(0)?,
                from_settings: row.try_get::<i64, _>(1)? != 0,
                sessions: row.try_get(2)?,
            })
        };
        rows.iter().map(member).collect::<Result<_, db::SqlError>>()
    };
    found.await.map_err(internal)
}

/// Gives a person a password, or another one; another one ends their sessions.
///
/// # Errors
/// 422 for what is no email or a password that is too short.
pub async fn set_staff_password(
    log: &Log,
    email: &str,
    password: String,
    from_settings: bool,
) -> crate::Result<()> {
    let email = email.trim().to_lowercase();
    if !email.contains('@') || email.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let message = "Expected an email address like name@example.com.";
        return Err(Problem::invalid_field("email", message));
    }
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
    let written = async {
        let mut tx = log.begin("staff").await?;
        db::query(
            "insert into staff (email, password_hash, from_settings, id) values ($1, $2, $3, $4) \
             on conflict (email) do update set password_hash = excluded.password_hash, \
             from_settings = excluded.from_settings",
        )
        .bind(&email)
        .bind(hash)
        .bind(i64::from(from_settings))
        .bind(staff_names::new_id(log))
        .execute(tx.conn())
        .await?;
        sessions::end_all(&mut tx, &email).await?;
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    Ok(written.await?)
}

/// Gives an id to members of staff that an earlier version knew without one.
async fn complete_ids(log: &Log) -> crate::Result<()> {
    let completed = async {
        let rows = db::query("select email from staff where id = ''")
            .fetch_all(log.db().reader())
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = log.begin("staff").await?;
        for row in &rows {
            let email: String = row.try_get(0)?;
            db::query("update staff set id = $1 where email = $2 and id = ''")
                .bind(staff_names::new_id(log))
                .bind(email)
                .execute(tx.conn())
                .await?;
        }
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    Ok(completed.await?)
}

/// Removes a member of staff and ends their sessions. Answers with whether there was one.
pub async fn remove_staff(log: &Log, email: &str) -> crate::Result<bool> {
    let email = email.trim().to_lowercase();
    let removed = async {
        let mut tx = log.begin("staff").await?;
        let gone = db::query("delete from staff where email = $1")
            .bind(&email)
            .execute(tx.conn())
            .await?
            .rows_affected();
        sessions::end_all(&mut tx, &email).await?;
        tx.commit().await?;
        Ok::<_, Refused>(gone > 0)
    };
    Ok(removed.await?)
}

/// Ends every session of a member of staff.
pub async fn sign_staff_out(log: &Log, email: &str) -> crate::Result<()> {
    let ended = async {
        let mut tx = log.begin("staff").await?;
        sessions::end_all(&mut tx, &email.trim().to_lowercase()).await?;
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    Ok(ended.await?)
}

impl Shop {
    /// Makes `email` the one member of staff that the settings name: whom they named before can sign
    /// in no more. Answers with whether there is a password for `email`. One that is given is set,
    /// unless it is the one already: a new one ends sessions.
    ///
    /// # Errors
    /// 422 for a password that is too short.
    pub async fn name_owner(&self, email: &str, password: Option<String>) -> crate::Result<bool> {
        let email = email.trim().to_lowercase();
        let log = self.log();
        complete_ids(log).await?;
        let known = self.credentials(&email).await?.map(|(hash, _)| hash);
        let found = async {
            let rows = db::query("select email from staff where from_settings = 1 and email <> $1")
                .bind(&email)
                .fetch_all(log.db().reader())
                .await?;
            rows.iter().map(|row| row.try_get(0)).collect()
        };
        let before: Result<Vec<String>, db::SqlError> = found.await;
        for named_before in before.map_err(internal)? {
            remove_staff(log, &named_before).await?;
            tracing::info!("whom the settings named as owner before can sign in no more");
        }
        let Some(password) = password else {
            return Ok(known.is_some());
        };
        let same = {
            let (known, password) = (known.clone(), password.clone());
            hashing(move || Ok(known.is_some_and(|hash| is_right(&password, &hash))))
        };
        if !same.await? {
            set_staff_password(log, &email, password, true).await?;
        }
        Ok(true)
    }

    /// # Errors
    /// 401 for a wrong email or a wrong password; which of them is not told. 503 when too many are
    /// looked at.
    pub async fn sign_in(&self, email: &str, password: String) -> crate::Result<Staff> {
        let email = email.trim().to_lowercase();
        let (known, id) = self.credentials(&email).await?.unzip();
        let mark = known.as_deref().map(mark_of);
        let right = hashing(move || {
            // An unknown name costs the same time as a known one.
            let right = is_right(&password, known.as_deref().unwrap_or(DECOY));
            Ok(right && known.is_some())
        })
        .await?;
        match mark.zip(id) {
            Some((mark, id)) if right => Ok(Staff::signed_in(email, id, mark)),
            _ => Err(Problem::unauthenticated(
                "The email or the password is not right.",
            )),
        }
    }

    /// Hash of the password, and id.
    async fn credentials(&self, email: &str) -> crate::Result<Option<(String, String)>> {
        let row = db::query("select password_hash, id from staff where email = $1")
            .bind(email)
            .fetch_optional(self.log().db().reader())
            .await
            .map_err(internal)?;
        let both = |row: db::Row| Ok::<_, db::SqlError>((row.try_get(0)?, row.try_get(1)?));
        row.map(both).transpose().map_err(internal)
    }

    /// Every SKU with its stock as it is now, and the suppliers by their names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn inventory_view(&self, staff: &Staff) -> crate::Result<InventoryView> {
        self.know_last_movements().await?;
        Ok(InventoryView {
            suppliers: self.supplier_names(staff).await?,
            rows: self.inventory(staff),
        })
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

    /// Requests a stock correction and waits for the inventory's answer.
    ///
    /// # Errors
    /// 404 for an unknown SKU, 422 for its fields, 409 `promised` when fewer were counted than are
    /// promised to orders, 409 `counted-meanwhile` when the stock is another than was seen.
    pub async fn correct_stock(&self, staff: &Staff, count: CorrectStock) -> crate::Result<Level> {
        let CorrectStock {
            sku,
            on_hand,
            seen,
            reason,
        } = count;
        if self.catalogue().ever_sold(&sku).is_none() {
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
        } else if !types::is_printable(&reason) {
            let message = "The reason has a character we cannot print, or none that can be seen.";
            errors.push(FieldError::new("reason", message));
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let by = staff.id.clone();
        let asked = StockCorrectionRequested {
            sku,
            on_hand,
            seen,
            reason,
            by,
            origin: None,
        }
        .into();
        let asked = self.request(asked).await?;
        self.outcome_of_correction(asked).await
    }

    /// Follows the log until the inventory has answered.
    async fn outcome_of_correction(&self, asked: Asked) -> crate::Result<Level> {
        let answer = answer_to(self.log(), asked, PATIENCE).await;
        let Some((answer, position)) = answer.map_err(internal)? else {
            let detail = "The count is recorded and will be booked in a moment.";
            return Err(Problem::unavailable(detail));
        };
        match &*answer {
            Event::StockCorrected(done) => {
                // What pages know of the SKU beside these numbers is of this moment, too.
                let _ = tokio::time::timeout(FOLLOWED, self.followed(position)).await;
                let known = self.levels().level(&done.sku);
                Ok(Level {
                    on_hand: done.on_hand,
                    allocated: done.allocated,
                    reserved: done.reserved,
                    position,
                    ..known.unwrap_or_default()
                })
            }
            Event::StockCorrectionRejected(refused) => Err(refusal_of(refused)),
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
        self.staff_names().refresh(self.log()).await?;
        Ok(events
            .iter()
            .map(|event| event_row(event, self.staff_names()))
            .collect())
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
        let rows = events.iter().rev();
        let rows = rows.map(|event| event_row(event, self.staff_names()));
        Ok((rows.collect(), newest))
    }
}

/// Why a correction was refused, and what can be done.
fn refusal_of(refused: &StockCorrectionRejected) -> Problem {
    let StockCorrectionRejected {
        sku,
        on_hand,
        allocated,
        reserved,
        refusal,
        ..
    } = refused;
    match refusal {
        CountRefusal::Promised => {
            let detail = match *reserved {
                0 => format!(
                    "Orders were promised {allocated}, so {on_hand} cannot be on hand. Cancel an \
                     order first, or count again."
                ),
                reserved => format!(
                    "Orders were promised {allocated} and shoppers at the checkout hold {reserved}, \
                     so {on_hand} cannot be on hand. Cancel an order first, wait until the \
                     checkouts have ended, or count again."
                ),
            };
            Problem::conflict("promised", "Fewer than are promised", detail)
        }
        CountRefusal::CountedMeanwhile { on_hand: now } => {
            let detail = format!(
                "Somebody has corrected {sku} to {now} meanwhile; your {on_hand} is not saved. Look \
                 again, and save once more if yours is right."
            );
            Problem::conflict("counted-meanwhile", "Counted meanwhile", detail)
        }
    }
}

/// A hash of nobody's password, with the default parameters.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
     c2FsdHNhbHRzYWx0c2FsdA$q0CRJFgOcGp9kHTyLOnlEOfZcqDuQIbZ0sTQ5mbTvXY";

fn is_right(password: &str, hash: &str) -> bool {
    let hash = PasswordHash::new(hash);
    hash.is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Hashing takes tens of milliseconds of one core: not on the threads that answer requests, and only
/// two at once.
async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> crate::Result<T> + Send + 'static,
) -> crate::Result<T> {
    let waiting = Waiting::begin().ok_or_else(|| {
        Problem::unavailable("Too many people are signing in. Try again in a moment.")
    })?;
    let hasher = HASHERS.acquire().await.map_err(internal)?;
    let done = tokio::task::spawn_blocking(move || {
        // Held until the hash is done, also when nobody waits for it any more.
        let _held = (waiting, hasher);
        work()
    });
    done.await.map_err(internal)?
}

/// One of the hashes that are computed or waited for.
struct Waiting;

impl Waiting {
    fn begin() -> Option<Self> {
        let before = HASHES.fetch_add(1, Ordering::Relaxed);
        let waiting = Self;
        (before < MAX_HASHES).then_some(waiting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        HASHES.fetch_sub(1, Ordering::Relaxed);
    }
}
