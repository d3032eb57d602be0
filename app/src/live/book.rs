//! What a tab knows of each topic, and how it takes in news. Pure: no socket, no clock.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use types::admin::EventRow;
use types::desk::DeskNews;
use types::live::{ClientMessage, ProductStock, Topic};

/// Topics asked for in one message; keeps it well under `types::live::MAX_CLIENT_MESSAGE`.
const TOPICS_PER_MESSAGE: usize = 100;
/// Rows of the event stream a tab keeps.
const MAX_EVENTS: usize = 200;
/// Orders a tab keeps.
const MAX_ORDERS: usize = 400;

/// One followed topic.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Position of the state shown.
    shown: u64,
    /// Nothing before this position is missing.
    complete: u64,
    /// Asked for on the connection of the moment.
    asked: bool,
    /// Answered on the connection of the moment.
    answered: bool,
    /// How many follow it.
    followers: u32,
}

/// A [`types::live::ServerMessage`] that matters, its state left as it came.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    State {
        topic: Topic,
        position: u64,
        snapshot: bool,
        json: &'a str,
    },
    Beat {
        position: u64,
    },
    /// A topic that may not be followed (any more).
    Refused(Topic),
}

/// The log that a message is of, if it says so.
pub fn log_of(text: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Message<'a> {
        log: Option<&'a str>,
    }
    serde_json::from_str::<Message>(text).ok()?.log
}

impl<'a> Heard<'a> {
    /// `None` for what this page has no use for, or does not understand.
    pub fn read(text: &'a str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Message<'a> {
            r#type: &'a str,
            topic: Option<Topic>,
            position: Option<u64>,
            #[serde(borrow)]
            state: Option<&'a RawValue>,
        }
        let message: Message = serde_json::from_str(text).ok()?;
        if message.r#type == "error" {
            return message.topic.map(Self::Refused);
        }
        let position = message.position?;
        match message.r#type {
            kind @ ("snapshot" | "change") => Some(Self::State {
                topic: message.topic?,
                position,
                snapshot: kind == "snapshot",
                json: message.state?.get(),
            }),
            "beat" => Some(Self::Beat { position }),
            _ => None,
        }
    }
}

/// The followed topics and how far each is known.
#[derive(Debug, Default)]
pub struct Book {
    topics: HashMap<Topic, Known>,
    /// The log that the positions are of, once the server has named it.
    log: Option<String>,
}

impl Book {
    /// Begins to follow a topic whose state at `position` is on the page. Returns whether the state
    /// is news: of two renderings of one topic the later is shown.
    pub fn follow(&mut self, topic: Topic, position: u64) -> bool {
        let known = self.topics.entry(topic).or_insert_with(|| Known {
            complete: position,
            ..Known::default()
        });
        let newer = position >= known.shown;
        known.shown = known.shown.max(position);
        known.followers += 1;
        newer
    }

    /// One follower is gone. `None` while others remain; else whether the server was asked for the
    /// topic and has to be told.
    pub fn unfollow(&mut self, topic: &Topic) -> Option<bool> {
        let known = self.topics.get_mut(topic)?;
        known.followers -= 1;
        if known.followers > 0 {
            return None;
        }
        self.topics.remove(topic).map(|known| known.asked)
    }

    /// What to say to the server: the topics that this connection has not asked for, each message
    /// with a position that is right for all of its topics. States are absolute, so hearing some of
    /// them twice is harmless and missing one is not: the lowest position counts.
    pub fn ask(&mut self) -> Vec<ClientMessage> {
        let mut waiting: Vec<_> = self
            .topics
            .iter_mut()
            .filter(|(_, known)| !known.asked)
            .map(|(topic, known)| {
                known.asked = true;
                (known.complete, topic.clone())
            })
            .collect();
        waiting.sort_by_key(|(position, _)| *position);
        waiting
            .chunks(TOPICS_PER_MESSAGE)
            .map(|chunk| ClientMessage::Subscribe {
                topics: chunk.iter().map(|(_, topic)| topic.clone()).collect(),
                after: chunk[0].0,
            })
            .collect()
    }

    /// The server has named its log. Whether it is another one than before: then nothing is known any
    /// more, and everything is to be asked for again.
    pub fn is_of_another_log(&mut self, log: &str) -> bool {
        let before = self.log.replace(log.to_owned());
        if before.is_none_or(|before| before == log) {
            return false;
        }
        for known in self.topics.values_mut() {
            *known = Known {
                followers: known.followers,
                ..Known::default()
            };
        }
        true
    }

    /// Whether what is shown of every topic is replaced whole by its next snapshot.
    pub fn follows_stock_only(&self) -> bool {
        let mut topics = self.topics.keys();
        topics.all(|topic| matches!(topic, Topic::Product(_) | Topic::OwnCheckout))
    }

    /// The connection is gone; the next one has to be asked for everything again.
    pub fn disconnected(&mut self) {
        for known in self.topics.values_mut() {
            (known.asked, known.answered) = (false, false);
        }
    }

    /// A state of `topic` at `position` has come. Whether to show it: not when it is older than
    /// what is shown, or not followed at all.
    pub fn news(&mut self, topic: &Topic, position: u64, snapshot: bool) -> bool {
        let Some(known) = self.topics.get_mut(topic) else {
            return false;
        };
        known.answered |= snapshot;
        if known.answered {
            known.complete = known.complete.max(position);
        }
        let newer = position >= known.shown;
        known.shown = known.shown.max(position);
        newer
    }

    /// The server has looked as far as `position`: what it has answered is complete up to there.
    pub fn beat(&mut self, position: u64) {
        for known in self.topics.values_mut().filter(|known| known.answered) {
            known.complete = known.complete.max(position);
        }
    }
}

/// Takes in the orders that have changed. The page keeps the newest of those that it does not show.
pub fn merge_orders(known: &mut DeskNews, news: DeskNews) {
    known.counts = news.counts;
    known.is_cut |= news.is_cut;
    for row in news.rows {
        match known.rows.iter_mut().find(|known| known.id == row.id) {
            Some(known) if known.position > row.position => {}
            Some(known) => *known = row,
            None => known.rows.push(row),
        }
    }
    if known.rows.len() > MAX_ORDERS {
        known.is_cut = true;
        known
            .rows
            .sort_by_key(|row| std::cmp::Reverse(row.position));
        known.rows.truncate(MAX_ORDERS);
    }
}

/// Takes in the variants that the news is about; the others stay.
pub fn merge_stock(stock: &mut ProductStock, news: ProductStock) {
    stock.available = news.available;
    stock.is_withdrawn = news.is_withdrawn;
    if !news.tags.is_empty() {
        stock.tags = news.tags;
    }
    for variant in news.variants {
        match stock
            .variants
            .iter_mut()
            .find(|known| known.sku == variant.sku)
        {
            Some(known) => {
                known.available = variant.available;
                known.is_withdrawn = variant.is_withdrawn;
                known.price_minor = variant.price_minor.or(known.price_minor);
            }
            None => stock.variants.push(variant),
        }
    }
}

/// Adds events that are not there yet, newest first, and forgets the oldest beyond a bound.
pub fn merge_events(events: &mut Vec<EventRow>, news: Vec<EventRow>) {
    for event in news {
        if let Err(at) = events.binary_search_by(|known| event.position.cmp(&known.position)) {
            events.insert(at, event);
        }
    }
    events.truncate(MAX_EVENTS);
}

/// How long to wait before the next try: doubling from a quarter second to 20 seconds, of which a
/// random part (`random` in 0..1) is taken away so that a thousand tabs do not return at once.
pub fn retry_delay_ms(attempt: u32, random: f64) -> u32 {
    let longest = 250_u32.saturating_mul(1 << attempt.min(7)).min(20_000);
    longest / 2 + (f64::from(longest / 2) * random) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::desk::DeskRow;
    use types::live::{ServerMessage, State, VariantStock};
    use types::order::OrderStatus;
    use types::{Currency, Money};

    fn topic(slug: &str) -> Topic {
        Topic::Product(slug.parse().expect("a slug"))
    }

    fn asked(book: &mut Book) -> Vec<(Vec<String>, u64)> {
        let as_text = |message| match message {
            ClientMessage::Subscribe { topics, after } => {
                let mut topics: Vec<_> = topics.iter().map(Topic::to_string).collect();
                topics.sort();
                (topics, after)
            }
            ClientMessage::Unsubscribe { .. } => panic!("nobody asked for that"),
        };
        book.ask().into_iter().map(as_text).collect()
    }

    #[test]
    fn what_gathers_before_the_socket_opens_is_one_message_from_the_lowest_position() {
        let mut book = Book::default();
        book.follow(topic("a"), 7);
        book.follow(topic("b"), 5);
        book.follow(topic("a"), 7);
        assert_eq!(
            asked(&mut book),
            [(vec!["product:a".to_owned(), "product:b".into()], 5)]
        );
        assert_eq!(asked(&mut book), [], "asked once per connection");
        book.follow(topic("c"), 9);
        assert_eq!(asked(&mut book), [(vec!["product:c".to_owned()], 9)]);
    }

    #[test]
    fn a_new_connection_asks_from_where_nothing_is_missing() {
        let mut book = Book::default();
        book.follow(topic("a"), 5);
        book.follow(topic("b"), 5);
        book.ask();
        // `a` is answered and moves on; the answer for `b` never came.
        assert!(book.news(&topic("a"), 8, true));
        book.beat(20);
        book.disconnected();
        assert_eq!(asked(&mut book)[0].1, 5, "b is only complete up to 5");
        assert!(book.news(&topic("a"), 20, true) && book.news(&topic("b"), 20, true));
        book.beat(30);
        book.disconnected();
        assert_eq!(asked(&mut book)[0].1, 30);
    }

    #[test]
    fn a_change_that_overtakes_its_snapshot_is_shown_but_leaves_nothing_out() {
        let mut book = Book::default();
        book.follow(topic("a"), 5);
        book.ask();
        assert!(book.news(&topic("a"), 12, false));
        book.disconnected();
        assert_eq!(asked(&mut book)[0].1, 5);
    }

    #[test]
    fn after_a_restored_backup_everything_is_asked_for_again_and_lower_positions_are_news() {
        let mut book = Book::default();
        book.follow(topic("a"), 50);
        book.ask();
        assert!(!book.is_of_another_log("one"), "the first that it hears of");
        assert!(book.news(&topic("a"), 60, true));
        book.disconnected();
        assert_eq!(asked(&mut book)[0].1, 60);
        assert!(!book.is_of_another_log("one"));
        assert!(!book.news(&topic("a"), 40, true), "a server that is behind");
        assert!(book.is_of_another_log("other"));
        assert_eq!(asked(&mut book), [(vec!["product:a".to_owned()], 0)]);
        assert!(book.news(&topic("a"), 40, true));
        assert!(!book.is_of_another_log("other"));
        assert!(book.follows_stock_only());
        book.follow(Topic::Inventory, 7);
        assert!(!book.follows_stock_only());
        assert_eq!(book.unfollow(&topic("a")), Some(true), "still followed");
    }

    #[test]
    fn a_topic_is_let_go_of_by_its_last_follower() {
        let mut book = Book::default();
        book.follow(topic("a"), 5);
        book.follow(topic("a"), 5);
        book.ask();
        book.follow(topic("b"), 5);
        assert_eq!(book.unfollow(&topic("a")), None, "another one remains");
        assert_eq!(book.unfollow(&topic("a")), Some(true));
        assert_eq!(book.unfollow(&topic("b")), Some(false), "never asked for");
        assert_eq!(book.unfollow(&topic("b")), None);
        assert!(!book.news(&topic("a"), 9, false));
    }

    #[test]
    fn a_message_is_read_as_the_server_writes_it() {
        let state = State::Product(ProductStock {
            tags: Vec::new(),
            is_withdrawn: false,
            available: 3,
            variants: Vec::new(),
        });
        let change = ServerMessage::Change {
            topic: topic("a"),
            position: 7,
            state: state.clone(),
        };
        let text = serde_json::to_string(&change).expect("JSON");
        let Some(Heard::State { json, .. }) = Heard::read(&text) else {
            panic!("{text}");
        };
        let news: ProductStock = serde_json::from_str(json).expect("stock");
        assert_eq!(State::Product(news), state);

        assert_eq!(log_of(&text), None, "each change need not say it");
        let beat = ServerMessage::Beat {
            position: 9,
            log: "00ff".to_owned(),
        };
        let beat = serde_json::to_string(&beat).expect("JSON");
        assert_eq!(Heard::read(&beat), Some(Heard::Beat { position: 9 }));
        assert_eq!(log_of(&beat), Some("00ff"));
        assert_eq!(Heard::read(r#"{"type":"news","position":1}"#), None);
        let refused = ServerMessage::Error {
            topic: Some(Topic::Alerts),
            detail: "Sign in as staff to follow this.".to_owned(),
        };
        let text = serde_json::to_string(&refused).expect("JSON");
        assert_eq!(Heard::read(&text), Some(Heard::Refused(Topic::Alerts)));
    }

    #[test]
    fn older_news_and_news_of_others_are_ignored() {
        let mut book = Book::default();
        book.follow(topic("a"), 5);
        assert!(book.news(&topic("a"), 6, false));
        assert!(!book.news(&topic("a"), 5, false));
        assert!(
            book.news(&topic("a"), 6, false),
            "states are absolute: twice is no harm"
        );
        assert!(!book.news(&topic("b"), 9, false));
        assert!(
            !book.follow(topic("a"), 5),
            "an older rendering of the same topic"
        );
    }

    #[test]
    fn many_topics_are_asked_for_in_messages_the_server_takes() {
        let mut book = Book::default();
        for i in 0..200 {
            book.follow(topic(&format!("{i:a>80}")), 3);
        }
        let messages = book.ask();
        assert_eq!(messages.len(), 2);
        for message in messages {
            let size = serde_json::to_string(&message).expect("JSON").len();
            assert!(size <= types::live::MAX_CLIENT_MESSAGE, "{size} bytes");
        }
    }

    #[test]
    fn stock_news_touches_the_variants_it_is_about() {
        let stock = |sku: &str, available| VariantStock {
            is_withdrawn: false,
            price_minor: None,
            sku: sku.parse().expect("a SKU"),
            available,
        };
        let mut known = ProductStock {
            tags: Vec::new(),
            is_withdrawn: false,
            available: 5,
            variants: vec![stock("A", 2), stock("B", 3)],
        };
        merge_stock(
            &mut known,
            ProductStock {
                tags: Vec::new(),
                is_withdrawn: false,
                available: 4,
                variants: vec![stock("B", 2)],
            },
        );
        let expected = ProductStock {
            tags: Vec::new(),
            is_withdrawn: false,
            available: 4,
            variants: vec![stock("A", 2), stock("B", 2)],
        };
        assert_eq!(known, expected);
    }

    #[test]
    fn events_stay_newest_first_and_none_is_there_twice() {
        let event = |position| EventRow {
            position,
            at_us: 0,
            kind: String::new(),
            subject: String::new(),
            source: String::new(),
            summary: String::new(),
        };
        let mut known = vec![event(9), event(4)];
        merge_events(&mut known, vec![event(4), event(6), event(12)]);
        let positions: Vec<_> = known.iter().map(|event| event.position).collect();
        assert_eq!(positions, [12, 9, 6, 4]);
        merge_events(&mut known, (20..400).map(event).collect());
        assert_eq!((known.len(), known[0].position), (MAX_EVENTS, 399));
    }

    #[test]
    fn tries_grow_apart_up_to_twenty_seconds() {
        assert_eq!(retry_delay_ms(0, 0.0), 125);
        assert_eq!(retry_delay_ms(0, 1.0), 250);
        assert_eq!(retry_delay_ms(3, 1.0), 2_000);
        assert_eq!(retry_delay_ms(u32::MAX, 1.0), 20_000);
    }

    fn order(n: u128, position: u64) -> DeskRow {
        let uuid = 0x0199_c0a0_0000_7000_8000_0000_0000_0000 | n;
        let id = types::OrderId::new(uuid::Uuid::from_u128(uuid));
        DeskRow {
            is_held: false,
            id,
            number: types::order::order_number(id),
            placed_at_us: 0,
            name: String::new(),
            email: String::new(),
            status: OrderStatus::Confirmed,
            pieces: 1,
            total: Money::new(100, Currency::Eur),
            position,
        }
    }

    fn news(rows: Vec<DeskRow>) -> DeskNews {
        DeskNews {
            rows,
            counts: Default::default(),
            is_cut: false,
        }
    }

    #[test]
    fn an_order_is_known_by_its_newest_news_and_the_oldest_give_way() {
        let mut known = news(vec![order(1, 5)]);
        merge_orders(&mut known, news(vec![order(1, 4), order(2, 6)]));
        let positions =
            |known: &DeskNews| known.rows.iter().map(|it| it.position).collect::<Vec<_>>();
        assert_eq!(positions(&known), [5, 6]);
        merge_orders(&mut known, news(vec![order(1, 7)]));
        assert_eq!(positions(&known), [7, 6]);
        let many = (10..10 + MAX_ORDERS as u64).map(|n| order(n.into(), n));
        merge_orders(&mut known, news(many.collect()));
        assert!(known.is_cut && known.rows.len() == MAX_ORDERS);
        assert!(known.rows.iter().all(|row| row.position >= 10));
    }
}
