//! The house whose shop this is.

/// Its name, as header, footer, titles and link previews write it.
pub const HOUSE: &str = "Aurel & Stone";
