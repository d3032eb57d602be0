//! Corrects where an order goes. Part of the desk's lazy island; without the script a plain form.

use leptos::prelude::*;
use types::checkout::COUNTRIES;
use types::desk::DeskOrder;

use super::desk_about::About;
use super::posted::Posting;
use crate::api::address_form::TypedAddress;

/// `typed` is what a plain form came back with.
#[component]
pub fn CorrectAddress(
    order: RwSignal<DeskOrder>,
    posting: Posting,
    typed: Option<TypedAddress>,
) -> impl IntoView {
    let is_open = typed.is_some();
    let now = typed.unwrap_or_else(|| {
        order.with_untracked(|order| TypedAddress {
            name: order.order.name.clone(),
            street: order.order.street.clone(),
            street_2: order.order.street_2.clone(),
            postal_code: order.order.postal_code.clone(),
            city: order.order.city.clone(),
            country: order.order.country.clone(),
        })
    });
    let complaint = move |name: &'static str| {
        posting.problem.with(|problem| {
            let complaint = problem.as_ref()?.field(name)?;
            Some(complaint.to_owned())
        })
    };
    let field = move |name: &'static str, words: &'static str, max: &'static str, value: String| {
        let about = format!("address-{name}");
        let error = format!("{about}-error");
        let (input, described) = (about.clone(), error.clone());
        view! {
            <label class="desk-field desk-field--wide" for=about>
                {words}
                <input
                    id=input
                    type="text"
                    name=name
                    maxlength=max
                    autocomplete="off"
                    value=value
                    aria-invalid=move || complaint(name).map(|_| "true")
                    aria-describedby=move || complaint(name).map(|_| described.clone())
                />
            </label>
            {move || complaint(name).map(|told| view! {
                <p class="desk-address__error" id=error.clone()>{told}</p>
            })}
        }
    };
    let countries = COUNTRIES.into_iter().map(|(code, name)| {
        view! { <option value=code selected=code == now.country>{name}</option> }
    });
    view! {
        <details class="desk-address" open=is_open>
            <summary class="desk-button">"Correct the address\u{2026}"</summary>
            <form
                class="desk-act"
                method="post"
                action="/api/correct_address"
                aria-label="Correct the address"
                on:submit=move |event| posting.send(&event)
            >
                <About order />
                {field("name", "Name", "120", now.name)}
                {field("street", "Street and number", "160", now.street)}
                {field("street_2", "Second line (optional)", "160", now.street_2)}
                {field("postal_code", "Postal code", "16", now.postal_code)}
                {field("city", "City", "120", now.city)}
                <label class="desk-field desk-field--wide">
                    "Country"
                    <select name="country">{countries.collect_view()}</select>
                </label>
                <button class="desk-button desk-button--strong" type="submit">
                    "Correct it"
                </button>
            </form>
        </details>
    }
}
