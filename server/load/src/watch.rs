//! Measures the rules that watch the shop: a believable day of 10,000 orders, and attacks mixed into it. Time is
//! simulated, the day is not: what is told is what the shop's own services would tell.

mod attacks;
mod day;
mod happening;
mod in_memory;
mod on_a_log;
mod people;
mod watch_report;

use crate::args::WatchArgs;
use crate::console::{self, note};
use crate::workspace::Workspace;

/// Plays the day and prints the table. Sound when the day raised nothing and each attack was found in time.
pub async fn carry_out(args: &WatchArgs) -> anyhow::Result<bool> {
    note(&format!(
        "{} orders, and every attack by itself",
        args.orders
    ));
    let alone = in_memory::measure(args.orders, args.seed);
    let folder = Workspace::find()?.folder()?;
    note("the same day with all of them in it, on a log of its own");
    let on_log = on_a_log::measure(args.orders, args.seed, folder.path()).await?;
    console::print(&watch_report::text(args, &alone, &on_log)?);
    Ok(alone.is_sound() && on_log.is_sound(&alone))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The measurement itself, as it stands in the README.
    #[test]
    fn a_day_of_10000_orders_raises_nothing_and_each_attack_is_found_within_five_seconds() {
        for seed in [1, 4] {
            let measured = in_memory::measure(10_000, seed);
            assert_eq!(measured.orders, 10_000);
            assert_eq!(measured.false_alerts, Vec::<String>::new());
            for attack in &measured.attacks {
                let after = attack.found_after_us;
                let name = attack.name;
                assert!(
                    after.is_some_and(|after| after <= 5_000_000),
                    "{name}: {after:?}"
                );
                assert!(attack.is_proven, "{name}: evidence of somebody else");
            }
        }
    }
}
