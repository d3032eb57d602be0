//! Compares what a gateway has settled on a day with what the log says was moved. Each difference is an event,
//! once.

use std::collections::HashMap;
use std::sync::Arc;

use broker::{Decider, Log, Recorded};
use domain::Event;
use domain::alert::Alert;
use domain::event::{AlertCauseGone, Gateway, PaymentSettled, PaymentSettlementDiffers};
use types::admin::EventRow;
use types::alert::{AlertKind, AlertStatus};
use types::staff::Right;
use types::{Money, OrderId, Problem};

use crate::alerts::Alerts;
use crate::events::{Refused, decode, encode, internal};
use crate::gateway::{MovedKind, PaymentGateway, Settled};
use crate::shop::Shop;
use crate::summary::event_row;
use crate::visitor::Staff;
use crate::webhooks::remember;

/// Events read at once.
const PAGE: usize = 1_000;
/// What the gateway did just before midnight is in the log just after.
const EDGE_US: i64 = 60 * 60 * 1_000_000;
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// What a comparison has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// Lines of the gateway's report.
    pub lines: usize,
    /// What does not agree.
    pub differences: usize,
    /// So many of those were not known before.
    pub new: usize,
}

/// A day, UTC, with the microseconds from which and up to which it lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    name: String,
    from_us: i64,
    to_us: i64,
}

impl Day {
    /// The day before the one of this moment.
    pub fn before(now_us: i64) -> Option<Self> {
        let moment = jiff::Timestamp::from_microsecond(now_us.checked_sub(DAY_US)?).ok()?;
        let date = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
        date.to_string().parse().ok()
    }

    /// `2026-11-30`
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl std::str::FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a day, like 2026-11-30".to_owned();
        let date: jiff::civil::Date = text.parse().map_err(|_| expected())?;
        let begins = date.to_zoned(jiff::tz::TimeZone::UTC);
        let from_us = begins.map_err(|_| expected())?.timestamp().as_microsecond();
        Ok(Self {
            name: date.to_string(),
            from_us,
            to_us: from_us.saturating_add(DAY_US),
        })
    }
}

/// Differences that are shown, at most, and the days whose differences are: this one and those before it.
const SHOWN: usize = 20;
const DAYS_SHOWN: usize = 30;

impl Shop {
    /// The differences of the last days, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settlement_differences(&self, staff: &Staff) -> crate::Result<Vec<EventRow>> {
        staff.may(Right::See)?;
        let mut found = Vec::new();
        let mut day = Day::before(self.now_us().saturating_add(DAY_US));
        for _ in 0..DAYS_SHOWN {
            let Some(this) = day.filter(|_| found.len() < SHOWN) else {
                break;
            };
            let differ = differences_of(self.log(), &this).await?;
            found.extend(differ);
            day = Day::before(this.from_us);
        }
        // A day that was compared again may meet those of its first time.
        found.sort_by_key(|event| std::cmp::Reverse(event.position));
        found.dedup_by_key(|event| event.position);
        found.truncate(SHOWN);
        let row = |event: Arc<Recorded>| event_row(&event, self.staff_names());
        Ok(found.into_iter().map(row).collect())
    }
}

/// What was found to differ on a day, the newest first. It stands just before the event that closes the
/// comparison: the log is not searched for it.
async fn differences_of(log: &Log, day: &Day) -> Result<Vec<Arc<Recorded>>, Refused> {
    let mut found = Vec::new();
    for closed in log.read_key(&day.name).await?.iter().rev() {
        let differences = match &*decode(closed)? {
            Event::PaymentSettled(settled) => settled.differences.min(SHOWN as u32),
            _ => continue,
        };
        let before = closed.position.saturating_sub(u64::from(differences) + 1);
        let events = log.read_after(before, differences as usize).await?;
        let differ = events.into_iter().rev();
        found.extend(differ.filter(|event| event.kind == PaymentSettlementDiffers::KIND));
    }
    Ok(found)
}

/// Money that the log says was moved.
#[derive(Debug, Clone)]
struct Booked {
    order_id: OrderId,
    kind: MovedKind,
    amount: Money,
    at_us: i64,
}

/// What of an event of the log says that money was moved; and the id of the request for it.
fn booked(recorded: &Recorded) -> Option<(String, Booked)> {
    let event = decode(recorded).ok()?;
    let (order_id, kind, amount) = match &*event {
        // Collected with an earlier one.
        Event::PaymentCaptured(event) if event.amount.minor == 0 => return None,
        Event::PaymentCaptured(event) => (event.order_id, MovedKind::Capture, event.amount),
        Event::PaymentRefunded(event) => (event.order_id, MovedKind::Refund, event.amount),
        _ => return None,
    };
    let request = match &*event {
        Event::PaymentRefunded(event) if event.request.is_some() => event.request.clone()?,
        _ => recorded.causation_id?.to_string(),
    };
    let at_us = recorded.time_us;
    let booked = Booked {
        order_id,
        kind,
        amount,
        at_us,
    };
    Some((request, booked))
}

/// Whether a day was compared already.
///
/// # Errors
/// When the database does not answer.
pub async fn is_settled(log: &Log, day: &Day) -> crate::Result<bool> {
    let events = log.read_key(&day.name).await.map_err(internal)?;
    Ok(events
        .iter()
        .any(|event| event.kind == PaymentSettled::KIND))
}

/// Fetches the gateway's report of a day and compares it with the log.
///
/// # Errors
/// 503 when the gateway does not answer; when the database does not.
pub async fn settle(
    log: &Log,
    gateway: &dyn PaymentGateway,
    name: Gateway,
    day: &Day,
) -> crate::Result<Settlement> {
    let report = fetch(gateway, day.name.clone()).await?;
    let found = compare(log, gateway, name, day, &report).await?;
    let (lines, differences) = (report.len(), found.len());
    let new = write_down(log, name, day, lines, found).await?;
    Ok(Settlement {
        lines,
        differences,
        new,
    })
}

async fn fetch(gateway: &dyn PaymentGateway, day: String) -> crate::Result<Vec<Settled>> {
    let report = gateway.settled(day).await;
    report.map_err(|error| Problem::unavailable(error.to_string()))
}

async fn compare(
    log: &Log,
    gateway: &dyn PaymentGateway,
    name: Gateway,
    day: &Day,
    report: &[Settled],
) -> Result<Vec<PaymentSettlementDiffers>, Refused> {
    let mut books = read_books(log, day).await?;
    let mut found = Vec::new();
    let differs = |line: &str, kind, order_id, at_gateway, in_books| PaymentSettlementDiffers {
        line: line.to_owned(),
        day: day.name.clone(),
        order_id,
        kind: <&str>::from(kind).to_owned(),
        at_gateway,
        in_books,
        gateway: name,
    };
    for line in report {
        let known = match books.remove(&line.request) {
            Some(known) => Some(known),
            None => search(log, line).await?,
        };
        let in_books = known.filter(|known| known.kind == line.kind);
        let in_books = in_books.map(|known| known.amount);
        if in_books != Some(line.amount) {
            let at_gateway = Some(line.amount);
            found.push(differs(
                &line.request,
                line.kind,
                line.order_id,
                at_gateway,
                in_books,
            ));
        }
    }
    // What the gateway did not report: of another gateway, or just beside midnight.
    books.retain(|_, booked| (day.from_us..day.to_us).contains(&booked.at_us));
    let edge_us = day.from_us.saturating_add(EDGE_US);
    let beside = match books.values().any(|booked| booked.at_us < edge_us) {
        true => report_before(gateway, day).await?,
        false => Vec::new(),
    };
    for (request, booked) in books {
        let is_beside = || {
            let mut lines = beside.iter();
            booked.at_us < edge_us && lines.any(|line| line.request == request)
        };
        if is_beside() || gateway_of(log, &request, booked.order_id).await? != Some(name) {
            continue;
        }
        let order = Some(booked.order_id);
        found.push(differs(
            &request,
            booked.kind,
            order,
            None,
            Some(booked.amount),
        ));
    }
    found.sort_by(|a, b| a.line.cmp(&b.line));
    Ok(found)
}

/// What the log says was moved on that day and just beside it, by the ids of the requests.
async fn read_books(log: &Log, day: &Day) -> Result<HashMap<String, Booked>, Refused> {
    let mut position = log.position_before(day.from_us - EDGE_US).await?;
    let until_us = day.to_us.saturating_add(EDGE_US);
    let mut books = HashMap::new();
    loop {
        let events = log.read_after(position, PAGE).await?;
        let Some(last) = events.last() else {
            return Ok(books);
        };
        position = last.position;
        let is_over = last.time_us > until_us;
        books.extend(events.iter().filter_map(|event| booked(event)));
        if is_over {
            return Ok(books);
        }
    }
}

/// What the log says about a line of the report, whenever it was booked.
async fn search(log: &Log, line: &Settled) -> Result<Option<Booked>, Refused> {
    let Some(order_id) = line.order_id else {
        return Ok(None);
    };
    let events = log.read_key(&order_id.to_string()).await?;
    let found = events.iter().filter_map(booked);
    let mut found = found.filter(|(request, _)| *request == line.request);
    Ok(found.next().map(|(_, booked)| booked))
}

/// Whom a request was made to.
async fn gateway_of(
    log: &Log,
    request: &str,
    order_id: OrderId,
) -> Result<Option<Gateway>, Refused> {
    let events = log.read_key(&order_id.to_string()).await?;
    let asked = events.iter().find(|event| event.id.to_string() == request);
    Ok(asked.and_then(|asked| match &*decode(asked).ok()? {
        Event::PaymentCaptureRequested(request) => Some(request.gateway),
        Event::PaymentRefundRequested(request) => Some(request.gateway),
        _ => None,
    }))
}

/// The report of the day before, in which stands what was booked just after midnight.
async fn report_before(gateway: &dyn PaymentGateway, day: &Day) -> Result<Vec<Settled>, Refused> {
    match Day::before(day.from_us) {
        Some(before) => Ok(fetch(gateway, before.name).await?),
        None => Ok(Vec::new()),
    }
}

/// The alerts of differences that an earlier comparison of this day has found and this one has not.
async fn over(
    log: &Log,
    gateway: Gateway,
    day: &Day,
    found: &[PaymentSettlementDiffers],
) -> Result<Vec<AlertCauseGone>, Refused> {
    let states = log.states_of(Alerts::NAME).await?.into_iter();
    let alerts = states.filter_map(|(_, state)| serde_json::from_str::<Alert>(&state).ok());
    let open = alerts.filter(|alert| {
        alert.kind == AlertKind::SettlementDiffers
            && alert.status != AlertStatus::Resolved
            && !found.iter().any(|differs| differs.line == alert.subject)
    });
    let mut over = Vec::new();
    for alert in open {
        for event in log.read_key(&alert.subject).await? {
            if let Event::PaymentSettlementDiffers(differs) = &*decode(&event)?
                && differs.day == day.name
                && differs.gateway == gateway
            {
                over.push(AlertCauseGone {
                    kind: alert.kind,
                    subject: alert.subject,
                });
                break;
            }
        }
    }
    Ok(over)
}

/// Appends what was not known before, and what is over; says how much is new.
async fn write_down(
    log: &Log,
    gateway: Gateway,
    day: &Day,
    lines: usize,
    found: Vec<PaymentSettlementDiffers>,
) -> Result<usize, Refused> {
    let differences = found.len();
    let over = over(log, gateway, day, &found).await?;
    let is_settled = is_settled(log, day).await?;
    let mut unknown = Vec::new();
    for differs in found {
        let known = log.read_key(&differs.line).await?;
        let is_known = |event: &Recorded| event.kind == PaymentSettlementDiffers::KIND;
        if !known.iter().any(is_known) {
            unknown.push(differs);
        }
    }
    let mut tx = log.begin("settlement").await?;
    let now_us = log.environment().now_us();
    let mut new = 0;
    let is_over = !over.is_empty();
    for gone in over {
        tx.append(encode(gone.into())?, None);
    }
    for differs in unknown {
        // Somebody else may be writing the same down at this moment.
        let id = format!("settlement {}", differs.line);
        if !remember(&mut tx, &id, now_us).await? {
            continue;
        }
        new += 1;
        tx.append(encode(differs.into())?, None);
    }
    if new > 0 || !is_settled {
        let settled = PaymentSettled {
            day: day.name.clone(),
            lines: u32::try_from(lines).unwrap_or(u32::MAX),
            differences: u32::try_from(differences).unwrap_or(u32::MAX),
            gateway,
        };
        tx.append(encode(settled.into())?, None);
    } else if !is_over {
        return Ok(new);
    }
    tx.commit().await?;
    Ok(new)
}
