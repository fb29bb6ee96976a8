//! What has ended is forgotten.

use super::state::{Record, State};
use crate::clock::Timestamp;
use crate::store::{Debt, Header, Removal, Status};

impl State {
    /// Forgets workflows that have ended. How many.
    pub(super) fn remove(&mut self, removal: Removal) -> usize {
        let (status, all) = (removal.status, self.workflows.values());
        if !status.is_ended() {
            return 0;
        }
        let there = all.clone().filter(|r| r.header.state.status == status).count() as u64;
        let excess = removal.leave.map_or(there, |leave| there.saturating_sub(leave));
        let removable = |r: &&Record| {
            let Header { worker, unclean, .. } = r.header;
            r.header.state.status == status
                && worker.is_none()
                && !unclean
                && last_written(&r.header) < removal.before
                && !r.steps.values().any(|row| row.debt == Some(Debt::Open))
        };
        let mut rested = all.filter(removable).collect::<Vec<_>>();
        rested.sort_by_key(|r| (r.header.updated_at, r.header.workflow_id.clone()));
        let most = removal.limit.min(usize::try_from(excess).unwrap_or(usize::MAX));
        let gone = rested.into_iter().take(most).map(|r| r.header.clone()).collect::<Vec<_>>();
        for header in &gone {
            self.forget(header);
        }
        gone.len()
    }

    fn forget(&mut self, header: &Header) {
        let id = &header.workflow_id;
        self.workflows.remove(id);
        self.waits.remove(id);
        if let Some(key) = header.idempotency_key.clone() {
            self.keys.remove(&(header.tenant_id.clone(), key));
        }
        self.exclusion.retain(|_, holder| holder != id);
        self.signals.retain(|_, signal| signal.workflow_id != *id);
        self.count(header, header.state.status, -1);
        let counts = self.statistics.entry(header.tenant_id.clone()).or_default();
        if header.state.status == Status::Completed {
            counts.completed_seconds -= header.state.seconds();
        }
        counts.entered_rollback =
            counts.entered_rollback.saturating_sub(u64::from(header.state.rolled_back_once));
    }
}

/// A person's `UPDATE` says when in the column of the status.
fn last_written(header: &Header) -> Timestamp {
    let by_hand = header.state.completed_at.max(header.state.failed_at);
    header.updated_at.max(by_hand.unwrap_or(header.updated_at))
}
