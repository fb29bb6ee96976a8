//! Stopping a workflow that no machine stops: nobody here can run it.

use std::sync::Arc;

use super::journal::outcome;
use super::shared::Shared;
use super::trouble::Trouble;
use crate::id::CommitId;
use crate::store::{
    AuditEvent, AuditKind, Commit, CommitOutcome, Decision, FailureReason, Header, Interrupted, Status,
};

/// Why it stops.
pub(super) struct Stop {
    pub(super) reason: FailureReason,
    /// For the person who is needed now.
    pub(super) message: String,
    pub(super) interrupted: Interrupted,
}

/// Stops a workflow that is this worker's, and lets go of it.
pub(super) async fn park<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, mut header: Header, stop: Stop) {
    let workflow_id = header.workflow_id.clone();
    tracing::error!(%workflow_id, reason = %stop.reason, "the workflow stops: {}", stop.message);
    let mut id = shared.first_commit();
    let mut trouble =
        Trouble::with(&shared.life, &*shared.runtime, &workflow_id, "a workflow cannot be stopped");
    while header.worker == Some(shared.worker) {
        id += 1;
        match outcome(shared.journal.submit(decision(shared, &header, &stop, CommitId(id)))).await {
            // A signal came in between.
            Some(CommitOutcome::Refused { owned: true, .. }) => {}
            Some(CommitOutcome::Unstorable { reason }) => {
                return tracing::error!(%workflow_id, "not even that can be stored: {reason}");
            }
            // It is done, it is somebody else's, or this worker is dead.
            _ => return,
        }
        match shared.store.load(&workflow_id).await {
            Ok(Some(loaded)) => {
                trouble.over();
                header = loaded.header;
            }
            Ok(None) => return,
            Err(error) if trouble.pause(&error).await => {}
            Err(_) => return,
        }
    }
}

fn decision<R: Send + Sync + 'static>(
    shared: &Shared<R>,
    header: &Header,
    stop: &Stop,
    id: CommitId,
) -> Commit {
    let now = shared.runtime.now();
    let mut state = header.state.clone();
    let mut audit = vec![];
    // What a person has ended by hand meanwhile is only let go.
    if !state.status.is_ended() {
        state.status = Status::Failed;
        state.failure_reason = Some(stop.reason);
        state.error_message = Some(stop.message.clone());
        state.failed_at = Some(now);
        audit.push(AuditEvent {
            run: state.run,
            at: now,
            kind: AuditKind::Parked,
            node: None,
            attempt: None,
            message: stop.message.clone(),
            actor: None,
        });
    }
    let mut commit = Commit::empty(header.workflow_id.clone(), id);
    commit.decision = Some(Box::new(Decision {
        expected_rev: header.rev,
        expected_status: header.state.status,
        state,
        audit,
        interrupted: stop.interrupted,
        release: true,
        retake_exclusion: false,
    }));
    commit
}
