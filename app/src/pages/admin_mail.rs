//! `/admin/mails/ID`: one mail, as its reader sees it, for staff.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use services::Staff;
use types::mail::{LetterView, MailRow, MailView};
use types::staff::Right;
use types::{MailId, Problem};

use crate::api::mails::MAILS;
use crate::api::shop;
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, Subject, when};
use crate::pages::admin_mails::State;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminMailPage() -> impl IntoView {
    for_staff(Right::Mails, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let id = use_params_map()
        .read_untracked()
        .get("id")
        .unwrap_or_default();
    let was_resent = use_query_map().read_untracked().get("resent").is_some();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff, id) = (shop.clone(), staff.clone(), id.clone());
            async move {
                let id: MailId = id.parse().map_err(|error| {
                    Problem::not_found(format!("There is no such mail: {error}."))
                })?;
                shop.mail(&staff, id).await
            }
        },
    );
    let content = move || {
        Suspend::new(async move {
            match read.await {
                Ok(mail) => view! { <Mail mail was_resent /> }.into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Mail" here=MAILS email>
            <Suspense>{content}</Suspense>
        </AdminFrame>
    }
}

#[component]
fn Mail(mail: MailView, was_resent: bool) -> impl IntoView {
    let MailView {
        row,
        message_id,
        letter,
    } = mail;
    let id = row.id;
    let told = was_resent.then(|| {
        view! {
            <div class="notice" role="status">
                <p class="notice__title">"This is the new mail."</p>
                <p>"It was written again with the same words. The log says who asked for it."</p>
            </div>
        }
    });
    let title = row.kind.clone();
    let words = match letter {
        Some(letter) => view! { <Letter id letter /> }.into_any(),
        None => {
            let none = "What it said cannot be shown any more: the customer's address is gone, or is \
                        none that mails can be sent to.";
            view! { <p class="mails__none">{none}</p> }.into_any()
        }
    };
    view! {
        {told}
        <article class="mail" aria-labelledby="mail-title">
            <p class="mail__back">
                <a href=MAILS>"All mails"</a>
            </p>
            <h1 id="mail-title">{title}</h1>
            <Facts row message_id />
            {words}
        </article>
    }
}

#[component]
fn Facts(row: MailRow, message_id: String) -> impl IntoView {
    let moment = |at_us| format!("{}, {} UTC", when::date(at_us), when::clock(at_us));
    let since = format!(" since {}", moment(row.changed_at_us));
    let error = (!row.error.is_empty()).then(|| fact("Error", row.error.clone()));
    let repeats = row.resend_of.map(|id| {
        view! {
            <div>
                <dt>"Repeats"</dt>
                <dd>
                    <a href=format!("{MAILS}/{id}")>"an earlier mail"</a>
                </dd>
            </div>
        }
    });
    view! {
        <dl class="past__facts">
            <div>
                <dt>"State"</dt>
                <dd>
                    <State state=row.state attempts=row.attempts />
                    {since}
                </dd>
            </div>
            {error}
            <div>
                <dt>"About"</dt>
                <dd>
                    <Subject subject=row.subject.clone() />
                    {row.order_id.map(|_| view! {
                        " · "
                        <a href=format!("{MAILS}?order={}", row.subject)>"its mails"</a>
                    })}
                </dd>
            </div>
            {fact("Written", moment(row.queued_at_us))}
            {fact("Message-ID", message_id)}
            {repeats}
        </dl>
    }
}

fn fact(name: &'static str, value: String) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
}

/// What it says. The frame shows its HTML where nothing can run, be fetched or lead anywhere.
#[component]
fn Letter(id: MailId, letter: LetterView) -> impl IntoView {
    let LetterView {
        from,
        to,
        subject,
        text,
    } = letter;
    view! {
        <div class="mail__acts">
            <form method="post" action="/api/resend_mail">
                <input type="hidden" name="id" value=id.to_string() />
                <button class="desk-button desk-button--strong" type="submit">"Send again"</button>
            </form>
            <a class="desk-button" href=format!("{MAILS}/{id}/source") download="">
                "Download .eml"
            </a>
        </div>
        <dl class="past__facts mail__head">
            {fact("From", from)} {fact("To", to)} {fact("Subject", subject.clone())}
        </dl>
        <section aria-labelledby="mail-html">
            <h2 id="mail-html">"As HTML"</h2>
            <iframe
                class="mail__frame"
                src=format!("{MAILS}/{id}/html")
                title=format!("The mail: {subject}")
                sandbox=""
                referrerpolicy="no-referrer"
            ></iframe>
        </section>
        <section aria-labelledby="mail-text">
            <h2 id="mail-text">"As text"</h2>
            <pre class="mail__text" tabindex="0">{text}</pre>
        </section>
    }
}
