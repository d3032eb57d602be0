//! Deciding about dead letters, and following what was decided.

use uuid::Uuid;

use crate::decisions::{self, DISCARD_REQUESTED, DISCARDED, Decision, REDRIVE_REQUESTED, REDRIVEN};
use crate::parked::{self, Parked, ParkedState, Row};
use crate::{Environment, Error, Failure, Log, Recorded, Result, Tx, pull_subscriptions};

/// What a decision does to the parked events.
#[derive(Debug)]
pub(crate) enum Change {
    Put(u64, Row),
    Remove(u64),
}

/// Follows a decision inside the transaction that passes it. One about something that is not dead (any
/// more) changes nothing. The database is asked, since another process may have tried the event.
pub(crate) async fn follow(
    tx: &mut Tx,
    recorded: &Recorded,
    environment: &Environment,
) -> std::result::Result<Option<Change>, Failure> {
    let Ok(decision) = serde_json::from_str::<Decision>(&recorded.data) else {
        return Ok(None);
    };
    let row = parked::load_one(tx, &decision.consumer, decision.position, environment).await?;
    let Some(row) = row.filter(|row| row.state == ParkedState::Dead) else {
        return Ok(None);
    };
    if recorded.kind == DISCARD_REQUESTED {
        parked::delete(tx, &decision.consumer, decision.position).await?;
        let discarded = decisions::event(DISCARDED, &decision.consumer, &decision)?;
        tx.append(discarded, Some(recorded));
        return Ok(Some(Change::Remove(decision.position)));
    }
    let row = Row {
        state: ParkedState::Retrying,
        attempts: 0,
        due_us: 0,
        ..row
    };
    parked::store(
        tx,
        &decision.consumer,
        &[(decision.position, row.clone())],
        environment,
    )
    .await?;
    let redriven = decisions::event(REDRIVEN, &decision.consumer, &decision)?;
    tx.append(redriven, Some(recorded));
    Ok(Some(Change::Put(decision.position, row)))
}

impl Parked {
    pub(crate) fn change(&mut self, change: Change) {
        match change {
            Change::Put(position, row) => self.put(position, row),
            Change::Remove(position) => self.remove(position),
        }
    }
}

impl Log {
    /// Asks for a dead letter to be tried again, from its first attempt. Answers with the id of the
    /// request; the consumer follows when it comes to it, with [`REDRIVEN`] caused by it.
    ///
    /// # Errors
    /// [`Error::NoSuchDeadLetter`].
    pub async fn redrive(&self, consumer: &str, position: u64, by: &str) -> Result<Uuid> {
        self.decide(REDRIVE_REQUESTED, consumer, position, by).await
    }

    /// Gives a dead letter up; the events behind it go on. Answers as [`Log::redrive`].
    ///
    /// # Errors
    /// [`Error::NoSuchDeadLetter`].
    pub async fn discard(&self, consumer: &str, position: u64, by: &str) -> Result<Uuid> {
        self.decide(DISCARD_REQUESTED, consumer, position, by).await
    }

    async fn decide(
        &self,
        kind: &'static str,
        consumer: &str,
        position: u64,
        by: &str,
    ) -> Result<Uuid> {
        let mut tx = self.begin("dead-letters").await?;
        let dead = db::query(
            "select 1 from parked where consumer = $1 and position = $2 and state = 'dead'",
        )
        .bind(consumer)
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .fetch_optional(tx.conn())
        .await?;
        if dead.is_none() {
            return Err(Error::NoSuchDeadLetter {
                consumer: consumer.to_owned(),
                position,
            });
        }
        let (consumer, by) = (consumer.to_owned(), by.to_owned());
        let decision = Decision {
            consumer,
            position,
            by,
        };
        let event = decisions::event(kind, &decision.consumer, &decision)
            .map_err(|failure| db::Error::Setting(failure.to_string()))?;
        let request = tx.record(event, None).clone();
        // Nobody of this house would follow it: who reads from outside may come much later, or never.
        if pull_subscriptions::is_one(&mut tx, &decision.consumer).await? {
            let environment = self.environment();
            let followed = follow(&mut tx, &request, environment).await;
            followed.map_err(Failure::into_error)?;
        }
        tx.commit().await?;
        self.was_answered();
        Ok(request.id)
    }
}
