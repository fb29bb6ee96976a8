//! Events from outside, kept for workflows that wait for them.

use crate::clock::Timestamp;
use crate::json::Json;

/// Something that happened outside. Whoever waits for its name and key gets its value.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedEvent {
    /// Whose workflows may wait for it.
    pub tenant_id: String,
    /// What happened: `onu_online`.
    pub name: String,
    /// To what it happened: a serial, an order.
    pub key: String,
    /// What there is to say about it.
    pub value: Json,
    /// Who said so, for people.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Its place in the store, from 1, in the order in which they came: this tells several of one time apart.
    /// The store gives it; 0 where it has not, as in an event on its way there.
    pub place: i64,
    /// Until when it is kept at least: from this time on it may be forgotten.
    pub kept_until: Timestamp,
}

/// What a workflow waits for: events of its tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Awaited {
    /// What shall happen.
    pub name: String,
    /// To what.
    pub key: String,
}

/// Which event is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whose.
    pub tenant: String,
    /// What happened.
    pub name: String,
    /// To what.
    pub key: String,
    /// Not before this time.
    pub since: Timestamp,
    /// Of those of that very time only the ones with a greater [`place`](PublishedEvent::place). 0: all of them.
    pub after: i64,
}
