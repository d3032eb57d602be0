//! `/admin/events/what-if`: a stretch of the log once more with another threshold, and what would have differed. Nothing
//! of the shop changes by it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use services::Staff;
use types::staff::Right;
use types::what_if::{Tried, WhatIf, WhatIfStep};
use types::{Problem, Sku};

use crate::api::admin::{EVENTS, WHAT_IF as HERE};
use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::events_nav::EventsNav;
use crate::components::{AdminFrame, Holds, ProblemNote, beyond_fields, desk_field, when};

/// Characters of a field, at most.
const LONGEST: usize = 40;

#[component]
pub fn AdminWhatIfPage() -> impl IntoView {
    for_staff(Right::See, |staff| view! { <Desk staff /> })
}

/// What the address asks for, as it was typed.
#[derive(Debug, Clone, Default)]
struct Asked {
    sku: String,
    threshold: String,
    from: String,
    to: String,
}

impl Asked {
    fn in_address() -> Self {
        let query = use_query_map().get_untracked();
        let text = |name: &str| {
            let text: String = query.get(name).unwrap_or_default();
            text.trim().chars().take(LONGEST).collect::<String>()
        };
        Self {
            sku: text("sku"),
            threshold: text("threshold"),
            from: text("from"),
            to: text("to"),
        }
    }

    fn is_empty(&self) -> bool {
        self.sku.is_empty() && self.threshold.is_empty()
    }

    fn tried(&self) -> Result<Tried, Problem> {
        let sku: Sku = (self.sku.to_ascii_uppercase().parse())
            .map_err(|_| Problem::invalid_field("sku", "Enter a SKU, such as AS-VEG-WG-50."))?;
        let threshold = self.threshold.parse().map_err(|_| {
            Problem::invalid_field("threshold", "Enter a threshold, a whole number of pieces.")
        })?;
        let position = |name: &str, text: &str| match text.trim_start_matches('#') {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                let message = "Enter a position of the log, a whole number, or leave it empty.";
                Problem::invalid_field(name, message)
            }),
        };
        Ok(Tried {
            sku,
            threshold,
            from: position("from", &self.from)?,
            to: position("to", &self.to)?,
        })
    }
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
                async move {
                    if asked.is_empty() {
                        return None;
                    }
                    Some(match asked.tried() {
                        Ok(tried) => shop.what_if(&staff, &tried).await,
                        Err(problem) => Err(problem),
                    })
                }
            },
        )
    };
    let content = move || {
        let asked = asked.clone();
        Suspend::new(async move {
            let (found, problem) = match read.await {
                Some(Ok(found)) => (Some(found), None),
                Some(Err(problem)) => (None, Some(problem)),
                None => (None, None),
            };
            let note = beyond_fields(problem.clone());
            view! {
                {note.map(|problem| view! { <ProblemNote problem /> })}
                <TryForm asked problem />
                {found.map(|found| view! { <Compared found /> })}
            }
        })
    };
    view! {
        <AdminFrame title="What if" here=EVENTS email>
            <section class="what-if" aria-labelledby="what-if-title">
                <div class="events__head">
                    <h1 id="what-if-title">"What if"</h1>
                    <EventsNav here=HERE />
                </div>
                <p class="followers__hint">
                    "Has restocking decide once more about a stretch of the log, as if a SKU had had another \
                     threshold from there on. Sales, counts and deliveries are those that were. It is \
                     reckoned in memory: nothing of the shop changes."
                </p>
                <Suspense>{content}</Suspense>
            </section>
        </AdminFrame>
    }
}

#[component]
fn TryForm(asked: Asked, problem: Option<Problem>) -> impl IntoView {
    let problem = problem.as_ref();
    let longest = LONGEST;
    let Asked {
        sku,
        threshold,
        from,
        to,
    } = asked;
    let id = |name: &str| format!("what-if-{name}");
    let fields = (
        desk_field(
            problem,
            id("sku"),
            ("sku", "SKU"),
            Holds::Code { longest },
            sku,
        ),
        desk_field(
            problem,
            id("threshold"),
            ("threshold", "Threshold"),
            Holds::Number,
            threshold,
        ),
        desk_field(
            problem,
            id("from"),
            ("from", "After position (optional)"),
            Holds::Number,
            from,
        ),
        desk_field(
            problem,
            id("to"),
            ("to", "Up to position (optional)"),
            Holds::Number,
            to,
        ),
    );
    view! {
        <form class="look-up__form" method="get" action=HERE aria-label="What is tried">
            {fields}
            <button class="desk-button desk-button--strong" type="submit">"Compare"</button>
        </form>
    }
}

#[component]
fn Compared(found: WhatIf) -> impl IntoView {
    let WhatIf {
        tried,
        threshold_was,
        events,
        is_reproduced,
        was,
        would,
        differences,
        steps,
    } = found;
    let stretch = format!(
        "{} from #{} to #{}: {events} events about it.",
        tried.sku,
        tried.from.unwrap_or_default() + 1,
        tried.to.unwrap_or_default(),
    );
    let odd = (!is_reproduced).then(|| {
        view! {
            <p class="notice notice--warn">
                "With its own rule the stretch does not lead to what the log says: dead letters were \
                 discarded, or the rules of deciding have changed since. Take the comparison with care."
            </p>
        }
    });
    let row = |name: &'static str, was: usize, would: usize| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td data-number="">{was}</td>
                <td data-number="" data-changed=(was != would).then_some("")>{would}</td>
            </tr>
        }
    };
    let same = (differences == 0).then(|| {
        view! { <p class="what-if__same">"Nothing would have been different."</p> }
    });
    let more = differences.saturating_sub(steps.len());
    let steps = steps.into_iter().map(step).collect_view();
    let list = (differences > 0).then(|| {
        view! {
            <h3>
                {match differences {
                    1 => "1 difference".to_owned(),
                    n => format!("{n} differences"),
                }}
            </h3>
            <ol class="what-if__steps" role="list">{steps}</ol>
            {(more > 0).then(|| view! { <p>{format!("{more} more are not shown.")}</p> })}
        }
    });
    view! {
        <section class="what-if__found" aria-labelledby="compared-title">
            <h2 id="compared-title">
                {format!("Threshold {} in place of {threshold_was}", tried.threshold)}
            </h2>
            <p class="followers__hint">{stretch}</p>
            {odd}
            <table class="desk-table what-if__sums">
                <thead>
                    <tr>
                        <th scope="col">"Of the stretch"</th>
                        <th scope="col" data-number="">"Was"</th>
                        <th scope="col" data-number="">"Would have been"</th>
                    </tr>
                </thead>
                <tbody>
                    {row("Alerts", was.alerts, would.alerts)}
                    {row("Drafts of orders", was.drafts, would.drafts)}
                </tbody>
            </table>
            {same}
            {list}
        </section>
    }
}

fn step(step: WhatIfStep) -> impl IntoView {
    let nothing = || "nothing".to_owned();
    let at = format!(
        "{} {} UTC",
        when::short_date(step.at_us),
        when::clock(step.at_us)
    );
    let at = (step.at_us > 0).then_some(at);
    // What follows from the other threshold alone is of no event.
    let event = (step.position > 0).then(|| {
        let position = step.position;
        view! { <a href=format!("{EVENTS}?of=%23{position}")>{format!("#{position}")}</a> " " }
    });
    view! {
        <li class="what-if__step">
            <p class="what-if__cause">
                {event}
                {step.cause}
                " "
                <span>{at}</span>
            </p>
            <dl>
                <div>
                    <dt>"Was"</dt>
                    <dd>{step.was.unwrap_or_else(nothing)}</dd>
                </div>
                <div>
                    <dt>"Would have been"</dt>
                    <dd>{step.would.unwrap_or_else(nothing)}</dd>
                </div>
            </dl>
        </li>
    }
}
