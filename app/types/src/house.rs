//! The house whose shop this is.

/// Its name, as pages, link previews and mails write it.
pub const HOUSE: &str = "Aurel & Stone";
