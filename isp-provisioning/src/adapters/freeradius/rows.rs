//! Which rows an account consists of.
//!
//! FreeRADIUS rejects a user altogether if one of its reply rows has an unknown attribute or a malformed
//! value. So attributes are an enum, and values are checked before they come near the tables.

use std::net::Ipv4Addr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha512};

use super::statements::Standing;
use crate::ports::{PortError, PortResult, RadiusAccount};

/// The longest value that fits into a RADIUS attribute.
const VALUE_BYTES: usize = 253;
/// The longest user or group name that every FreeRADIUS schema takes.
const NAME_BYTES: usize = 64;
/// Bytes of salt behind a hashed password.
const SALT_BYTES: usize = 8;

/// How the subscriber's secret is kept in `radcheck`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordStorage {
    /// In clear text. PPPoE with CHAP or MS-CHAP needs it: the server must know the password itself.
    #[default]
    Cleartext,
    /// As salted SHA-512. Only for networks that authenticate with PAP.
    SaltedSha512,
}

/// Every attribute that this adapter writes; FreeRADIUS's own dictionary knows them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    CleartextPassword,
    SaltedSha512Password,
    Class,
    FramedIpAddress,
    FramedIpNetmask,
    TunnelType,
    TunnelMediumType,
    TunnelPrivateGroupId,
}

/// An attribute and its checked value. The operator is always `:=`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) attribute: Attribute,
    pub(super) value: String,
}

impl Attribute {
    /// Its name in FreeRADIUS's dictionary.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CleartextPassword => "Cleartext-Password",
            Self::SaltedSha512Password => "SSHA2-512-Password",
            Self::Class => "Class",
            Self::FramedIpAddress => "Framed-IP-Address",
            Self::FramedIpNetmask => "Framed-IP-Netmask",
            Self::TunnelType => "Tunnel-Type:0",
            Self::TunnelMediumType => "Tunnel-Medium-Type:0",
            Self::TunnelPrivateGroupId => "Tunnel-Private-Group-Id:0",
        }
    }
}

impl Row {
    fn new(attribute: Attribute, value: impl Into<String>) -> PortResult<Self> {
        let value = value.into();
        plain(attribute.name(), &value, VALUE_BYTES)?;
        Ok(Self { attribute, value })
    }
}

/// The row of `radcheck`: the password.
pub(super) fn password(account: &RadiusAccount, storage: PasswordStorage) -> PortResult<Row> {
    match storage {
        PasswordStorage::Cleartext => Row::new(Attribute::CleartextPassword, &account.secret),
        PasswordStorage::SaltedSha512 => {
            let mut salt = [0; SALT_BYTES];
            getrandom::fill(&mut salt)
                .map_err(|e| PortError::transient(format!("no random numbers for a salt: {e}")))?;
            Row::new(Attribute::SaltedSha512Password, salted_sha512(&account.secret, &salt))
        }
    }
}

/// The row of `radreply` that says whose account it is.
pub(super) fn owner(reference: &str) -> PortResult<Row> {
    Row::new(Attribute::Class, reference)
}

/// The rows of `radreply` that give the subscriber its address and VLAN.
pub(super) fn address(ipv4: &str, vlan_id: Option<u16>) -> PortResult<Vec<Row>> {
    // Address plans answer with the prefix's mask; in a reply it would make FreeRADIUS reject the user.
    let bare = ipv4.split_once('/').map_or(ipv4, |(address, _)| address);
    let address: Ipv4Addr =
        bare.parse().map_err(|_| PortError::permanent(format!("not an IPv4 address: {ipv4}")))?;
    let mut rows = vec![
        Row::new(Attribute::FramedIpAddress, address.to_string())?,
        Row::new(Attribute::FramedIpNetmask, "255.255.255.255")?,
    ];
    if let Some(vlan) = vlan_id {
        if !(1..=4094).contains(&vlan) {
            return Err(PortError::permanent(format!("not a VLAN id: {vlan}")));
        }
        rows.push(Row::new(Attribute::TunnelType, "VLAN")?);
        rows.push(Row::new(Attribute::TunnelMediumType, "IEEE-802")?);
        rows.push(Row::new(Attribute::TunnelPrivateGroupId, vlan.to_string())?);
    }
    Ok(rows)
}

/// The user name, if it can be one. FreeRADIUS compares it byte by byte.
pub(super) fn username(name: &str) -> PortResult<&str> {
    plain("User-Name", name, NAME_BYTES).map(|()| name)
}

/// The group's name, if it can be one.
pub(super) fn group(name: &str) -> PortResult<&str> {
    plain("group", name, NAME_BYTES).map(|()| name)
}

/// May these rows be written over? Only ours, or where there are none.
pub(super) fn writable(username: &str, standing: Standing) -> PortResult<()> {
    match standing {
        Standing::Absent | Standing::Ours => Ok(()),
        Standing::Foreign => Err(PortError::permanent(format!("RADIUS username taken: {username}"))),
    }
}

/// Is this our account?
pub(super) fn ours(username: &str, standing: Standing) -> PortResult<()> {
    match standing {
        Standing::Absent => Err(PortError::permanent(format!("RADIUS account missing: {username}"))),
        other => writable(username, other),
    }
}

/// Refuses what FreeRADIUS would interpret (quotes, backticks, `%{…}`), and what does not fit. The value
/// itself stays out of the message: it may be a password.
fn plain(what: &str, value: &str, longest: usize) -> PortResult<()> {
    let fault = if value.is_empty() {
        "is empty"
    } else if value.len() > longest {
        "is too long"
    } else if value.chars().any(|c| c.is_control() || "\"'`\\%{}".contains(c)) {
        "holds a character that FreeRADIUS would interpret"
    } else {
        return Ok(());
    };
    Err(PortError::permanent(format!("RADIUS value for {what} {fault}")))
}

/// Digest and salt in base64, as FreeRADIUS's pap module takes it.
fn salted_sha512(secret: &str, salt: &[u8]) -> String {
    let mut bytes = Sha512::new().chain_update(secret).chain_update(salt).finalize().to_vec();
    bytes.extend_from_slice(salt);
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::ErrorClass;

    fn account(secret: &str) -> RadiusAccount {
        RadiusAccount { username: "a@b.c".into(), secret: secret.into(), group: "plan_basic_100".into() }
    }

    fn names(rows: &[Row]) -> Vec<(&str, &str)> {
        rows.iter().map(|row| (row.attribute.name(), row.value.as_str())).collect()
    }

    #[test]
    fn an_address_loses_its_mask() {
        assert_eq!(
            names(&address("10.0.1.50/24", None).unwrap()),
            [("Framed-IP-Address", "10.0.1.50"), ("Framed-IP-Netmask", "255.255.255.255")]
        );
    }

    #[test]
    fn a_vlan_takes_three_rows() {
        let rows = address("10.0.1.50", Some(100)).unwrap();
        assert_eq!(
            names(rows.get(2..).unwrap()),
            [
                ("Tunnel-Type:0", "VLAN"),
                ("Tunnel-Medium-Type:0", "IEEE-802"),
                ("Tunnel-Private-Group-Id:0", "100")
            ]
        );
    }

    #[test]
    fn what_is_no_address_or_vlan_is_refused_for_good() {
        for (ipv4, vlan) in [
            ("10.0.1", None),
            ("", None),
            ("2001:db8::1", None),
            ("10.0.1.5", Some(0)),
            ("10.0.1.5", Some(4095)),
        ] {
            assert_eq!(address(ipv4, vlan).err().unwrap().class, ErrorClass::Permanent, "{ipv4} {vlan:?}");
        }
    }

    #[test]
    fn values_that_freeradius_would_interpret_are_refused_without_being_shown() {
        for secret in ["`id`", "%{sql:x}", "a\"b", "a'b", "back\\slash", "line\nbreak", ""] {
            let error = password(&account(secret), PasswordStorage::Cleartext).err().unwrap();
            assert_eq!(error.class, ErrorClass::Permanent);
            assert!(secret.is_empty() || !error.message.contains(secret), "{}", error.message);
        }
        assert!(owner(&"x".repeat(254)).is_err());
        assert!(username(&"x".repeat(65)).is_err());
    }

    #[test]
    fn a_hashed_password_carries_its_salt_and_not_itself() {
        let row = password(&account("correct horse"), PasswordStorage::SaltedSha512).ok().unwrap();
        let bytes = STANDARD.decode(&row.value).unwrap();
        let (digest, salt) = bytes.split_at(64);
        assert_eq!(salt.len(), SALT_BYTES);
        assert_eq!(
            Sha512::new().chain_update("correct horse").chain_update(salt).finalize().as_slice(),
            digest
        );
        assert_eq!(row.attribute.name(), "SSHA2-512-Password");
    }
}
