//! What staff have done, for owners to look at: by whom, with what, on which day.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use broker::Consumer;
use db::Columns;
use types::audit::{AuditPage, AuditQuery, AuditRow, PAGE};
use types::staff::Right;
use uuid::Uuid;

use crate::csv_fields::{line, text};
use crate::events::{Refused, internal};
use crate::shop::Shop;
use crate::staff_acts::StaffActs;
use crate::summary::event_row;
use crate::visitor::Staff;

/// Acts read at once for a file.
const PART: usize = 500;

struct Act {
    position: u64,
    id: Uuid,
    author: String,
}

impl Shop {
    /// Position of the newest act that pages have been told of.
    pub fn acts_position(&self) -> u64 {
        self.acts().load(Ordering::Acquire)
    }

    /// Takes note of an act that the log has.
    pub fn note_act(&self, position: u64) {
        self.acts().fetch_max(position, Ordering::AcqRel);
    }

    /// A page of what staff have done.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit(&self, staff: &Staff, query: &AuditQuery) -> crate::Result<AuditPage> {
        staff.may(Right::Audit)?;
        // Whoever was told of an act sees it.
        self.caught_up(StaffActs::NAME, self.acts_position()).await;
        self.staff_names().refresh(self.log()).await?;
        Ok(self.audited(query).await?)
    }

    async fn audited(&self, query: &AuditQuery) -> Result<AuditPage, Refused> {
        let mut acts = self.acts_of(query, PAGE + 1).await?;
        let has_older = acts.len() > PAGE;
        acts.truncate(PAGE);
        let older = acts.last().map(|act| act.position).filter(|_| has_older);
        let people = self.distinct("author").await?.into_iter();
        let people = people.filter(|by| !by.is_empty());
        let mut people: Vec<(String, String)> = people
            .map(|by| {
                let name = self.staff_names().of(&by);
                (by, name)
            })
            .collect();
        people.sort_by(|(_, a), (_, b)| a.cmp(b));
        Ok(AuditPage {
            rows: self.rows_of(&acts).await?,
            older,
            people,
            nouns: self.distinct("noun").await?,
        })
    }

    /// What a column of the acts holds: few different things, each found by its index.
    async fn distinct(&self, column: &'static str) -> Result<Vec<String>, Refused> {
        let sql = format!(
            "with recursive found(it) as (select min({column}) from staff_acts union all \
             select (select min({column}) from staff_acts where {column} > found.it) \
             from found where found.it is not null) \
             select it from found where it is not null order by it limit 200"
        );
        let rows = db::query(db::trusted_sql(sql))
            .fetch_all(self.log().db().reader())
            .await?;
        let found = rows.iter().map(|row| row.try_get(0));
        Ok(found.collect::<Result<_, db::SqlError>>()?)
    }

    async fn acts_of(&self, query: &AuditQuery, most: usize) -> Result<Vec<Act>, Refused> {
        let mut sql = "select position, event_id, author from staff_acts \
                       where position < $1"
            .to_owned();
        let mut next = 2;
        let mut place = |condition: &str| {
            sql.push_str(&format!(" and {condition} ${next}"));
            next += 1;
        };
        if !query.by.is_empty() {
            place("author =");
        }
        if !query.noun.is_empty() {
            place("noun =");
        }
        if query.day_us.is_some() {
            place("at_us >=");
            place("at_us <=");
        }
        sql.push_str(&format!(" order by position desc limit {most}"));
        let before = query.before.unwrap_or(i64::MAX.cast_unsigned());
        let mut select = db::query(db::trusted_sql(sql)).bind(before.cast_signed());
        for text in [&query.by, &query.noun] {
            if !text.is_empty() {
                select = select.bind(text);
            }
        }
        if let Some((from_us, until_us)) = query.day_us {
            select = select.bind(from_us).bind(until_us);
        }
        let rows = select.fetch_all(self.log().db().reader()).await?;
        let act = |row: &db::Row| {
            let id: String = row.try_get(1)?;
            Ok(Act {
                position: row.try_get::<i64, _>(0)?.unsigned_abs(),
                id: id.parse().map_err(internal)?,
                author: row.try_get(2)?,
            })
        };
        rows.iter().map(act).collect()
    }

    /// In words: who they are now, and what the log says.
    async fn rows_of(&self, acts: &[Act]) -> Result<Vec<AuditRow>, Refused> {
        let ids: Vec<Uuid> = acts.iter().map(|act| act.id).collect();
        let events = self.log().read_ids(&ids).await?;
        let known: HashMap<Uuid, _> = events.iter().map(|event| (event.id, event)).collect();
        let row = |act: &Act| {
            let row = event_row(known.get(&act.id)?, self.staff_names());
            Some(AuditRow {
                position: act.position,
                at_us: row.at_us,
                who: self.staff_names().of(&act.author),
                kind: row.kind,
                subject: row.subject,
                what: row.summary,
            })
        };
        Ok(acts.iter().filter_map(row).collect())
    }

    /// The next part of a file of acts, the newest first: those of the query, before a position.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit_part(
        &self,
        staff: &Staff,
        query: &AuditQuery,
    ) -> crate::Result<Vec<AuditRow>> {
        staff.may(Right::Audit)?;
        let read = async {
            let acts = self.acts_of(query, PART).await?;
            self.rows_of(&acts).await
        };
        Ok(read.await?)
    }
}

/// The first line of the file.
pub fn audit_csv_head() -> String {
    line(&["position", "time", "who", "kind", "about", "what"])
}

/// Its other lines.
pub fn audit_csv(rows: &[AuditRow]) -> String {
    let one = |row: &AuditRow| {
        let at = jiff::Timestamp::from_microsecond(row.at_us);
        let at = at.map_or_else(|_| String::new(), |at| at.to_string());
        line(&[
            row.position.to_string(),
            at,
            text(&row.who),
            row.kind.clone(),
            text(&row.subject),
            text(&row.what),
        ])
    };
    rows.iter().map(one).collect()
}
