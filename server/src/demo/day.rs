//! Runs the demo: starts visitors at their times, prints what they do, and stops them at the end.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use shopper::http::{Credentials, Pool, Refusal};
use shopper::target::Target;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};

use super::clock::Clock;
use super::shelf::Shelf;
use super::world::{Closing, Ending, Note, What, World};
use super::{people, staff, visitor};

/// How long those who are in the middle of an order may take to bring it to its end.
const FAREWELL: Duration = Duration::from_secs(10);
/// After an error another visitor comes only then, so that a shop that is away is not overrun.
const BREATH: Duration = Duration::from_secs(2);

/// How the day is run.
#[derive(Debug)]
pub struct Plan {
    pub target: Target,
    /// Days of the demo in a day.
    pub speed: u32,
    /// Decides who comes and what they do.
    pub seed: u64,
    /// Sign-in of the staff who correct stock; `None` leaves them out.
    pub staff: Option<Credentials>,
}

#[derive(Debug, Default)]
struct Counts {
    visitors: u32,
    confirmed: u32,
    cancelled: u32,
    rejected: u32,
    left: u32,
}

impl Counts {
    fn add(&mut self, ending: Ending) {
        *match ending {
            Ending::Confirmed => &mut self.confirmed,
            Ending::Cancelled => &mut self.cancelled,
            Ending::Rejected => &mut self.rejected,
            Ending::Left => &mut self.left,
        } += 1;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} visitors; orders: {} confirmed, {} cancelled, {} sold out meanwhile, {} left unpaid",
            self.visitors, self.confirmed, self.cancelled, self.rejected, self.left
        )
    }
}

/// Runs days until `ended` says so, and tells what happens.
///
/// # Errors
/// When there is no shop, or none that takes test cards.
pub async fn run(
    plan: Plan,
    ended: impl Future<Output = ()>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let Plan {
        target,
        speed,
        seed,
        staff,
    } = plan;
    let pool = Pool::default();
    check_gateway(&target, &pool).await?;
    let shelf = Shelf::read(&target, &pool).await?;
    let (diary, mut notes) = mpsc::unbounded_channel();
    let (close, closing) = watch::channel(false);
    let world = World {
        target,
        pool,
        shelf: Arc::new(shelf),
        clock: Clock::start(speed),
        diary,
        closing,
    };
    writeln!(
        out,
        "{} pieces on the shelf, a day takes {}. Ctrl-C ends it.",
        world.shelf.len(),
        world.clock.length_of_a_day()
    )?;
    let mut people = JoinSet::new();
    match staff {
        Some(credentials) => {
            let session = staff::sign_in(&world, &credentials).await?;
            let rng = StdRng::seed_from_u64(seed);
            people.spawn(staff::work(world.clone(), session, rng));
        }
        None => writeln!(
            out,
            "Nobody counts: give the admin's password with VITRINE_ADMIN_PASSWORD to see that, too."
        )?,
    }
    let door = tokio::spawn(let_in(world, seed, people));
    let mut counts = Counts::default();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            note = notes.recv() => match note {
                Some(note) => write_down(&note, &mut counts, out)?,
                None => break,
            },
            () = &mut ended, if !*close.borrow() => {
                writeln!(out, "Closing: whoever is paying may finish.")?;
                close.send_replace(true);
            }
        }
    }
    door.await.context("the demo broke off")?;
    writeln!(out, "{counts}.")?;
    Ok(())
}

fn write_down(note: &Note, counts: &mut Counts, out: &mut impl Write) -> std::io::Result<()> {
    match &note.what {
        What::Came => counts.visitors += 1,
        What::Said(text) => {
            writeln!(out, "{}  {text}", note.time)?;
            out.flush()?;
        }
        What::Ended(ending) => counts.add(*ending),
    }
    Ok(())
}

/// Lets visitors in, one after the other, until the shop closes.
async fn let_in(world: World, seed: u64, mut people: JoinSet<anyhow::Result<()>>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut visitor = 0_u64;
    while world.pass(world.clock.next_visitor(&mut rng)).await.is_ok() {
        visitor += 1;
        world.note(What::Came);
        let rng = StdRng::seed_from_u64(rng.random());
        people.spawn(visitor::visit(world.clone(), visitor, rng));
        let mut has_trouble = false;
        while let Some(left) = people.try_join_next() {
            has_trouble |= is_trouble(&world, left);
        }
        if has_trouble {
            let mut closing = world.closing.clone();
            let closed = closing.wait_for(|closing| *closing);
            let _ = tokio::time::timeout(BREATH, closed).await;
        }
    }
    let all_left = async {
        while let Some(left) = people.join_next().await {
            is_trouble(&world, left);
        }
    };
    let in_time = tokio::time::timeout(FAREWELL, all_left).await.is_ok();
    if !in_time {
        people.abort_all();
    }
}

/// Says what went wrong, if anything did.
fn is_trouble(world: &World, left: Result<anyhow::Result<()>, JoinError>) -> bool {
    let error = match left {
        Ok(Ok(())) => return false,
        Ok(Err(error)) if error.is::<Closing>() => return false,
        Ok(Err(error)) => error,
        Err(error) => error.into(),
    };
    match error.downcast_ref::<Refusal>() {
        // Everybody comes from one address here.
        Some(refusal) if refusal.status.as_u16() == 429 => {
            world.say("The shop asks for patience: so many visitors of one address.".to_owned());
        }
        _ => world.say(format!("Something went wrong: {error:#}")),
    }
    true
}

/// Only a shop that takes test cards is visited.
async fn check_gateway(target: &Target, pool: &Pool) -> anyhow::Result<()> {
    let mut connection = pool
        .take(target)
        .await
        .context("there is no shop at this address: start it, or name it with --url")?;
    let token = people::show_card(&mut connection, target, people::GOOD_CARD).await;
    if let Err(error) = token {
        bail!(
            "the shop takes no test cards, so these shoppers could only do harm there ({error:#})"
        );
    }
    pool.give_back(connection);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_is_counted_where_it_belongs() {
        let mut counts = Counts::default();
        for ending in [
            Ending::Confirmed,
            Ending::Confirmed,
            Ending::Cancelled,
            Ending::Rejected,
            Ending::Left,
        ] {
            counts.add(ending);
        }
        assert_eq!(
            counts.to_string(),
            "0 visitors; orders: 2 confirmed, 1 cancelled, 1 sold out meanwhile, 1 left unpaid"
        );
    }
}
