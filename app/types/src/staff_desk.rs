//! Members of staff, invitations and sessions, as pages show them.

use serde::{Deserialize, Serialize};

use crate::staff::Role;

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRow {
    /// How the log names them.
    pub id: String,
    pub email: String,
    pub role: Role,
    /// Whether the settings name them.
    pub from_settings: bool,
    /// Whether a code is asked for beside the password.
    pub has_second_step: bool,
    /// Sessions that have not ended.
    pub sessions: i64,
}

/// Who was invited and has not come yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRow {
    /// The id that they will have.
    pub member: String,
    pub email: String,
    pub role: Role,
    pub invited_at_us: i64,
    pub expires_at_us: i64,
    pub is_over: bool,
    /// Who invited them.
    pub by: String,
}

/// Everybody of the staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffView {
    pub members: Vec<MemberRow>,
    pub invitations: Vec<InvitationRow>,
}

/// A browser that is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    pub id: String,
    pub began_us: i64,
    pub used_us: i64,
    /// `Firefox on Linux`.
    pub browser: String,
    /// Without its end.
    pub address: String,
    /// Whether it is the one that asks.
    pub is_own: bool,
}

/// What a member of staff sees of their own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    pub sessions: Vec<SessionRow>,
    pub second_step: SecondStepView,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecondStepView {
    Off,
    /// Begun; a first code has to show that the app has it.
    Begun {
        /// For whoever types it.
        secret: String,
        /// For an app on the same device.
        url: String,
        /// The same as a picture.
        svg: String,
    },
    On {
        /// Recovery codes that were not used.
        recovery_codes: i64,
    },
}
