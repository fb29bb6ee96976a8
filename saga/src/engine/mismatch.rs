//! Plans that changed: a workflow of another plan than the one that stands here under its name and version, and
//! a plan whose expressions are others than those that its workflows were started with.

use std::fmt::Write;
use std::sync::Arc;

use super::shared::Shared;
use crate::definition::{Plan, difference, without_expressions};
use crate::id::CommitId;
use crate::store::{
    AuditEvent, AuditKind, Commit, CommitOutcome, Decision, FailureReason, Header, Loaded, Status, Store,
    limits,
};

/// Stops a workflow that this worker has claimed, and must not run.
pub(super) async fn park<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, loaded: Loaded) {
    let mut header = loaded.header;
    let message = explain(shared, &header).await;
    tracing::error!(workflow_id = %header.workflow_id, "{message}");
    let mut id = shared.first_commit();
    loop {
        id += 1;
        let answer = shared.journal.submit(decision(shared, &header, &message, CommitId(id))).await;
        let Ok(CommitOutcome::Refused { owned: true, .. }) = answer else { return };
        // A signal came in between.
        match shared.store.load(&header.workflow_id).await {
            Ok(Some(loaded)) => header = loaded.header,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(workflow_id = %header.workflow_id, %error, "it cannot be parked; it is tried again");
                shared.runtime.sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

fn decision<R: Send + Sync + 'static>(
    shared: &Shared<R>,
    header: &Header,
    message: &str,
    id: CommitId,
) -> Commit {
    let now = shared.runtime.now();
    let mut state = header.state.clone();
    if !state.status.is_ended() {
        state.status = Status::Failed;
        state.failure_reason = Some(FailureReason::Definition);
        state.error_message = Some(message.to_owned());
        state.failed_at = Some(now);
    }
    let mut commit = Commit::empty(header.workflow_id.clone(), id);
    commit.audit.push(AuditEvent {
        run: state.run,
        at: now,
        kind: AuditKind::Parked,
        node: None,
        attempt: None,
        message: message.to_owned(),
        actor: None,
    });
    commit.decision = Some(Box::new(Decision {
        expected_rev: header.rev,
        expected_status: header.state.status,
        state,
        release: true,
        retake_exclusion: false,
    }));
    commit
}

async fn explain<R: Send + Sync + 'static>(shared: &Shared<R>, header: &Header) -> String {
    let theirs = &header.definition;
    let mut words = format!("it was started with the plan {theirs}, which this worker does not have");
    let ours = shared.definitions.values().find(|d| {
        let id = d.id();
        id.name == theirs.name && id.version == theirs.version
    });
    if let Some(ours) = ours {
        let _ = write!(words, " (it has {}; raise the version when a plan changes)", ours.id());
        if let Ok(Some(text)) = shared.store.plan(theirs).await {
            words.push_str(&difference(&without_expressions(&text), &ours.plan().describe()));
        }
    }
    limits::printable(&words).into_owned()
}

/// Expressions may be mended under running workflows, or changed by somebody who forgot the version: nobody but
/// the author can tell. So it is said, while the program is being written.
pub(super) async fn warn_of_changed_expressions(store: &dyn Store, plans: impl Iterator<Item = &Arc<Plan>>) {
    for plan in plans {
        let Ok(Some(kept)) = store.plan(plan.id()).await else { continue };
        let changed = plan.changed_expressions(&kept);
        if !changed.is_empty() {
            tracing::warn!(
                definition = %plan.id(),
                "the plan is as before, and these of its expressions are not: {}. Workflows that were started before \
                 go on with the new ones; raise the version if they must not",
                changed.join(", ")
            );
        }
    }
}
