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
    /// Until when it is kept at least.
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
}
