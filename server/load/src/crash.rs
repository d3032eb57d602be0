//! The crash run: shoppers buy, the shop is killed with SIGKILL at a random moment, starts again on
//! what it had written, and everything must agree. Again and again, on one database.

mod audit;
mod conditions;
mod crash_report;
mod crash_run;
mod diary;
mod expected_state;
mod kill_schedule;
mod shoppers;

pub use crash_run::carry_out;
