//! Sends a plain form as the browser would, without leaving the page.

use leptos::prelude::*;
use types::Problem;

/// What a form's submission is about while it is on its way, and what it came back with.
#[derive(Debug, Clone, Copy)]
pub struct Posting {
    pub busy: RwSignal<bool>,
    pub problem: RwSignal<Option<Problem>>,
}

impl Posting {
    pub fn new(problem: Option<Problem>) -> Self {
        Self {
            busy: RwSignal::new(false),
            problem: RwSignal::new(problem),
        }
    }

    /// For `on:submit`. What was done is told by the socket, as to everybody.
    pub fn send(self, event: &leptos::ev::SubmitEvent) {
        #[cfg(feature = "hydrate")]
        browser::send(self, event);
        #[cfg(not(feature = "hydrate"))]
        let _ = event;
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;
    use leptos::server_fn::client::{Client, browser::BrowserClient};
    use leptos::server_fn::request::ClientReq;
    use leptos::server_fn::response::ClientRes;
    use types::Problem;
    use wasm_bindgen::JsCast;
    use web_sys::{FormData, HtmlFormElement, UrlSearchParams};

    use super::Posting;
    use crate::api::ApiError;

    pub fn send(posting: Posting, event: &leptos::ev::SubmitEvent) {
        event.prevent_default();
        let form = event
            .target()
            .and_then(|it| it.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = form.filter(|_| !posting.busy.get_untracked()) else {
            return;
        };
        let Some((address, body)) = encoded(&form, event) else {
            return;
        };
        posting.busy.set(true);
        posting.problem.set(None);
        leptos::task::spawn_local(async move {
            let answer = post(&address, body).await;
            // The form may be gone by now, its signals with it.
            let _ = posting.busy.try_set(false);
            if let Err(ApiError(problem)) = answer {
                let _ = posting.problem.try_set(Some(problem));
            }
        });
    }

    /// Where the form goes, and what is in it; with the button that was pressed.
    fn encoded(
        form: &HtmlFormElement,
        event: &leptos::ev::SubmitEvent,
    ) -> Option<(String, String)> {
        let data = FormData::new_with_form(form).ok()?;
        if let Some(button) = event.submitter()
            && let Some(name) = button.get_attribute("name")
        {
            let value = button.get_attribute("value").unwrap_or_default();
            data.append_with_str(&name, &value).ok()?;
        }
        let fields = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
        let body = fields.to_string().as_string()?;
        Some((form.get_attribute("action")?, body))
    }

    async fn post(address: &str, body: String) -> Result<(), ApiError> {
        type Request = <BrowserClient as Client<ApiError>>::Request;
        const FORM: &str = "application/x-www-form-urlencoded";
        const JSON: &str = "application/json";
        let request = <Request as ClientReq<ApiError>>::try_new_post(address, FORM, JSON, body)?;
        let response = <BrowserClient as Client<ApiError>>::send(request).await?;
        if (200..300).contains(&ClientRes::<ApiError>::status(&response)) {
            return Ok(());
        }
        let text = ClientRes::<ApiError>::try_into_string(response).await?;
        let silent = |_| Problem::internal();
        Err(ApiError(serde_json::from_str(&text).unwrap_or_else(silent)))
    }
}
