//! Members of staff for whom somebody at the machine acts.

use broker::Log;
use types::Problem;
use types::staff::Right;

use crate::staff::member_rows;
use crate::visitor::Staff;

/// How the log names a member of staff, if their role may do this.
///
/// # Errors
/// 404 where there is no such member, 403 with who may.
pub async fn member_who_may(log: &Log, email: &str, right: Right) -> crate::Result<String> {
    let email = email.trim().to_lowercase();
    let members = member_rows(log).await?.into_iter();
    let known = members.into_iter().find(|known| known.email == email);
    let known = known.ok_or_else(|| {
        let detail = format!("{email} is not a member of staff; `server staff list` says who is.");
        Problem::not_found(detail)
    })?;
    let (none, session) = (String::new(), String::new());
    let member = Staff::signed_in(known.email, known.id, known.role, none, session);
    member.may(right).map(str::to_owned)
}
