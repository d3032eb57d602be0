//! `server staff`: who can sign in.

use std::io::Write;

use broker::Log;
use clap::Subcommand;

use super::format::Format;
use crate::secret;

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Lists who can sign in, and how many sessions they have
    List(Format),
    /// Gives somebody a new password, who may be new; ends their sessions
    Password { email: String },
    /// Takes somebody away; ends their sessions
    Remove { email: String },
    /// Ends somebody's sessions
    SignOut { email: String },
}

pub async fn staff(log: &Log, task: &Task, out: &mut impl Write) -> anyhow::Result<()> {
    match task {
        Task::List(format) => {
            let members = services::staff_members(log).await?;
            if format.wrote(&members, out)? {
                return Ok(());
            }
            for member in members {
                let from = if member.from_settings {
                    ", named by the settings"
                } else {
                    ""
                };
                writeln!(out, "{}: {} sessions{from}", member.email, member.sessions)?;
            }
        }
        Task::Password { email } => {
            let members = services::staff_members(log).await?;
            let known = members.into_iter().find(|known| known.email == *email);
            let from_settings = known.is_some_and(|known| known.from_settings);
            let password = secret::password();
            services::set_staff_password(log, email, password.clone(), from_settings).await?;
            writeln!(
                out,
                "{email} signs in with {password} (shown this once); older sessions have ended"
            )?;
            if from_settings {
                writeln!(
                    out,
                    "a start with VITRINE_ADMIN_PASSWORD sets that one again"
                )?;
            }
        }
        Task::Remove { email } => {
            anyhow::ensure!(
                services::remove_staff(log, email).await?,
                "{email} is not a member of staff; `server staff list` says who is"
            );
            writeln!(out, "{email} can sign in no more")?;
        }
        Task::SignOut { email } => {
            services::sign_staff_out(log, email).await?;
            writeln!(out, "every session of {email} has ended")?;
        }
    }
    Ok(())
}
