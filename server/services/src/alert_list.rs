//! The alerts as their page lists them, and what staff do about them.

use std::collections::{BTreeSet, HashMap};

use broker::{Consumer, Recorded};
use db::Columns;
use domain::Event;
use domain::alert::{Alert, Refusal};
use domain::event::{AlertChangeRequested, PurchaseOrderReceived};
use domain::monitoring::rules::Scope;
use types::alert::{AlertChange, AlertKind, AlertPage, AlertRow, AlertTab, Evidence};
use types::order::order_number;
use types::purchasing::purchase_number;
use types::staff::Right;
use types::{AlertId, OrderId, Problem, PurchaseOrderId, Sku};
use uuid::Uuid;

use crate::alert_desk::{ACKNOWLEDGED, AlertDesk, MUTED, OPEN, RESOLVED};
use crate::events::{Refused, internal};
use crate::shop::Shop;
use crate::summary::event_row;
use crate::visitor::Staff;

/// Alerts on one page.
const PAGE: u64 = 25;
/// Pages that can be asked for.
const MOST_PAGES: u64 = 4_000;
/// Events that are shown of each alert, the newest.
const SHOWN: usize = 5;

const fn places(tab: AlertTab) -> (i64, i64) {
    match tab {
        AlertTab::Current => (OPEN, MUTED),
        AlertTab::Open => (OPEN, OPEN),
        AlertTab::Acknowledged => (ACKNOWLEDGED, ACKNOWLEDGED),
        AlertTab::Muted => (MUTED, MUTED),
        AlertTab::Resolved => (RESOLVED, RESOLVED),
        AlertTab::All => (OPEN, RESOLVED),
    }
}

impl Shop {
    /// Alerts that nobody has looked at and that are not muted.
    pub fn open_alerts(&self) -> u64 {
        self.alerts().count()
    }

    /// A page of the alerts: the open ones first, of each state the worst, and of these the newest.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alert_page(
        &self,
        staff: &Staff,
        tab: AlertTab,
        page: u64,
    ) -> crate::Result<AlertPage> {
        staff.may(Right::See)?;
        Ok(self.listed_alerts(tab, page).await?)
    }

    async fn listed_alerts(&self, tab: AlertTab, page: u64) -> Result<AlertPage, Refused> {
        self.staff_names().refresh(self.log()).await?;
        let newest = self.alerts().position();
        self.caught_up(AlertDesk::NAME, newest).await;
        // First: what the rows say is as new or newer.
        let position = self.log().position_of(AlertDesk::NAME).await?;
        let (from, to) = places(tab);
        let db = self.log().db();
        let row = db::query("select count(*) from alerts where place >= $1 and place <= $2")
            .bind(from)
            .bind(to)
            .fetch_one(db.reader())
            .await?;
        let found = row.try_get::<i64, _>(0)?.unsigned_abs();
        let skipped = page.min(MOST_PAGES) * PAGE;
        let rows = db::query(
            "select state from alerts where place >= $1 and place <= $2 \
             order by place, severity desc, raised_at_us desc, id desc limit $3 offset $4",
        )
        .bind(from)
        .bind(to)
        .bind(PAGE.cast_signed())
        .bind(skipped.cast_signed())
        .fetch_all(db.reader())
        .await?;
        let read = |row: &db::Row| {
            let alert = serde_json::from_str(row.try_get(0)?);
            alert.map_err(|error| Refused(internal(error)))
        };
        let alerts = rows.iter().map(read).collect::<Result<Vec<Alert>, _>>()?;
        let shown = alerts.iter().flat_map(last_of).collect();
        let evidence = self.evidence(shown).await?;
        Ok(AlertPage {
            rows: alerts
                .iter()
                .map(|a| self.alert_row(a, &evidence))
                .collect(),
            found,
            pages: found.div_ceil(PAGE),
            staff: self.staff_names().all(),
            position,
        })
    }

    fn alert_row(&self, alert: &Alert, evidence: &HashMap<Uuid, Evidence>) -> AlertRow {
        let shown = last_of(alert).rev().filter_map(|id| evidence.get(&id));
        AlertRow {
            id: alert.id,
            kind: alert.kind,
            subject: alert.subject.clone(),
            name: name_of(alert.kind, &alert.subject),
            severity: alert.severity,
            status: alert.status,
            muted_until_us: alert.muted_until_us.unwrap_or_default(),
            assigned_to: (alert.assigned_to.as_ref()).map(|id| self.staff_names().of(id)),
            count: alert.count,
            raised_at_us: alert.raised_at_us,
            last_at_us: alert.last_at_us,
            evidence: shown.cloned().collect(),
            mailed: (alert.mailed.as_ref()).map(|told| (told.at_us, told.refused.clone())),
        }
    }

    /// The events of these ids.
    async fn evidence(&self, ids: BTreeSet<Uuid>) -> Result<HashMap<Uuid, Evidence>, Refused> {
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let events = self.log().read_ids(&ids).await?;
        let evidence = |event: &Recorded| {
            let row = event_row(event, self.staff_names());
            let is_sku = event.key.parse::<Sku>().is_ok();
            let is_order = event.key.parse::<OrderId>().is_ok() && row.subject.starts_with("V-");
            let purchase = event.key.parse::<PurchaseOrderId>().ok();
            let purchase = purchase.filter(|_| event.topic == PurchaseOrderReceived::TOPIC);
            let page = match purchase {
                Some(id) => format!("/admin/purchase-orders/{id}"),
                None if is_sku || is_order => {
                    format!("/admin/events?of={}&at={}", row.subject, row.position)
                }
                None => String::new(),
            };
            Evidence {
                position: row.position,
                at_us: row.at_us,
                kind: row.kind,
                summary: row.summary,
                page,
            }
        };
        let found = events.iter().map(|event| (event.id, evidence(event)));
        Ok(found.collect())
    }

    /// Does something about an alert.
    ///
    /// # Errors
    /// 404 for an alert that there is not, 409 `alert-unchanged` with the reason, 422 for a member of staff
    /// that there is not.
    pub async fn change_alert(
        &self,
        staff: &Staff,
        id: AlertId,
        change: AlertChange,
    ) -> crate::Result<()> {
        let by = staff.may(Right::Alerts)?;
        Ok(self.change_one_alert(by, id, change).await?)
    }

    async fn change_one_alert(
        &self,
        by: &str,
        id: AlertId,
        change: AlertChange,
    ) -> Result<(), Refused> {
        self.staff_names().refresh(self.log()).await?;
        if let AlertChange::Assign { to } = &change
            && !self.staff_names().all().iter().any(|(id, _)| id == to)
        {
            let message = "Choose a member of staff.";
            return Err(Problem::invalid_field("to", message).into());
        }
        let row = db::query("select kind, subject from alerts where id = $1")
            .bind(id.to_string())
            .fetch_optional(self.log().db().reader())
            .await?;
        let Some(row) = row else {
            return Err(Problem::not_found("There is no such alert.").into());
        };
        let kind: AlertKind = row.try_get::<&str, _>(0)?.parse().map_err(internal)?;
        let asked = AlertChangeRequested {
            kind,
            subject: row.try_get(1)?,
            alert_id: id,
            change,
            by: by.to_owned(),
        };
        let Some((answer, position)) = self.answered_at(asked.into()).await? else {
            // It is in the log and will be done; only this page stops waiting.
            return Ok(());
        };
        match &*answer {
            Event::AlertChangeRefused(refused) => Err(unchanged(refused.refusal).into()),
            _ => {
                self.caught_up(AlertDesk::NAME, position).await;
                Ok(())
            }
        }
    }
}

/// Ids of the events that are shown of an alert.
fn last_of(alert: &Alert) -> impl DoubleEndedIterator<Item = Uuid> {
    let first = alert.evidence.len().saturating_sub(SHOWN);
    let ids = alert.evidence[first..].iter();
    ids.filter_map(|id| id.parse().ok())
}

/// A subject as people say it.
pub(crate) fn name_of(kind: AlertKind, subject: &str) -> String {
    match kind {
        AlertKind::PurchaseOverdue
        | AlertKind::PurchaseNotSent
        | AlertKind::CancellationNotTold => subject
            .parse()
            .map_or_else(|_| subject.to_owned(), purchase_number),
        AlertKind::MoneyNotMoved | AlertKind::ParcelAstray | AlertKind::ParcelTurnedUp => subject
            .parse()
            .map_or_else(|_| subject.to_owned(), order_number),
        AlertKind::LowStock
        | AlertKind::SettlementDiffers
        | AlertKind::PiecesNotCounted
        | AlertKind::PaymentsFailing
        | AlertKind::PriceWrong
        | AlertKind::StockWrong
        | AlertKind::ConsumerBehind => subject.to_owned(),
        AlertKind::MailsBouncing => "Mails to customers".to_owned(),
        _ => watched_name(subject),
    }
}

/// Whom a rule over what somebody did is about: `source:3f9ac0…` is an address, by its hash.
fn watched_name(subject: &str) -> String {
    let (scope, of) = subject.split_once(':').unwrap_or(("", subject));
    let short = of.get(..8).unwrap_or(of);
    match scope.parse() {
        Ok(Scope::Source) => format!("address {short}"),
        Ok(Scope::Visitor) => format!(
            "browser {}",
            of.get(of.len().saturating_sub(8)..).unwrap_or(of)
        ),
        Ok(Scope::Person) => format!("person {short}"),
        Ok(Scope::Place) => format!("delivery address {short}"),
        Ok(Scope::Account) => format!("account {short}"),
        Ok(Scope::Order) => of.parse().map_or_else(|_| of.to_owned(), order_number),
        Err(_) => subject.to_owned(),
    }
}

fn unchanged(refusal: Refusal) -> Problem {
    let detail = format!("The alert stays as it is: {refusal}.");
    match refusal {
        Refusal::Unknown => Problem::not_found(detail),
        _ => Problem::conflict("alert-unchanged", "The alert stays as it is", detail),
    }
}
