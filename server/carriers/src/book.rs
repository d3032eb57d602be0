//! The carrier's books: one SQLite file, one connection, one transaction at a time.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow};
use sqlx::{Connection, Row, SqliteConnection};
use tokio::sync::{Mutex, Notify};
use types::fulfilment::CarrierStatus;

const SCHEMA: &str = "
create table if not exists book (
    -- The name of these books: positions of others mean nothing here.
    name text not null
);
create table if not exists shipments (
    tracking_number text primary key,
    idempotency_key text not null unique,
    -- Digest of what was asked with the key.
    request text not null,
    reference text not null,
    kind text not null,
    -- JSON; empty once it was erased.
    sender text not null,
    recipient text not null,
    pieces integer not null,
    weight_grams integer not null,
    status text not null,
    sequence integer not null,
    changed_at_us integer not null
);
create index if not exists shipments_by_age on shipments (status, changed_at_us);
create table if not exists changes (
    position integer primary key autoincrement,
    tracking_number text not null references shipments (tracking_number),
    status text not null,
    sequence integer not null,
    happened_at_us integer not null,
    -- 1 once whoever hears of it has said so, or nobody will tell it any more.
    is_told integer not null,
    attempts integer not null,
    due_us integer not null
);
create index if not exists changes_to_tell on changes (due_us) where is_told = 0;
create index if not exists changes_by_parcel on changes (tracking_number);
";

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("There is no parcel with this number.")]
    Unknown,
    #[error("Another parcel was asked for with this key.")]
    OtherRequest,
    #[error("The parcel is {0}: that cannot be done with it any more.")]
    TooLate(&'static str),
    #[error("the books cannot be read or written: {0}")]
    Book(#[from] sqlx::Error),
    #[error("the books hold what makes no sense: {0}")]
    Content(#[from] serde_json::Error),
}

/// Where a parcel comes from or goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub name: String,
    pub street: String,
    #[serde(default)]
    pub street_2: String,
    pub postal_code: String,
    pub city: String,
    /// In words.
    pub country: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentKind {
    Parcel,
    Return,
}

/// What is asked of the carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewShipment {
    /// What the sender calls it; told with all news.
    pub reference: String,
    pub kind: ShipmentKind,
    pub sender: Address,
    pub recipient: Address,
    pub pieces: u32,
    pub weight_grams: u32,
}

/// A parcel as the books have it.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub tracking_number: String,
    pub reference: String,
    pub kind: ShipmentKind,
    /// `None` once they were erased.
    pub addresses: Option<(Address, Address)>,
    pub pieces: u32,
    pub weight_grams: u32,
    pub status: CarrierStatus,
    pub sequence: u64,
    pub changed_at_us: i64,
}

/// Something that happened to a parcel.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    #[serde(skip)]
    pub position: i64,
    /// The name of the message that tells it, the same however it is told.
    pub id: String,
    pub reference: String,
    pub tracking_number: String,
    pub status: CarrierStatus,
    pub sequence: u64,
    pub happened_at_us: i64,
    #[serde(skip)]
    pub attempts: u32,
}

/// News after a position.
#[derive(Debug, Serialize)]
pub struct News {
    /// Of these books; positions of other ones mean nothing.
    pub book: String,
    pub changes: Vec<Change>,
    /// Up to where these news go.
    pub position: i64,
    pub has_more: bool,
}

#[derive(Debug)]
pub struct Book {
    name: String,
    connection: Mutex<SqliteConnection>,
    /// Told when something is to be told.
    pub changed: Notify,
}

pub fn now_us() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}

impl Book {
    pub async fn open(file: &Path) -> Result<Self, Trouble> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("secure_delete", "on");
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        sqlx::query("insert into book (name) select ? where not exists (select 1 from book)")
            .bind(uuid::Uuid::now_v7().simple().to_string())
            .execute(&mut connection)
            .await?;
        let name = sqlx::query("select name from book limit 1")
            .fetch_one(&mut connection)
            .await?
            .try_get(0)?;
        Ok(Self {
            name,
            connection: Mutex::new(connection),
            changed: Notify::new(),
        })
    }

    /// Whether a parcel was entered under this key.
    pub async fn knows(&self, key: &str) -> Result<bool, Trouble> {
        let mut connection = self.connection.lock().await;
        let known = sqlx::query("select 1 from shipments where idempotency_key = ?")
            .bind(key)
            .fetch_optional(&mut *connection)
            .await?;
        Ok(known.is_some())
    }

    /// Makes a parcel known. The same key with the same request finds the one it has made.
    pub async fn enter(&self, key: &str, new: &NewShipment) -> Result<Parcel, Trouble> {
        let request = serde_json::to_vec(new)?;
        let digest = Sha256::digest(&request);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        let known =
            sqlx::query("select tracking_number, request from shipments where idempotency_key = ?")
                .bind(key)
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(row) = known {
            if row.try_get::<&str, _>(1)? != digest {
                return Err(Trouble::OtherRequest);
            }
            let number: String = row.try_get(0)?;
            return read(&mut tx, &number).await;
        }
        let number = new_number();
        let at_us = now_us();
        sqlx::query(
            "insert into shipments (tracking_number, idempotency_key, request, reference, kind, \
             sender, recipient, pieces, weight_grams, status, sequence, changed_at_us) \
             values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'labelled', 0, ?)",
        )
        .bind(&number)
        .bind(key)
        .bind(digest)
        .bind(&new.reference)
        .bind(serde_json::to_string(&new.kind)?)
        .bind(serde_json::to_string(&new.sender)?)
        .bind(serde_json::to_string(&new.recipient)?)
        .bind(new.pieces)
        .bind(new.weight_grams)
        .bind(at_us)
        .execute(&mut *tx)
        .await?;
        note(&mut tx, &number, CarrierStatus::Labelled, at_us, true).await?;
        let parcel = read(&mut tx, &number).await?;
        tx.commit().await?;
        Ok(parcel)
    }

    pub async fn parcel(&self, number: &str) -> Result<Parcel, Trouble> {
        let mut connection = self.connection.lock().await;
        read(&mut connection, number).await
    }

    /// All parcels, the oldest first, up to a number that no test and no demonstration reaches.
    pub async fn parcels(&self) -> Result<Vec<Parcel>, Trouble> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query("select tracking_number from shipments order by rowid limit 10000")
            .fetch_all(&mut *connection)
            .await?;
        let mut parcels = Vec::with_capacity(rows.len());
        for row in rows {
            parcels.push(read(&mut connection, row.try_get(0)?).await?);
        }
        Ok(parcels)
    }

    /// Lets something happen to a parcel. What it is already happens once.
    pub async fn set(&self, number: &str, status: CarrierStatus) -> Result<Parcel, Trouble> {
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        let parcel = read(&mut tx, number).await?;
        if parcel.status == status {
            return Ok(parcel);
        }
        let is_over = matches!(
            parcel.status,
            CarrierStatus::Delivered | CarrierStatus::Returned | CarrierStatus::Cancelled
        );
        // A label is given back as long as nothing was sent with it.
        let is_sent = parcel.status != CarrierStatus::Labelled;
        if is_over || (status == CarrierStatus::Cancelled && is_sent) {
            return Err(Trouble::TooLate(parcel.status.words()));
        }
        note(&mut tx, number, status, now_us(), false).await?;
        let parcel = read(&mut tx, number).await?;
        tx.commit().await?;
        self.changed.notify_one();
        Ok(parcel)
    }

    /// Forgets who a parcel goes to and comes from: nothing of it is left in the books' files either.
    pub async fn erase(&self, number: &str) -> Result<(), Trouble> {
        let mut connection = self.connection.lock().await;
        sqlx::query("update shipments set sender = '', recipient = '' where tracking_number = ?")
            .bind(number)
            .execute(&mut *connection)
            .await?;
        sqlx::query("pragma wal_checkpoint(truncate)")
            .execute(&mut *connection)
            .await?;
        Ok(())
    }

    /// As if it had never been asked for.
    pub async fn forget(&self, number: &str) -> Result<(), Trouble> {
        let mut connection = self.connection.lock().await;
        for sql in [
            "delete from changes where tracking_number = ?",
            "delete from shipments where tracking_number = ?",
        ] {
            sqlx::query(sql)
                .bind(number)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }

    /// What happened after a position, some of it.
    pub async fn news(&self, after: i64, limit: u32) -> Result<News, Trouble> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(
            "select c.position, c.tracking_number, s.reference, c.status, c.sequence, \
             c.happened_at_us, c.attempts from changes c \
             join shipments s on s.tracking_number = c.tracking_number \
             where c.position > ? and c.status <> 'labelled' order by c.position limit ?",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&mut *connection)
        .await?;
        let changes = self.changes(&rows)?;
        Ok(News {
            book: self.name.clone(),
            position: changes.last().map_or(after, |change| change.position),
            has_more: changes.len() == limit as usize,
            changes,
        })
    }

    /// What happened to one parcel, in its order.
    pub async fn history(&self, number: &str) -> Result<Vec<Change>, Trouble> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(
            "select c.position, c.tracking_number, s.reference, c.status, c.sequence, \
             c.happened_at_us, c.attempts from changes c \
             join shipments s on s.tracking_number = c.tracking_number \
             where c.tracking_number = ? order by c.position",
        )
        .bind(number)
        .fetch_all(&mut *connection)
        .await?;
        self.changes(&rows)
    }

    /// What is to be told now, the oldest first.
    pub async fn to_tell(&self, now_us: i64, limit: u32) -> Result<Vec<Change>, Trouble> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(
            "select c.position, c.tracking_number, s.reference, c.status, c.sequence, \
             c.happened_at_us, c.attempts from changes c \
             join shipments s on s.tracking_number = c.tracking_number \
             where c.is_told = 0 and c.due_us <= ? order by c.position limit ?",
        )
        .bind(now_us)
        .bind(limit)
        .fetch_all(&mut *connection)
        .await?;
        self.changes(&rows)
    }

    pub async fn told(&self, position: i64) -> Result<(), Trouble> {
        let mut connection = self.connection.lock().await;
        sqlx::query("update changes set is_told = 1 where position = ?")
            .bind(position)
            .execute(&mut *connection)
            .await?;
        Ok(())
    }

    /// Puts a message off that nobody has taken.
    pub async fn put_off(&self, position: i64, due_us: i64) -> Result<(), Trouble> {
        let mut connection = self.connection.lock().await;
        sqlx::query("update changes set attempts = attempts + 1, due_us = ? where position = ?")
            .bind(due_us)
            .bind(position)
            .execute(&mut *connection)
            .await?;
        Ok(())
    }

    /// Parcels of this status that have been in it since before `before_us`.
    pub async fn resting(
        &self,
        status: CarrierStatus,
        before_us: i64,
    ) -> Result<Vec<String>, Trouble> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(
            "select tracking_number from shipments where status = ? and changed_at_us <= ? \
             order by changed_at_us limit 100",
        )
        .bind(status.into_str())
        .bind(before_us)
        .fetch_all(&mut *connection)
        .await?;
        let numbers = rows.iter().map(|row| row.try_get(0));
        Ok(numbers.collect::<Result<Vec<String>, sqlx::Error>>()?)
    }

    fn changes(&self, rows: &[SqliteRow]) -> Result<Vec<Change>, Trouble> {
        let mut changes = Vec::with_capacity(rows.len());
        for row in rows {
            let position: i64 = row.try_get(0)?;
            changes.push(Change {
                position,
                id: format!("msg_{}_{position}", self.name),
                tracking_number: row.try_get(1)?,
                reference: row.try_get(2)?,
                status: status_in(row.try_get(3)?)?,
                sequence: row.try_get::<i64, _>(4)?.unsigned_abs(),
                happened_at_us: row.try_get(5)?,
                attempts: u32::try_from(row.try_get::<i64, _>(6)?).unwrap_or(0),
            });
        }
        Ok(changes)
    }
}

fn status_in(text: &str) -> Result<CarrierStatus, sqlx::Error> {
    text.parse()
        .map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Writes down that something happened.
async fn note(
    connection: &mut SqliteConnection,
    number: &str,
    status: CarrierStatus,
    at_us: i64,
    is_told: bool,
) -> Result<(), Trouble> {
    sqlx::query(
        "update shipments set status = ?, sequence = sequence + 1, changed_at_us = ? \
         where tracking_number = ?",
    )
    .bind(status.into_str())
    .bind(at_us)
    .bind(number)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into changes (tracking_number, status, sequence, happened_at_us, is_told, attempts, due_us) \
         select tracking_number, status, sequence, changed_at_us, ?, 0, 0 from shipments \
         where tracking_number = ?",
    )
    .bind(is_told)
    .bind(number)
    .execute(connection)
    .await?;
    Ok(())
}

async fn read(connection: &mut SqliteConnection, number: &str) -> Result<Parcel, Trouble> {
    let row = sqlx::query(
        "select tracking_number, reference, kind, sender, recipient, pieces, weight_grams, status, \
         sequence, changed_at_us from shipments where tracking_number = ?",
    )
    .bind(number)
    .fetch_optional(connection)
    .await?
    .ok_or(Trouble::Unknown)?;
    let (sender, recipient): (&str, &str) = (row.try_get(3)?, row.try_get(4)?);
    let addresses = match recipient.is_empty() {
        true => None,
        false => Some((
            serde_json::from_str(sender)?,
            serde_json::from_str(recipient)?,
        )),
    };
    Ok(Parcel {
        tracking_number: row.try_get(0)?,
        reference: row.try_get(1)?,
        kind: serde_json::from_str(row.try_get(2)?)?,
        addresses,
        pieces: row.try_get(5)?,
        weight_grams: row.try_get(6)?,
        status: status_in(row.try_get(7)?)?,
        sequence: row.try_get::<i64, _>(8)?.unsigned_abs(),
        changed_at_us: row.try_get(9)?,
    })
}

/// A number as the Universal Postal Union has them (S10): two letters, eight digits, a check digit, a country.
fn new_number() -> String {
    const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];
    let digits: [u32; 8] = std::array::from_fn(|_| rand::random_range(0..10));
    let sum: u32 = digits
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    let check = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        check => check,
    };
    let digits: String = digits.iter().map(u32::to_string).collect();
    format!("VP{digits}{check}XX")
}
