//! `/admin/join/TOKEN`: taking an invitation up, and `/admin/sign-in/code`: the second step of signing in.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;
use services::{Invited, JOIN};
use types::Problem;

use crate::api::account::CODE;
use crate::api::admin::SIGN_IN;
use crate::api::flash::{self, Flash};
use crate::api::shop;
use crate::components::beyond_fields;
use crate::components::house::HOUSE;
use crate::pages::page_problem::PageProblem;

/// A page for whoever has not signed in: a heading, and one form.
#[component]
fn Door(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <Title text=format!("{title} – {HOUSE}") />
        <Meta name="robots" content="noindex" />
        // Its address is a secret.
        <Meta name="referrer" content="same-origin" />
        <main id="main" tabindex="-1" class="sign-in">
            <p class="sign-in__house">{HOUSE}</p>
            <h1>{title}</h1>
            {children()}
            <p class="sign-in__back">
                <a href="/">"Back to the shop"</a>
            </p>
        </main>
    }
}

#[component]
pub fn AdminJoinPage() -> impl IntoView {
    let token: Option<String> = use_params_map().get_untracked().get("token");
    let token = token.unwrap_or_default();
    let page = format!("{JOIN}{token}");
    let Flash {
        problem, person, ..
    } = flash::take(&page).unwrap_or_default();
    let shop = shop();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, token) = (shop.clone(), token.clone());
            async move {
                let invited = shop.invited(&token).await?;
                let Invited { email, role, .. } = invited;
                Ok::<_, Problem>((email, role))
            }
        },
    );
    let content = move || {
        let (page, problem, person) = (page.clone(), problem.clone(), person.clone());
        Suspend::new(async move {
            match read.await {
                Ok((email, role)) => {
                    let words = format!("Your role: {}. It {}.", role.title(), role.words());
                    let typed = person.unwrap_or_default();
                    view! { <Join page problem email typed words /> }.into_any()
                }
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <Door title="Become a member of staff">
            <Suspense>{content}</Suspense>
        </Door>
    }
}

#[component]
fn Join(
    page: String,
    problem: Option<Problem>,
    /// Whom the invitation is for; empty for the first owner, who says it.
    email: String,
    /// What was typed before.
    typed: String,
    words: String,
) -> impl IntoView {
    let is_first = email.is_empty();
    let note = beyond_fields(problem.clone()).map(|problem| problem.detail);
    let value = if is_first { typed } else { email };
    let field = |name: &'static str,
                 label: &'static str,
                 kind: &'static str,
                 autocomplete: &'static str| {
        let wrong = problem.as_ref().and_then(|problem| problem.field(name));
        let wrong = wrong.map(str::to_owned);
        let wrong_id = format!("{name}-wrong");
        let is_email = name == "email";
        let given = if is_email {
            value.clone()
        } else {
            String::new()
        };
        view! {
            <div class="field">
                <label class="field__label" for=name>{label}</label>
                <input
                    class="input"
                    id=name
                    name=name
                    r#type=kind
                    value=given
                    autocomplete=autocomplete
                    required=true
                    readonly=is_email && !is_first
                    maxlength=if is_email { "254" } else { "1000" }
                    aria-invalid=wrong.is_some().then_some("true")
                    aria-describedby=wrong.is_some().then(|| wrong_id.clone())
                />
                {wrong.map(|wrong| view! {
                    <p class="field__error" id=wrong_id role="alert">{wrong}</p>
                })}
            </div>
        }
    };
    view! {
        <form method="post" action=page>
            {note.map(|note| view! {
                <div class="notice notice--problem" role="alert"><p>{note}</p></div>
            })}
            <p>{words}</p>
            {field("email", "Email", "email", "username")}
            {field("password", "Password, at least 12 characters", "password", "new-password")}
            {field("again", "The same password again", "password", "new-password")}
            <button class="button button--wide" type="submit">"Become a member"</button>
        </form>
    }
}

#[component]
pub fn AdminCodePage() -> impl IntoView {
    let problem = flash::take(CODE).and_then(|flash| flash.problem);
    let error = problem.map(|problem| problem.detail);
    let described = error.is_some().then_some("code-error");
    view! {
        <Door title="Enter your code">
            <form method="post" action="/admin/session/code">
                {error.map(|error| view! {
                    <div class="notice notice--problem" role="alert" id="code-error">
                        <p>{error}</p>
                    </div>
                })}
                <div class="field">
                    <label class="field__label" for="code">"Code of your app, or a recovery code"</label>
                    <input
                        class="input"
                        id="code"
                        name="code"
                        r#type="text"
                        inputmode="text"
                        autocomplete="one-time-code"
                        autocapitalize="none"
                        spellcheck="false"
                        maxlength="40"
                        required=true
                        autofocus=true
                        aria-describedby=described
                    />
                </div>
                <button class="button button--wide" type="submit">"Sign in"</button>
            </form>
            <p class="sign-in__back">
                <a href=SIGN_IN>"Begin again"</a>
            </p>
        </Door>
    }
}
