//! An order or a SKU as of any past position, and what led there. It is read from the log, since the
//! tables know only the present; they are asked for one thing, which order a number stands for.

use std::collections::{BTreeMap, HashMap};

use broker::{Log, Recorded};
use db::Columns;
use domain::Event;
use domain::order::OrderState;
use domain::stock::{Stock, levels_of};
use types::desk::status_words;
use types::log::{LookBack, StoryEvent};
use types::order::{id_ending, order_number};
use types::{Money, OrderId, Problem, Sku};
use uuid::Uuid;

use crate::events::{Refused, decode};
use crate::staff_names::StaffNames;
use crate::summary::event_row;

/// Events of a story, at most.
pub(crate) const STORY: usize = 2_000;
/// The topic of the events that tell stock levels.
const STOCK: &str = domain::event::StockReserved::TOPIC;

/// Looks an order (by its id or number) or a SKU up, as it was when the log ended at `at`; now when
/// that is `None`.
///
/// # Errors
/// 404 when there was no such thing at that position.
pub async fn look_back(log: &Log, what: &str, at: Option<u64>) -> crate::Result<LookBack> {
    let what = what.trim();
    let looked_up = async {
        let head = log.stored_head().await?;
        let position = at.unwrap_or(head).min(head);
        let mut content = None;
        let named = what.strip_prefix('#').map(str::parse::<u64>);
        let found = match named {
            Some(Ok(position)) => {
                let (found, data) = event(log, position).await?;
                content = Some(data);
                Some(found)
            }
            Some(Err(_)) => return Err(unknown(what)),
            None => None,
        };
        // An event is told with all that it led to.
        let position = if found.is_some() { head } else { position };
        let (title, facts, story) = match found {
            Some(found) => found,
            None => match order_id(log, what).await? {
                Some(id) => order(log, id, position).await?,
                // Written in capitals, and typed as it comes.
                None => match what.to_ascii_uppercase().parse::<Sku>() {
                    Ok(sku) => stock(log, &sku, position).await?,
                    Err(_) => {
                        return Err(unknown(what));
                    }
                },
            },
        };
        let staff = StaffNames::read(log).await?;
        let story = story
            .into_iter()
            .filter(|event| event.position <= position)
            .collect();
        Ok(LookBack {
            title,
            position,
            head,
            facts,
            story: tree(story, &staff),
            content,
        })
    };
    looked_up.await.map_err(Problem::from)
}

/// Title, facts and events.
type Found = (String, Vec<(String, String)>, Vec<Recorded>);

/// The order that a text names; `None` when it does not look like one.
pub(crate) async fn order_id(log: &Log, text: &str) -> Result<Option<OrderId>, Refused> {
    if let Ok(id) = text.parse() {
        return Ok(Some(id));
    }
    let number = text.get(..2).filter(|v| v.eq_ignore_ascii_case("v-"));
    let Some(ending) = number.and_then(|_| id_ending(text)) else {
        return Ok(None);
    };
    let rows = db::query("select id from orders where number_bits = $1")
        .bind(ending)
        .fetch_optional(log.db().reader())
        .await?;
    let Some(row) = rows else {
        let detail = format!("There is no order {text}.");
        return Err(Problem::not_found(detail).into());
    };
    let id: &str = row.try_get(0)?;
    Ok(id.parse().ok())
}

fn unknown(what: &str) -> Refused {
    Problem::not_found(format!("No order, SKU or event is called {what}.")).into()
}

/// An event, what it belongs to, and its content.
async fn event(log: &Log, position: u64) -> Result<(Found, String), Refused> {
    let event = match log.read_one(position).await {
        Ok(event) => event,
        Err(broker::Error::NoSuchEvent(_)) => return Err(unknown(&format!("#{position}"))),
        Err(error) if error.is_damage() => {
            return Err(Problem::not_found(format!("{error}.")).into());
        }
        Err(error) => return Err(error.into()),
    };
    let mut facts: Vec<(String, String)> = [
        ("type", event.kind.clone()),
        ("topic", event.topic.clone()),
        ("key", event.key.clone()),
        ("source", event.source.clone()),
        ("id", event.id.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let attributes = event.attributes.iter();
    facts.extend(attributes.map(|(name, value)| (name.clone(), value.clone())));
    let story = log.read_correlated(event.correlation_id, STORY).await?;
    let title = format!("Event #{position}");
    Ok(((title, facts, story), event.data.clone()))
}

async fn order(log: &Log, id: OrderId, position: u64) -> Result<Found, Refused> {
    let mut state: Option<OrderState> = None;
    let mut unreadable = Vec::new();
    for recorded in log.read_key(&id.to_string()).await? {
        if recorded.position > position {
            break;
        }
        let Ok(event) = decode(&recorded) else {
            unreadable.push(format!("#{} {}", recorded.position, recorded.kind));
            continue;
        };
        match (&mut state, &*event) {
            (None, Event::OrderPlaced(placed)) => {
                state = Some(OrderState::placed(placed, recorded.time_us));
            }
            (Some(state), event) => state.evolve(event, recorded.time_us),
            (None, _) => {}
        }
    }
    let number = order_number(id);
    let story = log.read_story(&id.to_string(), STORY).await?;
    let unreadable = (!unreadable.is_empty()).then(|| {
        let list = unreadable.join(", ");
        ("not counted, since unreadable".to_owned(), list)
    });
    let Some(state) = state else {
        if let Some(unreadable) = unreadable {
            return Ok((format!("Order {number}"), vec![unreadable], story));
        }
        let detail = format!("There was no order {number} at position {position}.");
        return Err(Problem::not_found(detail).into());
    };
    let mut facts = order_facts(&state);
    facts.extend(money_facts(&state));
    facts.push(("id".to_owned(), id.to_string()));
    facts.extend(unreadable);
    Ok((format!("Order {number}"), facts, story))
}

/// What people want to know of an order, but for its money.
pub(crate) fn order_facts(state: &OrderState) -> Vec<(String, String)> {
    let lines = state.lines.iter();
    let lines = lines.map(|line| format!("{} × {}", line.quantity, line.sku));
    let mut facts = vec![
        ("status".to_owned(), status_words(state.status()).to_owned()),
        ("total".to_owned(), state.total.to_string()),
        ("lines".to_owned(), lines.collect::<Vec<_>>().join(", ")),
    ];
    for parcel in &state.fulfilment.shipments {
        let lines = parcel.lines.iter();
        let lines = lines.map(|line| format!("{} × {}", line.quantity, line.sku));
        let lines = lines.collect::<Vec<_>>().join(", ");
        let state = parcel.state.words();
        facts.push((
            format!("parcel {}", parcel.number),
            format!("{state}: {lines}"),
        ));
    }
    for back in &state.returns.returns {
        let state = back.state.words().to_owned();
        facts.push((format!("return {}", back.number), state));
    }
    // An order that has come to its end holds nothing back any more.
    if state.reserved_until_us > 0 && !state.status().is_final() {
        let until = jiff::Timestamp::from_microsecond(state.reserved_until_us);
        let until = until.map(|until| until.strftime("%-d %B %Y, %H:%M UTC").to_string());
        facts.push(("held until".to_owned(), until.unwrap_or_default()));
    }
    facts
}

fn money_facts(state: &OrderState) -> Vec<(String, String)> {
    let attempts = state.payment.attempts.to_string();
    let mut facts = vec![("payment attempts".to_owned(), attempts)];
    let currency = state.total.currency;
    for (name, minor) in [
        ("collected", state.payment.captured_minor()),
        ("given back", state.payment.refunded_minor()),
    ] {
        if minor > 0 {
            facts.push((name.to_owned(), Money::new(minor, currency).to_string()));
        }
    }
    facts
}

async fn stock(log: &Log, sku: &Sku, position: u64) -> Result<Found, Refused> {
    // Counts have the SKU for their key and are found by it; what orders moved since then, by search.
    let counted = log.read_key(sku.as_str()).await?;
    // Every SKU of the shop was counted in once.
    let is_known = !counted.is_empty();
    let counted = counted
        .into_iter()
        .rfind(|event| event.position <= position && level(event, sku).is_some());
    let after = counted.as_ref().map_or(0, |event| event.position);
    let quoted = format!("\"{sku}\"");
    let moved = log
        .find_back(STOCK, &quoted, after, position, |event| {
            level(event, sku).is_some()
        })
        .await?;
    let Some(last) = moved.or(counted) else {
        if !is_known {
            return Err(unknown(sku.as_str()));
        }
        let detail = format!("There was no stock of {sku} at position {position}.");
        return Err(Problem::not_found(detail).into());
    };
    let stock = level(&last, sku).unwrap_or_default();
    let facts = vec![
        ("on hand".to_owned(), stock.on_hand.to_string()),
        ("allocated".to_owned(), stock.allocated.to_string()),
        ("reserved".to_owned(), stock.reserved.to_string()),
        ("available".to_owned(), stock.available().to_string()),
        ("since position".to_owned(), last.position.to_string()),
    ];
    let story = log.read_correlated(last.correlation_id, STORY).await?;
    Ok((format!("SKU {sku}"), facts, story))
}

/// What there was of a SKU at a position, if anything after `after` says so, and where.
pub(crate) async fn level_at(
    log: &Log,
    sku: &Sku,
    after: u64,
    position: u64,
) -> Result<Option<(u64, Stock)>, Refused> {
    let quoted = format!("\"{sku}\"");
    let last = log
        .find_back(STOCK, &quoted, after, position, |event| {
            level(event, sku).is_some()
        })
        .await?;
    Ok(last.and_then(|last| Some((last.position, level(&last, sku)?))))
}

fn level(recorded: &Recorded, sku: &Sku) -> Option<Stock> {
    let event = decode(recorded).ok()?;
    let levels = levels_of(&event)?;
    levels
        .into_iter()
        .find(|(moved, _)| *moved == sku)
        .map(|(_, stock)| stock)
}

/// Each event after the one that caused it, and before its later siblings.
pub(crate) fn tree(events: Vec<Recorded>, staff: &StaffNames) -> Vec<StoryEvent> {
    let known: HashMap<Uuid, &Recorded> = events.iter().map(|event| (event.id, event)).collect();
    let mut effects: BTreeMap<Option<Uuid>, Vec<&Recorded>> = BTreeMap::new();
    for event in &events {
        // A cause that is not among them is as good as none.
        let cause = event.causation_id.filter(|cause| known.contains_key(cause));
        effects.entry(cause).or_default().push(event);
    }
    let mut told = Vec::with_capacity(events.len());
    let first = effects.remove(&None).unwrap_or_default();
    let mut next: Vec<(&Recorded, usize)> = first.into_iter().rev().map(|e| (e, 0)).collect();
    while let Some((event, depth)) = next.pop() {
        let caused = effects.remove(&Some(event.id)).unwrap_or_default();
        next.extend(caused.into_iter().rev().map(|effect| (effect, depth + 1)));
        let cause = event.causation_id.and_then(|cause| known.get(&cause));
        let row = event_row(event, staff);
        told.push(StoryEvent {
            position: row.position,
            at_us: row.at_us,
            kind: row.kind,
            source: row.source,
            summary: row.summary,
            depth,
            took_us: cause.map(|cause| event.time_us.saturating_sub(cause.time_us)),
        });
    }
    told
}
