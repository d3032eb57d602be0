//! Something that happens in the shop, as the log would have it.

use domain::Event;
use domain::monitoring::Heard;
use uuid::Uuid;

/// Who does something: keyed hashes, as the envelope says them.
#[derive(Debug, Clone, Default)]
pub struct Who {
    pub origin: Option<String>,
    pub person: Option<String>,
    pub place: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Happening {
    /// Unix microseconds.
    pub at_us: i64,
    pub id: String,
    pub who: Who,
    pub event: Event,
}

impl Happening {
    pub fn heard(&self) -> Heard<'_> {
        Heard {
            event: &self.event,
            id: &self.id,
            at_us: self.at_us,
            origin: self.who.origin.as_deref(),
            person: self.who.person.as_deref(),
            place: self.who.place.as_deref(),
        }
    }
}

/// Makes ids, one after the other.
#[derive(Debug, Clone)]
pub struct Ids(u128);

impl Ids {
    pub const fn from(first: u128) -> Self {
        Self(first)
    }

    pub fn uuid(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(0x0199_c0a0_0000_7000_8000_0000_0000_0000 | self.0)
    }

    pub fn text(&mut self) -> String {
        self.uuid().to_string()
    }

    /// Of the domain.
    pub fn of<T: std::str::FromStr>(&mut self) -> T {
        let text = self.text();
        match text.parse() {
            Ok(id) => id,
            Err(_) => unreachable!("a UUID is an id"),
        }
    }
}
