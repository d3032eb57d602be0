//! Who of the staff may do what: one table, which services ask where the data is reached, and pages before they show
//! a link.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What somebody is there for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Role {
    Viewer,
    Stock,
    Orders,
    Owner,
}

/// What may be done, or not. A new one is a variant, its words and its roles.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Right {
    See,
    OwnAccount,
    Stock,
    Purchasing,
    Orders,
    Mails,
    Alerts,
    ExportPersons,
    ErasePersons,
    Products,
    Publish,
    Prices,
    Log,
    Staff,
    Services,
    Audit,
}

impl Role {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Stock => "Stock",
            Self::Orders => "Orders",
            Self::Owner => "Owner",
        }
    }

    /// For whoever chooses one.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Viewer => "looks at everything that orders and stock need, and changes nothing",
            Self::Stock => {
                "also counts, imports, writes off, orders from suppliers and prepares products"
            }
            Self::Orders => "also packs and sends, gives money back and answers customers",
            Self::Owner => "does everything, prices, staff and erasing persons included",
        }
    }

    pub fn may(self, right: Right) -> bool {
        right.roles().contains(&self)
    }
}

impl Right {
    /// What it is, in the words of a table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::See => {
                "Look at orders, inventory, restocking, purchases, alerts, events and the list of mails"
            }
            Self::OwnAccount => "Change the own password and second step, end own sessions",
            Self::Stock => "Count, import and write off stock",
            Self::Purchasing => "Change rules of restocking, suppliers and orders to them",
            Self::Orders => {
                "Pack, send, cancel and release orders, buy labels, answer returns, give money back, write notes"
            }
            Self::Mails => "Read what a mail says, send it again",
            Self::Alerts => "Take over, mute and resolve alerts",
            Self::ExportPersons => "Give out what is known of a person",
            Self::ErasePersons => "Erase a person",
            Self::Products => "Prepare products; change their texts, variants and photographs",
            Self::Publish => "Publish and withdraw products",
            Self::Prices => "See plans for prices, change prices and what delivery costs",
            Self::Log => "Have an event that failed tried again, or give it up",
            Self::Staff => "Invite people, change roles, remove members and end their sessions",
            Self::Services => {
                "Let programs of others send and read events, and take their tokens back"
            }
            Self::Audit => "See what everybody of the staff has done",
        }
    }

    /// Who may.
    pub const fn roles(self) -> &'static [Role] {
        use Role::{Orders, Owner, Stock, Viewer};
        match self {
            Self::See | Self::OwnAccount => &[Viewer, Stock, Orders, Owner],
            Self::Stock | Self::Purchasing | Self::Products => &[Stock, Owner],
            Self::Orders | Self::Mails | Self::ExportPersons => &[Orders, Owner],
            Self::Alerts => &[Stock, Orders, Owner],
            Self::ErasePersons
            | Self::Publish
            | Self::Prices
            | Self::Log
            | Self::Staff
            | Self::Services
            | Self::Audit => &[Owner],
        }
    }

    /// The roles that may, as a sentence has them: "Stock or Owner".
    pub fn who(self) -> String {
        let titles: Vec<&str> = self.roles().iter().map(|role| role.title()).collect();
        match titles.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_may_everything_and_a_viewer_only_look() {
        for right in Right::VARIANTS {
            assert!(Role::Owner.may(*right), "{right:?}");
            let only_looks = matches!(right, Right::See | Right::OwnAccount);
            assert_eq!(Role::Viewer.may(*right), only_looks, "{right:?}");
            assert!(right.roles().is_sorted(), "{right:?}");
        }
    }

    #[test]
    fn who_may_is_said_in_words() {
        assert_eq!(Right::Prices.who(), "Owner");
        assert_eq!(Right::Stock.who(), "Stock or Owner");
        assert_eq!(Right::Alerts.who(), "Stock, Orders or Owner");
    }

    #[test]
    fn a_role_has_one_name() {
        for role in Role::VARIANTS {
            let name: &str = role.into_str();
            assert_eq!(name.parse::<Role>(), Ok(*role));
        }
        assert!("admin".parse::<Role>().is_err());
    }
}
