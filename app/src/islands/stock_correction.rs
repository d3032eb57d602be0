//! The form that writes down what a count found. Part of the admin's lazy island.

use leptos::html;
use leptos::prelude::*;
use types::admin::{MAX_ON_HAND, MAX_REASON};
use types::{Problem, Sku};

use crate::api::admin::INVENTORY;
use crate::live::Inventory;

/// What the rows share about the one correction that may be open.
#[derive(Clone, Copy)]
pub struct Open {
    pub correcting: RwSignal<Option<Sku>>,
    pub problem: RwSignal<Option<Problem>>,
    pub said: RwSignal<String>,
    pub levels: Inventory,
    /// Whether whoever looks may count.
    pub may_count: bool,
}

/// Opens under its row. Escape closes it; a refusal stays at the row with what was typed.
#[component]
pub fn Correction(sku: Sku, on_hand: i64, open: Open) -> impl IntoView {
    let Open {
        correcting,
        problem,
        ..
    } = open;
    let counted = NodeRef::<html::Input>::new();
    let reason = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    // Pieces on hand as the page showed them when the form was opened, or at the last refusal.
    let seen = RwSignal::new(on_hand);
    // After a refusal the number that is told is the one that is seen, until the next try.
    let is_told = RwSignal::new(false);
    let level = open.levels.level(&sku);
    Effect::new(move |_| {
        if is_told.get()
            && let Some(level) = level
        {
            seen.set(level.with(|level| level.on_hand));
        }
    });
    let form = NodeRef::<html::Form>::new();
    // The row tells what is wrong, in our words.
    Effect::new(move |_| {
        if let Some(form) = form.get() {
            form.set_no_validate(true);
        }
    });
    Effect::new(move |_| {
        if let Some(counted) = counted.get() {
            let _ = counted.focus();
            counted.select();
        }
    });
    let id = sku.to_string();
    let close = {
        let sku = sku.clone();
        move || {
            correcting.set(None);
            focus_row(&sku);
        }
    };
    let on_key = {
        let close = close.clone();
        move |event: leptos::ev::KeyboardEvent| {
            if event.key() == "Escape" {
                close();
            }
        }
    };
    let on_close = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        close();
    };
    let on_submit = {
        let sku = sku.clone();
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let typed = Typed {
                counted,
                seen,
                is_told,
                reason,
            };
            save(&sku, typed, busy, open);
        }
    };
    let wrong = move |field: &'static str| {
        move || {
            let found = problem.with(|problem| problem.as_ref()?.field(field).map(|_| "true"));
            found.map(str::to_owned)
        }
    };
    let problem_id = format!("problem-{sku}");
    let described = problem_id.clone();
    let described = move || problem.with(Option::is_some).then(|| described.clone());
    view! {
        <form
            class="correction"
            node_ref=form
            method="post"
            action="/api/correct_stock"
            aria-label=format!("Correction of {sku}")
            on:submit=on_submit
            on:keydown=on_key
        >
            <input type="hidden" name="sku" value=id />
            <input type="hidden" name="seen" value=move || seen.get().to_string() />
            <label class="desk-field">
                "Counted on hand"
                <input
                    node_ref=counted
                    r#type="number"
                    name="on_hand"
                    inputmode="numeric"
                    min="0"
                    max=MAX_ON_HAND.to_string()
                    step="1"
                    required=true
                    value=on_hand.to_string()
                    aria-invalid=wrong("on_hand")
                    aria-describedby=described.clone()
                />
            </label>
            <label class="desk-field desk-field--wide">
                "Reason"
                <input
                    node_ref=reason
                    r#type="text"
                    name="reason"
                    maxlength=MAX_REASON.to_string()
                    required=true
                    value="recount"
                    aria-invalid=wrong("reason")
                    aria-describedby=described
                />
            </label>
            <button
                class="desk-button desk-button--strong"
                type="submit"
                aria-disabled=move || busy.get().then_some("true")
            >
                "Save count"
            </button>
            <a class="desk-button" role="button" href=INVENTORY on:click=on_close>
                "Close"
            </a>
            <p class="correction__problem" id=problem_id role="alert">
                {move || problem.with(|problem| problem.as_ref().map(|p| p.detail.clone()))}
            </p>
        </form>
    }
}

/// Gives the focus back to the button that opened the form.
fn focus_row(sku: &Sku) {
    #[cfg(not(feature = "hydrate"))]
    let _ = sku;
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let button = format!("#sku-{sku} button");
        if let Ok(Some(button)) = document().query_selector(&button)
            && let Ok(button) = button.dyn_into::<web_sys::HtmlElement>()
        {
            let _ = button.focus();
        }
    }
}

/// What the form holds.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "read in the browser")
)]
struct Typed {
    counted: NodeRef<html::Input>,
    seen: RwSignal<i64>,
    is_told: RwSignal<bool>,
    reason: NodeRef<html::Input>,
}

#[cfg(not(feature = "hydrate"))]
fn save(_: &Sku, _: Typed, _: RwSignal<bool>, _: Open) {}

/// Sends the count once; the row shows the answer at once.
#[cfg(feature = "hydrate")]
fn save(sku: &Sku, form: Typed, busy: RwSignal<bool>, open: Open) {
    if busy.get_untracked() {
        return;
    }
    let typed = |input: NodeRef<html::Input>| {
        input
            .get_untracked()
            .map(|input| input.value())
            .unwrap_or_default()
    };
    let (sku, counted, reason) = (sku.clone(), typed(form.counted), typed(form.reason));
    let seen = form.seen.get_untracked().to_string();
    form.is_told.set(false);
    busy.set(true);
    open.problem.set(None);
    leptos::task::spawn_local(async move {
        let answer = crate::api::admin::correct_stock(sku.to_string(), counted, seen, reason).await;
        // The form may be gone by now, its signals with it.
        let _ = busy.try_set(false);
        match answer {
            Ok(level) => {
                open.said.set(format!(
                    "Stock of {sku} corrected to {}. {} available.",
                    level.on_hand,
                    level.available()
                ));
                open.levels.set(&sku, level);
                if open
                    .correcting
                    .with_untracked(|open| open.as_ref() == Some(&sku))
                {
                    open.correcting.set(None);
                    focus_row(&sku);
                }
            }
            Err(refused) => {
                if refused.0.is("counted-meanwhile") {
                    let _ = form.is_told.try_set(true);
                }
                open.problem.set(Some(refused.0));
            }
        }
    });
}
