//! Runs deciders, consumers and reactors, each in a task of its own.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::decider::Known;
use crate::following::Following;
use crate::panics::panic_text;
use crate::subscription::{Pace, Subscription};
use crate::{
    Begins, Consumer, Decider, Failure, Filter, Log, Reactor, Settings, consumer_loop, deadlines,
    reactor_loop,
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
        let (consumer, mut subscription) =
            (Arc::new(consumer), self.subscription(C::NAME, C::HEARS));
        subscription.begins = C::BEGINS;
        let run = move |subscription| consumer_loop::run(consumer.clone(), subscription);
        self.tasks.spawn(supervise(subscription, run));
        self
    }

    /// Starts a decider. It takes part in turns of this process once it has come to the head.
    pub async fn decider<D: Decider>(&mut self, decider: Arc<D>) -> &mut Self {
        let known = Box::new(Known::new(decider.clone()));
        let takes_part = self.log.turn().await.register(known);
        let mut subscription = self.subscription(D::NAME, D::HEARS);
        subscription.takes_part = Some(takes_part);
        let run = move |subscription| run_decider(decider.clone(), subscription);
        self.tasks.spawn(supervise(subscription, run));
        self.deciders.push(D::NAME);
        self
    }

    /// Starts telling deadlines, of the deciders that were started before.
    pub fn timers(&mut self) -> &mut Self {
        let subscription = self.subscription("timers", Filter(&[]));
        let deciders = self.deciders.clone();
        let run = move |subscription: Subscription| {
            deadlines::run(subscription.log, deciders.clone(), subscription.stop)
        };
        self.tasks.spawn(supervise(subscription, run));
        self
    }

    pub fn reactor<R: Reactor>(&mut self, reactor: R) -> &mut Self {
        let (reactor, mut subscription) = (Arc::new(reactor), self.subscription(R::NAME, R::HEARS));
        subscription.begins = reactor.settings().begins;
        let run = move |subscription| reactor_loop::run(reactor.clone(), subscription);
        self.tasks.spawn(supervise(subscription, run));
        self
    }

    fn subscription(&self, name: &'static str, hears: Filter<'static>) -> Subscription {
        let stop = self.stop.subscribe();
        self.log.is_heard(hears);
        Subscription {
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

async fn run_decider<D: Decider>(decider: Arc<D>, subscription: Subscription) {
    let mut pace = Pace::new(&subscription);
    // After a panic of this loop it may take part still, and nobody would try what it has parked.
    subscription.log.turn().await.release(D::NAME);
    while !pace.is_stopped() {
        let known = Box::new(Known::new(decider.clone()));
        match subscription.build_states(known).await {
            Ok(()) => break,
            Err(failure) => pace.failed(&failure).await,
        }
    }
    consumer_loop::run(Arc::new(Following::new(decider)), subscription.clone()).await;
}

/// Runs a consumer's loop, again when it panics: a panic of a handler is caught where it happens, this
/// one is a defect of ours, and must not leave the consumer standing while the shop goes on.
async fn supervise<F: Future<Output = ()>>(
    subscription: Subscription,
    run: impl Fn(Subscription) -> F,
) {
    let mut pace = Pace::new(&subscription);
    while let Err(panic) = AssertUnwindSafe(run(subscription.clone()))
        .catch_unwind()
        .await
    {
        let why = panic_text(&*panic);
        pace.failed(&Failure::Other(format!("the consumer panicked: {why}")))
            .await;
    }
}
