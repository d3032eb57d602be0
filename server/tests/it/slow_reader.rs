//! Nobody waits for a socket that does not read.

use broker::NewEvent;
use domain::event::{Event, StockCorrectionRequested};
use tokio::net::TcpSocket;
use tokio_tungstenite::client_async;
use types::live::{ServerMessage, State};

use crate::shop::{RING, RING_TOPIC, TestShop};
use crate::socket::{Socket, handshake};

const TOPICS: [&str; 3] = ["inventory", "events", RING_TOPIC];
const ROUNDS: i64 = 60;
const COUNTS_PER_ROUND: i64 = 20;

/// Counts of a ring, straight into the log: as many as staff would need a day for.
async fn count(shop: &TestShop, round: i64) {
    let mut tx = shop.log().begin("test").await.expect("a transaction");
    for n in 0..COUNTS_PER_ROUND {
        let counted = Event::from(StockCorrectionRequested {
            sku: RING.parse().expect("a SKU"),
            on_hand: 10 + (round * COUNTS_PER_ROUND + n) % 7,
            seen: None,
            reason: "a count with many words ".repeat(8),
            by: "test".to_owned(),
            origin: None,
        });
        let data = counted.to_json().expect("JSON");
        let event = NewEvent::new(counted.kind(), counted.topic(), counted.key(), data);
        tx.append(event, None);
    }
    tx.commit().await.expect("committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_does_not_read_is_closed_and_the_others_get_everything() {
    let shop = TestShop::with_small_buffers().await;
    let staff = shop.staff().await;
    let mut slow = {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        let address = shop.url().trim_start_matches("http://");
        let stream = socket.connect(address.parse().expect("an address")).await;
        let cookies = staff.cookie_header();
        let request = handshake(shop.url(), &[("cookie", &cookies)]);
        let (stream, _) = client_async(request, stream.expect("connected"))
            .await
            .expect("a socket");
        Socket::new(stream)
    };
    slow.subscribe(&TOPICS, 0).await;
    let mut quick = staff.socket().await;
    quick.subscribe(&TOPICS, 0).await;
    let mut position = 0;
    for _ in TOPICS {
        position = position.max(quick.next_snapshot().await.1);
    }

    // Each round is pushed to the quick one before the next begins: it is never behind, and the slow
    // one never reads.
    let start = position;
    for round in 0..ROUNDS {
        count(&shop, round).await;
        let goal = position + 2 * COUNTS_PER_ROUND as u64;
        while position < goal {
            let (_, _, state) = quick.next_change().await;
            if let State::Events { events } = state {
                for event in events.iter().filter(|event| event.position > start) {
                    // The request and what the books said to it, each exactly once.
                    assert_eq!(event.position, position + 1, "nothing is missed");
                    position = event.position;
                }
            }
        }
    }

    // Now it reads: what was on its way, and then the end, long before the last message.
    let mut heard = start;
    let ended = loop {
        match slow.next_or_end().await {
            Ok(
                ServerMessage::Change { position, .. } | ServerMessage::Snapshot { position, .. },
            ) => heard = heard.max(position),
            Ok(other) => panic!("unexpected {other:?}"),
            Err(ended) => break ended,
        }
        assert!(heard < position, "the server kept it all for a slow reader");
    };
    // Told to come back, or, when even that could not be said in time, cut off.
    assert!(matches!(ended, Some(1013) | None), "{ended:?}");
    assert!(heard < position);

    // It comes back with its position, and is served like anyone.
    let mut back = staff.socket().await;
    back.subscribe(&["inventory"], heard).await;
    let (_, now, State::Inventory { levels }) = back.next_snapshot().await else {
        panic!("expected the inventory")
    };
    assert_eq!((now, levels.len()), (position, 1));
    shop.closed().await;
}
