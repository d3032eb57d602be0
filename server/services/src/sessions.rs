//! Sessions of the staff: who is signed in, and until when.

use std::collections::HashSet;

use db::Columns;
use db::{in_list, trusted_sql};
use domain::event::StaffSessionsEnded;
use types::Problem;
use types::staff::Right;
use types::staff_desk::SessionRow;

use crate::events::{Refused, encode, internal};
use crate::shop::Shop;
use crate::visitor::{Staff, mark_of, role_of};

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub struct SessionTimes {
    /// Without a request.
    pub idle_us: i64,
    /// Whatever was done with it.
    pub longest_us: i64,
}

/// Sessions of one member that are shown, at most.
const MAX_LISTED: i64 = 200;

/// Use is noted at most this often.
const TOUCH_EVERY_US: i64 = 60 * 1_000_000;

/// Sessions that have ended by `$1`, some of them.
pub(crate) const SWEEP: &str = "delete from sessions where id in \
     (select id from sessions where expires_at_us < $1 limit 500)";

/// Ends every session of a member of staff; answers with how many.
pub(crate) async fn end_all(tx: &mut broker::Tx, email: &str) -> Result<u64, Refused> {
    let ended = db::query("delete from sessions where staff = $1")
        .bind(email)
        .execute(tx.conn())
        .await?;
    Ok(ended.rows_affected())
}

/// Which of a member's own sessions are to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// This one.
    One(String),
    /// All but the one that asks.
    Others,
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
    /// `Firefox on Linux`.
    pub browser: String,
    /// Where they signed in from, without its end.
    pub address: String,
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
                        "insert into sessions (id, data, staff, mark, began_us, expires_at_us, \
                         browser, address, used_us) \
                         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do update \
                         set data = excluded.data, staff = excluded.staff, mark = excluded.mark, \
                         expires_at_us = excluded.expires_at_us, browser = excluded.browser, \
                         address = excluded.address",
                    )
                    .bind(session.id)
                    .bind(session.data)
                    .bind(session.staff)
                    .bind(session.mark)
                    .bind(now_us)
                    .bind(now_us + times.idle_us)
                    .bind(session.browser)
                    .bind(session.address)
                    .bind(now_us)
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
        let now_us = self.now_us();
        let until_us = now_us + times.idle_us;
        if until_us - expires_at_us >= TOUCH_EVERY_US {
            let id = id.to_owned();
            let touched: Result<(), Refused> = self
                .writer()
                .run_unmarked(move |tx| {
                    Box::pin(async move {
                        let touch =
                            "update sessions set expires_at_us = $1, used_us = $2 where id = $3";
                        db::query(touch)
                            .bind(until_us)
                            .bind(now_us)
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

    /// The sessions of whoever asks, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn own_sessions(&self, staff: &Staff) -> crate::Result<Vec<SessionRow>> {
        staff.may(Right::OwnAccount)?;
        let found = async {
            let rows = db::query(
                "select id, began_us, used_us, browser, address from sessions \
                 where staff = $1 and mark = $2 and expires_at_us > $3 \
                 order by began_us desc limit $4",
            )
            .bind(&staff.email)
            .bind(&staff.mark)
            .bind(self.now_us())
            .bind(MAX_LISTED)
            .fetch_all(self.log().db().reader())
            .await?;
            let row = |row: &db::Row| {
                let id: String = row.try_get(0)?;
                let began_us = row.try_get(1)?;
                Ok(SessionRow {
                    is_own: id == staff.session(),
                    id,
                    began_us,
                    used_us: row.try_get::<i64, _>(2)?.max(began_us),
                    browser: row.try_get(3)?,
                    address: row.try_get(4)?,
                })
            };
            rows.iter().map(row).collect::<Result<_, db::SqlError>>()
        };
        found.await.map_err(internal)
    }

    /// Ends sessions of whoever asks. Their sockets are let go within a second.
    ///
    /// # Errors
    /// 404 for a session that has ended, or is somebody else's.
    pub async fn end_own_sessions(&self, staff: &Staff, which: Ended) -> crate::Result<u64> {
        let by = staff.may(Right::OwnAccount)?.to_owned();
        let (email, own) = (staff.email.clone(), staff.session().to_owned());
        let ended: Result<u64, Refused> = self
            .writer()
            .run(move |tx| {
                Box::pin(async move {
                    let query = match which {
                        Ended::One(id) => {
                            let one = "delete from sessions where staff = $1 and id = $2";
                            db::query(one).bind(email).bind(id)
                        }
                        Ended::Others => {
                            let others = "delete from sessions where staff = $1 and id <> $2";
                            db::query(others).bind(email).bind(own)
                        }
                    };
                    let sessions = query.execute(tx.conn()).await?.rows_affected();
                    if sessions > 0 {
                        let ended = StaffSessionsEnded {
                            member: by.clone(),
                            sessions,
                            by,
                        };
                        tx.append(encode(ended.into())?, None);
                    }
                    Ok(sessions)
                })
            })
            .await;
        match ended? {
            0 => Err(Problem::not_found("This browser is signed out already.")),
            sessions => Ok(sessions),
        }
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
                "select s.id, s.staff, s.mark, s.expires_at_us, staff.password_hash, staff.id, \
                 staff.role \
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
                    let id: String = row.try_get(0)?;
                    let role = role_of(row.try_get(6)?);
                    let (email, of) = (row.try_get(1)?, row.try_get(5)?);
                    let staff = Staff::signed_in(email, of, role, mark, id.clone());
                    living.push((id, staff, row.try_get(3)?));
                }
            }
        }
        Ok(living)
    }
}
