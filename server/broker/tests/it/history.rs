use broker::NewEvent;

use crate::{Fixture, event};

/// More than one step of a search looks through.
const MANY: usize = 5_000;

/// A log in which one event is told apart, behind many others.
async fn long_log() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.append("noted", &["first"]).await;
    let mut tx = fixture.log.begin("test").await.expect("a transaction");
    tx.append(NewEvent::new("noted", "others", "x", "\"first\""), None);
    for _ in 0..MANY {
        tx.append(event("noted", "filler"), None);
    }
    tx.commit().await.expect("committed");
    fixture
}

#[tokio::test]
async fn a_search_backwards_finds_the_newest_event_however_far_back_it_is() {
    let fixture = long_log().await;
    let head = MANY as u64 + 2;
    let find = async |text: &str, after: u64, position: u64| {
        let found = fixture
            .log
            .find_back("tests", text, after, position, |_| true)
            .await;
        found.expect("a search").map(|event| event.position)
    };
    assert_eq!(find("first", 0, head).await, Some(1));
    assert_eq!(find("first", 0, u64::MAX).await, Some(1));
    assert_eq!(find("first", 1, head).await, None);
    assert_eq!(find("filler", 0, head).await, Some(head));
    assert_eq!(find("filler", 0, head - 7).await, Some(head - 7));
    assert_eq!(find("nothing", 0, head).await, None);
}

#[tokio::test]
async fn a_time_leads_to_the_position_before_it_also_where_times_are_not_in_order() {
    let fixture = long_log().await;
    let head = MANY as u64 + 2;
    // As a command and what it waited for: the times of neighbours are the wrong way round.
    fixture
        .execute("update events set time_us = 1000 * ((position + 1) / 2 * 2 - (position + 1) % 2)")
        .await;
    let times = fixture
        .numbers("select time_us from events order by position")
        .await;
    assert!(!times.is_sorted());
    for time_us in (-1..times[times.len() - 1] + 2_000).step_by(5_003) {
        let first = times.iter().position(|at| *at >= time_us);
        let expected = first.map_or(head, |index| index as u64);
        let found = fixture.log.position_before(time_us).await.expect("found");
        assert_eq!(found, expected, "at {time_us}");
    }
}
