//! `/admin/events`: the events of the log, as many as a filter lets through, and the past of an order, a SKU or an event,
//! for staff.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use leptos_router::location::Url;
use serde::{Deserialize, Serialize};
use services::{Shop, Staff};
use types::Problem;
use types::admin::OrderRow;
use types::event_query::EventQuery;
use types::log::{EventPage, LookBack, OrderPast};
use types::staff::Right;

use crate::api::admin::EVENTS as HERE;
use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::event_filter::EventFilter;
use crate::components::events_nav::EventsNav;
use crate::components::{AdminFrame, DeskPages, Holds, LazyHint, Story, Subject, desk_field, when};
use crate::islands::admin_desk::{AdminDesk, DeskPart};
use crate::pages::page_problem::PageProblem;

/// Of the last orders so many are listed.
const ORDERS: usize = 8;
/// Characters of an answer to the look-up's fields, at most.
const LONGEST: usize = 100;

#[component]
pub fn AdminEventsPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

/// What was looked up.
#[derive(Clone, Serialize, Deserialize)]
enum Found {
    Order(OrderPast, Option<u64>),
    Other(LookBack),
}

/// What the page shows beside the look-up's form.
#[derive(Clone, Serialize, Deserialize)]
enum Shown {
    Past(Found),
    /// The events; `Err` is about a field of the filter.
    Events(Result<EventPage, Problem>, Option<Problem>, Vec<OrderRow>),
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let asked = Asked::in_address();
    let read = {
        let asked = asked.clone();
        Resource::new_blocking(
            || (),
            move |()| {
                let (shop, staff, asked) = (shop.clone(), staff.clone(), asked.clone());
                async move { asked.shown(&shop, &staff).await }
            },
        )
    };
    let content = move || {
        let asked = asked.clone();
        Suspend::new(async move {
            match read.await {
                Ok(Shown::Past(found)) => view! {
                    <div class="events">
                        <LookUp asked=asked.clone() problem=None />
                        <Past found asked />
                    </div>
                }
                .into_any(),
                Ok(Shown::Events(page, problem, orders)) => view! {
                    <div class="events">
                        <LookUp asked=asked.clone() problem />
                        <Events page asked />
                        <LastOrders orders />
                    </div>
                }
                .into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <LazyHint island="admin_desk" />
        <AdminFrame title="Events" here=HERE email live=true>
            <Suspense>{content}</Suspense>
        </AdminFrame>
    }
}

/// What the address asks for, as it was typed.
#[derive(Debug, Clone, Default)]
struct Asked {
    of: String,
    at: String,
    query: EventQuery,
    before: Option<u64>,
}

impl Asked {
    fn in_address() -> Self {
        let query = use_query_map().get_untracked();
        let text = |name: &str| {
            let text: String = query.get(name).unwrap_or_default();
            text.trim().chars().take(LONGEST).collect::<String>()
        };
        Self {
            of: text("of"),
            at: text("at"),
            query: EventQuery::of(&text),
            before: text("before").parse().ok(),
        }
    }

    /// The address of the same filter, before a position.
    fn address(&self, before: Option<u64>) -> String {
        let mut address = format!("{HERE}?");
        for (name, value) in self.query.parts() {
            if !value.is_empty() {
                address.push_str(&format!("{name}={}&", Url::escape(value)));
            }
        }
        if let Some(before) = before {
            address.push_str(&format!("before={before}"));
        }
        address.trim_end_matches(['?', '&']).to_owned()
    }

    async fn shown(&self, shop: &Shop, staff: &Staff) -> Result<Shown, Problem> {
        let problem = match self.answer(shop, staff).await {
            Some(Ok(found)) => return Ok(Shown::Past(found)),
            // What is not about the position is about what was looked up.
            Some(Err(problem)) if problem.field("at").is_none() => {
                Some(Problem::invalid_field("of", problem.detail))
            }
            Some(Err(problem)) => Some(problem),
            None => None,
        };
        let page = shop.event_page(staff, &self.query, self.before).await;
        let orders = shop.last_orders(staff, ORDERS).await?;
        match page {
            Err(refused) if refused.status != 422 => Err(refused),
            page => Ok(Shown::Events(page, problem, orders)),
        }
    }

    /// `None` when nothing was looked up. A refusal is about one of the two fields.
    async fn answer(&self, shop: &Shop, staff: &Staff) -> Option<Result<Found, Problem>> {
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
            let message = "Enter the number of an order, a SKU or a position like #120.";
            return Some(Err(Problem::invalid_field("of", message)));
        }
        Some(self.found(shop, staff, at).await)
    }

    async fn found(&self, shop: &Shop, staff: &Staff, at: Option<u64>) -> Result<Found, Problem> {
        match shop.order_past(staff, &self.of).await? {
            Some(past) => {
                let first = past.frames.first().map_or(0, |frame| frame.position);
                if at.is_some_and(|at| at < first) {
                    return Err(Problem::not_found(format!(
                        "There was no order {} at position {}.",
                        past.number,
                        at.unwrap_or_default()
                    )));
                }
                Ok(Found::Order(past, at))
            }
            None => Ok(Found::Other(shop.look_back(staff, &self.of, at).await?)),
        }
    }
}

/// The look-up's form.
#[component]
fn LookUp(asked: Asked, problem: Option<Problem>) -> impl IntoView {
    let Asked { of, at, .. } = asked;
    let longest = LONGEST;
    let problem = problem.as_ref();
    let (what, place) = (
        ("of", "Order number, SKU or #position"),
        ("at", "As of position (optional)"),
    );
    let fields = (
        desk_field(
            problem,
            "look-up-of".to_owned(),
            what,
            Holds::Code { longest },
            of,
        ),
        desk_field(problem, "look-up-at".to_owned(), place, Holds::Number, at),
    );
    view! {
        <section class="look-up" aria-labelledby="events-title">
            <div class="events__head">
                <h1 id="events-title">"Events"</h1>
                <EventsNav here=HERE />
            </div>
            <form class="look-up__form" method="get" action=HERE aria-label="Look-up">
                {fields}
                <button class="desk-button desk-button--strong" type="submit">"Look up"</button>
            </form>
        </section>
    }
}

/// The events that the filter lets through, the newest on top.
#[component]
fn Events(page: Result<EventPage, Problem>, asked: Asked) -> impl IntoView {
    let problem = page.as_ref().err().cloned();
    let form = view! { <EventFilter query=asked.query.clone() problem /> };
    let list = page.ok().map(|page| {
        let EventPage {
            events,
            head,
            back_to,
        } = page;
        let part = DeskPart::Events {
            query: asked.query.clone(),
            events,
            head,
            is_past: asked.before.is_some(),
        };
        let back = (asked.before).map(|_| ("Newest", asked.address(None)));
        let older = (back_to > 1).then(|| ("Older", asked.address(Some(back_to))));
        let looked = (back_to > 1).then(|| {
            format!("Everything from #{back_to} on was looked through. The log is at #{head}.")
        });
        view! {
            <AdminDesk part />
            {looked.map(|looked| view! { <p class="event-list__reach">{looked}</p> })}
            <DeskPages before=back after=older />
        }
    });
    view! {
        <section class="event-list" aria-labelledby="event-list-title">
            <h2 id="event-list-title" class="visually-hidden">"The log"</h2>
            {form}
            {list}
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
            <li>
                <Subject subject=order.number />
                <span>{order.status}</span>
                <span class="last-orders__when">
                    {format!("{}, {}", when::date(order.at_us), when::minute(order.at_us))}
                </span>
                <span>{order.summary}</span>
            </li>
        }
    });
    let list = none.is_none().then(|| {
        view! {
            <ol class="last-orders" role="list" aria-label="Last orders, the newest first. Times are UTC.">
                {rows.collect_view()}
            </ol>
        }
    });
    view! {
        <section class="last-placed" aria-labelledby="last-orders-title">
            <div class="events__head">
                <h2 id="last-orders-title">"Last orders"</h2>
            </div>
            {none}
            {list}
        </section>
    }
}

/// Something as it was.
#[component]
fn Past(found: Found, asked: Asked) -> impl IntoView {
    match found {
        Found::Order(past, at) => {
            let step = |at| past.frames.iter().rposition(|frame| frame.position <= at);
            let step = at.map_or(Some(past.frames.len().saturating_sub(1)), step);
            let step = step.unwrap_or_default();
            view! { <AdminDesk part=DeskPart::Past { past, step } /> }.into_any()
        }
        Found::Other(found) => view! { <LookedBack found of=asked.of /> }.into_any(),
    }
}

/// A SKU or an event as it was.
#[component]
fn LookedBack(found: LookBack, of: String) -> impl IntoView {
    let LookBack {
        title,
        position,
        head,
        facts,
        story,
        content,
    } = found;
    let of = Url::escape(&of);
    // The address of the same at another position.
    let at = |position: u64| format!("{HERE}?of={of}&at={position}");
    let now = (position < head).then(|| view! { <a href=at(head)>"Now"</a> });
    let earlier = story.iter().map(|event| event.position);
    let earlier = earlier.filter(|known| *known < position).max();
    let earlier = earlier.map(|earlier| {
        view! { <a href=at(earlier) rel="prev">{format!("Back to #{earlier}")}</a> }
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
            <dl class="past__facts">{facts.collect_view()}</dl>
            {content
                .map(|content| {
                    view! {
                        <div class="parked__data">
                            <pre tabindex="0" aria-label="Content of the event">{pretty(&content)}</pre>
                        </div>
                    }
                })}
            <Story story position=position of=of.clone() />
        </article>
    }
}

/// JSON over several lines; what is none stays as it is.
fn pretty(data: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(data);
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value));
    pretty.unwrap_or_else(|_| data.to_owned())
}
