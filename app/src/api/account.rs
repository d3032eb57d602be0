//! What each member of staff does about their own account: sessions, and the second step of signing in.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::staff::Right;

use super::ApiError;

/// The page for it.
pub const ACCOUNT: &str = "/admin/account";
/// Where the code is asked for, after the password.
pub const CODE: &str = "/admin/sign-in/code";

/// Ends on the account's page, which says what was done, or what was refused.
#[cfg(feature = "ssr")]
fn end(done: Result<&str, types::Problem>) -> Result<(), ApiError> {
    match done {
        Ok(words) => {
            let said = super::flash::Done::Said(words.to_owned());
            super::flash::keep(ACCOUNT, ACCOUNT, said.into());
            Ok(())
        }
        Err(problem) => super::end_on(ACCOUNT, Err(problem)),
    }
}

/// Signs another browser of whoever asks out.
#[server(prefix = "/api", endpoint = "end_session")]
pub async fn end_session(#[server(default)] session: String) -> Result<(), ApiError> {
    let ended = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::OwnAccount)?);
        let which = services::Ended::One(session);
        shop.end_own_sessions(&staff, which).await
    };
    end(ended.await.map(|_| "That browser is signed out."))
}

/// Signs all other browsers of whoever asks out.
#[server(prefix = "/api", endpoint = "end_other_sessions")]
pub async fn end_other_sessions() -> Result<(), ApiError> {
    let ended = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::OwnAccount)?);
        shop.end_own_sessions(&staff, services::Ended::Others).await
    };
    end(ended.await.map(|_| "All other browsers are signed out."))
}

/// Makes a secret for an app; nothing is asked for until a code of it was shown.
#[server(prefix = "/api", endpoint = "begin_second_step")]
pub async fn begin_second_step() -> Result<(), ApiError> {
    let begun = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::OwnAccount)?);
        shop.begin_second_step(&staff).await
    };
    match begun.await {
        Ok(()) => {
            leptos_axum::redirect(&format!("{ACCOUNT}#second-step"), false);
            Ok(())
        }
        Err(problem) => end(Err(problem)),
    }
}

/// Asks for a code with each sign-in from now on. The page says the recovery codes once.
#[server(prefix = "/api", endpoint = "confirm_second_step")]
pub async fn confirm_second_step(#[server(default)] code: String) -> Result<(), ApiError> {
    let confirmed = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::OwnAccount)?);
        shop.confirm_second_step(&staff, &code).await
    };
    match confirmed.await {
        Ok(codes) => {
            let flash = super::flash::Flash {
                recovery_codes: codes,
                ..Default::default()
            };
            super::flash::keep(ACCOUNT, &format!("{ACCOUNT}#second-step"), flash);
            Ok(())
        }
        Err(problem) => end(Err(problem)),
    }
}

/// Asks for no code any more; a code shows that it is the member who asks.
#[server(prefix = "/api", endpoint = "end_second_step")]
pub async fn end_second_step(#[server(default)] code: String) -> Result<(), ApiError> {
    let ended = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::OwnAccount)?);
        shop.end_second_step(&staff, &code).await
    };
    end(ended
        .await
        .map(|()| "You sign in with your password alone from now on."))
}
