//! Commits that the store cannot hold for what is in them: sent again they are refused again.

use saga::WorkerId;
use saga::store::{Commit, CommitOutcome, StoreError};

use crate::stage::Stage;

impl Stage {
    /// Writes what can be held.
    pub(crate) async fn write(
        &self,
        worker: Option<WorkerId>,
        batch: &[Commit],
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let good = batch.iter().filter(|commit| !self.is_unstorable(worker, commit)).cloned().collect();
        let mut outcomes = self.store.commit(worker, good).await?.into_iter();
        let mut all = vec![];
        for commit in batch {
            if self.is_unstorable(worker, commit) {
                self.saw(|seen| &mut seen.unstorable);
                all.push(CommitOutcome::Unstorable { reason: "there is something in it".to_owned() });
            } else {
                all.extend(outcomes.next());
            }
        }
        Ok(all)
    }

    /// The same answer each time. What people send can always be held, as nothing of theirs is remembered from elsewhere.
    fn is_unstorable(&self, worker: Option<WorkerId>, commit: &Commit) -> bool {
        let Some(one_in) = self.network.lock().unwrap().unstorable else { return false };
        let number = commit.id.0.unsigned_abs().wrapping_add(self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        worker.is_some() && commit.create.is_none() && (number >> 32).is_multiple_of(one_in)
    }
}
