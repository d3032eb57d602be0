//! Who runs the shop: members with their roles and passwords, and how they sign in.

use broker::{Log, Tx};
use db::Columns;
use domain::Event;
use domain::event::{
    SecondStep, StaffPasswordChanged, StaffRemoved, StaffRoleChanged, StaffSecondStepChanged,
    StaffSessionsEnded, StaffSignedIn,
};
use domain::staff::{StaffChange, StaffRefusal, check};
use serde::Serialize;
use types::Problem;
use types::staff::{Right, Role};
use types::staff_desk::MemberRow;

use crate::events::{Refused, encode, internal};
use crate::passwords;
use crate::second_step;
use crate::sessions;
use crate::shop::Shop;
use crate::staff_names;
use crate::visitor::{Staff, mark_of, role_of};

/// Whoever changes who is an owner does so alone: two could otherwise remove each other.
const LOCK: i64 = 0x0170_5AFF;

/// Who acts where the settings say so.
const SETTINGS: &str = "settings";

/// A member of staff, as the command line lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    pub email: String,
    pub role: Role,
    /// Whether the settings name them.
    pub from_settings: bool,
    /// Whether a code is asked for beside the password.
    pub second_step: bool,
    /// Sessions that have not ended.
    pub sessions: i64,
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        Self {
            email: row.email,
            role: row.role,
            from_settings: row.from_settings,
            second_step: row.has_second_step,
            sessions: row.sessions,
        }
    }
}

/// What a right password leads to.
#[derive(Debug)]
pub enum SignIn {
    /// Signed in.
    Done(Staff),
    /// A code is to be shown, too.
    CodeNeeded(Half),
}

/// Whoever has shown the right password and not yet the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    pub email: String,
    /// Of the password.
    pub mark: String,
}

/// A member as the table has them.
pub(crate) struct Known {
    pub id: String,
    pub email: String,
    pub role: Role,
    pub hash: String,
    pub from_settings: bool,
}

impl Known {
    pub fn read(row: &db::Row) -> Result<Self, db::SqlError> {
        Ok(Self {
            id: row.try_get(0)?,
            email: row.try_get(1)?,
            role: role_of(row.try_get(2)?),
            hash: row.try_get(3)?,
            from_settings: row.try_get::<i64, _>(4)? != 0,
        })
    }

    fn staff(self) -> Staff {
        let mark = mark_of(&self.hash);
        Staff::signed_in(self.email, self.id, self.role, mark, String::new())
    }
}

/// An email as the table has it.
///
/// # Errors
/// 422 for what is none.
pub(crate) fn email_of(text: &str) -> crate::Result<String> {
    let email = text.trim().to_lowercase();
    let is_odd = email.len() > 254 || email.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_odd || !email.contains('@') {
        let message = "Expected an email address like name@example.com.";
        return Err(Problem::invalid_field("email", message));
    }
    Ok(email)
}

pub(crate) fn no_such_member() -> Problem {
    Problem::not_found("There is no such member of staff. Somebody may have removed them.")
}

/// Everybody who can sign in.
pub async fn staff_members(log: &Log) -> crate::Result<Vec<Member>> {
    let rows = member_rows(log).await?;
    Ok(rows.into_iter().map(Member::from).collect())
}

pub(crate) async fn member_rows(log: &Log) -> crate::Result<Vec<MemberRow>> {
    let found = async {
        let rows = db::query(
            "select id, email, role, from_settings, (select count(*) from sessions \
             where sessions.staff = staff.email and expires_at_us > $1), \
             (select count(*) from staff_second_steps \
             where staff_second_steps.member = staff.id and confirmed = 1) \
             from staff order by email",
        )
        .bind(log.environment().now_us())
        .fetch_all(log.db().reader())
        .await?;
        let member = |row: &db::Row| {
            Ok(MemberRow {
                id: row.try_get(0)?,
                email: row.try_get(1)?,
                role: role_of(row.try_get(2)?),
                from_settings: row.try_get::<i64, _>(3)? != 0,
                sessions: row.try_get(4)?,
                has_second_step: row.try_get::<i64, _>(5)? != 0,
            })
        };
        rows.iter().map(member).collect::<Result<_, db::SqlError>>()
    };
    found.await.map_err(internal)
}

const KNOWN: &str = "select id, email, role, password_hash, from_settings from staff where ";

async fn known(log: &Log, email: &str) -> crate::Result<Option<Known>> {
    let found = async {
        let row = db::query(db::trusted_sql(format!("{KNOWN} email = $1")))
            .bind(email)
            .fetch_optional(log.db().reader())
            .await?;
        row.as_ref().map(Known::read).transpose()
    };
    found.await.map_err(|error: db::SqlError| internal(error))
}

/// Whether there is a member with this email; with an empty one, whether there is any.
pub(crate) async fn is_there(tx: &mut Tx, email: &str) -> Result<bool, Refused> {
    let row = db::query("select count(*) from staff where email = $1 or $2 = ''")
        .bind(email)
        .bind(email)
        .fetch_one(tx.conn())
        .await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}

/// Writes a new member down; in the transaction that says so.
pub(crate) async fn join(
    tx: &mut Tx,
    id: &str,
    email: &str,
    role: Role,
    hash: String,
    now_us: i64,
) -> Result<Staff, Refused> {
    let mark = mark_of(&hash);
    db::query(
        "insert into staff (email, password_hash, from_settings, id, role, joined_at_us) \
         values ($1, $2, 0, $3, $4, $5)",
    )
    .bind(email)
    .bind(hash)
    .bind(id)
    .bind(role.into_str())
    .bind(now_us)
    .execute(tx.conn())
    .await?;
    Ok(Staff::signed_in(
        email.to_owned(),
        id.to_owned(),
        role,
        mark,
        String::new(),
    ))
}

/// Takes the lock under which members come and go.
pub(crate) async fn alone(tx: &mut Tx) -> Result<(), Refused> {
    Ok(tx.lock(LOCK).await?)
}

/// Gives a person a password, or another one; another one ends their sessions. Whoever is new gets the role.
///
/// # Errors
/// 422 for what is no email or a password that is too short.
pub async fn set_staff_password(
    log: &Log,
    email: &str,
    password: String,
    role: Role,
    from_settings: bool,
    by: &str,
) -> crate::Result<()> {
    let email = email_of(email)?;
    let hash = passwords::hashed(password).await?;
    let written = async {
        let mut tx = log.begin("staff").await?;
        alone(&mut tx).await?;
        db::query(
            "insert into staff (email, password_hash, from_settings, id, role, joined_at_us) \
             values ($1, $2, $3, $4, $5, $6) \
             on conflict (email) do update set password_hash = excluded.password_hash, \
             from_settings = excluded.from_settings",
        )
        .bind(&email)
        .bind(hash)
        .bind(i64::from(from_settings))
        .bind(staff_names::new_id(log))
        .bind(role.into_str())
        .bind(log.environment().now_us())
        .execute(tx.conn())
        .await?;
        sessions::end_all(&mut tx, &email).await?;
        let row = db::query(db::trusted_sql(format!("{KNOWN} email = $1")))
            .bind(&email)
            .fetch_one(tx.conn())
            .await?;
        let changed = StaffPasswordChanged {
            member: Known::read(&row)?.id,
            by: by.to_owned(),
        };
        tx.append(encode(changed.into())?, None);
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    Ok(written.await?)
}

/// Gives an id to members of staff that an earlier version knew without one.
async fn complete_ids(log: &Log) -> crate::Result<()> {
    let completed = async {
        let rows = db::query("select email from staff where id = ''")
            .fetch_all(log.db().reader())
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = log.begin("staff").await?;
        for row in &rows {
            let email: String = row.try_get(0)?;
            db::query("update staff set id = $1 where email = $2 and id = ''")
                .bind(staff_names::new_id(log))
                .bind(email)
                .execute(tx.conn())
                .await?;
        }
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    Ok(completed.await?)
}

/// Who is meant.
#[derive(Clone, Copy)]
enum Whom<'a> {
    Email(&'a str),
    Id(&'a str),
}

impl Whom<'_> {
    async fn find(self, tx: &mut Tx) -> Result<Option<Known>, Refused> {
        let (column, value) = match self {
            Self::Email(email) => ("email", email.trim().to_lowercase()),
            Self::Id(id) => ("id", id.to_owned()),
        };
        let row = db::query(db::trusted_sql(format!("{KNOWN} {column} = $1")))
            .bind(value)
            .fetch_optional(tx.conn())
            .await?;
        Ok(row.as_ref().map(Known::read).transpose()?)
    }
}

/// Changes what somebody is, or removes them, and ends their sessions. Answers with whether there was anybody.
///
/// # Errors
/// 409 `last-owner`, `named-by-settings` or `role-unchanged`.
async fn change(log: &Log, whom: Whom<'_>, change: StaffChange, by: &str) -> Result<bool, Refused> {
    let mut tx = log.begin("staff").await?;
    alone(&mut tx).await?;
    let Some(known) = whom.find(&mut tx).await? else {
        return Ok(false);
    };
    let row = db::query("select count(*) from staff where role = $1 and id <> $2")
        .bind(Role::Owner.into_str())
        .bind(&known.id)
        .fetch_one(tx.conn())
        .await?;
    let others = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
    // The settings themselves may name somebody else.
    let is_named = known.from_settings && by != SETTINGS;
    if by != SETTINGS {
        check(known.role, change, others, is_named).map_err(refusal)?;
    }
    let member = known.id.clone();
    let by = by.to_owned();
    let told: Event = match change {
        StaffChange::Role(role) => {
            db::query("update staff set role = $1 where id = $2")
                .bind(role.into_str())
                .bind(&known.id)
                .execute(tx.conn())
                .await?;
            StaffRoleChanged {
                member,
                before: known.role,
                role,
                by,
            }
            .into()
        }
        StaffChange::Removed => {
            db::query("delete from staff where id = $1")
                .bind(&known.id)
                .execute(tx.conn())
                .await?;
            second_step::forget(&mut tx, &known.id).await?;
            StaffRemoved { member, by }.into()
        }
    };
    sessions::end_all(&mut tx, &known.email).await?;
    tx.append(encode(told)?, None);
    tx.commit().await?;
    Ok(true)
}

fn refusal(refusal: StaffRefusal) -> Problem {
    match refusal {
        StaffRefusal::LastOwner => Problem::conflict(
            "last-owner",
            "The last owner stays",
            "Nobody would be left who may invite others. Make somebody else an owner first.",
        ),
        StaffRefusal::NamedBySettings => Problem::conflict(
            "named-by-settings",
            "The settings name them",
            "The shop's settings (VITRINE_ADMIN_EMAIL) make them an owner at each start. Change those.",
        ),
        StaffRefusal::Unchanged => Problem::conflict(
            "role-unchanged",
            "Nothing to change",
            "They have this role already. Somebody else may have changed it.",
        ),
    }
}

/// Removes a member of staff and ends their sessions. Answers with whether there was one.
///
/// # Errors
/// 409 for the last owner, and for whom the settings name.
pub async fn remove_staff(log: &Log, email: &str, by: &str) -> crate::Result<bool> {
    Ok(change(log, Whom::Email(email), StaffChange::Removed, by).await?)
}

/// Gives a member of staff another role and ends their sessions. Answers with whether there is one.
///
/// # Errors
/// 409 for the last owner, whom the settings name, and the role that they have.
pub async fn set_staff_role(log: &Log, email: &str, role: Role, by: &str) -> crate::Result<bool> {
    Ok(change(log, Whom::Email(email), StaffChange::Role(role), by).await?)
}

/// Has a member of staff sign in with the password alone again, and ends their sessions. Answers with whether they
/// had a second step.
///
/// # Errors
/// 404 where there is no such member.
pub async fn reset_second_step(log: &Log, email: &str, by: &str) -> crate::Result<bool> {
    Ok(without_second_step(log, Whom::Email(email), by).await?)
}

async fn without_second_step(log: &Log, whom: Whom<'_>, by: &str) -> Result<bool, Refused> {
    let mut tx = log.begin("staff").await?;
    let known = whom.find(&mut tx).await?.ok_or_else(no_such_member)?;
    if !second_step::forget(&mut tx, &known.id).await? {
        return Ok(false);
    }
    sessions::end_all(&mut tx, &known.email).await?;
    let changed = StaffSecondStepChanged {
        member: known.id,
        is_on: false,
        by: by.to_owned(),
    };
    tx.append(encode(changed.into())?, None);
    tx.commit().await?;
    Ok(true)
}

/// Ends every session of a member of staff.
pub async fn sign_staff_out(log: &Log, email: &str, by: &str) -> crate::Result<()> {
    let email = email.trim().to_lowercase();
    let known = known(log, &email).await?;
    let ended = async {
        let mut tx = log.begin("staff").await?;
        let sessions = sessions::end_all(&mut tx, &email).await?;
        if let Some(known) = known.filter(|_| sessions > 0) {
            let ended = StaffSessionsEnded {
                member: known.id,
                sessions,
                by: by.to_owned(),
            };
            tx.append(encode(ended.into())?, None);
        }
        tx.commit().await?;
        Ok::<_, Refused>(())
    };
    Ok(ended.await?)
}

impl Shop {
    /// Makes `email` the one member of staff that the settings name: whom they named before can sign
    /// in no more. Answers with whether there is a password for `email`. One that is given is set,
    /// unless it is the one already: a new one ends sessions.
    ///
    /// # Errors
    /// 422 for a password that is too short.
    pub async fn name_owner(&self, email: &str, password: Option<String>) -> crate::Result<bool> {
        let email = email.trim().to_lowercase();
        let log = self.log();
        complete_ids(log).await?;
        let found = async {
            let rows = db::query("select email from staff where from_settings = 1 and email <> $1")
                .bind(&email)
                .fetch_all(log.db().reader())
                .await?;
            rows.iter().map(|row| row.try_get(0)).collect()
        };
        let before: Result<Vec<String>, db::SqlError> = found.await;
        for named_before in before.map_err(internal)? {
            remove_staff(log, &named_before, SETTINGS).await?;
            tracing::info!("whom the settings named as owner before can sign in no more");
        }
        let known = known(log, &email).await?;
        if known
            .as_ref()
            .is_some_and(|known| known.role != Role::Owner)
        {
            set_staff_role(log, &email, Role::Owner, SETTINGS).await?;
        }
        let hash = known.map(|known| known.hash);
        let Some(password) = password else {
            return Ok(hash.is_some());
        };
        if !passwords::is_right(password.clone(), hash).await? {
            set_staff_password(log, &email, password, Role::Owner, true, SETTINGS).await?;
        }
        Ok(true)
    }

    /// Says that the settings name nobody: whom they named before is a member as others are. Answers with whether
    /// there is anybody who can sign in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn name_nobody(&self) -> crate::Result<bool> {
        complete_ids(self.log()).await?;
        let members = member_rows(self.log()).await?;
        if members.iter().any(|member| member.from_settings) {
            let forgotten = async {
                let mut tx = self.log().begin("staff").await?;
                db::query("update staff set from_settings = 0 where from_settings = 1")
                    .execute(tx.conn())
                    .await?;
                tx.commit().await?;
                Ok::<_, Refused>(())
            };
            forgotten.await?;
        }
        Ok(!members.is_empty())
    }

    /// Looks at an email and a password. Where a code is asked for, too, nobody is signed in yet.
    ///
    /// # Errors
    /// 401 for a wrong email or a wrong password; which of them is not told. 503 when too many are
    /// looked at.
    pub async fn check_password(&self, email: &str, password: String) -> crate::Result<SignIn> {
        let email = email.trim().to_lowercase();
        let known = known(self.log(), &email).await?;
        let hash = known.as_ref().map(|known| known.hash.clone());
        let right = passwords::is_right(password, hash).await?;
        let Some(known) = known.filter(|_| right) else {
            let detail = "The email or the password is not right.";
            return Err(Problem::unauthenticated(detail));
        };
        if second_step::is_on(self.log(), &known.id).await? {
            let mark = mark_of(&known.hash);
            return Ok(SignIn::CodeNeeded(Half { email, mark }));
        }
        Ok(SignIn::Done(known.staff()))
    }

    /// [`Shop::check_password`] for whoever has set up no second step.
    ///
    /// # Errors
    /// 401, also where a code is asked for.
    pub async fn sign_in(&self, email: &str, password: String) -> crate::Result<Staff> {
        match self.check_password(email, password).await? {
            SignIn::Done(staff) => Ok(staff),
            SignIn::CodeNeeded(_) => Err(Problem::unauthenticated("A code is needed, too.")),
        }
    }

    /// Looks at the code of whoever has shown the right password: one of their app, or a recovery code.
    ///
    /// # Errors
    /// 401 for a wrong one, one that was used, and where the password is another one by now.
    pub async fn check_code(&self, half: &Half, code: &str) -> crate::Result<(Staff, SecondStep)> {
        let known = known(self.log(), &half.email).await?;
        let known = known.filter(|known| mark_of(&known.hash) == half.mark);
        let known = known.ok_or_else(|| {
            Problem::unauthenticated("Your password is another one by now. Begin again.")
        })?;
        let step = self.use_code(&known.id, code).await?;
        Ok((known.staff(), step))
    }

    /// Writes down that somebody has signed in.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn signed_in(&self, staff: &Staff, second_step: SecondStep) -> crate::Result<()> {
        let by = staff.may(Right::OwnAccount)?;
        let told = StaffSignedIn {
            member: by.to_owned(),
            second_step,
            by: by.to_owned(),
        };
        self.request(told.into()).await?;
        Ok(())
    }

    /// Gives a member another role, which ends their sessions.
    ///
    /// # Errors
    /// 404 where there is none, 409 `last-owner`, `named-by-settings` or `role-unchanged`.
    pub async fn change_role(&self, staff: &Staff, member: &str, role: Role) -> crate::Result<()> {
        let by = staff.may(Right::Staff)?;
        let changed = change(self.log(), Whom::Id(member), StaffChange::Role(role), by).await?;
        changed.then_some(()).ok_or_else(no_such_member)
    }

    /// Removes a member, which ends their sessions.
    ///
    /// # Errors
    /// 404 where there is none, 409 `last-owner` or `named-by-settings`.
    pub async fn remove_member(&self, staff: &Staff, member: &str) -> crate::Result<()> {
        let by = staff.may(Right::Staff)?;
        let removed = change(self.log(), Whom::Id(member), StaffChange::Removed, by).await?;
        removed.then_some(()).ok_or_else(no_such_member)
    }

    /// Has a member sign in with the password alone again, and ends their sessions: for whoever has lost the app and
    /// the recovery codes.
    ///
    /// # Errors
    /// 404 where there is none, 409 `no-second-step`.
    pub async fn reset_second_step(&self, staff: &Staff, member: &str) -> crate::Result<()> {
        let by = staff.may(Right::Staff)?;
        match without_second_step(self.log(), Whom::Id(member), by).await? {
            true => Ok(()),
            false => Err(Problem::conflict(
                "no-second-step",
                "There is no second step",
                "They sign in with their password alone already.",
            )),
        }
    }

    /// Signs a member out everywhere.
    ///
    /// # Errors
    /// 404 where there is none.
    pub async fn sign_member_out(&self, staff: &Staff, member: &str) -> crate::Result<()> {
        let by = staff.may(Right::Staff)?;
        let members = member_rows(self.log()).await?;
        let member = members.into_iter().find(|row| row.id == member);
        let member = member.ok_or_else(no_such_member)?;
        sign_staff_out(self.log(), &member.email, by).await
    }

    /// Gives whoever asks another password. Their other sessions end, and this one, too: its mark is of the password.
    ///
    /// # Errors
    /// 422 about `current` or `password`.
    pub async fn change_own_password(
        &self,
        staff: &Staff,
        current: String,
        password: String,
    ) -> crate::Result<Staff> {
        let by = staff.may(Right::OwnAccount)?;
        let known = known(self.log(), &staff.email).await?;
        let known = known.ok_or_else(no_such_member)?;
        if known.from_settings {
            return Err(refusal(StaffRefusal::NamedBySettings));
        }
        if !passwords::is_right(current, Some(known.hash)).await? {
            let message = "This is not your password.";
            return Err(Problem::invalid_field("current", message));
        }
        set_staff_password(self.log(), &staff.email, password, known.role, false, by).await?;
        let known = self::known(self.log(), &staff.email).await?;
        known.map(Known::staff).ok_or_else(no_such_member)
    }
}
