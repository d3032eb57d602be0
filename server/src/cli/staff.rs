//! `server staff`: who can sign in, and what they may do.

use std::io::Write;

use broker::Log;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use services::StaffSecrets;
use types::staff::{Right, Role};

use super::format::Format;
use super::operator::Author;
use crate::config::Config;
use crate::secret;

/// A role, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleName {
    /// Looks, and changes nothing
    Viewer,
    /// Also counts, imports and orders from suppliers
    Stock,
    /// Also packs and sends, gives money back and answers customers
    Orders,
    /// Does everything
    Owner,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Stock => Self::Stock,
            RoleName::Orders => Self::Orders,
            RoleName::Owner => Self::Owner,
        }
    }
}

#[derive(Debug, Args)]
pub struct Request {
    #[command(subcommand)]
    task: Task,
    #[command(flatten)]
    author: Author,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Lists who can sign in, their roles, and how many sessions they have
    List(Format),
    /// Invites somebody: prints the link with which they choose a password, and the shop that runs mails it
    Invite {
        email: String,
        /// What they may do
        #[arg(long, value_enum)]
        role: RoleName,
        #[command(flatten)]
        format: Format,
    },
    /// Gives somebody a new password, who may be new; ends their sessions
    Password {
        email: String,
        /// What somebody new may do; others keep their role
        #[arg(long, value_enum, default_value = "viewer")]
        role: RoleName,
    },
    /// Gives somebody another role; ends their sessions
    Role {
        email: String,
        #[arg(value_enum)]
        role: RoleName,
    },
    /// Has somebody who has lost their app sign in with the password alone; ends their sessions
    ResetTotp { email: String },
    /// Takes somebody away; ends their sessions
    Remove { email: String },
    /// Ends somebody's sessions
    SignOut { email: String },
}

/// An invitation, for programs.
#[derive(Serialize)]
struct Invitation<'a> {
    email: &'a str,
    role: Role,
    link: String,
}

fn is_none(email: &str) -> anyhow::Error {
    anyhow::anyhow!("{email} is not a member of staff; `server staff list` says who is")
}

pub async fn staff(
    log: &Log,
    config: &Config,
    request: &Request,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let by = request.author.may(log, Right::Staff).await?;
    match &request.task {
        Task::List(format) => {
            let members = services::staff_members(log).await?;
            if format.wrote(&members, out)? {
                return Ok(());
            }
            for member in members {
                let role: &str = member.role.into_str();
                let code = if member.second_step {
                    ", with a code"
                } else {
                    ""
                };
                let from = if member.from_settings {
                    ", named by the settings"
                } else {
                    ""
                };
                let (email, sessions) = (member.email, member.sessions);
                writeln!(out, "{email}: {role}, {sessions} sessions{code}{from}")?;
            }
        }
        Task::Invite {
            email,
            role,
            format,
        } => {
            let key = secret::known_key(config.secret.as_deref(), &config.data_dir)?;
            let secrets = StaffSecrets::new(key.master());
            let role = Role::from(*role);
            let path = services::invite(log, &secrets, email, role, &by).await?;
            let link = format!("{}{path}", config.url_of_browsers());
            let invitation = Invitation { email, role, link };
            if !format.wrote(std::slice::from_ref(&invitation), out)? {
                let link = &invitation.link;
                writeln!(
                    out,
                    "{email} becomes a member at {link} (good for once, for 72 hours)"
                )?;
            }
        }
        Task::Password { email, role } => {
            let members = services::staff_members(log).await?;
            let known = members.into_iter().find(|known| known.email == *email);
            let from_settings = known.is_some_and(|known| known.from_settings);
            let (password, role) = (secret::password(), Role::from(*role));
            let shown = password.clone();
            services::set_staff_password(log, email, password, role, from_settings, &by).await?;
            writeln!(
                out,
                "{email} signs in with {shown} (shown this once); older sessions have ended"
            )?;
            if from_settings {
                writeln!(
                    out,
                    "a start with VITRINE_ADMIN_PASSWORD sets that one again"
                )?;
            }
        }
        Task::Role { email, role } => {
            let role = Role::from(*role);
            let changed = services::set_staff_role(log, email, role, &by).await?;
            anyhow::ensure!(changed, is_none(email));
            writeln!(
                out,
                "{email} is {} now; older sessions have ended",
                role.title()
            )?;
        }
        Task::ResetTotp { email } => match services::reset_second_step(log, email, &by).await? {
            true => writeln!(out, "{email} signs in with the password alone")?,
            false => writeln!(out, "{email} was asked for no code before, either")?,
        },
        Task::Remove { email } => {
            let removed = services::remove_staff(log, email, &by).await?;
            anyhow::ensure!(removed, is_none(email));
            writeln!(out, "{email} can sign in no more")?;
        }
        Task::SignOut { email } => {
            services::sign_staff_out(log, email, &by).await?;
            writeln!(out, "every session of {email} has ended")?;
        }
    }
    Ok(())
}
