//! The broker by itself, without a shop around it: how many events per second go in and come out, how
//! long one takes, and what asking about many keys at once gains.

mod bench_report;
mod bench_run;
mod handlers;
mod latency;
mod measured;
mod parallel_keys;
mod rates;

pub use bench_run::carry_out;
