//! What owners do about the programs of others: the targets of the forms on their page, where they end.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::staff::Right;

use super::ApiError;
#[cfg(feature = "ssr")]
use super::service_form::ServiceForm;

/// The page for it.
pub const SERVICES: &str = "/admin/services";

/// Ends on the page of the services.
#[cfg(feature = "ssr")]
fn end(flash: super::flash::Flash) {
    super::flash::keep(SERVICES, SERVICES, flash);
}

/// Registers a service. The page says its token once.
#[server(prefix = "/api", endpoint = "register_service")]
pub async fn register_service(
    #[server(default)] name: String,
    #[server(default)] sends: String,
    #[server(default)] reads: String,
    #[server(default)] reads_topics: String,
    #[server(default)] days: String,
) -> Result<(), ApiError> {
    let form = ServiceForm {
        name: name.trim().to_owned(),
        sends,
        reads,
        reads_topics,
        days,
    };
    let registered = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Services)?);
        let asked = services::AskedService {
            name: &form.name,
            sends: &form.sends,
            reads: &form.reads,
            reads_topics: &form.reads_topics,
            days: &form.days,
        };
        shop.register_service(&staff, asked).await
    };
    match registered.await {
        Ok(token) => {
            end(super::flash::Flash {
                service_token: Some((form.name, token.reveal().to_owned())),
                ..Default::default()
            });
            Ok(())
        }
        Err(problem) => {
            end(super::flash::Flash {
                service: Some(form),
                ..problem.clone().into()
            });
            Err(ApiError(problem))
        }
    }
}

/// Makes the token of a service useless; `sure` is the box that says so.
#[server(prefix = "/api", endpoint = "revoke_service")]
pub async fn revoke_service(
    #[server(default)] service: String,
    #[server(default)] sure: String,
) -> Result<(), ApiError> {
    let revoked = async {
        let (shop, staff) = (super::shop(), super::signed_in(Right::Services)?);
        if sure != "yes" {
            let words = "Tick the box first: the service is refused from then on.";
            return Err(types::Problem::invalid_field("sure", words));
        }
        shop.revoke_service(&staff, &service).await
    };
    match revoked.await {
        Ok(()) => {
            let words = format!("The token of {service} is of no use any more.");
            end(super::flash::Done::Said(words).into());
            Ok(())
        }
        Err(problem) => super::end_on(SERVICES, Err(problem)),
    }
}
