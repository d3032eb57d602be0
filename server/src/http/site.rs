//! The built site: script, WASM and styles in a folder named by their content, pictures under names of their content, and fonts.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use app::PublicUrl;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, Uri};
use leptos::config::LeptosOptions;
use tower::ServiceBuilder;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;
use types::pictures::{FOLDER, MANIFEST, Pictures};

use super::origin::OwnOrigin;

/// Where the site is and how it is reached.
#[derive(Debug, Clone)]
pub struct Site {
    dir: PathBuf,
    /// The content's hash.
    hash: String,
    https: bool,
    origin: OwnOrigin,
    url: PublicUrl,
    pictures: Pictures,
}

impl Site {
    /// # Errors
    /// When the site is not built, or `url` is not an address of the web. `is_set` says whether the
    /// address was given as a setting.
    pub fn open(dir: &Path, url: &str, is_set: bool) -> anyhow::Result<Self> {
        let uri: Uri = url
            .parse()
            .with_context(|| format!("VITRINE_PUBLIC_URL: {url:?}"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => bail!("VITRINE_PUBLIC_URL: expected http://… or https://…, got {url:?}"),
        };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = host == "localhost"
            || host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback());
        let origin = OwnOrigin::new(url, is_set)
            .with_context(|| format!("VITRINE_PUBLIC_URL: {url:?} names no host"))?;
        let current = dir.join("pkg").join("current");
        let hash = std::fs::read_to_string(&current).with_context(|| {
            format!(
                "cannot read {}: build the site with `cargo xtask build`",
                current.display()
            )
        })?;
        let hash = hash.trim().to_owned();
        if !https && !loopback {
            tracing::warn!(
                url,
                "plain http to another machine: cookies are not marked Secure"
            );
        }
        Ok(Self {
            dir: dir.to_owned(),
            hash,
            https,
            origin,
            url: PublicUrl(url.trim_end_matches('/').into()),
            pictures: read_pictures(dir)?,
        })
    }

    pub const fn is_https(&self) -> bool {
        self.https
    }

    pub fn origin(&self) -> OwnOrigin {
        self.origin.clone()
    }

    pub fn public_url(&self) -> PublicUrl {
        self.url.clone()
    }

    /// What the build made of the pictures.
    pub fn pictures(&self) -> Pictures {
        self.pictures.clone()
    }

    /// The address of the styles, for a page that is not rendered by `app`.
    pub fn styles(&self) -> Arc<str> {
        format!("/pkg/{}/app.css", self.hash).into()
    }

    pub fn leptos_options(&self) -> LeptosOptions {
        LeptosOptions::builder()
            .output_name("app")
            .site_root(self.dir.display().to_string())
            .site_pkg_dir(format!("pkg/{}", self.hash))
            .hash_files(false)
            .build()
    }

    /// Routes of the files: what has a hash in its name stays for ever, the rest for an hour.
    pub fn files(&self) -> Router {
        let folder = |name: &str, cache: &'static str| {
            let files = ServeDir::new(self.dir.join(name))
                .precompressed_br()
                .precompressed_gzip();
            ServiceBuilder::new().layer(kept(cache)).service(files)
        };
        let hour = "public, max-age=3600";
        let for_ever = "public, max-age=31536000, immutable";
        let mut router = Router::new()
            .nest_service("/pkg", folder("pkg", for_ever))
            .nest_service("/pictures", folder(FOLDER, for_ever))
            .nest_service("/icons", folder("icons", "public, max-age=86400"))
            .nest_service("/images", folder("images", "public, max-age=86400"))
            .nest_service("/fonts", folder("fonts", "public, max-age=31536000"));
        for name in ["favicon.svg", "ring-size-strip.svg", "site.webmanifest"] {
            let file = ServiceBuilder::new()
                .layer(kept(hour))
                .service(ServeFile::new(self.dir.join(name)));
            router = router.route_service(&format!("/{name}"), file);
        }
        router
    }
}

/// A site without built pictures shows them as they are.
fn read_pictures(site: &Path) -> anyhow::Result<Pictures> {
    let manifest = site.join(FOLDER).join(MANIFEST);
    let read = match std::fs::read(&manifest) {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Pictures::default()),
        Err(error) => return Err(error).with_context(|| manifest.display().to_string()),
    };
    serde_json::from_slice(&read).with_context(|| manifest.display().to_string())
}

/// How long browsers keep a file; what is not there is not kept, nor what the build notes for itself.
fn kept<B>(
    cache: &'static str,
) -> SetResponseHeaderLayer<impl Fn(&Response<B>) -> Option<HeaderValue> + Clone> {
    SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, move |response: &Response<B>| {
        let found = response.status().is_success();
        let kind = response.headers().get(CONTENT_TYPE);
        let is_note = kind.is_some_and(|kind| kind == "application/json");
        (found && !is_note).then(|| HeaderValue::from_static(cache))
    })
}
