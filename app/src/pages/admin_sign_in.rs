//! `/admin/sign-in`.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use crate::api::admin::SIGN_IN;
use crate::api::{flash, visitor};
use crate::components::house::HOUSE;

#[component]
pub fn AdminSignInPage() -> impl IntoView {
    if visitor().staff.is_some() {
        leptos_axum::redirect("/admin/inventory", false);
    }
    let problem = flash::take(SIGN_IN).and_then(|flash| flash.problem);
    let error = problem.map(|problem| problem.detail);
    let described = error.is_some().then_some("sign-in-error");
    view! {
        <Title text=format!("Staff sign-in – {HOUSE}") />
        <Meta name="robots" content="noindex" />
        <main id="main" tabindex="-1" class="sign-in">
            <p class="sign-in__house">{HOUSE}</p>
            <h1>"Staff sign-in"</h1>
            <form method="post" action="/admin/session">
                {error.map(|error| view! {
                    <div class="notice notice--problem" role="alert" id="sign-in-error">
                        <p>{error}</p>
                    </div>
                })}
                <div class="field">
                    <label class="field__label" for="email">"Email"</label>
                    <input
                        class="input"
                        id="email"
                        name="email"
                        r#type="email"
                        autocomplete="username"
                        required=true
                        autofocus=true
                        aria-describedby=described
                    />
                </div>
                <div class="field">
                    <label class="field__label" for="password">"Password"</label>
                    <input
                        class="input"
                        id="password"
                        name="password"
                        r#type="password"
                        autocomplete="current-password"
                        required=true
                        aria-describedby=described
                    />
                </div>
                <button class="button button--wide" type="submit">"Sign in"</button>
            </form>
            <p class="sign-in__back">
                <a href="/">"Back to the shop"</a>
            </p>
        </main>
    }
}
