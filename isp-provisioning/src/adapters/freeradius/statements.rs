//! The statements, which SQLite and PostgreSQL read alike.

/// Whose rows a user name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has none.
    Absent,
    /// They carry our reference.
    Ours,
    /// They carry another one, or none.
    Foreign,
}

/// Makes PostgreSQL do one change of a user name at a time; SQLite does one change at a time anyway.
pub(super) const LOCK_POSTGRES: &str = "SELECT pg_advisory_xact_lock(hashtextextended('radius:' || $1, 0))";

/// Rows of the user name, and how many of them mark it as ours or as somebody else's.
pub(super) const STANDING: &str = "SELECT \
    (SELECT COUNT(*) FROM radcheck WHERE username = $1) \
    + (SELECT COUNT(*) FROM radreply WHERE username = $1) \
    + (SELECT COUNT(*) FROM radusergroup WHERE username = $1), \
    (SELECT COUNT(*) FROM radreply WHERE username = $1 AND attribute = 'Class' AND value = $2), \
    (SELECT COUNT(*) FROM radreply WHERE username = $1 AND attribute = 'Class' AND value <> $2)";

/// All of the account but its address: a creation that arrives late must not take away what came since.
pub(super) const CLEAR_ACCOUNT: [&str; 3] = [
    "DELETE FROM radcheck WHERE username = $1",
    "DELETE FROM radreply WHERE username = $1 AND attribute NOT IN ('Framed-IP-Address', \
     'Framed-IP-Netmask', 'Tunnel-Type:0', 'Tunnel-Medium-Type:0', 'Tunnel-Private-Group-Id:0')",
    "DELETE FROM radusergroup WHERE username = $1",
];

/// The address and the VLAN, nothing else.
pub(super) const CLEAR_ADDRESS: &str = "DELETE FROM radreply WHERE username = $1 AND attribute IN \
    ('Framed-IP-Address', 'Framed-IP-Netmask', 'Tunnel-Type:0', 'Tunnel-Medium-Type:0', \
     'Tunnel-Private-Group-Id:0')";

pub(super) const INSERT_CHECK: &str =
    "INSERT INTO radcheck (username, attribute, op, value) VALUES ($1, $2, ':=', $3)";
pub(super) const INSERT_REPLY: &str =
    "INSERT INTO radreply (username, attribute, op, value) VALUES ($1, $2, ':=', $3)";
pub(super) const INSERT_GROUP: &str =
    "INSERT INTO radusergroup (username, groupname, priority) VALUES ($1, $2, 1)";

/// Reads the three counts of [`STANDING`].
pub(super) fn standing((rows, our_marks, other_marks): (i64, i64, i64)) -> Standing {
    match (rows, our_marks, other_marks) {
        (0, _, _) => Standing::Absent,
        (_, 1.., 0) => Standing::Ours,
        _ => Standing::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_ours_only_if_every_mark_is() {
        assert_eq!(standing((0, 0, 0)), Standing::Absent);
        assert_eq!(standing((4, 1, 0)), Standing::Ours);
        assert_eq!(standing((4, 0, 1)), Standing::Foreign);
        assert_eq!(standing((5, 1, 1)), Standing::Foreign);
        assert_eq!(standing((3, 0, 0)), Standing::Foreign, "rows that an operator wrote by hand");
    }
}
