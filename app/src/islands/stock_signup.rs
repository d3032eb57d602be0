//! Being told when a piece is back, beside its choices. Without JavaScript the form posts, and names the
//! piece by a list of those that are sold out.

use leptos::either::Either;
use leptos::prelude::*;
use types::catalogue::Variant;
use types::live::ProductStock;
use types::reservation::OwnHold;
use types::signup::{SignedUp, WAITS_DAYS};
use types::{Problem, Sku};

use crate::api::signup::tell_me_when_back;
use crate::islands::{tab, typed};
use crate::live;

/// What the page knows of a sign-up when it is rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SignupForm {
    /// Whether the shop sends mails at all.
    pub is_offered: bool,
    /// What became of the form that was posted without script.
    pub signed_up: Option<SignedUp>,
    /// The email that was posted in vain.
    pub email: String,
    /// Why it was in vain.
    pub problem: Option<Problem>,
}

/// The form. It is there while the chosen variant is sold out.
#[component]
pub fn StockSignup(
    form: SignupForm,
    variants: StoredValue<Vec<Variant>>,
    chosen: RwSignal<usize>,
    stock: ReadSignal<ProductStock>,
    own: Signal<OwnHold>,
    awake: RwSignal<bool>,
) -> impl IntoView {
    let SignupForm {
        is_offered,
        signed_up,
        email,
        problem,
    } = form;
    let is_gone = move |sku: &Sku| {
        stock.with(|stock| live::available(stock, sku) <= 0) && own.with(|own| own.of(sku) == 0)
    };
    let variant = move || variants.with_value(|all| all.get(chosen.get()).cloned());
    let chosen_is_gone = move || variant().is_some_and(|variant| is_gone(&variant.sku));
    let any_is_gone = move || variants.with_value(|all| all.iter().any(|it| is_gone(&it.sku)));
    let is_shown = move || match awake.get() {
        true => chosen_is_gone(),
        false => any_is_gone(),
    };
    // Without script nobody can see which of the sizes is chosen.
    let is_for_plain = move || !awake.get() && !chosen_is_gone();

    let posted = signed_up.map(Ok::<SignedUp, Problem>);
    let outcome = RwSignal::new(posted.or(problem.map(Err)));
    let pending = RwSignal::new(false);
    Effect::new(move |before: Option<usize>| {
        let now = chosen.get();
        if before.is_some_and(|before| before != now) {
            outcome.set(None);
        }
        now
    });
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(variant) = untrack(variant) else {
            return;
        };
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        let email = typed::value(".signup input[name=email]").unwrap_or_default();
        leptos::task::spawn_local(async move {
            let answer = tell_me_when_back(variant.sku.to_string(), email).await;
            let answer = answer.map_err(|error| error.0);
            tab::announce(match &answer {
                Ok(_) => "You will be told when it is back.".to_owned(),
                Err(problem) => said(problem),
            });
            outcome.set(Some(answer));
            pending.set(false);
        });
    };
    let which = move || match awake.get() {
        true => {
            let (name, sku) = variant().map_or_else(Default::default, |variant| {
                (name_of(&variant), variant.sku.to_string())
            });
            Either::Left(view! {
                <p class="signup__which">{name}</p>
                <input type="hidden" name="sku" value=sku />
            })
        }
        false => {
            let gone = variants.with_value(|all| {
                let gone = all.iter().filter(|it| untrack(|| is_gone(&it.sku)));
                gone.cloned().collect::<Vec<_>>()
            });
            let first = untrack(variant).map(|variant| variant.sku);
            let options = gone.into_iter().map(|variant| {
                let is_first = first.as_ref() == Some(&variant.sku);
                view! {
                    <option value=variant.sku.to_string() selected=is_first>
                        {name_of(&variant)}
                    </option>
                }
            });
            Either::Right(view! {
                <select class="input" name="sku" aria-label="Which one">
                    {options.collect_view()}
                </select>
            })
        }
    };
    let complaint = move || {
        outcome.with(|outcome| match outcome {
            Some(Err(problem)) => Some(said(problem)),
            _ => None,
        })
    };
    let told = move || {
        outcome.with(|outcome| match outcome {
            Some(Ok(signed_up)) => Some(words(signed_up)),
            _ => None,
        })
    };
    is_offered.then(|| {
        view! {
            <form
                class="signup"
                method="post"
                action="/api/tell_me_when_back"
                aria-labelledby="signup-title"
                hidden=move || !is_shown()
                data-plain=move || is_for_plain().then_some("")
                on:submit=send
            >
                <p class="signup__title" id="signup-title">
                    "Sold out – tell me when it is back"
                </p>
                {which}
                <div class="signup__row">
                    <div class="field">
                        <label class="field__label" for="signup-email">"Email"</label>
                        <input
                            class="input"
                            id="signup-email"
                            name="email"
                            type="email"
                            autocomplete="email"
                            maxlength="254"
                            required
                            value=email
                            aria-invalid=move || complaint().map(|_| "true")
                            aria-describedby="signup-said"
                        />
                    </div>
                    <button
                        class="button button--quiet"
                        type="submit"
                        aria-busy=move || pending.get().then_some("true")
                    >
                        "Tell me"
                    </button>
                </div>
                <p class="signup__said" id="signup-said">
                    <span class="field__error">{complaint}</span>
                    <span class="signup__told">{told}</span>
                    <span hidden=move || outcome.with(Option::is_some)>
                        {format!(
                            "One mail, when it is back. Your address is kept for that, for {WAITS_DAYS} \
                             days at most.",
                        )}
                    </span>
                </p>
            </form>
        }
    })
}

/// Why nobody will be told.
fn said(problem: &Problem) -> String {
    problem.field("email").unwrap_or(&problem.detail).to_owned()
}

fn name_of(variant: &Variant) -> String {
    [variant.metal_label.as_str(), ", ", &variant.size_label].concat()
}

fn words(signed_up: &SignedUp) -> String {
    format!(
        "We write to {} once it is back: one mail, in the order of those who asked. It is not held for \
         you then. Your address is kept for {} days at most.",
        signed_up.email, signed_up.days
    )
}
