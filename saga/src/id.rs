//! Names of things: workflows, workers, commits, definitions.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The name of one workflow: `wf_` and 32 hex digits of a UUIDv7 (they sort by time), or a name of the
/// caller's own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkflowId(Arc<str>);

/// A name that cannot be a [`WorkflowId`].
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` cannot name a workflow: use 1 to 128 letters, digits, `_`, `-`, `.` or `:`")]
pub struct InvalidId(String);

impl WorkflowId {
    /// A name of the caller's own: 1 to 128 characters out of `A-Z a-z 0-9 _ - . :`.
    ///
    /// # Errors
    /// [`InvalidId`] otherwise.
    pub fn new(name: &str) -> Result<Self, InvalidId> {
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        if name.is_empty() || name.len() > 128 || !name.chars().all(safe) {
            return Err(InvalidId(name.chars().take(140).collect()));
        }
        Ok(Self(name.into()))
    }

    /// `wf_` and 32 hex digits: a UUIDv7 of the given time and randomness, whose last byte is the home.
    pub(crate) fn generated(unix_millis: u64, random: [u8; 10]) -> Self {
        let uuid = uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid();
        Self(format!("wf_{}", uuid.simple()).into())
    }

    /// The home of whatever is started with this key: so that a database of several parts finds a second use of the
    /// key where the first one is.
    pub(crate) fn home_of_key(tenant: &str, key: &str) -> u8 {
        // The length of one keeps it apart from the other.
        first_byte(&[&tenant.len().to_le_bytes(), tenant.as_bytes(), key.as_bytes()])
    }

    /// Which of 256 parts of a database it belongs to: a function of the name alone, its last two hex digits if it
    /// ends in such. Nothing is divided by it today.
    pub fn home(&self) -> u8 {
        let last = self.0.get(self.0.len().saturating_sub(2)..).filter(|last| last.len() == 2);
        let is_hex = |last: &&str| last.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        let digits = last.filter(is_hex).and_then(|last| u8::from_str_radix(last, 16).ok());
        digits.unwrap_or_else(|| first_byte(&[self.0.as_bytes()]))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn first_byte(parts: &[&[u8]]) -> u8 {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
    hash.first().copied().unwrap_or_default()
}

impl fmt::Display for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl TryFrom<String> for WorkflowId {
    type Error = InvalidId;
    fn try_from(name: String) -> Result<Self, InvalidId> {
        Self::new(&name)
    }
}
impl From<WorkflowId> for String {
    fn from(id: WorkflowId) -> Self {
        id.as_str().to_owned()
    }
}

/// One incarnation of a process that runs workflows. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkerId(pub i64);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {}", self.0)
    }
}

/// The name under which a commit can be recognised when it is sent a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommitId(pub i64);

/// Which definition a workflow was started with: written `name@version#fingerprint`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId {
    /// The saga's name.
    pub name: Arc<str>,
    /// Its version.
    pub version: u32,
    /// The fingerprint of its plan.
    pub fingerprint: Arc<str>,
}

impl DefinitionId {
    /// Are they of one name and version? Then they should be one plan; the fingerprint tells whether they are.
    pub fn is_version_of(&self, other: &Self) -> bool {
        (&self.name, self.version) == (&other.name, other.version)
    }
}

impl fmt::Display for DefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}#{}", self.name, self.version, self.fingerprint)
    }
}

impl std::str::FromStr for DefinitionId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (rest, fingerprint) = text.rsplit_once('#')?;
            let (name, version) = rest.rsplit_once('@')?;
            Some(Self { name: name.into(), version: version.parse().ok()?, fingerprint: fingerprint.into() })
        };
        read().ok_or_else(|| format!("`{text}` is not a definition: `name@version#fingerprint` was expected"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_sort_by_time() {
        let early = WorkflowId::generated(1, [255; 10]);
        let late = WorkflowId::generated(2, [0; 10]);
        assert!(early < late);
        assert_eq!(early.as_str().len(), 3 + 32);
        assert_eq!(WorkflowId::new(early.as_str()), Ok(early));
    }

    #[test]
    fn a_home_is_read_from_the_name() {
        assert_eq!(WorkflowId::generated(7, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xab]).home(), 0xab);
        for (name, home) in [("order-07", 0x07), ("ff", 0xff)] {
            assert_eq!(WorkflowId::new(name).unwrap().home(), home, "{name}");
        }
        // Of other names by their hash: the same for ever.
        let [a, b] = ["order-A", "x"].map(|name| WorkflowId::new(name).unwrap().home());
        assert_eq!([a, b], [first_byte(&[b"order-A"]), first_byte(&[b"x"])]);
        assert_eq!(first_byte(&[b"abc"]), 0xba, "SHA-256");
        assert_ne!(WorkflowId::home_of_key("a", "bc"), WorkflowId::home_of_key("ab", "c"));
    }

    #[test]
    fn unsafe_names_are_refused() {
        for name in ["", "a b", "a/b", "a\0", "ü", &"x".repeat(129)] {
            assert!(WorkflowId::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn definitions_are_read_back() {
        let id = DefinitionId { name: "a@b#c".into(), version: 3, fingerprint: "ff".into() };
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("a@x#f".parse::<DefinitionId>().is_err());
    }
}
