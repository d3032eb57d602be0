//! The program itself, started as an operator starts it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use types::order::OrderStatus;

use crate::client::Client;
use crate::shop::{DEADLINE, EMAIL, PASSWORD, RING, RING_PRICE};

pub struct Program {
    child: Child,
    pub url: String,
    folder: tempfile::TempDir,
    _out: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts it through a shell, which first does `before`.
    async fn start(before: &str, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::start_in(folder, before, settings).await
    }

    /// Starts it where an earlier one has left its data.
    pub async fn start_in(folder: tempfile::TempDir, before: &str, settings: &[&str]) -> Self {
        let pkg = folder.path().join("site").join("pkg");
        std::fs::create_dir_all(&pkg).expect("a site folder");
        std::fs::write(pkg.join("current"), "built").expect("a site");
        let mut child = Command::new("sh")
            .args(["-c", &format!("{before} exec \"$0\" \"$@\"")])
            .arg(Path::new(env!("CARGO_BIN_EXE_server")))
            .args(["--listen=127.0.0.1:0", "--data-dir=data", "--site-dir=site"])
            .arg(format!("--admin-email={EMAIL}"))
            .arg(format!("--admin-password={PASSWORD}"))
            .args(settings)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a program");
        let out = child.stdout.take().expect("its output");
        let mut out = BufReader::new(out).lines();
        let url = async {
            while let Some(line) = out.next_line().await.expect("a line") {
                if let Some(url) = line.strip_prefix("listening on ") {
                    return url.to_owned();
                }
            }
            panic!("it says where it listens");
        };
        let url = tokio::time::timeout(DEADLINE, url)
            .await
            .expect("it starts");
        Self {
            child,
            url,
            folder,
            _out: out,
        }
    }

    /// Ends it at once, as a power cut or the system would; what it has written stays.
    pub async fn kill(mut self) -> tempfile::TempDir {
        self.child.kill().await.expect("killed");
        self.folder
    }

    async fn ask_to_stop(&self) {
        let id = self.child.id().expect("it runs").to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(asked.expect("kill").success());
    }

    /// Asks it to stop, and answers with what it logged.
    async fn stop(mut self) -> String {
        self.ask_to_stop().await;
        let mut log = String::new();
        let mut err = self.child.stderr.take().expect("its log");
        let read = err.read_to_string(&mut log);
        let read = tokio::time::timeout(DEADLINE, read).await;
        read.expect("it ends").expect("text");
        assert!(self.child.wait().await.expect("an end").success(), "{log}");
        log
    }

    /// The most memory it has ever had, in MiB.
    fn peak_memory(&self) -> u64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("a status");
        let line = status.lines().find(|line| line.starts_with("VmHWM"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.expect("a number").parse::<u64>().expect("KiB") / 1_024
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_are_json_when_that_is_set_and_no_client_writes_them() {
    let program = Program::start("", &["--log-format=json"]).await;
    let mut mallory = Client::new(&program.url);
    let words = "mallory\n{\"level\":\"ERROR\"}";
    let form = [("email", words), ("password", "a wrong password")];
    for number in 0..300 {
        mallory.set_cookie("session", "made-up-by-mallory");
        mallory.set_cookie("shopper", "made-up-by-mallory");
        mallory.get("/made-up-by-mallory").await;
        mallory.post("/api/made-up-by-mallory", &[]).await;
        // A few: each further one would only wait longer.
        if number < 6 {
            mallory.post("/admin/session", &form).await;
        }
    }
    let log = program.stop().await;
    assert!(log.contains("a sign-in failed"), "{log}");
    assert!(!log.contains("mallory") && !log.contains(EMAIL), "{log}");
    assert!(log.lines().count() < 60, "{log}");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(line["level"].is_string(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_the_first_limit_of_files_are_served() {
    let program = Program::start("ulimit -Sn 128;", &[]).await;
    let address = program.url.trim_start_matches("http://").to_owned();
    let mut held = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        let request = b"GET /health/live HTTP/1.1\r\nhost: shop\r\n\r\n";
        stream.write_all(request).await.expect("sent");
        let mut start = [0; 12];
        let read = tokio::time::timeout(DEADLINE, stream.read_exact(&mut start)).await;
        read.expect("in time").expect("an answer");
        assert!(start.ends_with(b"200"));
        held.push(stream);
    }
    drop(held);
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_from_everywhere_at_once_take_little_memory_and_the_shop_goes_on() {
    let program = Program::start("", &["--trusted-proxies=127.0.0.1"]).await;
    let before = program.peak_memory();
    let mut tries = tokio::task::JoinSet::new();
    for number in 0..160_u8 {
        let mut eve = Client::new(&program.url);
        tries.spawn(async move {
            let form = [("email", EMAIL), ("password", "a wrong password")];
            let request = eve.request(reqwest::Method::POST, "/admin/session");
            let request = request.header("x-forwarded-for", format!("192.0.2.{number}"));
            let answer = eve.send(request.form(&form)).await;
            assert_eq!(answer.location(), Some("/admin/sign-in"));
            // What the form says of it.
            eve.cookie("flash").map(str::to_owned).expect("words")
        });
    }
    let answers = tries.join_all().await;
    let says = |status: u16| format!("%22status%22%3A{status}");
    let busy = answers.iter().filter(|said| said.contains(&says(503)));
    assert!(busy.count() > 0, "who comes too many at once is told");
    let wrong = answers.iter().filter(|said| said.contains(&says(401)));
    assert!(wrong.count() > 0);
    let grown = program.peak_memory().saturating_sub(before);
    assert!(grown < 150, "{grown} MiB more");
    let home = tokio::time::timeout(Duration::from_secs(5), async {
        Client::new(&program.url).get("/").await
    });
    home.await.expect("the shop answers").expect_ok();
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_twice_to_stop_does_not_wait_for_a_slow_gateway() {
    let mut program = Program::start("", &["--test-gateway-delay-ms=60000"]).await;
    let mut ada = Client::new(&program.url);
    let order = ada.order(RING, "pm_card_visa", RING_PRICE).await;
    let mut tab = ada.socket().await;
    let mut followed = tab.follow(order, 0).await;
    tab.until(&mut followed, OrderStatus::Paying).await;
    program.ask_to_stop().await;
    // It has begun to stop once it lets its sockets go.
    tab.until_end().await;
    program.ask_to_stop().await;
    let ended = tokio::time::timeout(Duration::from_secs(5), program.child.wait()).await;
    let ended = ended.expect("it ends at once").expect("an end");
    assert!(!ended.success(), "and says that it did not wait");
}
