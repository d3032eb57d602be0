//! The table at the end of a crash run.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::conditions::{GATEWAY_DELAY_MS, PAYMENT_WINDOW_SECONDS, SHOPPERS, STOCK};
use super::expected_state::ExpectedState;
use crate::{console, table};

/// Broken invariants that are printed.
const SHOWN: usize = 20;

#[derive(Debug)]
pub struct CrashReport {
    seed: u64,
    /// Whether the database was an SQLite file of the run's own.
    is_sqlite: bool,
    pub killed_at_us: Vec<i64>,
    pub while_starting: usize,
    pub accepted: usize,
    pub unanswered: usize,
    placed: usize,
    confirmed: usize,
    rejected: usize,
    cancelled: usize,
    interrupting: usize,
    interrupted: usize,
    serving: Duration,
    resting: Duration,
    pub wrong: Vec<String>,
}

impl CrashReport {
    pub fn new(seed: u64, is_sqlite: bool) -> Self {
        Self {
            seed,
            is_sqlite,
            killed_at_us: Vec::new(),
            while_starting: 0,
            accepted: 0,
            unanswered: 0,
            placed: 0,
            confirmed: 0,
            rejected: 0,
            cancelled: 0,
            interrupting: 0,
            interrupted: 0,
            serving: Duration::ZERO,
            resting: Duration::ZERO,
            wrong: Vec::new(),
        }
    }

    pub fn serves_after(&mut self, time: Duration) {
        self.serving = self.serving.max(time);
    }

    pub fn rests_after(&mut self, time: Duration) {
        self.resting = self.resting.max(time);
    }

    /// Counts what the log tells.
    pub fn fill_in(&mut self, expected: &ExpectedState) {
        self.placed = expected.placed.len();
        self.confirmed = expected.ended_with("confirmed");
        self.rejected = expected.ended_with("rejected");
        self.cancelled = expected.ended_with("cancelled");
        let open = self
            .killed_at_us
            .iter()
            .map(|&at_us| expected.open_at(at_us));
        let open: Vec<usize> = open.filter(|&open| open > 0).collect();
        self.interrupting = open.len();
        self.interrupted = open.iter().sum();
    }

    pub fn is_sound(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Prints it, and where the data were kept.
    pub fn print(&self, kept: Option<&Path>) {
        let mut text = String::new();
        let database = match self.is_sqlite {
            true => "SQLite",
            false => "PostgreSQL",
        };
        let _ = writeln!(
            text,
            "crash run with --seed {}: {SHOPPERS} shoppers at once, {STOCK} pieces per SKU, payment \
             window {PAYMENT_WINDOW_SECONDS} s, gateway delay {GATEWAY_DELAY_MS} ms",
            self.seed
        );
        let header = vec![String::new(), database.to_owned()];
        let rows = self
            .rows()
            .map(|(name, value)| vec![name.to_owned(), value]);
        let _ = writeln!(text, "{}", table::table(header, rows.into()));
        for said in self.wrong.iter().take(SHOWN) {
            let _ = writeln!(text, "✗ {said}");
        }
        if self.wrong.len() > SHOWN {
            let _ = writeln!(text, "✗ and {} more", self.wrong.len() - SHOWN);
        }
        if let Some(folder) = kept {
            let _ = writeln!(text, "what the shop had written is in {}", folder.display());
        }
        if self.is_sound() {
            let _ = writeln!(text, "✓ all invariants held");
        }
        console::print(&text);
    }

    fn rows(&self) -> [(&'static str, String); 12] {
        let seconds = |time: Duration| format!("{:.1}", time.as_secs_f64());
        [
            ("kills", self.killed_at_us.len().to_string()),
            (
                "kills while the shop started",
                self.while_starting.to_string(),
            ),
            (
                "kills that interrupted an open order",
                self.interrupting.to_string(),
            ),
            ("open orders interrupted", self.interrupted.to_string()),
            ("orders answered \"accepted\"", self.accepted.to_string()),
            ("orders never answered", self.unanswered.to_string()),
            ("orders in the log", self.placed.to_string()),
            ("confirmed", self.confirmed.to_string()),
            ("rejected", self.rejected.to_string()),
            ("cancelled", self.cancelled.to_string()),
            ("longest restart, s, until it serves", seconds(self.serving)),
            (
                "longest recovery, s, until every order has ended",
                seconds(self.resting),
            ),
        ]
    }
}
