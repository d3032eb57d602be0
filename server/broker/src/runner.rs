//! Runs deciders, consumers and reactors, each in a task of its own.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::decider::{Following, Known};
use crate::lane::{Lane, Pace, panic_text};
use crate::{
    Begins, Consumer, Decider, Failure, Filter, Log, Reactor, Settings, consumer_lane,
    reactor_lane, timers,
};

/// The consumers of one process. Each stops between two batches, so that nothing is half done.
#[derive(Debug)]
pub struct Runner {
    log: Log,
    settings: Settings,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    deciders: Vec<&'static str>,
}

impl Runner {
    pub fn new(log: Log, settings: Settings) -> Self {
        Self {
            log,
            settings,
            stop: watch::channel(false).0,
            tasks: JoinSet::new(),
            deciders: Vec::new(),
        }
    }

    pub fn consumer<C: Consumer>(&mut self, consumer: C) -> &mut Self {
        let (consumer, mut lane) = (Arc::new(consumer), self.lane(C::NAME, C::HEARS));
        lane.begins = C::BEGINS;
        let run = move |lane| consumer_lane::run(consumer.clone(), lane);
        self.tasks.spawn(supervise(lane, run));
        self
    }

    /// Starts a decider. It takes part in turns of this process once it has come to the head.
    pub async fn decider<D: Decider>(&mut self, decider: Arc<D>) -> &mut Self {
        let known = Box::new(Known::new(decider.clone()));
        let takes_part = self.log.turn().await.register(known);
        let mut lane = self.lane(D::NAME, D::HEARS);
        lane.takes_part = Some(takes_part);
        let run = move |lane| run_decider(decider.clone(), lane);
        self.tasks.spawn(supervise(lane, run));
        self.deciders.push(D::NAME);
        self
    }

    /// Starts telling deadlines, of the deciders that were started before.
    pub fn timers(&mut self) -> &mut Self {
        let lane = self.lane("timers", Filter(&[]));
        let deciders = self.deciders.clone();
        let run = move |lane: Lane| timers::run(lane.log, deciders.clone(), lane.stop);
        self.tasks.spawn(supervise(lane, run));
        self
    }

    pub fn reactor<R: Reactor>(&mut self, reactor: R) -> &mut Self {
        let (reactor, mut lane) = (Arc::new(reactor), self.lane(R::NAME, R::HEARS));
        lane.begins = reactor.settings().begins;
        let run = move |lane| reactor_lane::run(reactor.clone(), lane);
        self.tasks.spawn(supervise(lane, run));
        self
    }

    fn lane(&self, name: &'static str, hears: Filter<'static>) -> Lane {
        let stop = self.stop.subscribe();
        self.log.is_heard(hears);
        Lane {
            log: self.log.clone(),
            settings: self.settings,
            name,
            hears,
            stop,
            takes_part: None,
            begins: Begins::AtStart,
        }
    }

    /// Lets every consumer finish what it has begun, and waits for that.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        let mut turn = self.log.turn().await;
        for decider in &self.deciders {
            turn.unregister(decider);
        }
    }
}

async fn run_decider<D: Decider>(decider: Arc<D>, lane: Lane) {
    let mut pace = Pace::new(&lane);
    // After a panic of this loop it may take part still, and nobody would try what it has parked.
    lane.log.turn().await.release(D::NAME);
    while !pace.is_stopped() {
        let known = Box::new(Known::new(decider.clone()));
        match lane.build_states(known).await {
            Ok(()) => break,
            Err(failure) => pace.failed(&failure).await,
        }
    }
    consumer_lane::run(Arc::new(Following::new(decider)), lane.clone()).await;
}

/// Runs a consumer's loop, again when it panics: a panic of a handler is caught where it happens, this
/// one is a defect of ours, and must not leave the consumer standing while the shop goes on.
async fn supervise<F: Future<Output = ()>>(lane: Lane, run: impl Fn(Lane) -> F) {
    let mut pace = Pace::new(&lane);
    while let Err(panic) = AssertUnwindSafe(run(lane.clone())).catch_unwind().await {
        let why = panic_text(&*panic);
        pace.failed(&Failure::Other(format!("the consumer panicked: {why}")))
            .await;
    }
}
