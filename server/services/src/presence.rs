//! Which members of staff have which order open. In memory: who looks at an order through another
//! process of the shop is told of those who look through the same one.

use std::collections::HashMap;

use parking_lot::Mutex;
use types::OrderId;
use types::desk::Present;

/// By order, those who have it open.
#[derive(Debug, Default)]
pub struct Presence {
    open: Mutex<HashMap<OrderId, Vec<Here>>>,
}

#[derive(Debug)]
struct Here {
    /// A socket: somebody may have an order open twice.
    socket: u64,
    email: String,
    since_us: i64,
}

impl Presence {
    pub fn arrives(&self, order: OrderId, socket: u64, email: &str, now_us: i64) {
        let mut open = self.open.lock();
        let here = open.entry(order).or_default();
        if !here.iter().any(|known| known.socket == socket) {
            here.push(Here {
                socket,
                email: email.to_owned(),
                since_us: now_us,
            });
        }
    }

    pub fn leaves(&self, order: OrderId, socket: u64) {
        let mut open = self.open.lock();
        let Some(here) = open.get_mut(&order) else {
            return;
        };
        here.retain(|known| known.socket != socket);
        if here.is_empty() {
            open.remove(&order);
        }
    }

    /// Forgets everybody: their sockets are gone.
    pub fn all_leave(&self) {
        self.open.lock().clear();
    }

    /// Each person once, since they came first.
    pub fn of(&self, order: OrderId) -> Vec<Present> {
        let open = self.open.lock();
        let mut staff: Vec<Present> = Vec::new();
        for here in open.get(&order).into_iter().flatten() {
            if !staff.iter().any(|known| known.email == here.email) {
                staff.push(Present {
                    email: here.email.clone(),
                    since_us: here.since_us,
                });
            }
        }
        staff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_there_once_until_their_last_tab_is_closed() {
        let id: OrderId = "0199c0a0-1111-7aaa-8bbb-123456789abc"
            .parse()
            .expect("an id");
        let presence = Presence::default();
        presence.arrives(id, 1, "ada@example.com", 10);
        presence.arrives(id, 2, "ada@example.com", 20);
        presence.arrives(id, 3, "bo@example.com", 30);
        let names = |presence: &Presence| {
            let staff = presence.of(id).into_iter();
            staff.map(|p| (p.email, p.since_us)).collect::<Vec<_>>()
        };
        let ada = ("ada@example.com".to_owned(), 10);
        let bo = ("bo@example.com".to_owned(), 30);
        assert_eq!(names(&presence), [ada, bo.clone()]);
        presence.leaves(id, 1);
        assert_eq!(names(&presence)[0], ("ada@example.com".to_owned(), 20));
        presence.leaves(id, 2);
        assert_eq!(names(&presence), [bo]);
        presence.leaves(id, 3);
        assert!(names(&presence).is_empty());
    }
}
