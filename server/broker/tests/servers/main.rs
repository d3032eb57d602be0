//! Two processes on one PostgreSQL: what one appends, the other is told. Each test has a server of its
//! own, since it ends connections.

use std::time::{Duration, Instant};

use broker::{
    Decider, Environment, Failure, Filter, Log, NewEvent, Recorded, Roster, Rule, Runner, States,
    Tail,
};
use db::{Db, Settings};
use private_postgres::{Durability, Programs, Proxy, Server};

/// Longer than anything here takes; what takes longer has failed.
const DEADLINE: Duration = Duration::from_secs(20);
/// Far less than passes between two questions to a database that does not tell.
const AT_ONCE: Duration = Duration::from_millis(100);

fn server() -> Server {
    let programs = Programs::find().expect(
        "PostgreSQL's server programs: `cargo xtask test` installs them, or install your system's \
         package of the server",
    );
    programs.start(Durability::Volatile).expect("a server")
}

/// The log as one process opens it.
async fn open(url: String) -> Log {
    let db = Db::open(&Settings::new(url)).await.expect("a database");
    Log::open(db, Environment::system()).await.expect("a log")
}

async fn append(log: &Log) {
    let appended = async {
        loop {
            let appended = async {
                let mut tx = log.begin("test").await?;
                tx.append(NewEvent::new("called", "tests", "key", "{}"), None);
                tx.commit().await
            };
            match appended.await {
                Ok(_) => return,
                // Its connection was ended, too.
                Err(error) => assert!(error.is_unavailable(), "{error}"),
            }
        }
    };
    in_time("appended", appended).await;
}

async fn in_time<T>(what: &str, done: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(DEADLINE, done).await;
    done.unwrap_or_else(|_| panic!("{what} in time"))
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let so = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    in_time(what, so).await;
}

/// A reader that waits at the end of the log, as every follower does.
struct Follower {
    log: Log,
    tail: Tail,
}

impl Follower {
    fn of(log: &Log) -> Self {
        let tail = log.tail(log.head());
        let log = log.clone();
        Self { log, tail }
    }

    /// Waits, as a follower that has nothing to read, until its database tells of news.
    async fn until_told(&mut self) {
        tokio::select! {
            read = self.tail.next(10) => panic!("nothing was appended: {read:?}"),
            () = until("told", || self.log.is_told_of_others()) => {}
        }
    }

    /// Waits for what `other` appends meanwhile. Answers with how long it took to hear of it.
    async fn hears(&mut self, other: &Log) -> Duration {
        let appended = async {
            append(other).await;
            Instant::now()
        };
        let heard = async {
            let events = self.tail.next(10).await;
            // A connection may have been ended: it is asked again.
            match events {
                Ok(events) => assert_eq!(events.len(), 1),
                Err(_) => {
                    let events = self.tail.next(10).await;
                    assert_eq!(events.expect("read").len(), 1);
                }
            }
            Instant::now()
        };
        let (appended, heard) = tokio::join!(appended, in_time("heard", heard));
        heard.saturating_duration_since(appended)
    }

    /// Hears of many, each at once, and never asks.
    async fn hears_without_asking(&mut self, other: &Log) {
        let polls = self.log.polls();
        let mut longest = Vec::new();
        for _ in 0..20 {
            longest.push(self.hears(other).await);
        }
        assert_eq!(self.log.polls(), polls, "it was told, and did not ask");
        // A busy machine may keep some of them waiting.
        longest.sort();
        assert!(longest[10] < AT_ONCE, "{longest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_appends_is_told_and_not_asked_for() {
    let server = server();
    let (one, other) = (open(server.url()).await, open(server.url()).await);
    let mut follower = Follower::of(&one);
    follower.until_told().await;
    follower.hears_without_asking(&other).await;
    one.db().close().await;
    other.db().close().await;
}

/// Answers each event.
#[derive(Debug)]
struct Answers;

impl Decider for Answers {
    const NAME: &'static str = "answers";
    const HEARS: Filter<'static> = Filter(&[Rule::topic("tests").of(&["called"])]);
    type State = ();

    fn keys(&self, heard: &Recorded) -> Result<Vec<String>, Failure> {
        Ok(vec![heard.key.clone()])
    }

    fn decide(&self, _: &States<()>, heard: &Recorded) -> Result<Vec<NewEvent>, Failure> {
        Ok(vec![NewEvent::new("answered", "tests", &heard.key, "{}")])
    }

    fn evolve(&self, _: &mut States<()>, _: &Recorded) -> Result<(), Failure> {
        Ok(())
    }
}

/// What the other process appends begins no turn of this one: the decider waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decider_answers_what_another_process_appends_when_it_is_told() {
    let server = server();
    let (one, other) = (open(server.url()).await, open(server.url()).await);
    let mut runner = Runner::new(one.clone(), broker::Settings::default());
    Roster::new().decider(Answers).start(&mut runner).await;
    until("told", || one.is_told_of_others()).await;
    // Once it answers in the transaction that asks, it takes part in turns.
    let in_turn = async {
        loop {
            append(&one).await;
            let last = one.read_last(2).await.expect("readable");
            if last
                .iter()
                .map(|event| &*event.kind)
                .eq(["answered", "called"])
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    in_time("in turns", in_turn).await;
    let polls = one.polls();
    let mut head = one.watch_head();
    let mut took = Vec::new();
    for _ in 0..20 {
        let asked = one.stored_head().await.expect("readable") + 1;
        append(&other).await;
        let begun = Instant::now();
        in_time("answered", head.wait_for(|head| *head > asked))
            .await
            .expect("a head");
        took.push(begun.elapsed());
    }
    assert_eq!(one.polls(), polls, "it was told, and did not ask");
    took.sort();
    assert!(took[10] < AT_ONCE, "{took:?}");
    runner.stop().await;
    one.db().close().await;
    other.db().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_appended_after_the_listening_connection_was_ended_is_heard() {
    let server = server();
    let (one, other) = (open(server.url()).await, open(server.url()).await);
    let mut follower = Follower::of(&one);
    for _ in 0..3 {
        follower.until_told().await;
        let ended = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where pid <> pg_backend_pid() and backend_type = 'client backend' \
             and query like '%{}%'",
            "log_head where id = 1"
        );
        let ended = db::query(db::trusted_sql(ended))
            .fetch_all(other.db().reader())
            .await;
        assert!(!ended.expect("asked").is_empty(), "it listened");
        until("lost", || !one.is_told_of_others()).await;
        follower.hears(&other).await;
        follower.until_told().await;
        follower.hears_without_asking(&other).await;
    }
    one.db().close().await;
    other.db().close().await;
}

/// It dies without a word, as behind a firewall that forgets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listening_connection_that_goes_silent_is_noticed_and_opened_again() {
    let server = server();
    let proxy = Proxy::before(server.port()).expect("a proxy");
    let one = open(server.url_at(proxy.port())).await;
    let other = open(server.url()).await;
    let mut follower = Follower::of(&one);
    follower.until_told().await;
    proxy.go_silent();
    until("lost", || !one.is_told_of_others()).await;
    append(&other).await;
    proxy.speak();
    let events = in_time("heard", async {
        loop {
            if let Ok(events) = follower.tail.next(10).await {
                return events;
            }
        }
    });
    assert_eq!(events.await.len(), 1);
    follower.until_told().await;
    follower.hears_without_asking(&other).await;
    one.db().close().await;
    other.db().close().await;
}
