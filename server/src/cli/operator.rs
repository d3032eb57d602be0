//! Who uses the command line.

use broker::Log;
use clap::Args;
use domain::staff::acts::AT_THE_MACHINE;
use types::staff::Right;

/// Who does what a command asks for, for the audit.
#[derive(Debug, Clone, Default, Args)]
pub struct Author {
    /// Does it as this member of staff, if their role may. Without it, it is whoever has this machine, who may do
    /// everything
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
}

impl Author {
    /// How the log names them, if they may do this. That it was at the machine stands behind the name: nobody has
    /// shown a password here.
    ///
    /// # Errors
    /// When there is no such member, or their role may not.
    pub async fn may(&self, log: &Log, right: Right) -> anyhow::Result<String> {
        let name = match &self.member {
            None => operator(),
            Some(email) => services::member_who_may(log, email, right).await?,
        };
        Ok(format!("{name}{AT_THE_MACHINE}"))
    }
}

/// The user of this machine.
fn operator() -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    user.unwrap_or_else(|| "somebody".to_owned())
}
