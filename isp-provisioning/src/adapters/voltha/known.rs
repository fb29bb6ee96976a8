//! Which serial has which id. VOLTHA has no look-up by serial, and its list is long.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Serials and ids seen so far, both ways. A stale pair is noticed when VOLTHA does not know the id.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Pairs>);

#[derive(Debug, Default)]
struct Pairs {
    ids: HashMap<String, String>,
    serials: HashMap<String, String>,
    successors: HashMap<String, String>,
}

impl Known {
    /// Remembers the pair. What was known of the serial before is forgotten.
    pub(super) fn learn(&self, serial: &str, id: &str) {
        let mut pairs = self.pairs();
        if let Some(stale) = pairs.ids.insert(key(serial), id.to_owned()) {
            pairs.serials.remove(&stale);
        }
        pairs.serials.insert(id.to_owned(), key(serial));
    }
    /// The id of this serial, in any case.
    pub(super) fn id(&self, serial: &str) -> Option<String> {
        self.pairs().ids.get(&key(serial)).cloned()
    }
    /// Forgets the id; answers the serial that it had.
    pub(super) fn forget(&self, id: &str) -> Option<String> {
        let mut pairs = self.pairs();
        let serial = pairs.serials.remove(id)?;
        pairs.ids.remove(&serial);
        Some(serial)
    }
    /// Notes that the device is now found under another id.
    pub(super) fn succeed(&self, old: &str, new: &str) {
        self.pairs().successors.insert(old.to_owned(), new.to_owned());
    }
    /// The id that came after this one.
    pub(super) fn successor(&self, id: &str) -> Option<String> {
        self.pairs().successors.get(id).cloned()
    }

    fn pairs(&self) -> MutexGuard<'_, Pairs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(serial: &str) -> String {
    serial.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_known_in_any_case_until_its_id_is_forgotten() {
        let known = Known::default();
        known.learn("ALCL1234abcd", "d1");
        assert_eq!(known.id("alcl1234ABCD").as_deref(), Some("d1"));
        assert_eq!(known.forget("d1").as_deref(), Some("ALCL1234ABCD"));
        assert_eq!((known.id("ALCL1234ABCD"), known.forget("d1")), (None, None));
    }

    #[test]
    fn an_id_leads_to_the_one_that_came_after_it() {
        let known = Known::default();
        known.succeed("d1", "d2");
        assert_eq!((known.successor("d1").as_deref(), known.successor("d2")), (Some("d2"), None));
    }

    #[test]
    fn a_new_id_replaces_the_old_one() {
        let known = Known::default();
        known.learn("ALCL12345678", "d1");
        known.learn("ALCL12345678", "d2");
        assert_eq!(known.forget("d1"), None);
        assert_eq!(known.id("ALCL12345678").as_deref(), Some("d2"));
    }
}
