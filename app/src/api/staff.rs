//! What owners do about the staff: the targets of the forms on its page, where they end.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::audit::AuditQuery;
#[cfg(feature = "ssr")]
use types::calendar::{SECONDS_A_DAY, minute_us};
#[cfg(feature = "ssr")]
use types::staff::{Right, Role};

use super::ApiError;

/// The page for it.
pub const STAFF: &str = "/admin/staff";
/// Where owners look at what staff have done.
pub const AUDIT: &str = "/admin/audit";

/// What an address asks of the audit. What is not understood asks for nothing.
#[cfg(feature = "ssr")]
pub fn audit_query(by: &str, noun: &str, day: &str, before: &str) -> AuditQuery {
    let word = |text: &str| text.trim().chars().take(100).collect();
    let begins_us = minute_us(&format!("{}T00:00", day.trim()));
    AuditQuery {
        by: word(by),
        noun: word(noun),
        day_us: begins_us.map(|from_us| (from_us, from_us + SECONDS_A_DAY * 1_000_000 - 1)),
        before: before
            .parse()
            .ok()
            .filter(|before| i64::try_from(*before).is_ok()),
    }
}

#[cfg(feature = "ssr")]
fn role_of(text: &str) -> Result<Role, types::Problem> {
    let wrong = |_| types::Problem::invalid_field("role", "Choose what they may do.");
    text.parse().map_err(wrong)
}

/// Ends on the page of the staff, which says what was done, or what was refused.
#[cfg(feature = "ssr")]
fn end(done: Result<String, types::Problem>) -> Result<(), ApiError> {
    match done {
        Ok(words) => {
            super::flash::keep(STAFF, STAFF, super::flash::Done::Said(words).into());
            Ok(())
        }
        Err(problem) => super::end_on(STAFF, Err(problem)),
    }
}

/// Invites somebody, who is written to.
#[server(prefix = "/api", endpoint = "invite_staff")]
pub async fn invite_staff(
    #[server(default)] email: String,
    #[server(default)] role: String,
) -> Result<(), ApiError> {
    let invited = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Staff)?);
        shop.invite_staff(&staff, &email, role_of(&role)?).await
    };
    match invited.await {
        Ok(()) => end(Ok(format!("{} is written to.", email.trim()))),
        Err(problem) => {
            let flash = super::flash::Flash {
                invited: Some((email, role)),
                ..problem.clone().into()
            };
            super::flash::keep(STAFF, STAFF, flash);
            Err(ApiError(problem))
        }
    }
}

/// Writes to somebody who is invited once more, with another link.
#[server(prefix = "/api", endpoint = "invite_again")]
pub async fn invite_again(#[server(default)] member: String) -> Result<(), ApiError> {
    let invited = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Staff)?);
        shop.invite_again(&staff, &member).await
    };
    let words = "They are written to again. The link of before is of no use any more.";
    end(invited.await.map(|()| words.to_owned()))
}

/// Takes an invitation back.
#[server(prefix = "/api", endpoint = "withdraw_invitation")]
pub async fn withdraw_invitation(#[server(default)] member: String) -> Result<(), ApiError> {
    let withdrawn = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Staff)?);
        shop.withdraw_invitation(&staff, &member).await
    };
    end(withdrawn
        .await
        .map(|()| "The link is of no use any more.".to_owned()))
}

/// Gives a member another role.
#[server(prefix = "/api", endpoint = "change_role")]
pub async fn change_role(
    #[server(default)] member: String,
    #[server(default)] role: String,
) -> Result<(), ApiError> {
    let changed = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Staff)?);
        let role = role_of(&role)?;
        shop.change_role(&staff, &member, role).await?;
        Ok(format!(
            "The role is {} now. They sign in again.",
            role.title()
        ))
    };
    end(changed.await)
}

/// Removes a member; `sure` is the box that says so.
#[server(prefix = "/api", endpoint = "remove_member")]
pub async fn remove_member(
    #[server(default)] member: String,
    #[server(default)] sure: String,
) -> Result<(), ApiError> {
    let removed = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Staff)?);
        if sure.is_empty() {
            let title = "Not removed yet";
            let detail = "Check the box to remove somebody.";
            return Err(types::Problem::conflict("not-sure", title, detail));
        }
        shop.remove_member(&staff, &member).await
    };
    end(removed
        .await
        .map(|()| "They can sign in no more.".to_owned()))
}

/// Signs a member out everywhere.
#[server(prefix = "/api", endpoint = "sign_member_out")]
pub async fn sign_member_out(#[server(default)] member: String) -> Result<(), ApiError> {
    let ended = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Staff)?);
        shop.sign_member_out(&staff, &member).await
    };
    end(ended
        .await
        .map(|()| "They are signed out everywhere.".to_owned()))
}

/// Has a member who has lost their app sign in with the password alone.
#[server(prefix = "/api", endpoint = "reset_second_step")]
pub async fn reset_second_step(#[server(default)] member: String) -> Result<(), ApiError> {
    let reset = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Staff)?);
        shop.reset_second_step(&staff, &member).await
    };
    end(reset
        .await
        .map(|()| "They sign in with the password alone.".to_owned()))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_from_its_first_to_its_last_microsecond() {
        let asked = audit_query(" staff-1 ", "order", "2026-12-01", "77");
        assert_eq!(asked.by, "staff-1");
        assert_eq!(asked.noun, "order");
        assert_eq!(asked.before, Some(77));
        let (from_us, until_us) = asked.day_us.expect("a day");
        assert_eq!(until_us - from_us, 86_400_000_000 - 1);
        for odd in ["", "yesterday", "2026-13-01", "2026-02-30", "1"] {
            assert_eq!(audit_query("", "", odd, "-1").day_us, None, "{odd}");
        }
        assert_eq!(audit_query("", "", "", "99999999999999999999").before, None);
    }
}
