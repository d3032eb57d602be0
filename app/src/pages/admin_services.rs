//! `/admin/services`: programs of others that take part in the log by HTTP, for owners.

use leptos::prelude::*;
use services::{ServiceRow, Staff};
use types::Problem;
use types::staff::Right;

use crate::api::admin::CONSUMERS;
use crate::api::flash::{self, Done, Flash};
use crate::api::service_form::ServiceForm;
use crate::api::services::SERVICES;
use crate::api::shop;
use crate::api::staff::STAFF;
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, Holds, ProblemNote, beyond_fields, desk_field, when};
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminServicesPage() -> impl IntoView {
    for_staff(Right::Services, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let Flash {
        problem,
        done,
        service,
        service_token,
        ..
    } = flash::take(SERVICES).unwrap_or_default();
    let said = match done {
        Some(Done::Said(words)) => Some(words),
        _ => None,
    };
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move { shop.services_view(&staff).await }
        },
    );
    let note = match service.is_some() {
        true => beyond_fields(problem.clone()),
        false => problem.clone(),
    };
    let content = move || {
        Suspend::new(async move {
            match read.await {
                Ok(rows) => view! { <Registered rows /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Services" here=STAFF email>
            {note.map(|problem| view! { <ProblemNote problem /> })}
            {said.map(|words| view! { <p class="notice" role="status">{words}</p> })}
            {service_token.map(|(name, token)| view! { <Token name token /> })}
            <section class="watch staff" aria-labelledby="services-title">
                <h1 id="services-title">"Services"</h1>
                <p class="watch__count">
                    "Programs of others that read the log and send events of their own by HTTP, each with a \
                     token. What they subscribe to stands among the "
                    <a href=CONSUMERS>"consumers"</a> "."
                </p>
                <Suspense>{content}</Suspense>
                <Register service problem />
            </section>
        </AdminFrame>
    }
}

/// A token, this once.
#[component]
fn Token(name: String, token: String) -> impl IntoView {
    view! {
        <div class="notice notice--good" role="status">
            <p>
                {format!("{name} takes part from now on. This is its token; it is not shown again:")}
            </p>
            <p><code class="staff__secret">{token}</code></p>
        </div>
    }
}

#[component]
fn Registered(rows: Vec<ServiceRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <p class="watch__none">"No services. Nobody outside reads or sends anything."</p>
        }
        .into_any();
    }
    let rows = rows.into_iter().map(|row| view! { <Service row /> });
    view! { <ul class="watch__list" role="list">{rows.collect_view()}</ul> }.into_any()
}

#[component]
fn Service(row: ServiceRow) -> impl IntoView {
    let until = match (row.is_revoked, row.expires_at_us) {
        (true, _) => "revoked".to_owned(),
        (false, Some(until)) => format!("until {} UTC", when::moment(until)),
        (false, None) => "until it is revoked".to_owned(),
    };
    let since = when::moment(row.registered_at_us);
    let sends = row.grants.sends.iter().map(|sends| {
        let schema = if sends.schema.is_some() {
            ", with a schema"
        } else {
            ""
        };
        format!("{} to {}{schema}", sends.kind, sends.topic)
    });
    let sends = listed(sends.collect());
    let types = row.grants.types.iter().cloned();
    let topics = row.grants.topics.iter();
    let topics = topics.map(|topic| format!("everything of {topic}"));
    let reads = listed(types.chain(topics).collect());
    let name = row.name.clone();
    let revoke = (!row.is_revoked).then(|| {
        view! {
            <details>
                <summary>"Revoke"</summary>
                <form method="post" action="/api/revoke_service">
                    <input type="hidden" name="service" value=name.clone() />
                    <label class="staff__sure">
                        <input type="checkbox" name="sure" value="yes" />
                        {format!(" {name} is refused from now on")}
                    </label>
                    <button class="desk-button" type="submit" aria-label=format!("Revoke {name}")>
                        "Revoke"
                    </button>
                </form>
            </details>
        }
    });
    view! {
        <li class="staff__row" id=format!("service-{}", row.name)>
            <div>
                <p><strong>{row.name.clone()}</strong></p>
                <p class="watch__soft">{format!("By {} since {since} UTC, {until}", row.by)}</p>
                <p class="watch__soft">{format!("Sends {sends}")}</p>
                <p class="watch__soft">{format!("Reads {reads}")}</p>
            </div>
            <div class="staff__do">{revoke}</div>
        </li>
    }
}

fn listed(list: Vec<String>) -> String {
    match list.is_empty() {
        true => "nothing".to_owned(),
        false => list.join("; "),
    }
}

#[component]
fn Register(service: Option<ServiceForm>, problem: Option<Problem>) -> impl IntoView {
    let problem = problem.filter(|_| service.is_some());
    let ServiceForm {
        name,
        sends,
        reads,
        reads_topics,
        days,
    } = service.unwrap_or_default();
    let field = |name: &'static str, label: &'static str, holds: Holds, value: String| {
        let id = format!("service-{name}");
        desk_field(problem.as_ref(), id, (name, label), holds, value)
    };
    view! {
        <h2 id="register">"Register a service"</h2>
        <p class="watch__count">
            "It sends types of its own only, of three parts or more, to topics of its own, of two or more. \
             The command line takes JSON Schemas, too."
        </p>
        <form
            class="staff__form"
            method="post"
            action="/api/register_service"
            aria-labelledby="register"
        >
            {field("name", "Name", Holds::Text, name)}
            {field("sends", "Sends: type=topic, spaces between", Holds::Line, sends)}
            {field("reads", "Reads types, such as order.*", Holds::Line, reads)}
            {field("reads_topics", "Reads topics, such as stock", Holds::Line, reads_topics)}
            {field("days", "Days until it ends, or none", Holds::Number, days)}
            <button class="desk-button" type="submit">"Register"</button>
        </form>
    }
}
