//! How commands and queries end.

/// What was asked for, or a problem to be told to whoever asked.
pub type Result<T> = std::result::Result<T, types::Problem>;
