//! The subscribers' RADIUS secrets: derived, never stored.
//!
//! A secret is made from a key that lies beside the data and the reference of whoever makes the account, so
//! every attempt, every restart and every later step comes to the same one without anybody writing it down.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The name of the key's file in the data folder.
const FILE: &str = "secret";
/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// Bytes that HMAC-SHA256 takes as its key.
const HMAC_BLOCK: usize = 64;
/// Characters of a secret: five bits each, so a hundred bits.
const SECRET_CHARS: usize = 20;
/// Separates this use of the key from any later one.
const PURPOSE: &[u8] = b"radius-secret\0";
/// Thirty-two characters that survive being read out over the telephone: no 0, 1, l, o.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The key from which the secrets are derived. Whoever has it can derive them all.
#[derive(Clone)]
pub struct SecretKey([u8; KEY_BYTES]);

/// A subscriber's secret. It is shown only to those who ask for it by name.
#[derive(Clone, PartialEq, Eq)]
pub struct SubscriberSecret(String);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or made.
    #[error("the key file {path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else lies where the key should be.
    #[error(
        "the key file {path} holds {found} bytes instead of {KEY_BYTES}; put the right one back, a new key would change every subscriber's secret"
    )]
    Length {
        /// Which file.
        path: PathBuf,
        /// How many bytes there are.
        found: usize,
    },
    /// The other processes on this database have another key.
    #[error(
        "this process has another key than the first one on this database; copy that one's key file here, or name it with ISP_KEY_FILE: with two keys a subscriber would get two secrets"
    )]
    Another,
    /// The system has no random numbers.
    #[error("no random numbers for a new key: {0}")]
    Random(getrandom::Error),
}

impl SecretKey {
    /// The key of the data folder, made there (mode 0600) if there is none yet.
    pub fn open(folder: &Path) -> Result<Self, SecretError> {
        let path = folder.join(FILE);
        match read(&path) {
            Err(SecretError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                create(folder, &path)?;
                read(&path)
            }
            other => other,
        }
    }

    /// The key in this file, which has to be there: one key for several processes.
    ///
    /// # Errors
    /// [`SecretError::File`], [`SecretError::Length`].
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        read(path)
    }

    /// A key that is at hand already.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The secret that belongs to `reference`: the same for the same key and reference, always.
    pub fn derive(&self, reference: &str) -> SubscriberSecret {
        // HMAC pads a short key with zeros; padding it here leaves no case in which it could fail.
        let mut block = [0; HMAC_BLOCK];
        block.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(PURPOSE);
        mac.update(reference.as_bytes());
        let digest = mac.finalize().into_bytes();
        SubscriberSecret(letters(&digest))
    }
}

impl SubscriberSecret {
    /// The secret itself, for the system that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(redacted)")
    }
}

impl fmt::Debug for SubscriberSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubscriberSecret(redacted)")
    }
}

/// Five bits to a letter, most significant first.
fn letters(digest: &[u8]) -> String {
    let bits = digest.iter().flat_map(|byte| (0..8).rev().map(move |at| usize::from(byte >> at & 1)));
    let mut text = String::with_capacity(SECRET_CHARS);
    let (mut value, mut held) = (0, 0);
    for bit in bits.take(SECRET_CHARS * 5) {
        (value, held) = (value << 1 | bit, held + 1);
        if held == 5 {
            text.extend(ALPHABET.get(value).map(|letter| char::from(*letter)));
            (value, held) = (0, 0);
        }
    }
    text
}

fn read(path: &Path) -> Result<SecretKey, SecretError> {
    let failed = |source| SecretError::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(failed)?;
    warn_if_open_to_others(path, &file).map_err(failed)?;
    file.read_to_end(&mut bytes).map_err(failed)?;
    let found = bytes.len();
    let key = bytes.try_into().map_err(|_| SecretError::Length { path: path.to_owned(), found })?;
    Ok(SecretKey(key))
}

/// Writes a new key beside its place and links it there: a crash leaves no half key, and of two processes
/// that start at once the second finds the first one's key instead of overwriting it.
fn create(folder: &Path, path: &Path) -> Result<(), SecretError> {
    let failed = |source| SecretError::File { path: path.to_owned(), source };
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(SecretError::Random)?;
    let beside = folder.join(format!("{FILE}.new-{}", std::process::id()));
    let made = write_durably(&beside, &key).and_then(|()| match fs::hard_link(&beside, path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&beside);
    made.and(removed).and_then(|()| File::open(folder)?.sync_all()).map_err(failed)
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn warn_if_open_to_others(path: &Path, file: &File) -> io::Result<()> {
    let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata()?) & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the key file has mode {mode:04o}: others can read it; chmod 600 it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn warn_if_open_to_others(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_and_reference_give_the_same_secret() {
        let key = SecretKey::from_bytes([7; 32]);
        assert_eq!(key.derive("wf_1/radius").expose(), key.derive("wf_1/radius").expose());
        assert_ne!(key.derive("wf_1/radius").expose(), key.derive("wf_2/radius").expose());
        let other = SecretKey::from_bytes([8; 32]);
        assert_ne!(key.derive("wf_1/radius").expose(), other.derive("wf_1/radius").expose());
    }

    /// Reckoned by another implementation. Changing the derivation would change the secrets of living subscribers: these bytes stay.
    #[test]
    fn the_derivation_is_fixed() {
        assert_eq!(SecretKey::from_bytes([0; 32]).derive("wf_1").expose(), "siney5tfdyrsazvkiuyn");
    }

    #[test]
    fn a_secret_has_twenty_unambiguous_letters() {
        let secret = SecretKey::from_bytes([1; 32]).derive("wf_1");
        assert_eq!(secret.expose().len(), SECRET_CHARS);
        assert!(!secret.expose().contains(['0', '1', 'l', 'o']));
    }

    #[test]
    fn nothing_is_shown_by_debug() {
        let key = SecretKey::from_bytes([1; 32]);
        let secret = key.derive("wf_1");
        assert_eq!(format!("{key:?} {secret:?}"), "SecretKey(redacted) SubscriberSecret(redacted)");
    }

    #[test]
    fn the_first_start_makes_the_key_and_later_ones_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = SecretKey::open(folder.path()).unwrap();
        let again = SecretKey::open(folder.path()).unwrap();
        assert_eq!(first.0, again.0);
        assert_ne!(first.0, [0; KEY_BYTES]);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["secret"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_key() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        SecretKey::open(folder.path()).unwrap();
        assert_eq!(fs::metadata(folder.path().join(FILE)).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_refused_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), b"short").unwrap();
        let error = SecretKey::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("holds 5 bytes instead of 32"), "{error}");
    }
}
