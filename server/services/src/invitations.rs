//! Who may become a member of staff: invited by mail, with a link that is good for once, or the first owner, with a
//! link that is printed at the start.

use broker::{Log, Tx};
use db::Columns;
use domain::event::{StaffInvitationWithdrawn, StaffInvited, StaffJoined};
use types::Problem;
use types::staff::{Right, Role};
use types::staff_desk::{InvitationRow, StaffView};
use uuid::Uuid;

use crate::events::{Refused, encode, internal};
use crate::passwords;
use crate::shop::Shop;
use crate::staff::{self, email_of};
use crate::staff_names;
use crate::staff_secrets::StaffSecrets;
use crate::visitor::{Staff, role_of};

const HOUR_US: i64 = 60 * 60 * 1_000_000;
/// How long an invitation is good.
const LIFE_US: i64 = 72 * HOUR_US;
/// How long the first owner's link is.
const FIRST_LIFE_US: i64 = 24 * HOUR_US;
/// People who are invited at once, at most.
const MOST: i64 = 100;
/// For how long one that is over is still shown, to be sent again.
const SHOWN_US: i64 = 30 * 24 * HOUR_US;

/// Invitations that were over long before `$1`, some of them.
pub(crate) const SWEEP: &str = "delete from staff_invitations where member in \
     (select member from staff_invitations where expires_at_us < $1 limit 500)";

/// How long one that is over is kept.
pub(crate) const KEPT_US: i64 = SHOWN_US;

/// Whom an invitation is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Empty for the first owner, who says it.
    pub email: String,
    pub role: Role,
    member: String,
    invitation: String,
    expires_at_us: i64,
}

const INVITED: &str = "select member, invitation, email, role, expires_at_us \
     from staff_invitations where ";

impl Invited {
    fn read(row: &db::Row) -> Result<Self, db::SqlError> {
        Ok(Self {
            member: row.try_get(0)?,
            invitation: row.try_get(1)?,
            email: row.try_get(2)?,
            role: role_of(row.try_get(3)?),
            expires_at_us: row.try_get(4)?,
        })
    }
}

fn is_of_no_use() -> Problem {
    let detail = "This link is of no use any more: it was used, taken back, or is too old. Ask whoever \
                  invited you for another one.";
    Problem::not_found(detail)
}

fn is_member_already() -> Problem {
    let detail = "Somebody with this email is a member of staff already.";
    Problem::conflict("is-member", "A member already", detail)
}

/// Writes an invitation down, in place of one for the same member or email.
async fn write(tx: &mut Tx, invited: &Invited, now_us: i64, by: &str) -> Result<(), Refused> {
    db::query("delete from staff_invitations where member = $1 or email = $2")
        .bind(&invited.member)
        .bind(&invited.email)
        .execute(tx.conn())
        .await?;
    db::query(
        "insert into staff_invitations (member, invitation, email, role, invited_at_us, \
         expires_at_us, by_whom) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&invited.member)
    .bind(&invited.invitation)
    .bind(&invited.email)
    .bind(invited.role.into_str())
    .bind(now_us)
    .bind(invited.expires_at_us)
    .bind(by)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Invites somebody: the shop that runs writes to them. Answers with the path of the link.
///
/// # Errors
/// 422 for what is no email, 409 `is-member` or `too-many-invitations`.
pub async fn invite(
    log: &Log,
    secrets: &StaffSecrets,
    email: &str,
    role: Role,
    by: &str,
) -> crate::Result<String> {
    let email = email_of(email)?;
    Ok(write_invitation(log, secrets, Whom::Email(email), Some(role), by).await?)
}

/// Who is invited.
enum Whom {
    Email(String),
    /// Again: by the id that they will have.
    Again(String),
}

async fn write_invitation(
    log: &Log,
    secrets: &StaffSecrets,
    whom: Whom,
    role: Option<Role>,
    by: &str,
) -> Result<String, Refused> {
    let now_us = log.environment().now_us();
    let mut tx = log.begin("staff").await?;
    staff::alone(&mut tx).await?;
    let (column, value) = match &whom {
        Whom::Email(email) => ("email", email),
        Whom::Again(member) => ("member", member),
    };
    let before = db::query(db::trusted_sql(format!("{INVITED} {column} = $1")))
        .bind(value)
        .fetch_optional(tx.conn())
        .await?;
    let before = before.as_ref().map(Invited::read).transpose()?;
    let (member, email, role) = match (before, whom, role) {
        (Some(before), Whom::Again(_), _) => (before.member, before.email, before.role),
        (Some(before), Whom::Email(email), role) => {
            (before.member, email, role.unwrap_or(before.role))
        }
        (None, Whom::Email(email), Some(role)) => (staff_names::new_id(log), email, role),
        (None, ..) => return Err(is_of_no_use().into()),
    };
    if staff::is_there(&mut tx, &email).await? {
        return Err(is_member_already().into());
    }
    let open = db::query("select count(*) from staff_invitations where member <> $1")
        .bind(&member)
        .fetch_one(tx.conn())
        .await?;
    if open.try_get::<i64, _>(0)? >= MOST {
        let detail = "So many people are invited already. Take some invitations back first.";
        let title = "Too many invitations";
        return Err(Problem::conflict("too-many-invitations", title, detail).into());
    }
    let id = log.environment().new_id();
    let invited = Invited {
        email,
        role,
        member,
        invitation: id.to_string(),
        expires_at_us: now_us + LIFE_US,
    };
    write(&mut tx, &invited, now_us, by).await?;
    let told = StaffInvited {
        member: invited.member,
        invitation: invited.invitation,
        role,
        by: by.to_owned(),
    };
    tx.append(encode(told.into())?, None);
    tx.commit().await?;
    Ok(secrets.path(id))
}

/// To whom the mail of an invitation goes, as long as it is good: email, role, and until when.
pub(crate) async fn addressee(
    log: &Log,
    invitation: &str,
) -> Result<Option<(String, Role, i64)>, db::SqlError> {
    let row = db::query(db::trusted_sql(format!("{INVITED} invitation = $1")))
        .bind(invitation)
        .fetch_optional(log.db().reader())
        .await?;
    let invited = row.as_ref().map(Invited::read).transpose()?;
    Ok(invited.map(|it| (it.email, it.role, it.expires_at_us)))
}

impl Shop {
    /// The path with which whoever has it becomes the first owner; another one each time, and none where somebody can
    /// sign in.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn first_owner_path(&self) -> crate::Result<Option<String>> {
        let Some(secrets) = self.known_staff_secrets() else {
            return Ok(None);
        };
        let log = self.log();
        let written = async {
            let now_us = self.now_us();
            let mut tx = log.begin("staff").await?;
            staff::alone(&mut tx).await?;
            if staff::is_there(&mut tx, "").await? {
                return Ok(None);
            }
            let id = log.environment().new_id();
            let first = Invited {
                email: String::new(),
                role: Role::Owner,
                member: staff_names::new_id(log),
                invitation: id.to_string(),
                expires_at_us: now_us + FIRST_LIFE_US,
            };
            write(&mut tx, &first, now_us, "").await?;
            tx.commit().await?;
            Ok::<_, Refused>(Some(secrets.path(id)))
        };
        Ok(written.await?)
    }

    /// Whom a link is for.
    ///
    /// # Errors
    /// 404 for one that is of no use (any more).
    pub async fn invited(&self, token: &str) -> crate::Result<Invited> {
        let secrets = self.known_staff_secrets();
        let invitation = secrets.and_then(|secrets| secrets.invitation(token));
        let invitation: Uuid = invitation.ok_or_else(is_of_no_use)?;
        let found = async {
            let row = db::query(db::trusted_sql(format!("{INVITED} invitation = $1")))
                .bind(invitation.to_string())
                .fetch_optional(self.log().db().reader())
                .await?;
            row.as_ref().map(Invited::read).transpose()
        };
        let invited: Option<Invited> =
            found.await.map_err(|error: db::SqlError| internal(error))?;
        let invited = invited.filter(|it| it.expires_at_us > self.now_us());
        invited.ok_or_else(is_of_no_use)
    }

    /// Takes an invitation up: whoever has the link is a member with this password, and the link is of no use any
    /// more. Only the first owner says an email; others have been written to.
    ///
    /// # Errors
    /// 404 for a link that is of no use, 422 about `email` or `password`, 409 `is-member`.
    pub async fn join(&self, token: &str, email: &str, password: String) -> crate::Result<Staff> {
        let invited = self.invited(token).await?;
        let is_first = invited.email.is_empty();
        let email = match is_first {
            true => email_of(email)?,
            false => invited.email.clone(),
        };
        let hash = passwords::hashed(password).await?;
        let joined = async {
            let log = self.log();
            let now_us = self.now_us();
            let mut tx = log.begin("staff").await?;
            staff::alone(&mut tx).await?;
            let gone = db::query("delete from staff_invitations where invitation = $1")
                .bind(&invited.invitation)
                .execute(tx.conn())
                .await?;
            // Two may press the button at once; and a first owner is the first.
            if gone.rows_affected() == 0 || (is_first && staff::is_there(&mut tx, "").await?) {
                return Err(is_of_no_use().into());
            }
            if staff::is_there(&mut tx, &email).await? {
                return Err(is_member_already().into());
            }
            let staff =
                staff::join(&mut tx, &invited.member, &email, invited.role, hash, now_us).await?;
            let told = StaffJoined {
                member: invited.member.clone(),
                role: invited.role,
                by: invited.member,
            };
            tx.append(encode(told.into())?, None);
            tx.commit().await?;
            Ok::<_, Refused>(staff)
        };
        let staff = joined.await?;
        self.staff_names().refresh(self.log()).await?;
        Ok(staff)
    }

    /// Everybody of the staff, and who is invited.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn staff_view(&self, staff: &Staff) -> crate::Result<StaffView> {
        staff.may(Right::Staff)?;
        let now_us = self.now_us();
        self.staff_names().refresh(self.log()).await?;
        let found = async {
            let rows = db::query(
                "select member, email, role, invited_at_us, expires_at_us, by_whom \
                 from staff_invitations where email <> '' order by invited_at_us desc",
            )
            .fetch_all(self.log().db().reader())
            .await?;
            let row = |row: &db::Row| {
                let expires_at_us = row.try_get(4)?;
                let by: String = row.try_get(5)?;
                Ok(InvitationRow {
                    member: row.try_get(0)?,
                    email: row.try_get(1)?,
                    role: role_of(row.try_get(2)?),
                    invited_at_us: row.try_get(3)?,
                    expires_at_us,
                    is_over: expires_at_us <= now_us,
                    by: self.staff_names().of(&by),
                })
            };
            rows.iter().map(row).collect::<Result<_, db::SqlError>>()
        };
        Ok(StaffView {
            members: staff::member_rows(self.log()).await?,
            invitations: found.await.map_err(internal)?,
        })
    }

    /// Invites somebody, who is written to.
    ///
    /// # Errors
    /// Those of [`invite`], and 409 `mail-off` where no mails are sent.
    pub async fn invite_staff(&self, staff: &Staff, email: &str, role: Role) -> crate::Result<()> {
        let by = staff.may(Right::Staff)?;
        let email = email_of(email)?;
        self.write_to(Whom::Email(email), Some(role), by).await
    }

    /// Writes to somebody who is invited once more: with another link, the one before is of no use any more.
    ///
    /// # Errors
    /// Those of [`invite`], 404 where nobody is invited, and 409 `mail-off` where no mails are sent.
    pub async fn invite_again(&self, staff: &Staff, member: &str) -> crate::Result<()> {
        let by = staff.may(Right::Staff)?;
        self.write_to(Whom::Again(member.to_owned()), None, by)
            .await
    }

    async fn write_to(&self, whom: Whom, role: Option<Role>, by: &str) -> crate::Result<()> {
        let secrets = self.known_staff_secrets();
        let Some(secrets) = secrets.filter(|_| self.sends_mails()) else {
            let detail = "The shop's settings switch mails off (VITRINE_MAIL=off). On its machine, \
                          `server staff invite` shows the link instead.";
            return Err(Problem::conflict(
                "mail-off",
                "Mails are switched off",
                detail,
            ));
        };
        write_invitation(self.log(), secrets, whom, role, by).await?;
        Ok(())
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// 404 where nobody is invited.
    pub async fn withdraw_invitation(&self, staff: &Staff, member: &str) -> crate::Result<()> {
        let by = staff.may(Right::Staff)?;
        let withdrawn = async {
            let mut tx = self.log().begin("staff").await?;
            staff::alone(&mut tx).await?;
            let gone = db::query("delete from staff_invitations where member = $1 and email <> ''")
                .bind(member)
                .execute(tx.conn())
                .await?;
            if gone.rows_affected() == 0 {
                let detail = "Nobody is invited here any more. They may have come.";
                return Err(Problem::not_found(detail).into());
            }
            let told = StaffInvitationWithdrawn {
                member: member.to_owned(),
                by: by.to_owned(),
            };
            tx.append(encode(told.into())?, None);
            tx.commit().await?;
            Ok::<_, Refused>(())
        };
        Ok(withdrawn.await?)
    }
}
