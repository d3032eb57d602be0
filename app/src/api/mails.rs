//! Commands of the staff about mails.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::staff::Right;

use super::ApiError;

/// The page of the mails.
pub const MAILS: &str = "/admin/mails";

/// Has a mail written and sent once more; ends on the page of the new one.
#[server(prefix = "/api", endpoint = "resend_mail")]
pub async fn resend_mail(#[server(default)] id: String) -> Result<types::MailId, ApiError> {
    use types::{MailId, Problem};
    let resent = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Mails)?);
        let id: MailId = id
            .parse()
            .map_err(|error| Problem::malformed(format!("id: {error}")))?;
        shop.resend_mail(&staff, id).await
    };
    match resent.await {
        Ok(new) => {
            leptos_axum::redirect(&format!("{MAILS}/{new}?resent"), false);
            Ok(new)
        }
        Err(problem) => {
            super::flash::keep(MAILS, MAILS, problem.clone().into());
            Err(ApiError(problem))
        }
    }
}
