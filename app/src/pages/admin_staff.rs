//! `/admin/staff`: members, their roles, and who is invited, for owners.

use leptos::prelude::*;
use services::Staff;
use strum::VariantArray;
use types::Problem;
use types::staff::{Right, Role};
use types::staff_desk::{InvitationRow, MemberRow, StaffView};

use crate::api::flash::{self, Done, Flash};
use crate::api::services::SERVICES;
use crate::api::shop;
use crate::api::staff::{AUDIT, STAFF};
use crate::components::admin_frame::for_staff;
use crate::components::{AdminFrame, Holds, ProblemNote, beyond_fields, desk_field, when};
use crate::live::LivePage;
use crate::pages::page_problem::PageProblem;

#[component]
pub fn AdminStaffPage() -> impl IntoView {
    for_staff(Right::Staff, |staff| view! { <Desk staff /> })
}

#[component]
fn Desk(staff: Staff) -> impl IntoView {
    let shop = shop();
    let email = staff.email.clone();
    let own = email.clone();
    let Flash {
        problem,
        done,
        invited,
        ..
    } = flash::take(STAFF).unwrap_or_default();
    let said = match done {
        Some(Done::Said(words)) => Some(words),
        _ => None,
    };
    let version = shop.acts_position();
    let read = Resource::new_blocking(
        || (),
        move |()| {
            let (shop, staff) = (shop.clone(), staff.clone());
            async move { shop.staff_view(&staff).await }
        },
    );
    let note = match invited.is_some() {
        true => beyond_fields(problem.clone()),
        false => problem.clone(),
    };
    let content = move || {
        let own = own.clone();
        Suspend::new(async move {
            match read.await {
                Ok(StaffView {
                    members,
                    invitations,
                }) => view! {
                    <Members members own />
                    <Invitations invitations />
                }
                .into_any(),
                Err(problem) => view! { <PageProblem problem /> }.into_any(),
            }
        })
    };
    view! {
        <AdminFrame title="Staff" here=STAFF email follows=(LivePage::Audit, version)>
            {note.map(|problem| view! { <ProblemNote problem /> })}
            {said.map(|words| view! { <p class="notice" role="status">{words}</p> })}
            <section class="watch staff" aria-labelledby="staff-title">
                <h1 id="staff-title">"Staff"</h1>
                <p class="watch__count">
                    "Another role, and a removal, sign somebody out. What everybody does stands in the "
                    <a href=AUDIT>"audit"</a> ". Programs of others are "
                    <a href=SERVICES>"services"</a> "."
                </p>
                <div data-live="">
                    <Suspense>{content}</Suspense>
                </div>
                <Invite invited problem />
            </section>
        </AdminFrame>
    }
}

fn options(chosen: Option<Role>) -> impl IntoView {
    let option = |role: &Role| {
        let words = format!("{}: {}", role.title(), role.words());
        let is_chosen = chosen == Some(*role);
        view! {
            <option value=role.into_str() selected=is_chosen>
                {words}
            </option>
        }
    };
    Role::VARIANTS.iter().map(option).collect_view()
}

#[component]
fn Members(members: Vec<MemberRow>, own: String) -> impl IntoView {
    let rows = members.into_iter().map(|row| {
        let is_own = row.email == own;
        view! { <Member row is_own /> }
    });
    view! {
        <h2 id="members">"Members"</h2>
        <ul class="watch__list" role="list">{rows.collect_view()}</ul>
    }
}

#[component]
fn Member(row: MemberRow, is_own: bool) -> impl IntoView {
    let MemberRow {
        id,
        email,
        role,
        from_settings,
        has_second_step,
        sessions,
    } = row;
    let browsers = match sessions {
        0 => "signed in nowhere".to_owned(),
        1 => "signed in with one browser".to_owned(),
        some => format!("signed in with {some} browsers"),
    };
    let code = if has_second_step {
        ", second step on"
    } else {
        ""
    };
    let named = if from_settings {
        ", named by the settings"
    } else {
        ""
    };
    let you = is_own.then(|| view! { <span class="watch__soft">" (you)"</span> });
    let hidden = {
        let id = id.clone();
        move || view! { <input type="hidden" name="member" value=id.clone() /> }
    };
    let press = |action: &'static str, name: &'static str, words: &'static str| {
        view! {
            <form method="post" action=action>
                {hidden()}
                <button
                    id=format!("{name}-{id}")
                    class="desk-button"
                    type="submit"
                    aria-label=format!("{words}: {email}")
                >
                    {words}
                </button>
            </form>
        }
    };
    let sign_out =
        (sessions > 0).then(|| press("/api/sign_member_out", "out", "Sign out everywhere"));
    let reset =
        has_second_step.then(|| press("/api/reset_second_step", "reset", "Switch second step off"));
    // Whom the settings name is changed there.
    let change = (!from_settings).then(|| {
        view! {
            <form method="post" action="/api/change_role">
                {hidden()}
                <label class="desk-field">
                    <span class="visually-hidden">{format!("Role of {email}")}</span>
                    <select name="role">{options(Some(role))}</select>
                </label>
                <button
                    id=format!("role-{id}")
                    class="desk-button"
                    type="submit"
                    aria-label=format!("Change role: {email}")
                >
                    "Change role"
                </button>
            </form>
        }
    });
    let remove = (!from_settings).then(|| {
        view! {
            <details>
                <summary>"Remove"</summary>
                <form method="post" action="/api/remove_member">
                    {hidden()}
                    <label class="staff__sure">
                        <input type="checkbox" name="sure" value="yes" />
                        {format!(" {email} signs in no more")}
                    </label>
                    <button class="desk-button" type="submit" aria-label=format!("Remove {email}")>
                        "Remove"
                    </button>
                </form>
            </details>
        }
    });
    view! {
        <li class="staff__row" id=format!("member-{id}") data-row="">
            <div>
                <p><strong>{email.clone()}</strong> {you}</p>
                <p class="watch__soft">
                    {format!("{}, {browsers}{code}{named}", role.title())}
                </p>
            </div>
            <div class="staff__do">{change} {sign_out} {reset} {remove}</div>
        </li>
    }
}

#[component]
fn Invitations(invitations: Vec<InvitationRow>) -> impl IntoView {
    if invitations.is_empty() {
        return ().into_any();
    }
    let rows = invitations.into_iter().map(|row| {
        let until = match row.is_over {
            true => "is over".to_owned(),
            false => format!("is good until {} UTC", when::moment(row.expires_at_us)),
        };
        let words = format!(
            "{}, invited by {} on {} UTC. The link {until}.",
            row.role.title(),
            row.by,
            when::moment(row.invited_at_us)
        );
        let press = |action: &'static str, words: &'static str| {
            view! {
                <form method="post" action=action>
                    <input type="hidden" name="member" value=row.member.clone() />
                    <button
                        class="desk-button"
                        type="submit"
                        aria-label=format!("{words}: {}", row.email)
                    >
                        {words}
                    </button>
                </form>
            }
        };
        view! {
            <li class="staff__row" id=format!("invited-{}", row.member) data-row="">
                <div>
                    <p><strong>{row.email.clone()}</strong></p>
                    <p class="watch__soft">{words}</p>
                </div>
                <div class="staff__do">
                    {press("/api/invite_again", "Send again")}
                    {press("/api/withdraw_invitation", "Take back")}
                </div>
            </li>
        }
    });
    view! {
        <h2 id="invited">"Invited"</h2>
        <ul class="watch__list" role="list">{rows.collect_view()}</ul>
    }
    .into_any()
}

#[component]
fn Invite(invited: Option<(String, String)>, problem: Option<Problem>) -> impl IntoView {
    let is_of_form = invited.is_some();
    let problem = problem.filter(|_| is_of_form);
    let (email, role) = invited.unwrap_or_default();
    let field = desk_field(
        problem.as_ref(),
        "invite-email".to_owned(),
        ("email", "Email"),
        Holds::Text,
        email,
    );
    let wrong = problem.and_then(|problem| problem.field("role").map(str::to_owned));
    let chosen = role.parse().unwrap_or(Role::Viewer);
    view! {
        <h2 id="invite">"Invite somebody"</h2>
        <p class="watch__count">
            "They get a mail with a link, good for once and for three days, and choose a password."
        </p>
        <form class="staff__form" method="post" action="/api/invite_staff" aria-labelledby="invite">
            {field}
            <div class="desk-field">
                <label for="invite-role">"Role"</label>
                <select
                    id="invite-role"
                    name="role"
                    aria-describedby=wrong.is_some().then_some("invite-role-wrong")
                >
                    {options(Some(chosen))}
                </select>
                {wrong.map(|wrong| view! {
                    <p class="field__error" id="invite-role-wrong" role="alert">{wrong}</p>
                })}
            </div>
            <button class="desk-button" type="submit">"Invite"</button>
        </form>
    }
}
