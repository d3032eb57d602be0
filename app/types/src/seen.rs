//! What a form showed when it was opened, so that nobody replaces what they have not seen.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What was shown of something that others may change meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// `None`: there was none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<T>,
}

impl<T> Seen<T> {
    pub const fn new(shown: Option<T>) -> Self {
        Self { shown }
    }
}

impl<T: PartialEq> Seen<T> {
    /// Whether it is still as it was shown.
    pub fn is_still(&self, now: Option<&T>) -> bool {
        self.shown.as_ref() == now
    }
}

impl<T: Serialize> Seen<T> {
    /// As a hidden field of the form holds it.
    pub fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<T: DeserializeOwned> Seen<T> {
    /// What such a field says; `None` for what is none.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_survives_the_form_and_knows_what_has_changed() {
        for seen in [Seen::new(None), Seen::new(Some(3))] {
            assert_eq!(Seen::read(&seen.written()), Some(seen));
        }
        assert_eq!(Seen::<i64>::read("3"), None);
        assert_eq!(Seen::new(None::<i64>).written(), "{}");
        assert!(Seen::new(Some(3)).is_still(Some(&3)));
        assert!(!Seen::new(Some(3)).is_still(None));
        assert!(!Seen::new(None).is_still(Some(&3)));
    }
}
