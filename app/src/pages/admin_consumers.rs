//! `/admin/events/consumers`: how far those are who follow the log, what they could not handle, and their states built
//! anew.

use leptos::prelude::*;
use services::{ShopSettings, Staff};
use types::admin::EventRow;
use types::log::{ConsumerRole, DamageRow, LogView, ParkedRow, ParkedState, RebuildRow};
use types::staff::Right;

use crate::api::admin::{CONSUMERS as HERE, EVENTS};
use crate::api::flash::{self, Done, Flash};
use crate::api::{may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::events_nav::EventsNav;
use crate::components::{AdminFrame, Holds, LazyHint, ProblemNote, Subject, desk_field, when};
use crate::islands::admin_desk::{AdminDesk, DeskPart};
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminConsumersPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let flash = flash::take(HERE).unwrap_or_default();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move {
                let roster = services::roster(&ShopSettings::default(), None);
                let log = shop.log_view(&staff, &roster).await?;
                let differences = shop.settlement_differences(&staff).await?;
                Ok::<_, types::Problem>((log, differences))
            }
        },
    );
    let content = move || {
        let Flash { problem, done, .. } = flash.clone();
        Suspend::new(async move {
            match read.await {
                Ok((log, differences)) => {
                    let told = done.and_then(told);
                    let note = problem
                        .clone()
                        .filter(|problem| problem.field("position").is_none());
                    let deciders: Vec<String> = (log.consumers.iter())
                        .filter(|row| row.role == ConsumerRole::Decider)
                        .map(|row| row.name.clone())
                        .collect();
                    let (head, rows) = (log.head, log.consumers.clone());
                    let (damage, rebuilds) = (log.damage.clone(), log.rebuilds.clone());
                    view! {
                        {note.map(|problem| view! { <ProblemNote problem /> })}
                        {told.map(|told| view! { <Told told /> })}
                        <div class="followers">
                            <section class="consumers" aria-labelledby="consumers-title">
                                <div class="events__head">
                                    <h1 id="consumers-title">"Consumers"</h1>
                                    <EventsNav here=HERE />
                                </div>
                                <AdminDesk part=DeskPart::Consumers { rows, head } />
                            </section>
                            <Damaged damage problem />
                            <DeadLetters log />
                            <Rebuild deciders rebuilds />
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
        <LazyHint island="admin_desk" />
        <AdminFrame title="Consumers" here=EVENTS email live=true>
            <Suspense>{content}</Suspense>
        </AdminFrame>
    }
}

/// A record that cannot be read, and the way past it.
#[component]
fn Damaged(damage: Option<DamageRow>, problem: Option<types::Problem>) -> impl IntoView {
    let problem = problem.filter(|problem| problem.field("position").is_some());
    let is_there = damage.is_some() || problem.is_some();
    let position = damage.as_ref().map(|damage| damage.position.to_string());
    let notice = damage.map(|damage| {
        view! {
            <div class="notice notice--bad" role="alert">
                <p>{format!("{}. Whoever comes to it waits there.", damage.what)}</p>
            </div>
        }
    });
    let form = may(Right::Log).then(|| {
        let field = desk_field(
            problem.as_ref(),
            "quarantine-position".to_owned(),
            ("position", "Position"),
            Holds::Number,
            position.unwrap_or_default(),
        );
        view! {
            <details class="followers__act" open=is_there>
                <summary>"Step over a damaged record\u{2026}"</summary>
                <form method="post" action="/api/quarantine_event" class="followers__form">
                    {field}
                    <button class="desk-button desk-button--danger" type="submit">
                        "Quarantine"
                    </button>
                </form>
                <p class="followers__hint">
                    "Everybody passes a record in quarantine as if nothing had happened there. One that \
                     can be read is refused. Look for a backup that still has it first."
                </p>
            </details>
        }
    });
    view! {
        {notice}
        {form}
    }
}

/// Builds the states of a decider anew, and says what came of it before.
#[component]
fn Rebuild(deciders: Vec<String>, rebuilds: Vec<RebuildRow>) -> impl IntoView {
    let options = deciders.into_iter().map(|name| {
        let value = name.clone();
        view! { <option value=value>{name}</option> }
    });
    let form = may(Right::Log).then(|| {
        view! {
            <form method="post" action="/api/rebuild_states" class="followers__form">
                <div class="desk-field">
                    <label for="rebuild-consumer">"Decider"</label>
                    <select id="rebuild-consumer" name="consumer">
                        {options.collect_view()}
                    </select>
                </div>
                <button class="desk-button" type="submit">"Rebuild"</button>
            </form>
        }
    });
    let none = rebuilds.is_empty().then(|| {
        view! { <p class="followers__hint">"Nothing was built anew lately."</p> }
    });
    let rows = rebuilds.into_iter().map(|row| {
        let at = format!("{} {}", when::short_date(row.at_us), when::clock(row.at_us));
        view! {
            <li>
                <strong>{row.consumer}</strong>
                " "
                {row.summary}
                " "
                <span class="followers__hint">{format!("{at} UTC, #{}", row.position)}</span>
            </li>
        }
    });
    view! {
        <section aria-labelledby="rebuild-title">
            <div class="events__head">
                <h2 id="rebuild-title">"Rebuild out of the log"</h2>
            </div>
            <p class="followers__hint">
                "States are folded out of the log beside those in use, compared with them and put in \
                 their place, while the shop goes on. How far it is stands in the table."
            </p>
            {form}
            <ul role="list" class="followers__done">{rows.collect_view()}</ul>
            {none}
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
        Done::Said(words) => Some(words),
        Done::Corrected { .. } | Done::Erased { .. } => None,
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
    // What cannot be read has no content.
    let is_damaged = data.is_empty();
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
            {(state == ParkedState::Dead).then(|| view! { <Decide consumer position is_damaged /> })}
        </li>
    }
}

/// The two ways out for a dead letter. The one of no return takes two steps.
#[component]
fn Decide(consumer: String, position: u64, is_damaged: bool) -> impl IntoView {
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
            {is_damaged.then(|| view! {
                <form method="post" action="/api/quarantine_event">
                    <input type="hidden" name="position" value=position.to_string() />
                    <button
                        class="desk-button desk-button--danger"
                        type="submit"
                        aria-label=format!("Quarantine #{position}")
                    >
                        "Quarantine"
                    </button>
                </form>
            })}
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
