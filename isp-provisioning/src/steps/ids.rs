//! Ids of our own for things that other systems name in their own way.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// `prefix` and 32 hex digits that follow from the reference: every attempt makes the same.
pub(super) fn own_id(prefix: &str, reference: &str) -> String {
    let digest = Sha256::digest(reference.as_bytes());
    digest.iter().take(16).fold(prefix.to_owned(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}
