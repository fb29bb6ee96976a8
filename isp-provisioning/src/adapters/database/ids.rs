//! Ids that repeat themselves: made from the reference, so that a repeated call makes the same row.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Bytes of the digest that go into an id: 32 hex digits.
const BYTES: usize = 16;

/// `prefix` and 32 hex digits of the reference's SHA-256.
pub(super) fn id(prefix: &str, reference: &str) -> String {
    Sha256::digest(reference.as_bytes()).iter().take(BYTES).fold(prefix.to_owned(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_prefix_and_half_of_the_digest() {
        // sha256("abc"), first half
        assert_eq!(id("cust_", "abc"), "cust_ba7816bf8f01cfea414140de5dae2223");
    }

    #[test]
    fn references_do_not_share_ids() {
        assert_ne!(id("sub_", "wf_1/radius"), id("sub_", "wf_2/radius"));
    }
}
