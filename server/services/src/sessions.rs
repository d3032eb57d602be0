//! Sessions of the staff: who is signed in, and until when.

use std::collections::HashSet;

use db::Columns;
use db::{in_list, trusted_sql};

use crate::events::{Refused, internal};
use crate::shop::Shop;
use crate::visitor::{Staff, mark_of};

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub struct SessionTimes {
    /// Without a request.
    pub idle_us: i64,
    /// Whatever was done with it.
    pub longest_us: i64,
}

/// Use is noted at most this often.
const TOUCH_EVERY_US: i64 = 60 * 1_000_000;

/// Sessions that have ended by `$1`, some of them.
pub(crate) const SWEEP: &str = "delete from sessions where id in \
     (select id from sessions where expires_at_us < $1 limit 500)";

/// Ends every session of a member of staff.
pub(crate) async fn end_all(tx: &mut broker::Tx, email: &str) -> Result<(), Refused> {
    db::query("delete from sessions where staff = $1")
        .bind(email)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A session as it is written.
#[derive(Debug)]
pub struct StoredSession {
    /// A hash of the id that the browser has.
    pub id: String,
    /// JSON.
    pub data: String,
    /// The member of staff's email.
    pub staff: String,
    /// Of the password with which they signed in: another one ends the session.
    pub mark: String,
}

impl Shop {
    /// # Errors
    /// 500 when the database cannot be written.
    pub async fn save_session(
        &self,
        session: StoredSession,
        times: SessionTimes,
    ) -> crate::Result<()> {
        let now_us = self.now_us();
        let saved: Result<(), Refused> = self
            .writer()
            .run_unmarked(move |tx| {
                Box::pin(async move {
                    db::query(
                        "insert into sessions (id, data, staff, mark, began_us, expires_at_us) \
                         values ($1, $2, $3, $4, $5, $6) on conflict (id) do update \
                         set data = excluded.data, staff = excluded.staff, mark = excluded.mark, \
                         expires_at_us = excluded.expires_at_us",
                    )
                    .bind(session.id)
                    .bind(session.data)
                    .bind(session.staff)
                    .bind(session.mark)
                    .bind(now_us)
                    .bind(now_us + times.idle_us)
                    .execute(tx.conn())
                    .await?;
                    Ok(())
                })
            })
            .await;
        Ok(saved?)
    }

    /// Content and end of a session that has not ended.
    pub async fn session_data(&self, id: &str) -> crate::Result<Option<(String, i64)>> {
        let found = async {
            let row = db::query(
                "select data, expires_at_us from sessions where id = $1 and expires_at_us > $2",
            )
            .bind(id)
            .bind(self.now_us())
            .fetch_optional(self.log().db().reader())
            .await?;
            row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
                .transpose()
        };
        found.await.map_err(|error: db::SqlError| internal(error))
    }

    pub async fn end_session(&self, id: String) -> crate::Result<()> {
        let ended: Result<(), Refused> = self
            .writer()
            .run_unmarked(move |tx| {
                Box::pin(async move {
                    db::query("delete from sessions where id = $1")
                        .bind(id)
                        .execute(tx.conn())
                        .await?;
                    Ok(())
                })
            })
            .await;
        Ok(ended?)
    }

    /// The member of staff whose session this is, if it has not ended. That is use, and noted.
    pub async fn staff_of_session(
        &self,
        id: &str,
        times: SessionTimes,
    ) -> crate::Result<Option<Staff>> {
        let found = self.living(&[id.to_owned()], times).await;
        let found = found.map_err(internal)?;
        let Some((_, staff, expires_at_us)) = found.into_iter().next() else {
            return Ok(None);
        };
        let until_us = self.now_us() + times.idle_us;
        if until_us - expires_at_us >= TOUCH_EVERY_US {
            let id = id.to_owned();
            let touched: Result<(), Refused> = self
                .writer()
                .run_unmarked(move |tx| {
                    Box::pin(async move {
                        db::query("update sessions set expires_at_us = $1 where id = $2")
                            .bind(until_us)
                            .bind(id)
                            .execute(tx.conn())
                            .await?;
                        Ok(())
                    })
                })
                .await;
            touched?;
        }
        Ok(Some(staff))
    }

    /// Which of these sessions have ended.
    pub async fn ended_sessions(
        &self,
        ids: Vec<String>,
        times: SessionTimes,
    ) -> crate::Result<Vec<String>> {
        let living = self.living(&ids, times).await;
        let living = living.map_err(internal)?;
        let living: HashSet<String> = living.into_iter().map(|(id, ..)| id).collect();
        Ok(ids.into_iter().filter(|id| !living.contains(id)).collect())
    }

    /// Id, whose it is, and end of the sessions that have not ended.
    async fn living(
        &self,
        ids: &[String],
        times: SessionTimes,
    ) -> Result<Vec<(String, Staff, i64)>, db::SqlError> {
        let now_us = self.now_us();
        let mut living = Vec::new();
        for chunk in ids.chunks(128) {
            let (list, listed) = in_list(chunk, 3);
            let sql = format!(
                "select s.id, s.staff, s.mark, s.expires_at_us, staff.password_hash, staff.id \
                 from sessions s join staff on staff.email = s.staff \
                 where s.expires_at_us > $1 and s.began_us > $2 and s.id in ({list})"
            );
            let mut query = db::query(trusted_sql(sql))
                .bind(now_us)
                .bind(now_us.saturating_sub(times.longest_us));
            for id in listed {
                query = query.bind(id);
            }
            for row in query.fetch_all(self.log().db().reader()).await? {
                let mark: String = row.try_get(2)?;
                if mark == mark_of(row.try_get(4)?) {
                    let staff = Staff::signed_in(row.try_get(1)?, row.try_get(5)?, mark);
                    living.push((row.try_get(0)?, staff, row.try_get(3)?));
                }
            }
        }
        Ok(living)
    }
}
