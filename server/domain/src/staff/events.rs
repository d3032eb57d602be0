//! What becomes of those who run the shop. Members stand here by their ids; whose they are is known beside the log.

use serde::{Deserialize, Serialize};
use types::staff::Role;

use crate::event::declare;

/// What was shown beside the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondStep {
    /// The member has set up none.
    None,
    Code,
    RecoveryCode,
}

declare! {
    /// Somebody may become a member: a link was made for them, in place of any before.
    StaffInvited ("staff.invited" on "staff", ordered by member) {
        member: String,
        /// What the link is made of: of no use without the shop's secret.
        invitation: String,
        role: Role,
        by: String,
    }

    /// The invitation's mail is out, or never will be.
    StaffInvitationMailed ("staff.invitation_mailed" on "staff", ordered by member) {
        member: String,
        refused: Option<String>,
    }

    /// The link is of no use any more.
    StaffInvitationWithdrawn ("staff.invitation_withdrawn" on "staff", ordered by member) {
        member: String,
        by: String,
    }

    /// Whoever was invited has a password now.
    StaffJoined ("staff.joined" on "staff", ordered by member) {
        member: String,
        role: Role,
        by: String,
    }

    StaffRoleChanged ("staff.role_changed" on "staff", ordered by member) {
        member: String,
        before: Role,
        role: Role,
        by: String,
    }

    StaffRemoved ("staff.removed" on "staff", ordered by member) {
        member: String,
        by: String,
    }

    /// The password is another one.
    StaffPasswordChanged ("staff.password_changed" on "staff", ordered by member) {
        member: String,
        by: String,
    }

    /// A code of an app is asked for beside the password from now on, or no more.
    StaffSecondStepChanged ("staff.second_step_changed" on "staff", ordered by member) {
        member: String,
        is_on: bool,
        by: String,
    }

    StaffSignedIn ("staff.signed_in" on "staff", ordered by member) {
        member: String,
        second_step: SecondStep,
        by: String,
    }

    /// Browsers of a member are signed out.
    StaffSessionsEnded ("staff.sessions_ended" on "staff", ordered by member) {
        member: String,
        sessions: u64,
        by: String,
    }
}
