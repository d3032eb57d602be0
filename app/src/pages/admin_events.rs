//! `/admin/events`: how far the consumers are, the dead letters, and the past of an order or a SKU,
//! for staff. It shows a moment; nothing on it moves.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::{Shop, Staff};
use types::admin::{EventRow, OrderRow};
use types::log::{ConsumerRow, LogView, LookBack, ParkedRow, ParkedState};
use types::staff::Right;
use types::{OrderId, Problem};

use crate::api::admin::EVENTS as HERE;
use crate::api::flash::{self, Done, Flash};
use crate::api::may;
use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, Holds, ProblemNote, Story, Subject, desk_field, when};
use crate::pages::page_problem::PageProblem;

/// Of the last orders so many are listed.
const ORDERS: usize = 20;
/// Characters of an answer to the look-up's fields, at most.
const LONGEST: usize = 100;

#[component]
pub fn AdminEventsPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let asked = Asked::in_address();
    let flash = flash::take(HERE).unwrap_or_default();
    let read = {
        let asked = asked.clone();
        Resource::new_blocking(
            || (),
            move |()| {
                let (shop, staff, asked) = (shop.clone(), staff.clone(), asked.clone());
                async move {
                    let log = shop.log_view(&staff).await?;
                    let found = asked.answer(&shop, &staff).await;
                    let orders = match &found {
                        Some(Ok(_)) => Vec::new(),
                        _ => shop.last_orders(&staff, ORDERS).await?,
                    };
                    let differences = shop.settlement_differences(&staff).await?;
                    Ok::<_, Problem>((log, found, orders, differences))
                }
            },
        )
    };
    let content = move || {
        let (asked, Flash { problem, done, .. }) = (asked.clone(), flash.clone());
        Suspend::new(async move {
            match read.await {
                Ok((log, found, orders, differences)) => {
                    let told = done.and_then(told);
                    view! {
                        {problem.map(|problem| view! { <ProblemNote problem /> })}
                        {told.map(|told| view! { <Told told /> })}
                        <div class="events">
                            <LookUp asked found orders head=log.head />
                            <Consumers log=log.clone() />
                            <DeadLetters log />
                            <Differences differences />
                        </div>
                    }
                    .into_any()
                }
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Events" here=HERE email>
            <Suspense>{content}</Suspense>
        </AdminFrame>
    }
}

/// What the look-up was asked, as it was typed.
#[derive(Debug, Clone, Default)]
struct Asked {
    of: String,
    at: String,
}

impl Asked {
    fn in_address() -> Self {
        let query = use_query_map().get_untracked();
        let text = |name| {
            let text: String = query.get(name).unwrap_or_default();
            text.trim().chars().take(LONGEST).collect::<String>()
        };
        Self {
            of: text("of"),
            at: text("at"),
        }
    }

    /// `None` when nothing was asked. A refusal is about one of the two fields.
    async fn answer(&self, shop: &Shop, staff: &Staff) -> Option<Result<LookBack, Problem>> {
        let at = match self.at.as_str() {
            "" if self.of.is_empty() => return None,
            "" => Ok(None),
            at => at.trim_start_matches('#').parse().map(Some),
        };
        let Ok(at) = at else {
            let message =
                "Enter a position of the log, a whole number like 120, or leave it empty.";
            return Some(Err(Problem::invalid_field("at", message)));
        };
        if self.of.is_empty() {
            let message = "Enter the number of an order or a SKU.";
            return Some(Err(Problem::invalid_field("of", message)));
        }
        Some(shop.look_back(staff, &self.of, at).await)
    }
}

/// The look-up's form and what it found.
#[component]
fn LookUp(
    asked: Asked,
    found: Option<Result<LookBack, Problem>>,
    /// To begin with, where nothing was found.
    orders: Vec<OrderRow>,
    head: u64,
) -> impl IntoView {
    let Asked { of, at } = asked;
    let (found, problem) = match found {
        Some(Ok(found)) => (Some(found), None),
        Some(Err(problem)) => (None, Some(problem)),
        None => (None, None),
    };
    // What is not about the position is about what was looked up.
    let problem = problem.map(|problem| match problem.field("at") {
        Some(_) => problem,
        None => Problem::invalid_field("of", problem.detail),
    });
    let problem = problem.as_ref();
    let longest = LONGEST;
    let (what, place) = (
        ("of", "Order number or SKU"),
        ("at", "As of position (optional)"),
    );
    let fields = (
        desk_field(
            problem,
            "look-up-of".to_owned(),
            what,
            Holds::Code { longest },
            of.clone(),
        ),
        desk_field(problem, "look-up-at".to_owned(), place, Holds::Number, at),
    );
    let past = found.map(|found| view! { <Past found of=of.clone() /> });
    view! {
        <section class="look-up" aria-labelledby="events-title">
            <h1 id="events-title">"Events"</h1>
            <form class="look-up__form" method="get" action=HERE aria-label="Look-up">
                {fields}
                <button class="desk-button desk-button--strong" type="submit">"Look up"</button>
            </form>
            {past
                .is_none()
                .then(|| {
                    view! {
                        <p class="look-up__hint">
                            {format!(
                                "Shows an order or a SKU as it was when the log ended at a position, \
                                 and what led there. The log is at #{head} now.",
                            )}
                        </p>
                        <LastOrders orders />
                    }
                })}
            {past}
        </section>
    }
}

/// The orders that were placed last, each a way to its past.
#[component]
fn LastOrders(orders: Vec<OrderRow>) -> impl IntoView {
    let none = orders.is_empty().then(|| {
        view! { <p class="look-up__hint">"There is no order yet. The first will show here."</p> }
    });
    let rows = orders.into_iter().map(|order| {
        view! {
            <tr>
                <th scope="row">
                    <Subject subject=order.number />
                </th>
                <td>{format!("{}, {}", when::date(order.at_us), when::minute(order.at_us))}</td>
                <td>{order.summary}</td>
                <td>{order.status}</td>
            </tr>
        }
    });
    let table = none.is_none().then(|| {
        view! {
            <table class="desk-table last-orders">
                <caption class="visually-hidden">"Last orders. Times are UTC."</caption>
                <thead>
                    <tr>
                        <th scope="col">"Order"</th>
                        <th scope="col">"Placed (UTC)"</th>
                        <th scope="col">"What"</th>
                        <th scope="col">"Status"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
    });
    view! {
        <section aria-labelledby="last-orders-title">
            <div class="events__head">
                <h2 id="last-orders-title">"Last orders"</h2>
            </div>
            {none}
            {table}
        </section>
    }
}

/// An order or a SKU as it was.
#[component]
fn Past(found: LookBack, of: String) -> impl IntoView {
    let LookBack {
        title,
        position,
        head,
        facts,
        story,
    } = found;
    // The address of the same at another position. What was looked up was found, so it is made of
    // letters, digits and dashes.
    let at = |position: u64| format!("{HERE}?of={of}&at={position}");
    let now = (position < head).then(|| view! { <a href=at(head)>"Now"</a> });
    let earlier = story.iter().map(|event| event.position);
    let earlier = earlier.filter(|known| *known < position).max();
    let earlier = earlier.map(|earlier| {
        view! { <a href=at(earlier) rel="prev">{format!("Back to #{earlier}")}</a> }
    });
    let id = facts.iter().find(|(name, _)| name == "id");
    let order_page = id.and_then(|(_, id)| id.parse::<OrderId>().ok()).map(|id| {
        let href = format!("/admin/orders/{id}");
        view! {
            <p>
                <a href=href>"The order\u{2019}s page"</a>
            </p>
        }
    });
    let facts = facts.into_iter().map(|(name, value)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    });
    view! {
        <article class="past" aria-labelledby="past-title">
            <h2 id="past-title">{title}</h2>
            <p class="past__at">
                <span>{format!("As of position {position} of {head}")}</span>
                {earlier}
                {now}
            </p>
            {order_page}
            <dl class="past__facts">{facts.collect_view()}</dl>
            <Story story position of=of.clone() />
        </article>
    }
}

/// How far each consumer is.
#[component]
fn Consumers(log: LogView) -> impl IntoView {
    let row = |row: ConsumerRow| {
        let dead = match row.dead {
            0 => "0".into_any(),
            dead => view! { <a href="#dead-letters">{dead}</a> }.into_any(),
        };
        let lag = match row.behind {
            0 => "up to date".to_owned(),
            behind => format!("{behind} behind"),
        };
        view! {
            <tr>
                <th scope="row">{row.name}</th>
                <td data-number="">{format!("#{}", row.position)}</td>
                <td class="consumers__lag">{lag}</td>
                <td data-number="">{row.parked}</td>
                <td data-number="" data-dead=(row.dead > 0).then_some("")>{dead}</td>
            </tr>
        }
    };
    view! {
        <section class="consumers" aria-labelledby="consumers-title">
            <div class="events__head">
                <h2 id="consumers-title">"Consumers"</h2>
                <p>{format!("The log is at #{}", log.head)}</p>
            </div>
            <div class="events__scroll" role="region" aria-label="Lag table" tabindex="0">
                <table class="desk-table">
                    <caption class="visually-hidden">"How far each consumer is"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col" data-number="">"Position"</th>
                            <th scope="col" class="consumers__lag">"Lag"</th>
                            <th scope="col" data-number="">"Parked"</th>
                            <th scope="col" data-number="">"Dead"</th>
                        </tr>
                    </thead>
                    <tbody>{log.consumers.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

/// What was just decided.
fn told(done: Done) -> Option<String> {
    match done {
        Done::Redriven { position, consumer } => {
            Some(format!("#{position} was handed to {consumer} again."))
        }
        Done::Discarded { position, consumer } => {
            Some(format!("#{position} was discarded for {consumer}."))
        }
        Done::Corrected { .. } | Done::Erased { .. } | Done::Said(_) => None,
    }
}

#[component]
fn Told(told: String) -> impl IntoView {
    view! {
        <div class="notice notice--good" role="status">
            <p>{told}</p>
        </div>
    }
}

/// The events that a consumer could not handle.
#[component]
fn DeadLetters(log: LogView) -> impl IntoView {
    let all: u64 = log.consumers.iter().map(|row| row.parked + row.dead).sum();
    let shown = log.parked.len();
    let more = all.saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX));
    let rows = log.parked.into_iter().map(|row| view! { <Parked row /> });
    view! {
        <section class="dead-letters" id="dead-letters" aria-labelledby="dead-letters-title">
            <div class="events__head">
                <h2 id="dead-letters-title">"Dead letters"</h2>
            </div>
            {(shown == 0)
                .then(|| {
                    view! {
                        <p class="dead-letters__none">
                            "None. Every event so far was handled by every consumer it concerns."
                        </p>
                    }
                })}
            <ul role="list">{rows.collect_view()}</ul>
            {(more > 0).then(|| view! { <p>{format!("{more} more are not shown.")}</p> })}
        </section>
    }
}

/// What the payment gateway has settled otherwise than the books say.
#[component]
fn Differences(differences: Vec<EventRow>) -> impl IntoView {
    let is_sound = differences.is_empty();
    let rows = differences.into_iter().map(|row| {
        view! {
            <li class="parked" data-state="dead">
                <h3 class="parked__what">
                    <span class="parked__position">{format!("#{}", row.position)}</span>
                    <span>{row.kind}</span>
                </h3>
                <p>{row.summary}</p>
            </li>
        }
    });
    view! {
        <section class="dead-letters" aria-labelledby="differences-title">
            <div class="events__head">
                <h2 id="differences-title">"Settlement"</h2>
            </div>
            {is_sound.then(|| view! {
                <p class="dead-letters__none">
                    "What the payment gateway has settled is what the books say."
                </p>
            })}
            <ul role="list">{rows.collect_view()}</ul>
        </section>
    }
}

#[component]
fn Parked(row: ParkedRow) -> impl IntoView {
    let ParkedRow {
        consumer,
        position,
        kind,
        subject,
        state,
        attempts,
        error,
        parked_at_us,
        data,
    } = row;
    let tries = match attempts {
        1 => "1 attempt".to_owned(),
        n => format!("{n} attempts"),
    };
    let (name, words) = match state {
        ParkedState::Retrying => (
            "retrying",
            format!("{tries} so far. Is tried again by itself."),
        ),
        ParkedState::Held => (
            "held",
            "Waits behind an earlier event of the same key.".to_owned(),
        ),
        ParkedState::Dead => (
            "dead",
            format!("Dead after {tries}. Later events of the same key wait behind it."),
        ),
    };
    let since = format!(
        "since {}, {} UTC",
        when::date(parked_at_us),
        when::clock(parked_at_us)
    );
    let data = pretty(&data);
    view! {
        <li class="parked" data-state=name>
            <h3 class="parked__what">
                <span class="parked__position">{format!("#{position}")}</span>
                <span>{kind}</span>
                <span class="parked__subject">
                    <Subject subject />
                </span>
            </h3>
            <p class="parked__where">
                "In " <strong>{consumer.clone()}</strong> " " {since}
            </p>
            <p class="parked__state">{words}</p>
            {(!error.is_empty()).then(|| view! { <p class="parked__error">{error}</p> })}
            <details class="parked__data">
                <summary>"Content of the event"</summary>
                <pre>{data}</pre>
            </details>
            {(state == ParkedState::Dead).then(|| view! { <Decide consumer position /> })}
        </li>
    }
}

/// The two ways out for a dead letter. The one of no return takes two steps.
#[component]
fn Decide(consumer: String, position: u64) -> impl IntoView {
    if !may(Right::Log) {
        return ().into_any();
    }
    let event = format!("#{position} of {consumer}");
    let fields = |consumer: String| {
        view! {
            <input type="hidden" name="consumer" value=consumer />
            <input type="hidden" name="position" value=position.to_string() />
        }
    };
    view! {
        <div class="parked__acts">
            <form method="post" action="/api/redrive_event">
                {fields(consumer.clone())}
                <button class="desk-button" type="submit" aria-label=format!("Redrive {event}")>
                    "Redrive"
                </button>
            </form>
            <details class="parked__discard">
                <summary class="desk-button" aria-label=format!("Discard {event}\u{2026}")>
                    "Discard\u{2026}"
                </summary>
                <form method="post" action="/api/discard_event">
                    {fields(consumer.clone())}
                    <p>
                        {format!(
                            "{consumer} will never handle #{position}; what waits behind it goes on. \
                             This cannot be undone.",
                        )}
                    </p>
                    <button
                        class="desk-button desk-button--danger"
                        type="submit"
                        aria-label=format!("Discard {event} for good")
                    >
                        "Discard for good"
                    </button>
                </form>
            </details>
        </div>
    }
    .into_any()
}

/// JSON over several lines; what is none stays as it is.
fn pretty(data: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(data);
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value));
    pretty.unwrap_or_else(|_| data.to_owned())
}
