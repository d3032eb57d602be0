//! A mail server that keeps what it gets, and fails as told.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mailin::response::{OK, START_DATA};
use mailin::{Action, AuthMechanism, Handler, Response, SessionBuilder};
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::shop::DEADLINE;

/// What it does with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Takes,
    /// Answers so when it is told the recipient.
    Answers(u16),
    /// Reads the mail and never answers.
    Hangs,
    /// Hangs up in the middle of the mail.
    HangsUp,
    /// Takes the mail and hangs up before it says so.
    TakesAndHangsUp,
}

/// A mail that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub from: String,
    pub to: Vec<String>,
    pub bytes: Vec<u8>,
    pub is_encrypted: bool,
}

/// User and password that it wants, and its side of the encryption.
#[derive(Clone)]
pub struct Secured {
    pub user: &'static str,
    pub password: &'static str,
    pub tls: TlsAcceptor,
}

pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

struct Shared {
    manner: Mutex<Manner>,
    taken: watch::Sender<Vec<Taken>>,
    /// Mails that it was offered, whatever became of them.
    offered: watch::Sender<usize>,
    secured: Option<Secured>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.go_away();
    }
}

impl Sink {
    pub async fn open() -> Self {
        Self::with(None).await
    }

    /// One that wants encryption and a password.
    pub async fn secured(secured: Secured) -> Self {
        Self::with(Some(secured)).await
    }

    async fn with(secured: Option<Secured>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let shared = Arc::new(Shared {
            manner: Mutex::new(Manner::Takes),
            taken: watch::Sender::default(),
            offered: watch::Sender::default(),
            secured,
        });
        let mut sink = Self {
            address: listener.local_addr().expect("an address"),
            shared,
            serving: None,
        };
        sink.serve(listener);
        sink
    }

    fn serve(&mut self, listener: TcpListener) {
        let shared = self.shared.clone();
        self.serving = Some(tokio::spawn(async move {
            // Its connections end with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, peer)) = listener.accept().await {
                let shared = shared.clone();
                connections.spawn(async move {
                    // Whoever goes away in the middle ends the conversation.
                    let _ = converse(&shared, stream, peer.ip()).await;
                });
            }
        }));
    }

    /// What the shop is told of it.
    pub fn url(&self) -> String {
        format!("--smtp-url=smtp://{}", self.address)
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn is_to(&self, manner: Manner) {
        *self.shared.manner.lock() = manner;
    }

    /// Takes no connection any more and drops those that it has.
    pub fn go_away(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }

    /// Listens at the same place again.
    pub async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.address).await;
        self.serve(listener.expect("its old port"));
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.shared.taken.borrow().clone()
    }

    /// Waits until it has taken so many mails.
    pub async fn until_taken(&self, count: usize) -> Vec<Taken> {
        let mut taken = self.shared.taken.subscribe();
        let waited = taken.wait_for(|taken| taken.len() >= count);
        let waited = tokio::time::timeout(DEADLINE, waited).await;
        let mails = waited.expect("mails in time").expect("a sink").clone();
        assert_eq!(mails.len(), count, "{:?}", subjects(&mails));
        mails
    }

    /// Waits until it was offered so many mails, whatever became of them.
    pub async fn until_offered(&self, count: usize) {
        let mut offered = self.shared.offered.subscribe();
        let waited = offered.wait_for(|offered| *offered >= count);
        let waited = tokio::time::timeout(DEADLINE, waited).await;
        waited.expect("offered in time").expect("a sink");
    }
}

/// What the mails are called.
pub fn subjects(mails: &[Taken]) -> Vec<String> {
    let parser = mail_parser::MessageParser::default();
    let subject = |mail: &Taken| {
        let mail = parser.parse(&mail.bytes).expect("a mail");
        mail.subject().expect("a subject").to_owned()
    };
    mails.iter().map(subject).collect()
}

/// One mail as it comes in.
struct Incoming {
    shared: Arc<Shared>,
    mail: Taken,
    is_encrypted: Arc<AtomicBool>,
}

impl Handler for Incoming {
    fn mail(&mut self, _: IpAddr, _: &str, from: &str) -> Response {
        self.shared.offered.send_modify(|offered| *offered += 1);
        from.clone_into(&mut self.mail.from);
        self.mail.to.clear();
        self.mail.bytes.clear();
        OK
    }

    fn rcpt(&mut self, to: &str) -> Response {
        match *self.shared.manner.lock() {
            Manner::Answers(code) => Response::custom(code, format!("<{to}> not as you think")),
            _ => {
                self.mail.to.push(to.to_owned());
                OK
            }
        }
    }

    fn data_start(&mut self, _: &str, _: &str, _: bool, _: &[String]) -> Response {
        START_DATA
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.mail.bytes.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mail = Taken {
            is_encrypted: self.is_encrypted.load(Ordering::Relaxed),
            ..self.mail.clone()
        };
        self.shared.taken.send_modify(|taken| taken.push(mail));
        OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        match &self.shared.secured {
            Some(secured) if (user, password) == (secured.user, secured.password) => {
                mailin::response::AUTH_OK
            }
            _ => mailin::response::INVALID_CREDENTIALS,
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn converse(shared: &Arc<Shared>, stream: TcpStream, peer: IpAddr) -> io::Result<()> {
    let mut builder = SessionBuilder::new("sink.example");
    if shared.secured.is_some() {
        builder.enable_start_tls();
        builder.enable_auth(AuthMechanism::Plain);
    }
    let is_encrypted = Arc::new(AtomicBool::new(false));
    let mut session = builder.build(
        peer,
        Incoming {
            is_encrypted: is_encrypted.clone(),
            shared: shared.clone(),
            mail: Taken {
                from: String::new(),
                to: Vec::new(),
                bytes: Vec::new(),
                is_encrypted: false,
            },
        },
    );
    let mut stream: BufReader<Box<dyn Stream>> = BufReader::new(Box::new(stream));
    answer(&mut stream, &session.greeting()).await?;
    let (mut line, mut is_data) = (Vec::new(), false);
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let manner = *shared.manner.lock();
        if is_data && manner == Manner::HangsUp {
            return Ok(());
        }
        let is_end = is_data && line == b".\r\n";
        if is_end && manner == Manner::Hangs {
            // Until the other side has had enough.
            stream.read_until(b'\n', &mut line).await?;
            return Ok(());
        }
        let response = session.process(&line);
        if is_end && manner == Manner::TakesAndHangsUp {
            return Ok(());
        }
        is_data = match response.code {
            354 => true,
            0 => is_data,
            _ => false,
        };
        match response.action {
            Action::NoReply => {}
            Action::Reply => answer(&mut stream, &response).await?,
            Action::Close => return answer(&mut stream, &response).await,
            Action::UpgradeTls => {
                answer(&mut stream, &response).await?;
                let secured = shared.secured.as_ref().expect("it was offered");
                let encrypted = secured.tls.accept(stream.into_inner()).await?;
                stream = BufReader::new(Box::new(encrypted));
                session.tls_active();
                is_encrypted.store(true, Ordering::Relaxed);
            }
        }
    }
}

async fn answer(stream: &mut BufReader<Box<dyn Stream>>, response: &Response) -> io::Result<()> {
    let mut bytes = Vec::new();
    response.write_to(&mut bytes)?;
    stream.write_all(&bytes).await?;
    stream.flush().await
}
