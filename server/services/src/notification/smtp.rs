//! Mails over SMTP: a few connections, kept while they are of use.
//!
//! A connection on which anything went wrong is closed and not kept: what it would send next could be
//! taken for the rest of a mail.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;

use super::message::Outgoing;
use super::smtp_url::{Encryption, SmtpUrl};
use super::transport::{Attempt, Outcome, Transport};

/// Connections at once: mail servers take few from one client.
const CONNECTIONS: usize = 4;
/// How long a connection that has rested may take to say that it is alive.
const PING: Duration = Duration::from_secs(2);
/// For writing down how an attempt ended.
const MARGIN: Duration = Duration::from_secs(5);

/// A mail server.
pub struct Smtp {
    connections: Pool<Server>,
    /// For one mail, from the connection to the server's last word.
    deadline: Duration,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp({:?})", self.connections.manager().url)
    }
}

struct Server {
    url: SmtpUrl,
    /// As whom we introduce ourselves.
    hello: ClientId,
}

impl Server {
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let SmtpUrl {
            host, port, tls, ..
        } = &self.url;
        let from_start = self.url.encryption == Encryption::FromStart;
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (host.as_str(), *port),
            None,
            &self.hello,
            from_start.then(|| tls.clone()),
            None,
        )
        .await?;
        let begins = match self.url.encryption {
            Encryption::Required => true,
            Encryption::Opportunistic => connection.can_starttls(),
            Encryption::FromStart | Encryption::Never => false,
        };
        if begins {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.url.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

impl Manager for Server {
    type Type = AsyncSmtpConnection;
    type Error = Error;

    async fn create(&self) -> Result<AsyncSmtpConnection, Error> {
        self.connect().await
    }

    async fn recycle(
        &self,
        connection: &mut AsyncSmtpConnection,
        _: &Metrics,
    ) -> RecycleResult<Error> {
        let alive = tokio::time::timeout(PING, connection.test_connected());
        match alive.await {
            Ok(true) => Ok(()),
            _ => Err(RecycleError::message("the server has hung up")),
        }
    }
}

impl Smtp {
    /// `hello` is the name of the shop's machine; `deadline` is for one mail.
    ///
    /// # Errors
    /// Never with these settings of the pool.
    pub fn new(url: SmtpUrl, hello: &str, deadline: Duration) -> Result<Self, String> {
        let server = Server {
            url,
            hello: match hello.parse() {
                Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
                Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
                Err(_) => ClientId::Domain(hello.to_owned()),
            },
        };
        let pool = Pool::builder(server)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .queue_mode(QueueMode::Lifo)
            .timeouts(Timeouts::default())
            .build();
        Ok(Self {
            connections: pool.map_err(|error| error.to_string())?,
            deadline,
        })
    }

    async fn hand_over(&self, mail: &Outgoing) -> Outcome {
        let connection = match self.connections.get().await {
            Ok(connection) => connection,
            Err(PoolError::Backend(error)) => return away(&error),
            Err(error) => return Outcome::Away(error.to_string()),
        };
        let mut lent = Lent {
            connection: Some(connection),
            is_sound: false,
        };
        let Some(connection) = &mut lent.connection else {
            return Outcome::Away("no connection".to_owned());
        };
        match connection.send(&mail.envelope, &mail.bytes).await {
            Ok(_) => {
                lent.is_sound = true;
                Outcome::Sent
            }
            Err(error) => outcome_of(&error),
        }
    }
}

/// A connection out of the pool. It is closed unless all went well on it: also when nobody waits for
/// its mail any more, in the middle of it.
struct Lent {
    connection: Option<Object<Server>>,
    is_sound: bool,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| !self.is_sound) {
            drop(Object::take(connection));
        }
    }
}

impl Transport for Smtp {
    fn send<'a>(&'a self, mail: &'a Outgoing) -> Attempt<'a> {
        Box::pin(async move {
            let attempt = tokio::time::timeout(self.deadline, self.hand_over(mail));
            attempt.await.unwrap_or_else(|_| {
                let deadline = self.deadline;
                Outcome::Away(format!(
                    "the mail server did not answer within {deadline:?}"
                ))
            })
        })
    }

    fn longest(&self) -> Duration {
        self.deadline + MARGIN
    }

    fn in_flight(&self) -> usize {
        // One more is written while its predecessor is on its way.
        CONNECTIONS * 2
    }
}

/// How the server has answered to a mail, or not.
fn outcome_of(error: &Error) -> Outcome {
    let code = error.status().map(u16::from);
    match code {
        // It is going away, or wants another sign-in: not about this mail.
        Some(421 | 454 | 530 | 534 | 535 | 538) => away(error),
        Some(400..500) => Outcome::NotNow(words(error)),
        Some(_) => Outcome::Refused(words(error)),
        // What the server cannot take, such as an address with letters beyond ASCII.
        None if error.is_client() => Outcome::Refused(words(error)),
        None => away(error),
    }
}

/// In words that name nobody: a server repeats the addresses that it was told.
fn away(error: &Error) -> Outcome {
    Outcome::Away(match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None => words(error),
    })
}

/// An error with its causes.
fn words(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    // It stands in a table and on a page.
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(500)
        .collect()
}
