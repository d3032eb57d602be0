//! Carries a crash run out, round by round.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use tokio::time::Instant;

use super::audit::{self, Audit};
use super::conditions::{GATEWAY_DELAY_MS, PAYMENT_WINDOW_SECONDS, SHOPPERS, STOCK};
use super::crash_report::CrashReport;
use super::diary::{Diary, Placing};
use super::expected_state::ExpectedState;
use super::kill_schedule::{self, Kill, Round};
use super::shoppers::Crowd;
use crate::args::CrashArgs;
use crate::console::{Progress, note};
use crate::gateway_ledger::Ledger;
use crate::goods::{self, Good};
use crate::server_process::{ServerProcess, ServerProgram};
use crate::{database, file_limit};
use shopper::target::Target;

/// How long a round waits for its first order: when everything is sold out there is none.
const FIRST_ORDER: Duration = Duration::from_secs(2);
/// How long shoppers may take to see that the shop is gone.
const LEAVING: Duration = Duration::from_secs(30);

/// Carries it out and prints what came of it. Whether every invariant held.
pub async fn carry_out(args: &CrashArgs) -> anyhow::Result<bool> {
    let seed = args.seed.unwrap_or_else(|| rand::random::<u32>().into());
    note(&format!("crash run with --seed {seed}"));
    file_limit::raise(0, SHOPPERS as u64)?;
    let mut run = Run::prepare(args, seed).await?;
    let progress = Progress::new("killing the shop", args.kills);
    for (number, round) in (1..).zip(kill_schedule::rounds(seed, args.kills)) {
        if let Err(error) = run.round(&round).await {
            run.wrong.push(format!("{error:#}"));
        }
        if !run.wrong.is_empty() {
            note(&format!("something is broken in round {number}"));
            break;
        }
        progress.step();
    }
    if run.wrong.is_empty()
        && let Err(error) = run.last_look().await
    {
        run.wrong.push(format!("{error:#}"));
    }
    let (report, kept) = run.close();
    report.print(kept.as_deref());
    Ok(report.is_sound())
}

struct Run {
    program: ServerProgram,
    database_url: String,
    /// Read when the shop serves for the first time.
    goods: Arc<[Good]>,
    diary: Diary,
    /// Orders whose answer never came and whose shoppers come back in the next round.
    returning: Vec<Placing>,
    /// The log, as of the last audit.
    expected: ExpectedState,
    report: CrashReport,
    wrong: Vec<String>,
}

impl Run {
    async fn prepare(args: &CrashArgs, seed: u64) -> anyhow::Result<Self> {
        let mut program = ServerProgram::prepare(args.server.as_deref())
            .await?
            .with("VITRINE_DEMO_STOCK", STOCK.to_string())
            .with(
                "VITRINE_PAYMENT_WINDOW_SECONDS",
                PAYMENT_WINDOW_SECONDS.to_string(),
            )
            .with(
                "VITRINE_TEST_GATEWAY_DELAY_MS",
                GATEWAY_DELAY_MS.to_string(),
            );
        let database_url = match &args.database_url {
            Some(url) => {
                database::must_be_empty_postgres(url)
                    .await
                    .context("--database-url")?;
                program = program.with("VITRINE_DATABASE_URL", url);
                url.clone()
            }
            None => program.sqlite_url(),
        };
        let is_own = args.database_url.is_none();
        Ok(Self {
            program,
            database_url,
            goods: Vec::new().into(),
            diary: Diary::default(),
            returning: Vec::new(),
            expected: ExpectedState::default(),
            report: CrashReport::new(seed, is_own),
            wrong: Vec::new(),
        })
    }

    /// Starts the shop, looks whether it has recovered, lets shoppers in, and kills it.
    async fn round(&mut self, round: &Round) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut process = self.program.start()?;
        match round.kill {
            Kill::WhileStarting(after) => {
                tokio::time::sleep(after).await;
                self.report.while_starting += 1;
                self.kill(process).await
            }
            Kill::WhileBuying(after) => {
                let target = process.opened().await?;
                self.look(started).await?;
                if !self.wrong.is_empty() {
                    return Ok(());
                }
                self.sell(target, process, round.seed, after).await
            }
        }
    }

    /// Starts the shop once more, after the last kill.
    async fn last_look(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut process = self.program.start()?;
        process.opened().await?;
        self.look(started).await?;
        process.kill().await
    }

    /// Waits until every order of earlier rounds has come to rest, and audits. The database is open
    /// for that long only: whoever has it open while the shop dies keeps part of it alive.
    async fn look(&mut self, started: Instant) -> anyhow::Result<()> {
        self.report.serves_after(started.elapsed());
        let database = database::open(&self.database_url).await?;
        let stuck = audit::rest(&database).await?;
        self.report.rests_after(started.elapsed());
        if self.goods.is_empty() {
            self.goods = goods::read(&database, None).await?.into();
        }
        let ledger = Ledger::beside(&self.program.data());
        let promises = &self.diary.promises;
        let Audit { expected, wrong } = audit::audit(&database, &ledger, promises).await?;
        database.close().await;
        self.expected = expected;
        self.wrong.extend(stuck);
        self.wrong.extend(wrong);
        Ok(())
    }

    /// Lets shoppers buy until `after` the first order, and kills the shop under them.
    async fn sell(
        &mut self,
        target: Target,
        process: ServerProcess,
        seed: u64,
        after: Duration,
    ) -> anyhow::Result<()> {
        let crowd = Arc::new(Crowd::new(target, self.goods.clone()));
        let mut shoppers = crowd
            .enter(seed, std::mem::take(&mut self.returning))
            .await?;
        // A shop that is sold out gets no order, and is killed all the same.
        let _ = tokio::time::timeout(FIRST_ORDER, crowd.first_order()).await;
        tokio::time::sleep(after).await;
        crowd.expect_the_end();
        self.kill(process).await?;
        let left = async {
            while shoppers.join_next().await.transpose()?.is_some() {}
            anyhow::Ok(())
        };
        tokio::time::timeout(LEAVING, left)
            .await
            .context("shoppers wait for a shop that is gone")??;
        self.take_in(crowd.diary());
        Ok(())
    }

    async fn kill(&mut self, process: ServerProcess) -> anyhow::Result<()> {
        self.report.killed_at_us.push(now_us());
        process.kill().await
    }

    /// Takes over what the shoppers of a round know.
    fn take_in(&mut self, round: Diary) {
        let Diary {
            promises,
            unanswered,
            complaints,
        } = round;
        self.report.unanswered += unanswered.len();
        self.diary.promises.extend(promises);
        // Every other one tries again, as people do; what became of the rest shows in the audit.
        self.returning = unanswered.into_iter().step_by(2).collect();
        self.wrong.extend(complaints);
    }

    /// The report; and the folder, kept for whoever wants to know why, when something broke.
    fn close(self) -> (CrashReport, Option<PathBuf>) {
        let Self {
            program,
            database_url,
            diary,
            expected,
            mut report,
            wrong,
            ..
        } = self;
        report.accepted = diary.accepted();
        report.fill_in(&expected);
        let is_worth_keeping = !wrong.is_empty() && database_url == program.sqlite_url();
        let kept = is_worth_keeping.then(|| program.keep());
        report.wrong = wrong;
        (report, kept)
    }
}

/// Unix microseconds, on the clock that the shop's events have, too.
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}
