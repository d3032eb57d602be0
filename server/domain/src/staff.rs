//! Who runs the shop: what may become of whom. Emails, passwords and sessions stand beside the log.

pub mod acts;
pub mod events;

use types::staff::Role;

/// What is to become of a member of staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffChange {
    Role(Role),
    Removed,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffRefusal {
    /// Nobody would be left who may invite others.
    LastOwner,
    /// They are an owner because the settings name them, and would be one again with the next start.
    NamedBySettings,
    /// They have that role already.
    Unchanged,
}

/// Whether somebody with this role can be changed so, where there are so many other owners.
///
/// # Errors
/// Why not.
pub fn check(
    role: Role,
    change: StaffChange,
    other_owners: usize,
    named_by_settings: bool,
) -> Result<(), StaffRefusal> {
    if change == StaffChange::Role(role) {
        return Err(StaffRefusal::Unchanged);
    }
    if role == Role::Owner && other_owners == 0 {
        return Err(StaffRefusal::LastOwner);
    }
    if named_by_settings {
        return Err(StaffRefusal::NamedBySettings);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_owner_stays_one() {
        for change in [StaffChange::Removed, StaffChange::Role(Role::Stock)] {
            let last = check(Role::Owner, change, 0, false);
            assert_eq!(last, Err(StaffRefusal::LastOwner));
            assert_eq!(check(Role::Owner, change, 1, false), Ok(()));
            assert_eq!(check(Role::Viewer, change, 0, false), Ok(()));
        }
    }

    #[test]
    fn whom_the_settings_name_is_changed_there() {
        let removed = check(Role::Owner, StaffChange::Removed, 2, true);
        assert_eq!(removed, Err(StaffRefusal::NamedBySettings));
    }

    #[test]
    fn a_role_is_not_given_twice() {
        let same = check(Role::Stock, StaffChange::Role(Role::Stock), 1, false);
        assert_eq!(same, Err(StaffRefusal::Unchanged));
    }
}
