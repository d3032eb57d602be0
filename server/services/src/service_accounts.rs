//! Services of others: who they are, by their tokens, and what they may send and read. A [`ServiceAccount`] is the
//! proof of a token; what a service may do is asked of it where the data is reached.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use broker::{Log, Recorded, is_like};
use db::Columns;
use domain::Event;
use domain::event::{ServiceRegistered, ServiceRevoked};
use domain::service_account::{Grants, NotGranted, Sends, check};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use types::staff::Right;
use types::{FieldError, Problem};

use crate::event_schema::EventSchema;
use crate::events::{Refused, encode, internal};
use crate::shop::Shop;
use crate::staff_secrets::random;
use crate::visitor::Staff;

/// Whoever finds one knows what it is, and so do programs that look for such things.
const PREFIX: &str = "vitrine_";
/// Bytes of what is granted, schemas included.
const MAX_GRANTS: usize = 256 * 1024;

/// A service that has shown its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    name: String,
    grants: Grants,
}

/// A token, which is shown once.
pub struct ServiceToken(String);

impl ServiceToken {
    /// To be given to whoever runs the service.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServiceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceToken")
    }
}

/// A service, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRow {
    pub name: String,
    pub grants: Grants,
    pub is_revoked: bool,
    pub registered_at_us: i64,
    pub expires_at_us: Option<i64>,
    /// As the log names them.
    pub by: String,
}

fn hash_of(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

fn not_granted(detail: impl fmt::Display) -> Problem {
    Problem::invalid(vec![FieldError::new("service", format!("{detail}."))])
}

/// Registers a service, and gives it a token. One that was revoked may come again.
///
/// # Errors
/// 422 for what cannot be granted, 409 `service-exists`.
pub async fn register_service(
    log: &Log,
    name: &str,
    grants: Grants,
    expires_at_us: Option<i64>,
    by: &str,
) -> crate::Result<ServiceToken> {
    check(name, &grants).map_err(not_granted)?;
    for sends in &grants.sends {
        if let Some(schema) = &sends.schema {
            let read = EventSchema::read(schema);
            read.map_err(|why| not_granted(format!("the schema of {}: {why}", sends.kind)))?;
        }
    }
    let written = serde_json::to_string(&grants).map_err(internal)?;
    if written.len() > MAX_GRANTS {
        let detail = format!("types and schemas have {MAX_GRANTS} bytes in all, at most");
        return Err(not_granted(detail));
    }
    let token = ServiceToken(format!(
        "{PREFIX}{}",
        URL_SAFE_NO_PAD.encode(random::<32>()?)
    ));
    let registered = async {
        let mut tx = log.begin("services").await?;
        let inserted = db::query(
            "insert into service_accounts (name, token_hash, grants, registered_at_us, \
             expires_at_us, by_whom) values ($1, $2, $3, $4, $5, $6) on conflict (name) do update \
             set token_hash = excluded.token_hash, grants = excluded.grants, \
             registered_at_us = excluded.registered_at_us, \
             expires_at_us = excluded.expires_at_us, by_whom = excluded.by_whom \
             where service_accounts.token_hash = ''",
        )
        .bind(name)
        .bind(hash_of(token.reveal()))
        .bind(&written)
        .bind(log.environment().now_us())
        .bind(expires_at_us.unwrap_or_default())
        .bind(by)
        .execute(tx.conn())
        .await?;
        if inserted.rows_affected() == 0 {
            let detail = format!("There is a service {name:?} already. Revoke it first.");
            let title = "There is such a service";
            return Err(Problem::conflict("service-exists", title, detail).into());
        }
        let told = ServiceRegistered {
            service: name.to_owned(),
            grants,
            expires_at_us,
            by: by.to_owned(),
        };
        tx.append(encode(told.into())?, None);
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    registered.await?;
    Ok(token)
}

/// Makes a service's token useless. Its subscriptions stay, for when it is registered again.
///
/// # Errors
/// 404 where there is no such service, or its token is of no use already.
pub async fn revoke_service(log: &Log, name: &str, by: &str) -> crate::Result<()> {
    let revoked = async {
        let mut tx = log.begin("services").await?;
        let gone = db::query(
            "update service_accounts set token_hash = '' where name = $1 and token_hash <> ''",
        )
        .bind(name)
        .execute(tx.conn())
        .await?;
        if gone.rows_affected() == 0 {
            let detail = format!("There is no service {name:?} whose token is good.");
            return Err(Problem::not_found(detail).into());
        }
        let (service, by) = (name.to_owned(), by.to_owned());
        let told = ServiceRevoked { service, by };
        tx.append(encode(told.into())?, None);
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    Ok(revoked.await?)
}

/// Every service that there is or was.
///
/// # Errors
/// When the database does not answer.
pub async fn service_rows(log: &Log) -> crate::Result<Vec<ServiceRow>> {
    let read = async {
        let rows = db::query(
            "select name, grants, token_hash, registered_at_us, expires_at_us, by_whom \
             from service_accounts order by name",
        )
        .fetch_all(log.db().reader())
        .await?;
        let row = |row: &db::Row| {
            let expires_at_us = row.try_get::<i64, _>(4)?;
            Ok(ServiceRow {
                name: row.try_get(0)?,
                grants: serde_json::from_str(row.try_get(1)?).unwrap_or_default(),
                is_revoked: row.try_get::<&str, _>(2)?.is_empty(),
                registered_at_us: row.try_get(3)?,
                expires_at_us: (expires_at_us != 0).then_some(expires_at_us),
                by: row.try_get(5)?,
            })
        };
        rows.iter().map(row).collect::<Result<_, db::SqlError>>()
    };
    read.await.map_err(internal)
}

/// 401, in words of its own.
fn unknown(detail: &str) -> Problem {
    Problem {
        kind: "/problems/unknown-token".to_owned(),
        title: "Show a token".to_owned(),
        ..Problem::unauthenticated(detail)
    }
}

/// What an owner asks for, as it was typed.
#[derive(Debug, Clone, Copy)]
pub struct AskedService<'a> {
    pub name: &'a str,
    /// `TYPE=TOPIC`, with spaces between.
    pub sends: &'a str,
    /// Patterns over types, with spaces between.
    pub reads: &'a str,
    /// The same over topics.
    pub reads_topics: &'a str,
    /// How long the token is good; empty for ever.
    pub days: &'a str,
}

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
/// Days for which a token may be good.
const MAX_DAYS: i64 = 3_650;

impl AskedService<'_> {
    fn grants(&self) -> crate::Result<Grants> {
        let mut sends = Vec::new();
        for pair in self.sends.split_whitespace() {
            let Some((kind, topic)) = pair.split_once('=') else {
                let words = "Enter a type and its topic, such as com.example.parcel.weighed=example.parcels.";
                return Err(Problem::invalid_field("sends", words));
            };
            sends.push(Sends {
                kind: kind.to_owned(),
                topic: topic.to_owned(),
                schema: None,
            });
        }
        let patterns = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let grants = Grants {
            sends,
            types: patterns(self.reads),
            topics: patterns(self.reads_topics),
        };
        check(self.name, &grants).map_err(|why| {
            let field = match &why {
                NotGranted::Name(_) => "name",
                NotGranted::Pattern(bad) if grants.topics.contains(bad) => "reads_topics",
                NotGranted::Pattern(_) => "reads",
                _ => "sends",
            };
            Problem::invalid_field(field, format!("{why}."))
        })?;
        Ok(grants)
    }

    fn life_us(&self) -> crate::Result<Option<i64>> {
        let days = self.days.trim();
        if days.is_empty() {
            return Ok(None);
        }
        match days.parse::<i64>() {
            Ok(days @ 1..=MAX_DAYS) => Ok(Some(days * DAY_US)),
            _ => {
                let words = format!("Enter 1 to {MAX_DAYS} days, or nothing.");
                Err(Problem::invalid_field("days", words))
            }
        }
    }
}

impl Shop {
    /// Registers a service, in the name of who does.
    ///
    /// # Errors
    /// 422 with the field that is wrong, 409 `service-exists`.
    pub async fn register_service(
        &self,
        staff: &Staff,
        asked: AskedService<'_>,
    ) -> crate::Result<ServiceToken> {
        let by = staff.may(Right::Services)?;
        let until_us = asked.life_us()?.map(|life_us| self.now_us() + life_us);
        register_service(self.log(), asked.name, asked.grants()?, until_us, by).await
    }

    /// Makes a service's token useless, in the name of who does.
    ///
    /// # Errors
    /// 404 where there is no such service any more.
    pub async fn revoke_service(&self, staff: &Staff, name: &str) -> crate::Result<()> {
        let by = staff.may(Right::Services)?;
        revoke_service(self.log(), name, by).await
    }

    /// Every service that there is or was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn services_view(&self, staff: &Staff) -> crate::Result<Vec<ServiceRow>> {
        staff.may(Right::Services)?;
        self.staff_names().refresh(self.log()).await?;
        let mut rows = service_rows(self.log()).await?;
        for row in &mut rows {
            row.by = self.staff_names().of(&row.by);
        }
        Ok(rows)
    }

    /// The service of a token; `None` when none was shown.
    ///
    /// # Errors
    /// 401 for a token that is none, was revoked or has ended.
    pub async fn service_account(&self, token: Option<&str>) -> crate::Result<ServiceAccount> {
        let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
            unknown("Expected the header Authorization: Bearer TOKEN, with a token that staff of the shop have given.")
        })?;
        // Looked up by its hash: what is compared says nothing about how near a wrong one comes.
        let found = async {
            let row = db::query(
                "select name, grants, expires_at_us from service_accounts where token_hash = $1",
            )
            .bind(hash_of(token))
            .fetch_optional(self.log().db().reader())
            .await?;
            let read = |row: db::Row| {
                let grants = serde_json::from_str::<Grants>(row.try_get(1)?);
                Ok((row.try_get(0)?, grants, row.try_get::<i64, _>(2)?))
            };
            row.map(read).transpose()
        };
        let found: Result<Option<(String, _, i64)>, Refused> =
            found.await.map_err(|error: db::SqlError| error.into());
        let Some((name, grants, expires_at_us)) = found? else {
            return Err(unknown(
                "This token is not known here: it was revoked, or never was one.",
            ));
        };
        if expires_at_us != 0 && expires_at_us <= self.now_us() {
            return Err(unknown(
                "This token has ended. Ask staff of the shop for another one.",
            ));
        }
        let grants = grants.map_err(internal)?;
        Ok(ServiceAccount { name, grants })
    }
}

impl ServiceAccount {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is granted of a type to be sent.
    ///
    /// # Errors
    /// 403 with what the service may send.
    pub(crate) fn may_send(&self, kind: &str) -> crate::Result<&Sends> {
        self.grants.sends(kind).ok_or_else(|| {
            let types: Vec<&str> = self.grants.sends.iter().map(|it| &*it.kind).collect();
            let may = match types.is_empty() {
                true => "It may send nothing".to_owned(),
                false => format!("It may send: {}", types.join(", ")),
            };
            Problem::forbidden(format!(
                "The service {:?} may not send events of the type {kind:?}. {may}.",
                self.name
            ))
        })
    }

    /// Whether the service may read an event.
    pub(crate) fn may_read(&self, event: &Recorded) -> bool {
        let is_any = |patterns: &[String], text: &str| patterns.iter().any(|it| is_like(it, text));
        is_any(&self.grants.types, &event.kind) || is_any(&self.grants.topics, &event.topic)
    }

    /// Whether there can be anything for these patterns: whoever asks for what they may not read is told so, rather
    /// than waiting for ever. What holds a star is narrowed to what may be read.
    ///
    /// # Errors
    /// 403 with what the service may read.
    pub(crate) fn may_ask_for(&self, types: &[String], topics: &[String]) -> crate::Result<()> {
        let Grants {
            types: of_types,
            topics: of_topics,
            ..
        } = &self.grants;
        let is_any = |patterns: &[String], text: &str| patterns.iter().any(|it| is_like(it, text));
        let own = || Event::KINDS.iter().zip(Event::TOPICS);
        let whole = |list: &[String]| -> Vec<String> {
            let whole = list.iter().filter(|pattern| !pattern.contains('*'));
            whole.cloned().collect()
        };
        let mut missing = Vec::new();
        if of_types.is_empty() && of_topics.is_empty() {
            missing.push("anything".to_owned());
        }
        for kind in whole(types) {
            let topic = own()
                .find(|(own, _)| **own == kind)
                .map(|(_, topic)| *topic);
            let by_topic = match topic {
                Some(topic) => is_any(of_topics, topic),
                // Of others nobody knows where they will go.
                None => !of_topics.is_empty(),
            };
            if !by_topic && !is_any(of_types, &kind) {
                missing.push(format!("the type {kind:?}"));
            }
        }
        for topic in whole(topics) {
            let mut kinds = own().filter(|(_, of)| **of == topic).peekable();
            let by_type = match kinds.peek() {
                Some(_) => kinds.any(|(kind, _)| is_any(of_types, kind)),
                None => !of_types.is_empty(),
            };
            if !by_type && !is_any(of_topics, &topic) {
                missing.push(format!("the topic {topic:?}"));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let may: Vec<String> = (of_types.iter().map(|it| format!("type {it}")))
            .chain(of_topics.iter().map(|it| format!("topic {it}")))
            .collect();
        let may = match may.is_empty() {
            true => "nothing".to_owned(),
            false => may.join(", "),
        };
        Err(Problem::forbidden(format!(
            "The service {:?} may not read {}. It may read: {may}.",
            self.name,
            missing.join(" and ")
        )))
    }
}
