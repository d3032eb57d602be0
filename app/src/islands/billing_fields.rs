//! Where the bill goes: to the address above, or to another one whose fields come with that choice. By CSS,
//! so that it works without the script, too.

use leptos::prelude::*;
use types::FieldError;

use super::field::{Asks, Field};
use crate::api::checkout_form::{CheckoutForm, OTHER};

#[component]
pub fn Billing(draft: CheckoutForm, errors: RwSignal<Vec<FieldError>>) -> impl IntoView {
    let is_other = draft.billing == OTHER;
    let asks = |autocomplete, maxlength, optional| Asks {
        autocomplete,
        maxlength,
        optional,
        hidden_at_times: true,
        ..Asks::default()
    };
    // Complaints about fields that do not count any more would keep nobody from ordering, but be read.
    let forget = move |_| {
        errors.update(|errors| errors.retain(|e| !e.field.starts_with("billing_")));
    };
    view! {
        <fieldset class="checkout__part">
            <legend>"Billing address"</legend>
            <div class="choices">
                <label class="choice">
                    <input
                        type="radio"
                        name="billing"
                        value="same"
                        checked=!is_other
                        on:change=forget
                    />
                    <span class="choice__title">"Same as the delivery address"</span>
                </label>
                <label class="choice">
                    <input id="billing" type="radio" name="billing" value=OTHER checked=is_other />
                    <span class="choice__title">"Another address"</span>
                </label>
            </div>
            <div class="checkout__billing">
                <Field
                    field="billing_name"
                    label="Full name or company"
                    asks=asks("billing name", 120, false)
                    value=draft.billing_name
                    errors
                />
                <Field
                    field="billing_street"
                    label="Street and number"
                    asks=asks("billing address-line1", 160, false)
                    value=draft.billing_street
                    errors
                />
                <Field
                    field="billing_street_2"
                    label="Flat, floor, department"
                    asks=asks("billing address-line2", 160, true)
                    value=draft.billing_street_2
                    errors
                />
                <div class="checkout__pair">
                    <Field
                        field="billing_postal_code"
                        label="Postal code"
                        asks=asks("billing postal-code", 16, false)
                        value=draft.billing_postal_code
                        errors
                    />
                    <Field
                        field="billing_city"
                        label="City"
                        asks=asks("billing address-level2", 120, false)
                        value=draft.billing_city
                        errors
                    />
                </div>
                <Field
                    field="billing_country"
                    label="Country"
                    asks=asks("billing country-name", 80, false)
                    value=draft.billing_country
                    errors
                />
            </div>
        </fieldset>
    }
}
