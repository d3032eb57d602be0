//! Who orders on a day: families at home, phones behind one address of their network, offices.

use rand::Rng;
use rand::rngs::StdRng;
use types::ShopperId;

use super::happening::{Ids, Who};

/// Of 100 who order.
const FROM_HOME: u32 = 68;
const FROM_PHONES: u32 = 22;
/// Addresses of mobile networks, each with thousands behind it.
const PHONE_ADDRESSES: u32 = 40;
const OFFICES: u32 = 25;
/// People who order from an office.
const IN_AN_OFFICE: u32 = 60;

/// Somebody with a browser.
#[derive(Debug, Clone)]
pub struct Person {
    pub who: Who,
    pub browser: ShopperId,
    pub is_at_work: bool,
}

/// Somebody who has come for the first time today.
pub fn somebody(rng: &mut StdRng, ids: &mut Ids) -> Person {
    let number = rng.random::<u64>();
    let draw = rng.random_range(0..100);
    let home = |number: u64| format!("place {number:x}");
    let (origin, person, place, is_at_work) = if draw < FROM_HOME {
        // A family: four people, one address on the network and one at the door.
        let family = rng.random_range(0..9_000_u64);
        let member = rng.random_range(0..4);
        (
            format!("home {family}"),
            format!("{family}.{member}"),
            home(family),
            false,
        )
    } else if draw < FROM_HOME + FROM_PHONES {
        let network = rng.random_range(0..PHONE_ADDRESSES);
        (
            format!("phones {network}"),
            format!("phone {number:x}"),
            home(number),
            false,
        )
    } else {
        let office = rng.random_range(0..OFFICES);
        let colleague = rng.random_range(0..IN_AN_OFFICE);
        // Half have it sent to the office.
        let place = match rng.random_bool(0.5) {
            true => format!("office {office}"),
            false => home(number),
        };
        (
            format!("office {office}"),
            format!("{office}.{colleague} at work"),
            place,
            true,
        )
    };
    Person {
        who: Who {
            origin: Some(origin),
            person: Some(person),
            place: Some(place),
        },
        browser: ids.of(),
        is_at_work,
    }
}
