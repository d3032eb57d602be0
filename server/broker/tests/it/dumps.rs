//! What stands in the log after a small story, as text. A change of it is seen in review.

use std::sync::Arc;

use broker::decisions::DEAD_LETTERED;
use broker::{Consumer, Failure, Filter, Recorded, Tx};

use crate::{CALLED, Fixture, event};

struct Echo;

impl Consumer for Echo {
    const NAME: &'static str = "echo";
    const HEARS: Filter<'static> = CALLED;

    async fn handle(&self, tx: &mut Tx, batch: &[Arc<Recorded>]) -> Result<(), Failure> {
        for called in batch {
            if called.key == "bad" {
                return Err(Failure::Other("bad cannot be echoed".to_owned()));
            }
            tx.append(event("echoed", &called.key), Some(called));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_story_with_a_dead_letter() {
    let fixture = Fixture::new().await;
    assert_eq!(
        fixture.log.dump().await.expect("read").to_string(),
        "head 0\n"
    );
    fixture.append("called", &["a", "bad", "bad"]).await;
    let mut runner = fixture.runner();
    runner.consumer(Echo);
    fixture.until("echoed", 1).await;
    fixture.until(DEAD_LETTERED, 1).await;
    fixture.until_caught_up().await;
    let dead = "\
head 5
topic broker
  broker.dead_lettered: 1, from 5 to 5
topic tests
  called: 3, from 1 to 3
  echoed: 1, from 4 to 4
consumer echo: at 5, 0 behind
  dead 2 called of bad, 4 attempts: bad cannot be echoed
  held 3 called of bad, 0 attempts
";
    assert_eq!(fixture.log.dump().await.expect("read").to_string(), dead);

    fixture.log.discard("echo", 2, "ada").await.expect("asked");
    fixture.until(DEAD_LETTERED, 2).await;
    fixture.until_caught_up().await;
    runner.stop().await;
    let given_up = "\
head 8
topic broker
  broker.dead_lettered: 2, from 5 to 8
  broker.discard_requested: 1, from 6 to 6
  broker.discarded: 1, from 7 to 7
topic tests
  called: 3, from 1 to 3
  echoed: 1, from 4 to 4
consumer echo: at 8, 0 behind
  dead 3 called of bad, 4 attempts: bad cannot be echoed
";
    assert_eq!(
        fixture.log.dump().await.expect("read").to_string(),
        given_up
    );
}
