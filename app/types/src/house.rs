//! The house whose shop this is.

/// Its name, as pages, link previews and mails write it.
pub const HOUSE: &str = "Aurel & Stone";

/// Where it is, and where returns go.
pub const ADDRESS: [&str; 2] = ["1 Example Street", "10115 Example City"];

/// Value added tax that its prices contain, in hundredths of a percent.
pub const VAT_BASIS_POINTS: u32 = 1_900;

/// In which country.
pub const COUNTRY: &str = "Germany";
