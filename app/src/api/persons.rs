//! Commands of the staff about a person who asks what the shop knows of them, or to be forgotten.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::staff::Right;

use super::ApiError;

/// The page for it.
pub const PERSONS: &str = "/admin/persons";

/// Looks a person up by email. Not in the address: that would put it into logs and histories.
#[server(prefix = "/api", endpoint = "find_person")]
pub async fn find_person(#[server(default)] email: String) -> Result<(), ApiError> {
    let (shop, staff) = (super::shop(), super::signed_in(Right::ExportPersons));
    let found = async { shop.look_person_up(&staff?, &email).await };
    let problem = found.await.err();
    let flash = super::flash::Flash {
        person: Some(email),
        problem: problem.clone(),
        ..Default::default()
    };
    super::flash::keep(PERSONS, PERSONS, flash);
    problem.map_or(Ok(()), |problem| Err(ApiError(problem)))
}

/// Erases who ordered with this email; `sure` is the box that says so.
#[server(prefix = "/api", endpoint = "erase_person")]
pub async fn erase_person(
    #[server(default)] email: String,
    #[server(default)] sure: String,
) -> Result<usize, ApiError> {
    use types::Problem;
    let (shop, staff) = (super::shop(), super::signed_in(Right::ErasePersons));
    let erased = async {
        let staff = staff?;
        if sure.is_empty() {
            let message = "Check the box: there is no way back.";
            return Err(Problem::invalid_field("sure", message));
        }
        shop.erase_person(&staff, &email).await
    };
    let answer = erased.await;
    let flash = match &answer {
        Ok(orders) => super::flash::Done::Erased { orders: *orders }.into(),
        Err(problem) => super::flash::Flash {
            person: Some(email),
            ..problem.clone().into()
        },
    };
    super::flash::keep(PERSONS, PERSONS, flash);
    Ok(answer?)
}
