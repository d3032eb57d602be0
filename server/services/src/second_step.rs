//! The second step of signing in: a code of an app (TOTP, RFC 6238), or one of ten recovery codes. What the app makes its
//! codes of is stored encrypted, recovery codes as keyed hashes; each code is taken once.

use broker::{Log, Tx};
use db::Columns;
use domain::event::{SecondStep, StaffSecondStepChanged};
use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Builder, Totp};
use types::Problem;
use types::house::HOUSE;
use types::staff::Right;
use types::staff_desk::SecondStepView;

use crate::events::{Refused, encode, internal};
use crate::shop::Shop;
use crate::staff_secrets::{SECRET, StaffSecrets, random};
use crate::visitor::Staff;

/// Recovery codes that somebody gets.
const RECOVERY_CODES: usize = 10;
/// Without letters that look like others.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// Letters of a recovery code: 50 bits, tried one at a time.
const RECOVERY_LETTERS: usize = 10;

/// Whether a member is asked for a code.
pub(crate) async fn is_on(log: &Log, member: &str) -> crate::Result<bool> {
    let kept = kept(log, member).await.map_err(internal)?;
    Ok(kept.is_some_and(|kept| kept.confirmed))
}

/// Forgets a member's app and recovery codes; answers with whether a code was asked for.
pub(crate) async fn forget(tx: &mut Tx, member: &str) -> Result<bool, Refused> {
    db::query("delete from staff_recovery_codes where member = $1")
        .bind(member)
        .execute(tx.conn())
        .await?;
    let gone = db::query("delete from staff_second_steps where member = $1")
        .bind(member)
        .execute(tx.conn())
        .await?;
    Ok(gone.rows_affected() > 0)
}

struct Kept {
    sealed: String,
    confirmed: bool,
    last_step: i64,
}

async fn kept(log: &Log, member: &str) -> Result<Option<Kept>, db::SqlError> {
    let row =
        db::query("select secret, confirmed, last_step from staff_second_steps where member = $1")
            .bind(member)
            .fetch_optional(log.db().reader())
            .await?;
    let read = |row: db::Row| {
        Ok(Kept {
            sealed: row.try_get(0)?,
            confirmed: row.try_get::<i64, _>(1)? != 0,
            last_step: row.try_get(2)?,
        })
    };
    row.map(read).transpose()
}

fn totp(secret: Vec<u8>, email: &str) -> crate::Result<Totp> {
    // The label of the app divides house and account by a colon.
    let account: String = email.chars().filter(|c| *c != ':').collect();
    let issuer: String = HOUSE.chars().filter(|c| *c != ':').collect();
    Builder::new()
        .with_secret(secret)
        .with_account_name(account)
        .with_issuer(Some(issuer))
        .build()
        .map_err(internal)
}

/// The time step of a code that is right now, give or take one for clocks that differ.
fn step_of(totp: &Totp, code: &str, now_us: i64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now_us / 1_000_000).ok()?;
    let step = totp.check(&code, seconds)?;
    i64::try_from(step).ok()
}

fn wrong_code() -> Problem {
    Problem::unauthenticated("This code is not right, or was used already. Wait for the next one.")
}

/// Recovery codes as they are shown once: `abcde-fghjk`.
fn new_recovery_codes() -> crate::Result<Vec<String>> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let bytes = random::<RECOVERY_LETTERS>()?;
        let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte & 31)]);
        let (first, second) = bytes.split_at(RECOVERY_LETTERS / 2);
        let half = |half: &[u8]| half.iter().map(letter).collect::<String>();
        codes.push(format!("{}-{}", half(first), half(second)));
    }
    Ok(codes)
}

/// A recovery code as it is hashed, however it was typed.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(|c| c.is_ascii_alphanumeric());
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

impl Shop {
    /// How the second step of whoever asks stands.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn own_second_step(&self, staff: &Staff) -> crate::Result<SecondStepView> {
        let member = staff.may(Right::OwnAccount)?;
        let Some(kept) = kept(self.log(), member).await.map_err(internal)? else {
            return Ok(SecondStepView::Off);
        };
        if kept.confirmed {
            let row = db::query("select count(*) from staff_recovery_codes where member = $1")
                .bind(member)
                .fetch_one(self.log().db().reader())
                .await;
            let count = row.and_then(|row| row.try_get(0));
            let recovery_codes = count.map_err(internal)?;
            return Ok(SecondStepView::On { recovery_codes });
        }
        let secret = self.staff_secrets()?.open(member, &kept.sealed);
        let Some(secret) = secret else {
            // The shop has another secret by now.
            return Ok(SecondStepView::Off);
        };
        let totp = totp(secret.clone(), &staff.email)?;
        let url = totp.to_url().map_err(internal)?;
        let code = QrCode::new(&url).map_err(internal)?;
        let svg = code
            .render::<svg::Color<'_>>()
            .min_dimensions(220, 220)
            .build();
        // It stands within a page.
        let svg = svg.split_once("?>").map_or(svg.as_str(), |(_, svg)| svg);
        Ok(SecondStepView::Begun {
            secret: totp_rs::Secret::from(secret.as_slice()).to_base32(),
            url,
            svg: svg.to_owned(),
        })
    }

    /// Begins to set up an app: a new secret, which asks for nothing until a code of it was shown.
    ///
    /// # Errors
    /// 409 `second-step-on` where there is one already.
    pub async fn begin_second_step(&self, staff: &Staff) -> crate::Result<()> {
        let member = staff.may(Right::OwnAccount)?.to_owned();
        let sealed = self.staff_secrets()?.seal(&member, random::<SECRET>()?)?;
        let begun: Result<u64, Refused> = self
            .writer()
            .run_unmarked(move |tx| {
                Box::pin(async move {
                    let begun = db::query(
                        "insert into staff_second_steps (member, secret, confirmed, last_step) \
                         values ($1, $2, 0, 0) on conflict (member) do update \
                         set secret = excluded.secret, last_step = 0 \
                         where staff_second_steps.confirmed = 0",
                    )
                    .bind(member)
                    .bind(sealed)
                    .execute(tx.conn())
                    .await?;
                    Ok(begun.rows_affected())
                })
            })
            .await;
        match begun? {
            0 => Err(is_on_already()),
            _ => Ok(()),
        }
    }

    /// Asks for a code with each sign-in from now on, as a first one shows that the app has the secret. Answers with
    /// the recovery codes, which nobody sees again.
    ///
    /// # Errors
    /// 422 about `code`, 409 `second-step-on` or `second-step-off`.
    pub async fn confirm_second_step(
        &self,
        staff: &Staff,
        code: &str,
    ) -> crate::Result<Vec<String>> {
        let member = staff.may(Right::OwnAccount)?.to_owned();
        let kept = kept(self.log(), &member).await.map_err(internal)?;
        let kept = kept.ok_or_else(not_begun)?;
        if kept.confirmed {
            return Err(is_on_already());
        }
        let secrets = self.staff_secrets()?;
        let secret = secrets.open(&member, &kept.sealed).ok_or_else(not_begun)?;
        let step = step_of(&totp(secret, &staff.email)?, code, self.now_us());
        let Some(step) = step else {
            let message = "This code is not right. Is the clock of your device?";
            return Err(Problem::invalid_field("code", message));
        };
        let codes = new_recovery_codes()?;
        let hashes: Vec<String> = (codes.iter())
            .map(|code| secrets.recovery_hash(&member, &plain(code)))
            .collect();
        let confirmed: Result<(), Refused> = self
            .writer()
            .run(move |tx| {
                Box::pin(async move {
                    let confirmed = db::query(
                        "update staff_second_steps set confirmed = 1, last_step = $1 \
                         where member = $2 and secret = $3 and confirmed = 0",
                    )
                    .bind(step)
                    .bind(&member)
                    .bind(kept.sealed)
                    .execute(tx.conn())
                    .await?;
                    if confirmed.rows_affected() == 0 {
                        return Err(is_on_already().into());
                    }
                    for hash in hashes {
                        let insert =
                            "insert into staff_recovery_codes (member, code) values ($1, $2)";
                        db::query(insert)
                            .bind(&member)
                            .bind(hash)
                            .execute(tx.conn())
                            .await?;
                    }
                    let changed = StaffSecondStepChanged {
                        member: member.clone(),
                        is_on: true,
                        by: member,
                    };
                    tx.append(encode(changed.into())?, None);
                    Ok(())
                })
            })
            .await;
        confirmed?;
        Ok(codes)
    }

    /// Signs in with the password alone again; a code shows that it is the member who asks.
    ///
    /// # Errors
    /// 422 about `code`.
    pub async fn end_second_step(&self, staff: &Staff, code: &str) -> crate::Result<()> {
        let member = staff.may(Right::OwnAccount)?.to_owned();
        if is_on(self.log(), &member).await? {
            let used = self.use_code(&member, code).await;
            used.map_err(|problem| match problem.status {
                401 => Problem::invalid_field("code", problem.detail),
                _ => problem,
            })?;
        }
        let ended: Result<(), Refused> = self
            .writer()
            .run(move |tx| {
                Box::pin(async move {
                    if forget(tx, &member).await? {
                        let changed = StaffSecondStepChanged {
                            member: member.clone(),
                            is_on: false,
                            by: member,
                        };
                        tx.append(encode(changed.into())?, None);
                    }
                    Ok(())
                })
            })
            .await;
        Ok(ended?)
    }

    /// Takes a code of the app or a recovery code, which is of no use afterwards.
    ///
    /// # Errors
    /// 401 for a wrong one, or one that was taken before.
    pub(crate) async fn use_code(&self, member: &str, code: &str) -> crate::Result<SecondStep> {
        let kept = kept(self.log(), member).await.map_err(internal)?;
        let kept = kept.filter(|kept| kept.confirmed).ok_or_else(wrong_code)?;
        let secrets = self.staff_secrets()?;
        let secret = secrets.open(member, &kept.sealed);
        let step = match secret {
            // The account's name does not change its codes.
            Some(secret) => step_of(&totp(secret, "member")?, code, self.now_us()),
            None => None,
        };
        let member = member.to_owned();
        let (used, query) = match step {
            Some(step) if step <= kept.last_step => return Err(wrong_code()),
            Some(step) => (SecondStep::Code, Use::Step(step)),
            None => {
                let hash = secrets.recovery_hash(&member, &plain(code));
                (SecondStep::RecoveryCode, Use::Recovery(hash))
            }
        };
        let taken: Result<u64, Refused> = self
            .writer()
            .run_unmarked(move |tx| Box::pin(async move { query.write(tx, &member).await }))
            .await;
        match taken? {
            // Somebody else was faster with the same one.
            0 => Err(wrong_code()),
            _ => Ok(used),
        }
    }

    fn staff_secrets(&self) -> crate::Result<&StaffSecrets> {
        let secrets = self.known_staff_secrets();
        secrets.ok_or_else(|| internal("nobody has told the shop's secret"))
    }
}

/// How a code is used up.
enum Use {
    Step(i64),
    Recovery(String),
}

impl Use {
    /// Answers with 0 where it was used before.
    async fn write(self, tx: &mut Tx, member: &str) -> Result<u64, Refused> {
        let query = match self {
            Self::Step(step) => {
                let sql = "update staff_second_steps set last_step = $1 \
                           where member = $2 and confirmed = 1 and last_step < $3";
                db::query(sql).bind(step).bind(member).bind(step)
            }
            Self::Recovery(hash) => {
                let sql = "delete from staff_recovery_codes where member = $1 and code = $2";
                db::query(sql).bind(member).bind(hash)
            }
        };
        Ok(query.execute(tx.conn()).await?.rows_affected())
    }
}

fn is_on_already() -> Problem {
    let detail = "A code is asked for already. End that first to use another app.";
    Problem::conflict("second-step-on", "There is a second step", detail)
}

fn not_begun() -> Problem {
    let detail = "Have your app read the picture first.";
    Problem::conflict("second-step-off", "There is no second step yet", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds for which a code is the one.
    const STEP: i64 = 30;
    const NOW_US: i64 = 1_764_600_000_000_000;

    /// RFC 6238, appendix B: the secret of its test vectors, whose codes are cut to six digits here.
    #[test]
    fn codes_are_those_of_the_standard() {
        let totp = totp(b"12345678901234567890".to_vec(), "a@b.example").expect("a secret");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (2_000_000_000, "279037"),
        ] {
            let step = step_of(&totp, code, seconds * 1_000_000);
            assert_eq!(step, Some(seconds / STEP), "{code}");
        }
        let spaced = step_of(&totp, " 287 082 ", 59_000_000);
        assert_eq!(spaced, Some(1));
    }

    #[test]
    fn a_code_is_right_in_its_step_and_the_two_beside_it() {
        let totp = totp(vec![3; SECRET], "a@b.example").expect("a secret");
        let code = totp.generate(1_764_600_000).to_string();
        let step = 30_000_000;
        for (off, is_right) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let found = step_of(&totp, &code, NOW_US + off * step);
            assert_eq!(found.is_some(), is_right, "{off}");
            // Always the step of the code, so that it is known again.
            assert!(found.is_none_or(|found| found == NOW_US / step), "{off}");
        }
        for odd in ["", "12345", "1234567", "abcdef", "１２３４５６"] {
            assert_eq!(step_of(&totp, odd, NOW_US), None, "{odd}");
        }
    }

    #[test]
    fn recovery_codes_differ_and_are_read_however_they_are_typed() {
        let codes = new_recovery_codes().expect("codes");
        let mut different = codes.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), RECOVERY_CODES);
        for code in &codes {
            assert_eq!(plain(code).len(), RECOVERY_LETTERS);
            assert_eq!(plain(&code.to_uppercase().replace('-', " ")), plain(code));
        }
    }
}
