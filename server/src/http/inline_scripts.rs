//! The scripts that stand in the pages themselves. They are the same on every page of a build, so that
//! a policy can name them by their hashes.

use anyhow::{Context, ensure};
use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The policy that lets them run, and our own files, and no other script.
#[derive(Debug)]
pub struct InlineScripts {
    policy: HeaderValue,
}

impl InlineScripts {
    /// Those of a page that shows nothing which somebody has written: what it runs is the build's.
    ///
    /// # Errors
    /// When there are none: it is no page of the app.
    pub fn of(page: &str) -> anyhow::Result<Self> {
        let mut hashes: Vec<String> = scripts(page).map(hash).collect();
        hashes.sort();
        hashes.dedup();
        ensure!(!hashes.is_empty(), "the page has no script");
        let policy = format!(
            "default-src 'self'; script-src 'self' {} 'wasm-unsafe-eval'; style-src 'self'; \
             img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'none'",
            hashes.join(" ")
        );
        let policy = HeaderValue::from_str(&policy).context("the policy")?;
        Ok(Self { policy })
    }

    pub fn policy(&self) -> HeaderValue {
        self.policy.clone()
    }
}

/// What stands between each opening and closing tag.
fn scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        Some(script).filter(|script| !script.is_empty())
    })
}

fn hash(script: &str) -> String {
    format!(
        "'sha256-{}'",
        STANDARD.encode(Sha256::digest(script.as_bytes()))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_each_script_once() {
        let page = "<head><script nonce=\"x\">a()</script></head><script type=module>b()</script>\
                    <script>a()</script><script></script>";
        let scripts = InlineScripts::of(page).expect("scripts");
        let policy = scripts.policy();
        let policy = policy.to_str().expect("text");
        assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
        // `printf 'a()' | openssl dgst -sha256 -binary | openssl base64`
        assert!(
            policy.contains("'sha256-qVpDBgj7bpq5hMAcGp3AOc79J3Y1Z4HvySTwKrWDoy4='"),
            "{policy}"
        );
        assert!(InlineScripts::of("<p>none</p>").is_err());
    }
}
