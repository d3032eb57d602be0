//! Who uses the command line.

/// Who decides, for the audit: the user of this machine.
pub fn operator() -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    format!("{} (command line)", user.as_deref().unwrap_or("somebody"))
}
