//! The setting that names a mail server: `smtp://USER:PASSWORD@HOST:587?tls=required`.

use std::net::IpAddr;
use std::path::Path;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// When the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// From its first byte: `smtps://`.
    FromStart,
    /// By STARTTLS, or nothing is sent.
    Required,
    /// By STARTTLS where the server has it.
    Opportunistic,
    Never,
}

/// Where mails are handed over. Its password is in nobody's debug output.
pub struct SmtpUrl {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub credentials: Option<Credentials>,
    pub tls: TlsParameters,
}

impl std::fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{} ({:?})", self.host, self.port, self.encryption)
    }
}

/// What is wrong with the setting; never its password.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSmtpUrl(String);

const EXPECTED: &str = "expected smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465, \
                        with ?tls=required, opportunistic or none, and &ca=FILE behind it";

impl SmtpUrl {
    /// A server on this machine may be spoken to in the clear; any other one must encrypt unless the
    /// setting says otherwise, and a password is never sent in the clear.
    ///
    /// # Errors
    /// Says what was expected.
    pub fn parse(text: &str) -> Result<Self, BadSmtpUrl> {
        let bad = |why: &str| BadSmtpUrl(format!("{why}; {EXPECTED}"));
        let url = Url::parse(text).map_err(|error| bad(&format!("no address ({error})")))?;
        let host = match url.host() {
            // Of another scheme than the web's, an address stays a name.
            Some(Host::Domain(name)) => decoded(name),
            Some(host) => host.to_string().trim_matches(['[', ']']).to_owned(),
            None => String::new(),
        };
        if host.is_empty() {
            return Err(bad("it names no host"));
        }
        let is_local = host == "localhost"
            || host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        let mut encryption = match url.scheme() {
            "smtps" => Encryption::FromStart,
            "smtp" if is_local => Encryption::Never,
            "smtp" => Encryption::Required,
            other => return Err(bad(&format!("{other}:// is no mail server"))),
        };
        let mut authority = None;
        for (name, value) in url.query_pairs() {
            match (&*name, &*value, encryption) {
                ("tls", _, Encryption::FromStart) => {
                    return Err(bad("smtps:// is always encrypted and takes no tls"));
                }
                ("tls", "required", _) => encryption = Encryption::Required,
                ("tls", "opportunistic", _) => encryption = Encryption::Opportunistic,
                ("tls", "none", _) => encryption = Encryption::Never,
                ("tls", other, _) => return Err(bad(&format!("tls={other} is unknown"))),
                ("ca", file, _) => authority = Some(file.to_owned()),
                (other, _, _) => return Err(bad(&format!("{other} is unknown"))),
            }
        }
        let user = decoded(url.username());
        let credentials = (!user.is_empty()).then(|| {
            let password = decoded(url.password().unwrap_or_default());
            Credentials::new(user, password)
        });
        let is_safe = matches!(encryption, Encryption::FromStart | Encryption::Required);
        if credentials.is_some() && !is_safe && !is_local {
            return Err(bad(
                "the password would travel in the clear: use smtps:// or tls=required",
            ));
        }
        let mut tls = TlsParameters::builder(host.clone());
        if let Some(file) = authority {
            let wrong = |error: &dyn std::fmt::Display| BadSmtpUrl(format!("ca={file}: {error}"));
            let pem = std::fs::read(Path::new(&file)).map_err(|error| wrong(&error))?;
            let authority = Certificate::from_pem(&pem).map_err(|error| wrong(&error))?;
            tls = tls.add_root_certificate(authority);
        }
        let tls = tls.build_rustls();
        Ok(Self {
            port: url.port().unwrap_or(match encryption {
                Encryption::FromStart => 465,
                _ if is_local && credentials.is_none() => 25,
                _ => 587,
            }),
            host,
            encryption,
            credentials,
            tls: tls.map_err(|error| BadSmtpUrl(format!("no encryption here: {error}")))?,
        })
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_must_encrypt_and_one_here_need_not() {
        let parsed = |text: &str| {
            let url = SmtpUrl::parse(text).expect(text);
            (
                url.host,
                url.port,
                url.encryption,
                url.credentials.is_some(),
            )
        };
        let host = || "mail.example".to_owned();
        for (text, expected) in [
            (
                "smtp://u:p@mail.example",
                (host(), 587, Encryption::Required, true),
            ),
            (
                "smtp://mail.example:2525?tls=none",
                (host(), 2525, Encryption::Never, false),
            ),
            (
                "smtp://mail.example?tls=opportunistic",
                (host(), 587, Encryption::Opportunistic, false),
            ),
            (
                "smtps://u:p@mail.example",
                (host(), 465, Encryption::FromStart, true),
            ),
            (
                "smtp://localhost",
                ("localhost".to_owned(), 25, Encryption::Never, false),
            ),
            (
                "smtp://u:p@127.0.0.1:1025",
                ("127.0.0.1".to_owned(), 1025, Encryption::Never, true),
            ),
            (
                "smtp://[::1]:1025",
                ("::1".to_owned(), 1025, Encryption::Never, false),
            ),
            (
                "smtp://localhost?tls=required",
                ("localhost".to_owned(), 25, Encryption::Required, false),
            ),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        let url =
            SmtpUrl::parse("smtp://me%40shop.example:p%3Aw%2F@mail.example").expect("an address");
        let expected = Credentials::new("me@shop.example".to_owned(), "p:w/".to_owned());
        assert!(url.credentials == Some(expected));
    }

    #[test]
    fn what_is_wrong_is_said_and_the_password_is_not() {
        for (text, why) in [
            ("mail.example", "no address"),
            ("https://u:hush@mail.example", "https:// is no mail server"),
            ("smtp://u:hush@mail.example?tls=none", "in the clear"),
            (
                "smtp://u:hush@mail.example?tls=opportunistic",
                "in the clear",
            ),
            (
                "smtp://u:hush@mail.example?tls=maybe",
                "tls=maybe is unknown",
            ),
            ("smtps://u:hush@mail.example?tls=none", "takes no tls"),
            ("smtp://u:hush@mail.example?retries=4", "retries is unknown"),
            (
                "smtp://u:hush@mail.example?ca=/no/such/file",
                "/no/such/file",
            ),
        ] {
            let error = SmtpUrl::parse(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
        let sound = SmtpUrl::parse("smtps://u:hush@mail.example").expect("sound");
        assert!(!format!("{sound:?}").contains("hush"));
    }
}
