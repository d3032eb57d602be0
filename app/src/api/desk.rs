//! The desk: the orders of everybody, for staff.

use leptos::prelude::*;
use types::desk::{DeskOrder, DeskQuery, MAX_SEARCH, Page};
#[cfg(feature = "ssr")]
use types::staff::Right;

use super::ApiError;

/// What an address or a form asks of the list. What is not understood asks for nothing.
pub fn query(tab: &str, search: &str, older: &str, newer: &str) -> DeskQuery {
    let page = match (older.parse(), newer.parse()) {
        (Ok(place), _) => Page::Older(place),
        (_, Ok(place)) => Page::Newer(place),
        _ => Page::First,
    };
    DeskQuery {
        tab: tab.parse().unwrap_or_default(),
        search: search.trim().chars().take(MAX_SEARCH).collect(),
        page,
    }
}

/// One order with all that staff see of it.
#[server(name = AskedOrder, prefix = "/api", endpoint = "desk_order")]
pub async fn desk_order(#[server(default)] order_id: String) -> Result<DeskOrder, ApiError> {
    let staff = super::signed_in(Right::See)?;
    Ok(super::shop()
        .desk_order(&staff, super::orders::known(&order_id)?)
        .await?)
}

/// Writes a note about an order down.
#[server(prefix = "/api", endpoint = "note_order")]
pub async fn note_order(
    #[server(default)] order_id: String,
    #[server(default)] note: String,
) -> Result<(), ApiError> {
    let noted = async {
        let staff = super::signed_in(Right::Orders)?;
        super::shop()
            .note(&staff, super::orders::known(&order_id)?, &note)
            .await
    };
    match noted.await {
        Ok(()) => {
            leptos_axum::redirect(&format!("/admin/orders/{order_id}#notes"), false);
            Ok(())
        }
        Err(problem) => {
            let flash = super::flash::Flash {
                note: Some(note),
                ..problem.clone().into()
            };
            back_to_order(&order_id, "notes", flash);
            Err(ApiError(problem))
        }
    }
}

/// Sends a plain form back to the order's page with what was wrong with it.
#[cfg(feature = "ssr")]
fn back_to_order(order_id: &str, part: &str, flash: super::flash::Flash) {
    let page = match super::orders::known(order_id) {
        Ok(id) => format!("/admin/orders/{id}"),
        Err(_) => "/admin/orders".to_owned(),
    };
    super::flash::keep(&page, &format!("{page}#{part}"), flash);
}

#[cfg(test)]
mod tests {
    use types::desk::Tab;

    use super::*;

    #[test]
    fn an_address_asks_for_a_page_and_nonsense_for_the_first() {
        assert_eq!(query("", "", "", ""), DeskQuery::default());
        assert_eq!(query("nope", " ", "1", "x"), DeskQuery::default());
        let place = "7.0199c0a0-1111-7aaa-8bbb-123456789abc";
        let asked = query("unpaid", " ada ", "", place);
        assert_eq!((asked.tab, asked.search.as_str()), (Tab::Unpaid, "ada"));
        assert!(matches!(asked.page, Page::Newer(place) if place.at_us == 7));
        assert_eq!(query("", &"x".repeat(500), "", "").search.len(), MAX_SEARCH);
    }
}
