//! What the envelope of a command says of who gives it.

use broker::{NewEvent, ORIGIN, PERSON};
use types::checkout::PlaceOrder;

use crate::fingerprints::word;
use crate::shop::Shop;

/// The attribute with where an order is to be sent.
pub(crate) const PLACE: &str = "place";

/// Letters and digits alone, in lower case: as people write an address now this way, now that.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// What the envelope of a command says of who gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    origin: Option<u64>,
    person: Option<u64>,
    place: Option<u64>,
}

impl Marks {
    pub const fn of_source(source: u64) -> Self {
        Self {
            origin: Some(source),
            person: None,
            place: None,
        }
    }

    /// 0 is nobody: what a shop without a secret makes of every address.
    pub fn put_on(self, event: NewEvent) -> NewEvent {
        let marks = [
            (ORIGIN, self.origin),
            (PERSON, self.person),
            (PLACE, self.place),
        ];
        let known = marks
            .into_iter()
            .filter_map(|(name, mark)| Some((name, mark.filter(|mark| *mark != 0)?)));
        known.fold(event, |event, (name, mark)| event.with(name, word(mark)))
    }
}

impl Shop {
    /// Sees to the keys of the hashes that stand in the log: those of this moment are there, and those whose time
    /// is over can be found nowhere any more. To be called now and then; the next period's is there in advance.
    ///
    /// # Errors
    /// When the database does not answer, or its disk.
    pub async fn renew_marks(&self, now_us: i64) -> crate::Result<()> {
        if let Some(fingerprints) = self.fingerprints() {
            fingerprints.renew(self.log().db(), now_us).await?;
        }
        Ok(())
    }

    /// A number that stands for an address on the network, as [`crate::Visitor::source`] has it; the same in
    /// every process of the shop. 0 in a shop without a secret.
    pub fn source_mark(&self, address: &str) -> u64 {
        self.fingerprint("source", address).unwrap_or_default()
    }

    /// For how long commands of a source, by its number, are refused because a rule asks for it, in microseconds.
    pub fn slowed_for(&self, source: u64) -> Option<i64> {
        // Nearly always.
        if self.slowed().is_empty() {
            return None;
        }
        self.slowed().left_us(&word(source), self.now_us())
    }

    fn fingerprint(&self, what: &str, text: &str) -> Option<u64> {
        self.fingerprints()?.of(what, text, self.now_us())
    }

    /// A word that stands for an account of the staff that somebody tries to sign in to.
    pub(crate) fn account_mark(&self, email: &str) -> Option<String> {
        let email = email.trim().to_lowercase();
        self.fingerprint("account", &email).map(word)
    }

    /// Who a command is of, by their email.
    pub(crate) fn marks_of_person(&self, email: &str) -> Marks {
        Marks {
            person: self.fingerprint("person", &email.trim().to_lowercase()),
            ..Marks::default()
        }
    }

    /// Who places an order, and where it is to go.
    pub(crate) fn marks_of_order(&self, order: &PlaceOrder) -> Marks {
        let place = [
            &order.street,
            &order.street_2,
            &order.postal_code,
            &order.country,
        ];
        let place: Vec<String> = place.into_iter().map(|part| plain(part)).collect();
        Marks {
            origin: self.holds().source_of(order.order_id),
            place: self.fingerprint("place", &place.join("/")),
            ..self.marks_of_person(&order.email)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        assert_eq!(plain("Hauptstr. 1 a"), plain("HAUPTSTR 1A"));
    }
}
