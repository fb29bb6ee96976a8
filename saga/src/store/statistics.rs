//! Counts over all workflows of a tenant.

use std::collections::BTreeMap;

use super::record::Status;

/// Counts over all workflows of a tenant; reading costs the same at a thousand and at ten million.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Workflows by type and status.
    pub workflows: BTreeMap<(String, Status), u64>,
    /// The time that completed workflows took in all, in seconds.
    pub completed_seconds: f64,
    /// Workflows that entered rollback.
    pub entered_rollback: u64,
    /// Debts that are open.
    pub open_debts: u64,
}

impl Statistics {
    /// How many workflows have this status.
    pub fn by_status(&self, status: Status) -> u64 {
        self.workflows.iter().filter(|((_, s), _)| *s == status).map(|(_, n)| n).sum()
    }
    /// How many workflows there are.
    pub fn total(&self) -> u64 {
        self.workflows.values().sum()
    }
}
