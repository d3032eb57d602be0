//! What is told by webhook, signed as Standard Webhooks has it, again and again until it is taken.

use std::time::Duration;

use sqlx::Row;
use webhooks::Secret;

use crate::books;
use crate::clock::now_us;
use crate::faults::Faults;
use crate::ledger::Ledger;

/// Where news goes.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub url: String,
    pub secret: Secret,
}

/// News that is sent at once, at most.
const BATCH: i64 = 100;
/// How long the receiver may take.
const ANSWER: Duration = Duration::from_secs(10);
/// Wait before the second attempt; doubles up to the longest.
const FIRST_WAIT_US: i64 = 1_000_000;
const LONGEST_WAIT_US: i64 = 60 * 60 * 1_000_000;
/// News that is this old is given up.
const GIVEN_UP_US: i64 = 3 * 24 * 60 * 60 * 1_000_000;
/// How often somebody looks for what is due.
const LOOK: Duration = Duration::from_millis(500);

struct Letter {
    id: String,
    body: String,
    attempts: i64,
}

pub struct Courier {
    pub ledger: Ledger,
    pub faults: Faults,
    pub receiver: Option<Receiver>,
    pub wake: std::sync::Arc<tokio::sync::Notify>,
}

impl Courier {
    /// Expires what is due and tells the news, for ever.
    pub async fn run(self) {
        let client = reqwest::Client::builder().timeout(ANSWER).build();
        let Ok(client) = client else {
            tracing::error!("webhooks cannot be sent");
            return;
        };
        loop {
            if let Err(error) = self.round(&client).await {
                tracing::error!(%error, "webhooks are not sent");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.wake.notified() => {}
                () = self.faults.changed() => {}
            }
        }
    }

    async fn round(&self, client: &reqwest::Client) -> Result<(), crate::ledger::Error> {
        let now_us = now_us();
        let due = "select 1 from payments where expires_at_us > 0 and expires_at_us <= $1 limit 1";
        let due = sqlx::query(due).bind(now_us);
        if due.fetch_optional(self.ledger.reader()).await?.is_some() {
            let expire = self
                .ledger
                .write(move |c| Box::pin(async move { books::expire(c, now_us).await }));
            expire.await?;
        }
        let Some(receiver) = &self.receiver else {
            return Ok(());
        };
        let behaviour = self.faults.now();
        if behaviour.hold_webhooks {
            return Ok(());
        }
        let mut letters = self.due(now_us).await?;
        if behaviour.newest_first {
            letters.reverse();
        }
        for letter in letters {
            let mut taken = false;
            for _ in 0..behaviour.webhook_copies {
                taken |= send(client, receiver, &letter).await;
            }
            self.note(letter, taken).await?;
        }
        Ok(())
    }

    async fn due(&self, now_us: i64) -> Result<Vec<Letter>, crate::ledger::Error> {
        let rows = sqlx::query(
            "select id, body, attempts from deliveries where due_at_us <= $1 order by id limit $2",
        )
        .bind(now_us)
        .bind(BATCH)
        .fetch_all(self.ledger.reader())
        .await?;
        let letter = |row: &sqlx::sqlite::SqliteRow| {
            Ok(Letter {
                id: row.try_get(0)?,
                body: row.try_get(1)?,
                attempts: row.try_get(2)?,
            })
        };
        rows.iter().map(letter).collect()
    }

    /// What was taken is forgotten; what was not is sent again later, until it is too old.
    async fn note(&self, letter: Letter, taken: bool) -> Result<(), crate::ledger::Error> {
        let now_us = now_us();
        let doublings = u32::try_from(letter.attempts.min(20)).unwrap_or(20);
        let wait_us = (FIRST_WAIT_US << doublings).min(LONGEST_WAIT_US);
        let note = self.ledger.write(move |c| {
            Box::pin(async move {
                let sql = match taken {
                    true => "delete from deliveries where id = $1",
                    false => {
                        "update deliveries set attempts = attempts + 1, due_at_us = $2 where id = $1"
                    }
                };
                let note = sqlx::query(sql).bind(&letter.id);
                let note = if taken { note } else { note.bind(now_us + wait_us) };
                note.execute(&mut *c).await?;
                sqlx::query("delete from deliveries where created_at_us < $1")
                    .bind(now_us - GIVEN_UP_US)
                    .execute(c)
                    .await?;
                Ok(())
            })
        });
        note.await
    }
}

/// Whether it was taken. It is signed anew each time: an old signature would not be believed.
async fn send(client: &reqwest::Client, receiver: &Receiver, letter: &Letter) -> bool {
    let sent_s = now_us() / 1_000_000;
    let signature = receiver
        .secret
        .sign(&letter.id, sent_s, letter.body.as_bytes());
    let sent = client
        .post(&receiver.url)
        .header(webhooks::ID_HEADER, &letter.id)
        .header(webhooks::TIMESTAMP_HEADER, sent_s)
        .header(webhooks::SIGNATURE_HEADER, signature)
        .header("content-type", "application/json")
        .body(letter.body.clone())
        .send()
        .await;
    match sent {
        Ok(answer) if answer.status().is_success() => true,
        Ok(answer) => {
            tracing::info!(status = answer.status().as_u16(), "a webhook was not taken");
            false
        }
        Err(error) => {
            tracing::info!(%error, "a webhook did not arrive");
            false
        }
    }
}
