//! The parts of a page that are fetched again while it is open (`data-live`): whether somebody works in them, and how
//! what is new takes the place of what stood there, with the focus and the scroll where they were.
//!
//! What the server renders for it: `data-row` and an id on what is marked when it has changed; `data-open` on
//! details that are open when the page comes; `data-typed` on a form that holds what was typed and refused.

use std::collections::HashMap;

use leptos::prelude::*;
use leptos::server_fn::client::{Client, browser::BrowserClient};
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::response::ClientRes;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};

use crate::api::ApiError;

const REGION: &str = "[data-live]";
/// What is marked when it is new or another: each has an id.
const ROWS: &str = "[data-row]";
/// The status of a page whose subject is there no more.
const GONE: u16 = 410;
/// Where the page says how it stands.
const NOTE: &str = "[data-page-note]";
/// Somebody is at it: what they type in, what they have opened, what came back to be mended.
const BUSY: &str =
    "input:focus, select:focus, textarea:focus, details[open]:not([data-open]), [data-typed]";
/// The pictures of a product.
const GALLERY: &str = "#gallery";
/// What scrolls by itself.
const SCROLLS: &str = "[role=region][tabindex]";

/// What came of fetching the page again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    Done,
    /// Somebody works in it: nothing was touched.
    Busy,
    /// Nobody answered, or not with this page.
    Failed,
    /// What it was about is there no more.
    Gone,
}

/// Says how the page stands, in a line that moves nothing; nothing with an empty text.
pub fn say(words: &str) {
    if let Ok(Some(note)) = document().query_selector(NOTE)
        && note.text_content().as_deref() != Some(words)
    {
        note.set_text_content(Some(words));
    }
}

/// Puts what the server says now into the place.
pub async fn renew() -> Renewal {
    // Nobody is asked for what could not be shown.
    if regions().iter().any(is_worked_in) {
        return Renewal::Busy;
    }
    let fetched = fetch().await;
    if fetched.as_ref().is_err_and(|error| error.0.status == GONE) {
        return Renewal::Gone;
    }
    let (Ok(html), Ok(page)) = (fetched, document().create_element("div")) else {
        return Renewal::Failed;
    };
    page.set_inner_html(&html);
    let (found, regions) = (all(&page, REGION), regions());
    if found.is_empty() || found.len() != regions.len() {
        return Renewal::Failed;
    }
    // Somebody may have begun meanwhile.
    if regions.iter().any(is_worked_in) {
        return Renewal::Busy;
    }
    for (region, new) in regions.iter().zip(&found) {
        replace(region, &new.inner_html());
    }
    Renewal::Done
}

fn replace(region: &Element, html: &str) {
    // What is the same stays, with all that was done to it.
    if region.inner_html() == html {
        return;
    }
    let before = rows(region);
    let stood = Stood::in_region(region);
    let place = Place::of(region);
    region.set_inner_html(html);
    if region
        .query_selector(GALLERY)
        .is_ok_and(|row| row.is_some())
    {
        super::gallery::watch();
    }
    for (id, html) in rows(region) {
        if before.get(&id) != Some(&html)
            && let Some(row) = document().get_element_by_id(&id)
        {
            let _ = row.set_attribute("data-beat", "odd");
        }
    }
    if let Some(stood) = stood {
        stood.again(region);
    }
    place.again(region);
}

/// Whether nobody works in any part of the page.
pub fn is_idle() -> bool {
    let main = document().query_selector("main").ok().flatten();
    main.is_none_or(|main| !is_worked_in(&main))
}

fn regions() -> Vec<Element> {
    let body = document().body();
    body.map(|body| all(&body, REGION)).unwrap_or_default()
}

fn all(region: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = region.query_selector_all(selector) else {
        return Vec::new();
    };
    let elements = (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok());
    elements.collect()
}

/// Whether somebody types in it, has opened a part of it, or has begun to change a form.
fn is_worked_in(region: &Element) -> bool {
    let is_at_it = !matches!(region.query_selector(BUSY), Ok(None));
    let mut fields = all(region, "input, select, textarea").into_iter();
    is_at_it || fields.any(|field| is_changed(&field))
}

/// Whether a field holds something else than it was rendered with.
fn is_changed(field: &Element) -> bool {
    if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
        return match input.type_().as_str() {
            "checkbox" | "radio" => input.checked() != input.default_checked(),
            "hidden" | "submit" | "button" => false,
            _ => input.value() != input.default_value(),
        };
    }
    if let Some(area) = field.dyn_ref::<HtmlTextAreaElement>() {
        return area
            .default_value()
            .is_ok_and(|rendered| rendered != area.value());
    }
    let Some(select) = field.dyn_ref::<HtmlSelectElement>() else {
        return false;
    };
    let options = all(field, "option");
    let rendered = options
        .iter()
        .rposition(|option| option.has_attribute("selected"));
    // Without a word about it browsers choose the first.
    let rendered = rendered.or((!options.is_empty()).then_some(0));
    usize::try_from(select.selected_index()).ok() != rendered
}

/// What had the focus, so that it is found again: by its id, else by what it is called within its row.
struct Stood {
    id: String,
    row: Option<String>,
    tag: String,
    marks: Vec<(&'static str, Option<String>)>,
}

impl Stood {
    fn in_region(region: &Element) -> Option<Self> {
        let focused = document().active_element()?;
        if !region.contains(Some(&focused)) {
            return None;
        }
        let row = focused.closest(ROWS).ok().flatten();
        Some(Self {
            id: focused.id(),
            row: row.map(|row| row.id()),
            tag: focused.tag_name(),
            marks: marks(&focused),
        })
    }

    fn again(&self, region: &Element) {
        let document = document();
        let by_id = (!self.id.is_empty()).then(|| document.get_element_by_id(&self.id));
        // In another row the same word does something else.
        let within = match &self.row {
            Some(row) => document.get_element_by_id(row),
            None => Some(region.clone()),
        };
        let by_name = || {
            let named = all(&within?, &self.tag).into_iter();
            let mut named = named.filter(|it| marks(it) == self.marks);
            named.next()
        };
        // Where it has gone the keyboard stands at the beginning of the page, never on nothing.
        let found = by_id.flatten().or_else(by_name);
        let found = found.or_else(|| document.get_element_by_id("main"));
        if let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
        }
    }
}

/// What an element is known by where it has no id.
fn marks(element: &Element) -> Vec<(&'static str, Option<String>)> {
    let names = ["href", "name", "value", "aria-label"];
    let marks = names.map(|name| (name, element.get_attribute(name)));
    marks.into()
}

/// How far page and tables are scrolled.
struct Place {
    page: (f64, f64),
    tables: Vec<i32>,
}

impl Place {
    fn of(region: &Element) -> Self {
        let window = window();
        let tables = all(region, SCROLLS).into_iter();
        Self {
            page: (
                window.scroll_x().unwrap_or_default(),
                window.scroll_y().unwrap_or_default(),
            ),
            tables: tables.map(|table| table.scroll_left()).collect(),
        }
    }

    fn again(&self, region: &Element) {
        for (table, left) in all(region, SCROLLS).iter().zip(&self.tables) {
            table.set_scroll_left(*left);
        }
        window().scroll_to_with_x_and_y(self.page.0, self.page.1);
    }
}

fn rows(region: &Element) -> HashMap<String, String> {
    let rows = all(region, ROWS).into_iter().map(|row| {
        // A mark of before is no difference.
        let _ = row.remove_attribute("data-beat");
        (row.id(), row.outer_html())
    });
    rows.collect()
}

async fn fetch() -> Result<String, ApiError> {
    type Request = <BrowserClient as Client<ApiError>>::Request;
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let query = location.search().unwrap_or_default();
    let query = query.trim_start_matches('?');
    let request =
        <Request as ClientReq<ApiError>>::try_new_get(&path, "text/plain", "text/html", query)?;
    let response = <BrowserClient as Client<ApiError>>::send(request).await?;
    // A page that tells of a trouble takes the place of nothing.
    let status = ClientRes::<ApiError>::status(&response);
    if !(200..300).contains(&status) {
        let problem = types::Problem {
            status,
            ..types::Problem::internal()
        };
        return Err(problem.into());
    }
    ClientRes::<ApiError>::try_into_string(response).await
}
