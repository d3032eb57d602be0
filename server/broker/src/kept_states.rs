//! Looking at the states that deciders keep.

use std::collections::HashMap;

use db::{Columns, in_list};

use crate::states::KEYS;
use crate::{Log, Result};

/// The state of a key that is in use, as JSON.
const IN_USE: &str = "from consumers c join decider_states s \
     on s.decider = c.name and s.generation = c.generation where c.name = $1";

impl Log {
    /// The state that a decider keeps of a key, as of the last commit. JSON.
    ///
    /// # Errors
    /// The database's.
    pub async fn state_of(&self, decider: &str, key: &str) -> Result<Option<String>> {
        let row = db::query(db::trusted_sql(format!(
            "select s.state {IN_USE} and s.key = $2"
        )))
        .bind(decider)
        .bind(key)
        .fetch_optional(self.db().reader())
        .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// All states that a decider keeps, as of the last commit: key and JSON, in the order of the keys.
    ///
    /// # Errors
    /// The database's.
    pub async fn states_of(&self, decider: &str) -> Result<Vec<(String, String)>> {
        self.select_states(decider, "order by s.key").await
    }

    /// The states that a decider keeps and that wait for something, as of the last commit: those with a
    /// deadline. Key and JSON.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting_states(&self, decider: &str) -> Result<Vec<(String, String)>> {
        self.select_states(decider, "and s.deadline_us > 0").await
    }

    /// Of these keys, the states that a decider keeps, as of the last commit: by key, as JSON.
    ///
    /// # Errors
    /// The database's.
    pub async fn states_of_keys(
        &self,
        decider: &str,
        keys: &[String],
    ) -> Result<HashMap<String, String>> {
        let mut states = HashMap::with_capacity(keys.len());
        for chunk in keys.chunks(KEYS) {
            let (list, listed) = in_list(chunk, 2);
            let sql = format!("select s.key, s.state {IN_USE} and s.key in ({list})");
            let mut select = db::query(db::trusted_sql(sql)).bind(decider);
            for key in listed {
                select = select.bind(key.as_str());
            }
            for row in select.fetch_all(self.db().reader()).await? {
                states.insert(row.try_get(0)?, row.try_get(1)?);
            }
        }
        Ok(states)
    }

    async fn select_states(
        &self,
        decider: &str,
        which: &'static str,
    ) -> Result<Vec<(String, String)>> {
        let sql = format!("select s.key, s.state {IN_USE} {which}");
        let rows = db::query(db::trusted_sql(sql))
            .bind(decider)
            .fetch_all(self.db().reader())
            .await?;
        let read = |row: &db::Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(read).collect()
    }
}
