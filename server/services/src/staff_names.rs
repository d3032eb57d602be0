//! Members of staff by the ids that the log knows them by. Whoever is removed has no name any more; what
//! they did stays in the log under the id.

use std::collections::HashMap;
use std::sync::Arc;

use broker::Log;
use db::Columns;
use domain::staff::acts::AT_THE_MACHINE;
use parking_lot::RwLock;

use crate::events::internal;

/// An id that nobody has yet.
pub(crate) fn new_id(log: &Log) -> String {
    // The end of a UUIDv7 is random.
    let id = log.environment().new_id().simple().to_string();
    format!("staff-{}", &id[16..])
}

/// Emails by id. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct StaffNames(Arc<RwLock<HashMap<String, Name>>>);

#[derive(Debug, Clone)]
struct Name {
    email: String,
    /// Whether they are only invited.
    is_invited: bool,
}

impl StaffNames {
    /// # Errors
    /// When the database cannot be read.
    pub async fn read(log: &Log) -> crate::Result<Self> {
        let names = Self::default();
        names.refresh(log).await?;
        Ok(names)
    }

    /// Follows what was added and removed, here or by another process.
    pub(crate) async fn refresh(&self, log: &Log) -> crate::Result<()> {
        let found = async {
            let rows = db::query(
                "select id, email, cast(0 as bigint) from staff union all \
                 select member, email, cast(1 as bigint) from staff_invitations where email <> ''",
            )
            .fetch_all(log.db().reader())
            .await?;
            let name = |row: &db::Row| {
                let name = Name {
                    email: row.try_get(1)?,
                    is_invited: row.try_get::<i64, _>(2)? != 0,
                };
                Ok((row.try_get(0)?, name))
            };
            rows.iter().map(name).collect::<Result<_, db::SqlError>>()
        };
        *self.0.write() = found.await.map_err(internal)?;
        Ok(())
    }

    /// Every member: id and email, in the order of the emails.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let names = self.0.read();
        let mut all: Vec<_> = names
            .iter()
            .filter(|(_, of)| !of.is_invited)
            .map(|(id, of)| (id.clone(), of.email.clone()))
            .collect();
        all.sort_by(|(_, a), (_, b)| a.cmp(b));
        all
    }

    /// Who that is: a member's email, also where somebody at the machine acted for them, and whatever else stands in
    /// the log as it is.
    pub(crate) fn of(&self, by: &str) -> String {
        let names = self.0.read();
        let (name, how) = match by.strip_suffix(AT_THE_MACHINE) {
            Some(name) => (name, AT_THE_MACHINE),
            None => (by, ""),
        };
        match names.get(name) {
            Some(of) => format!("{}{how}", of.email),
            None => by.to_owned(),
        }
    }
}
