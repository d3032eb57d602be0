//! What programs that look for pages ask first: `robots.txt` and `sitemap.xml`.

use std::fmt::Write as _;
use std::sync::Arc;

use app::PublicUrl;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use services::{PublicPage, PublicPages, Shop};

use super::problem::HttpProblem;

/// Pages that are one visitor's own.
const PRIVATE: [&str; 5] = ["/admin", "/cart", "/checkout", "/o/", "/orders"];
/// Pages that change with the program, which keeps no date of that.
const PLAIN: [&str; 4] = ["/delivery", "/returns", "/privacy", "/imprint"];
/// Long enough to be spared those who ask again and again.
const KEPT: &str = "public, max-age=300";

#[derive(Clone)]
struct Found {
    shop: Shop,
    url: PublicUrl,
    pages: Arc<PublicPages>,
}

pub fn routes(shop: Shop, url: PublicUrl) -> Router {
    Router::new()
        .route("/robots.txt", get(robots))
        .route("/sitemap.xml", get(sitemap))
        .with_state(Found {
            shop,
            url,
            pages: Arc::default(),
        })
}

async fn robots(State(found): State<Found>) -> Response {
    let mut text = "User-agent: *\n".to_owned();
    for page in PRIVATE {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Disallow: {page}");
    }
    let _ = writeln!(text, "\nSitemap: {}", found.url.at("/sitemap.xml"));
    answer("text/plain; charset=utf-8", text)
}

async fn sitemap(State(found): State<Found>) -> Response {
    match found.pages.of(&found.shop).await {
        Ok(pages) => answer("application/xml", xml(&found, &pages)),
        Err(problem) => HttpProblem(problem).into_response(),
    }
}

fn answer(kind: &'static str, text: String) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, KEPT)], text).into_response()
}

/// Source: sitemaps.org, protocol 0.9, and Google's image extension 1.1.
fn xml(found: &Found, pages: &[PublicPage]) -> String {
    let url = &found.url;
    let mut xml = concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?>"#,
        "\n",
        r#"<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" "#,
        r#"xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">"#,
        "\n"
    )
    .to_owned();
    let plain = PLAIN.map(|path| PublicPage {
        path: path.to_owned(),
        changed_us: None,
        pictures: Vec::new(),
    });
    for page in pages.iter().chain(&plain) {
        let _ = write!(xml, "<url><loc>{}</loc>", escaped(&url.at(&page.path)));
        let changed = page.changed_us.map(Timestamp::from_microsecond);
        if let Some(Ok(changed)) = changed {
            let _ = write!(xml, "<lastmod>{changed:.0}</lastmod>");
        }
        for picture in &page.pictures {
            let picture = escaped(&url.at(picture));
            let _ = write!(
                xml,
                "<image:image><image:loc>{picture}</image:loc></image:image>"
            );
        }
        xml.push_str("</url>\n");
    }
    xml.push_str("</urlset>\n");
    xml
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
