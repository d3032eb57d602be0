//! `/admin/persons`: what the shop knows of a person, to be given out or erased, for staff.

use leptos::prelude::*;
use services::{Person, Staff};
use types::Problem;
use types::staff::Right;

use crate::api::flash::{self, Done, Flash};
use crate::api::persons::PERSONS;
use crate::api::{may, shop};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, ProblemNote};

#[component]
pub fn AdminPersonsPage() -> impl IntoView {
    for_staff(Right::ExportPersons, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let account = staff.email.clone();
    let Flash {
        person: email,
        problem,
        done,
        ..
    } = flash::take(PERSONS).unwrap_or_default();
    let email = email.unwrap_or_default();
    let shop = shop();
    let sought = email.clone();
    let known = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, email) = (shop.clone(), staff.clone(), sought.clone());
            async move {
                // Of somebody who was erased or never was, the form has said so.
                let person = shop.look_person_up(&staff, &email).await;
                person.ok().map(|person| Known::from(&person))
            }
        },
    );
    let is_erased = match done {
        Some(Done::Erased { orders }) => Some(orders),
        _ => None,
    };
    let unsure = problem
        .as_ref()
        .and_then(|problem| problem.field("sure").map(str::to_owned));
    let wrong = problem.filter(|_| unsure.is_none());
    let content = move || {
        let (email, unsure) = (email.clone(), unsure.clone());
        Suspend::new(async move {
            let known = known.await;
            known.map(|known| view! { <Found known email unsure /> })
        })
    };
    let shown = email_of(&wrong);
    view! {
        <AdminFrame title="Persons" here=PERSONS email=account>
            <section class="persons" aria-labelledby="persons-title">
                <h1 id="persons-title">"Persons"</h1>
                <p class="persons__words">
                    "Whoever has ordered may ask what the shop knows of them, and to be forgotten. "
                    "Orders stay for the books, with pieces and amounts; names, addresses, notes and "
                    "mails go. The event log holds none of them."
                </p>
                {is_erased.map(|orders| view! { <Erased orders /> })}
                <Look wrong />
                <Suspense>{content}</Suspense>
                {shown}
            </section>
        </AdminFrame>
    }
}

/// A refusal that is about no field.
fn email_of(problem: &Option<Problem>) -> Option<impl IntoView + use<>> {
    let problem = problem.clone()?;
    let of_field = problem.field("email").is_some() || problem.status == 404;
    (!of_field).then(|| view! { <ProblemNote problem /> })
}

#[component]
fn Erased(orders: usize) -> impl IntoView {
    let noun = if orders == 1 {
        "order has"
    } else {
        "orders have"
    };
    view! {
        <p class="notice" role="status">
            {format!("Erased. {orders} {noun} no name any more.")}
        </p>
    }
}

#[component]
fn Look(wrong: Option<Problem>) -> impl IntoView {
    let wrong = wrong.and_then(|problem| match problem.field("email") {
        Some(message) => Some(message.to_owned()),
        None => (problem.status == 404).then_some(problem.detail),
    });
    view! {
        <form class="look-up__form" method="post" action="/api/find_person">
            <div class="desk-field desk-field--wide">
                <label for="email">"Email that was ordered with"</label>
                <input
                    id="email"
                    r#type="email"
                    name="email"
                    required
                    maxlength="254"
                    autocomplete="off"
                    aria-invalid=wrong.is_some().then_some("true")
                    aria-describedby=wrong.is_some().then_some("email-wrong")
                />
                {wrong.map(|wrong| view! {
                    <p class="field__error" id="email-wrong" role="alert">{wrong}</p>
                })}
            </div>
            <button class="desk-button" type="submit">"Look up"</button>
        </form>
    }
}

/// What the page says of somebody; all of it is in the file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Known {
    /// Number, day and status.
    orders: Vec<(String, String, String)>,
    carts: usize,
    notes: usize,
    mails: usize,
}

impl From<&Person> for Known {
    fn from(person: &Person) -> Self {
        let order = |order: &services::PersonOrder| {
            let day = order.placed_at.chars().take(10).collect();
            (order.number.clone(), day, order.status.to_owned())
        };
        Self {
            orders: person.orders.iter().map(order).collect(),
            carts: person.carts.len(),
            notes: person.notes.len(),
            mails: person.mails.len(),
        }
    }
}

#[component]
fn Found(known: Known, email: String, unsure: Option<String>) -> impl IntoView {
    let Known {
        orders,
        carts,
        notes,
        mails,
    } = known;
    let rows = orders.into_iter().map(|(number, day, status)| {
        view! {
            <tr>
                <th scope="row">{number}</th>
                <td>{day}</td>
                <td>{status}</td>
            </tr>
        }
    });
    let is_unsure = unsure.is_some();
    view! {
        <section class="persons__found" aria-labelledby="found-title">
            <h2 id="found-title">{email.clone()}</h2>
            <p>
                {format!("Lines in carts: {carts}. Notes of staff: {notes}. Mails: {mails}.")}
            </p>
            <table class="desk-table">
                <caption>"Orders"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Number"</th>
                        <th scope="col">"Placed"</th>
                        <th scope="col">"Status"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
            <form method="post" action="/admin/persons/export">
                <input type="hidden" name="email" value=email.clone() />
                <button class="desk-button" type="submit">"Download everything (JSON)"</button>
            </form>
            {may(Right::ErasePersons).then(|| view! {
            <details open=is_unsure>
                <summary>"Erase this person"</summary>
                <form class="persons__erase" method="post" action="/api/erase_person">
                    <input type="hidden" name="email" value=email />
                    <label>
                        <input
                            type="checkbox"
                            name="sure"
                            value="yes"
                            aria-invalid=is_unsure.then_some("true")
                            aria-describedby=is_unsure.then_some("sure-wrong")
                        />
                        " Erase name, addresses, notes and mails for ever"
                    </label>
                    {unsure.map(|wrong| view! {
                        <p class="field__error" id="sure-wrong" role="alert">{wrong}</p>
                    })}
                    <button class="desk-button" type="submit">"Erase"</button>
                </form>
            </details>
            })}
        </section>
    }
}
