//! `/admin/account`: the own account of whoever is signed in: browsers, password, second step.

use leptos::prelude::*;
use services::Staff;
use types::Problem;
use types::staff::Right;
use types::staff_desk::{SecondStepView, SessionRow};

use crate::api::account::ACCOUNT;
use crate::api::flash::{self, Done, Flash};
use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, ProblemNote, beyond_fields, when};
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminAccountPage() -> impl IntoView {
    for_staff(Right::OwnAccount, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let Flash {
        problem,
        done,
        recovery_codes,
        ..
    } = flash::take(ACCOUNT).unwrap_or_default();
    let said = match done {
        Some(Done::Said(words)) => Some(words),
        _ => None,
    };
    let words = format!("{}: {}.", staff.role.title(), staff.role.words());
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move {
                let sessions = shop.own_sessions(&staff).await?;
                Ok::<_, Problem>((sessions, shop.own_second_step(&staff).await?))
            }
        },
    );
    let note = beyond_fields(problem.clone());
    let content = move || {
        let (problem, codes) = (problem.clone(), recovery_codes.clone());
        Suspend::new(async move {
            match read.await {
                Ok((sessions, step)) => view! {
                    <Sessions sessions />
                    <SecondStep step problem=problem.clone() codes />
                    <Password problem />
                }
                .into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Your account" here=ACCOUNT email=email.clone()>
            {note.map(|problem| view! { <ProblemNote problem /> })}
            {said.map(|words| view! { <p class="notice" role="status">{words}</p> })}
            <section class="watch staff" aria-labelledby="account-title">
                <h1 id="account-title">"Your account"</h1>
                <p class="watch__count">{email} ". " {words}</p>
                <Suspense>{content}</Suspense>
            </section>
        </AdminFrame>
    }
}

#[component]
fn Sessions(sessions: Vec<SessionRow>) -> impl IntoView {
    let has_others = sessions.iter().any(|row| !row.is_own);
    let rows = sessions.into_iter().map(|row| {
        let time = |at_us| {
            view! { <time datetime=when::machine(at_us)>{when::moment(at_us)}</time> }
        };
        let browser = match row.browser.is_empty() {
            true => "A browser".to_owned(),
            false => row.browser,
        };
        let told = format!("Sign out {browser}, {}", when::moment(row.began_us));
        let end = match row.is_own {
            true => view! { <strong>"This browser"</strong> }.into_any(),
            false => view! {
                <form method="post" action="/api/end_session">
                    <input type="hidden" name="session" value=row.id />
                    <button class="desk-button" type="submit" aria-label=told>
                        "Sign out"
                    </button>
                </form>
            }
            .into_any(),
        };
        view! {
            <tr>
                <th scope="row">{browser}</th>
                <td data-label="Signed in">{time(row.began_us)}</td>
                <td data-label="Last used">{time(row.used_us)}</td>
                <td data-label="From">{row.address}</td>
                <td>{end}</td>
            </tr>
        }
    });
    let all = has_others.then(|| {
        view! {
            <form class="staff__form" method="post" action="/api/end_other_sessions">
                <button class="desk-button" type="submit">"Sign out all other browsers"</button>
            </form>
        }
    });
    view! {
        <h2 id="sessions">"Where you are signed in"</h2>
        <table class="watch__table" aria-labelledby="sessions">
            <thead>
                <tr>
                    <th scope="col">"Browser"</th>
                    <th scope="col">"Signed in (UTC)"</th>
                    <th scope="col">"Last used (UTC)"</th>
                    <th scope="col">"From"</th>
                    <td></td>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
        {all}
    }
}

/// A field of this page's forms, with what is wrong with it underneath.
#[component]
fn Field(
    problem: Option<Problem>,
    id: &'static str,
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
) -> impl IntoView {
    let wrong = problem.and_then(|problem| problem.field(name).map(str::to_owned));
    let wrong_id = format!("{id}-wrong");
    let inputmode = (autocomplete == "one-time-code").then_some("numeric");
    view! {
        <div class="desk-field">
            <label for=id>{label}</label>
            <input
                id=id
                r#type=kind
                name=name
                required=true
                autocomplete=autocomplete
                inputmode=inputmode
                maxlength="1000"
                aria-invalid=wrong.is_some().then_some("true")
                aria-describedby=wrong.is_some().then(|| wrong_id.clone())
            />
            {wrong.map(|wrong| view! {
                <p class="field__error" id=wrong_id role="alert">{wrong}</p>
            })}
        </div>
    }
}

#[component]
fn SecondStep(step: SecondStepView, problem: Option<Problem>, codes: Vec<String>) -> impl IntoView {
    let shown = (!codes.is_empty()).then(|| {
        let codes = codes.into_iter().map(|code| view! { <li><code>{code}</code></li> });
        view! {
            <div class="notice" role="status">
                <p>
                    "Done. Each of these recovery codes signs you in once, should you lose your app. "
                    "Keep them somewhere safe: nobody can show them again."
                </p>
                <ul class="staff__codes" role="list">{codes.collect_view()}</ul>
            </div>
        }
    });
    let content = match step {
        SecondStepView::Off => view! {
            <p class="watch__count">
                "With a second step nobody signs in with your password alone: a code of an app on your "
                "phone is asked for, too."
            </p>
            <form class="staff__form" method="post" action="/api/begin_second_step">
                <button class="desk-button" type="submit">"Set up an app"</button>
            </form>
        }
        .into_any(),
        SecondStepView::Begun { secret, url, svg } => view! {
            <p class="watch__count">
                "Have your app read this picture, or type the secret into it. Then enter the code that it "
                "shows. Until then nothing changes."
            </p>
            <div class="staff__picture" role="img" aria-label="Picture for your app" inner_html=svg></div>
            <p class="watch__count">
                "Secret: " <code class="staff__secret">{secret}</code> ". On this device: "
                <a href=url>"open your app"</a> "."
            </p>
            <form class="staff__form" method="post" action="/api/confirm_second_step">
                <Field
                    problem
                    id="second-step-code"
                    name="code"
                    label="Code of your app"
                    kind="text"
                    autocomplete="one-time-code"
                />
                <button class="desk-button" type="submit">"Switch on"</button>
            </form>
            <form class="staff__form" method="post" action="/api/begin_second_step">
                <button class="desk-button" type="submit">"Another picture"</button>
            </form>
        }
        .into_any(),
        SecondStepView::On { recovery_codes } => view! {
            <p class="watch__count">
                {format!(
                    "A code of your app is asked for when you sign in. Recovery codes left: {recovery_codes}.",
                )}
            </p>
            <form class="staff__form" method="post" action="/api/end_second_step">
                <Field
                    problem
                    id="second-step-code"
                    name="code"
                    label="Code of your app, or a recovery code"
                    kind="text"
                    autocomplete="one-time-code"
                />
                <button class="desk-button" type="submit">"Switch off"</button>
            </form>
        }
        .into_any(),
    };
    view! {
        <h2 id="second-step">"Second step"</h2>
        {shown}
        {content}
    }
}

#[component]
fn Password(problem: Option<Problem>) -> impl IntoView {
    view! {
        <h2 id="password-title">"Password"</h2>
        <p class="watch__count">"Another password signs all other browsers out."</p>
        <form class="staff__form" method="post" action="/admin/account/password">
            <Field
                problem=problem.clone()
                id="current"
                name="current"
                label="Your password"
                kind="password"
                autocomplete="current-password"
            />
            <Field
                problem=problem.clone()
                id="password"
                name="password"
                label="New password, at least 12 characters"
                kind="password"
                autocomplete="new-password"
            />
            <Field
                problem
                id="again"
                name="again"
                label="The new one again"
                kind="password"
                autocomplete="new-password"
            />
            <button class="desk-button" type="submit">"Change password"</button>
        </form>
    }
}
