//! What a commit may do, decided from the header's few fields that matter. One place for all stores.

use super::commit::{Commit, CommitOutcome};
use super::record::Status;
use crate::id::{CommitId, WorkerId};

/// What a store knows of a workflow when a commit of it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The header's `rev`.
    pub rev: i64,
    /// Its status.
    pub status: Status,
    /// Its owner.
    pub worker: Option<WorkerId>,
    /// The last decision.
    pub last_commit: Option<CommitId>,
    /// The commit that created it.
    pub created_by: CommitId,
}

/// What to do with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Write its facts and its audit, if they are not there yet, and answer so.
    Write {
        /// Take its decision too?
        decide: bool,
        /// The answer. Signals are removed if it is [`CommitOutcome::Applied`].
        outcome: CommitOutcome,
    },
    /// Write nothing and answer so.
    Leave(CommitOutcome),
}

/// Judges the commit of a worker (or of nobody) on a workflow that exists, or has just been created by it.
pub fn judge(standing: &Standing, worker: Option<WorkerId>, commit: &Commit) -> Verdict {
    let Standing { rev, status, .. } = *standing;
    let owned = standing.worker == worker || mutant!(owner_unchecked);
    let created_here = commit.create.is_some() && standing.created_by == commit.id;
    if standing.last_commit == Some(commit.id) {
        // Sent a second time: the first copy brought all of it at once. What was written since, a signal perhaps, the
        // writer has not seen: it gets the `rev` of its own decision.
        let own = commit.decision.as_ref().map(|decision| decision.expected_rev + 1);
        let rev = own.filter(|_| !mutant!(copy_hides_a_signal)).unwrap_or(rev);
        return Verdict::Leave(CommitOutcome::Applied { rev });
    }
    if !owned {
        match (created_here, rev) {
            // A start for somebody else to run: this is it, or a copy of it that changes nothing.
            (true, 0) => {}
            (true, _) => return Verdict::Leave(CommitOutcome::Applied { rev: 0 }),
            (false, _) => return Verdict::Leave(CommitOutcome::Refused { rev, status, owned }),
        }
    }
    match &commit.decision {
        None if created_here => Verdict::Write { decide: false, outcome: CommitOutcome::Applied { rev: 0 } },
        None => Verdict::Write { decide: false, outcome: CommitOutcome::Applied { rev } },
        Some(d) if (d.expected_rev == rev || mutant!(decision_unchecked)) && d.expected_status == status => {
            Verdict::Write { decide: true, outcome: CommitOutcome::Applied { rev: rev + 1 } }
        }
        // What a person did rests on the decision: a fact of its own would be a wish that nobody granted.
        Some(_) if worker.is_none() => Verdict::Leave(CommitOutcome::Refused { rev, status, owned: false }),
        Some(_) => {
            Verdict::Write { decide: false, outcome: CommitOutcome::Refused { rev, status, owned: true } }
        }
    }
}
