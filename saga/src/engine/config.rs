//! What an engine can be told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::retention::Retention;
use crate::machine::Settings;

/// What an engine can be told. Every field has a default.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// For people: who this worker is.
    pub name: String,
    /// How many workflows run in this process at once; further starts are refused as busy (unless they are
    /// `queued()`), further work is left to others.
    pub max_live: usize,
    /// How often mail and work are looked for when nothing hints at them.
    pub poll_interval: Duration,
    /// How long this worker may be silent before others take over (on stores that several processes share).
    pub lease: Duration,
    /// A step that runs longer than this is shown as running in the journal too.
    pub show_running_after: Duration,
    /// How long a transactional step may hold the store's transaction.
    pub transaction_limit: Duration,
    /// How many operator retries a workflow gets without force.
    pub max_retries: u32,
    /// For how long workflows whose definition no live worker knows are left alone, before they are parked. Counted by
    /// each worker for itself: one that lives for less than this parks none, and only tells of them.
    pub park_unknown_after: Duration,
    /// For how long events from outside are kept.
    pub keep_events: Duration,
    /// When workflows that have ended are forgotten. By default never.
    pub retention: Retention,
    /// What the machine goes by.
    #[serde(skip)]
    pub machine: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: format!("process {}", std::process::id()),
            max_live: 10_000,
            poll_interval: Duration::from_secs(1),
            lease: Duration::from_secs(10),
            show_running_after: Duration::from_millis(200),
            transaction_limit: Duration::from_millis(250),
            max_retries: 3,
            park_unknown_after: Duration::from_secs(10 * 60),
            keep_events: Duration::from_secs(24 * 60 * 60),
            retention: Retention::default(),
            machine: Settings::default(),
        }
    }
}
