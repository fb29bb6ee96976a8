//! A workflow that nobody can run: of another plan than the one that stands here under its name and version, or of
//! a definition that no worker knows.

use std::fmt::Write;
use std::sync::Arc;

use super::shared::Shared;
use crate::id::CommitId;
use crate::store::{
    AuditEvent, AuditKind, Commit, CommitOutcome, Decision, FailureReason, Header, Loaded, Status, limits,
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
    let mut words = format!("it was started with the plan {theirs}, which ");
    let ours = shared.definitions.values().find(|d| d.id().is_version_of(theirs));
    let Some(ours) = ours else {
        let _ = write!(
            words,
            "no worker has had for {:?}: start one that knows {}@{}, then retry the workflow",
            shared.config.park_unknown_after, theirs.name, theirs.version
        );
        return limits::printable(&words).into_owned();
    };
    let _ = write!(
        words,
        "this worker does not have (it has {}; raise the version when a plan changes)",
        ours.id()
    );
    if let Ok(Some(text)) = shared.store.plan(theirs).await {
        words.push_str(&difference(&text, &ours.plan().describe()));
    }
    limits::printable(&words).into_owned()
}

/// The lines that only one of them has.
fn difference(theirs: &str, ours: &str) -> String {
    let mut out = String::new();
    let mut note = |sign: char, lines: &str, other: &str| {
        for line in lines.lines().filter(|line| !other.lines().any(|o| o == *line)) {
            let _ = write!(out, "\n{sign} {line}");
        }
    };
    note('-', theirs, ours);
    note('+', ours, theirs);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_names_what_only_one_plan_has() {
        assert_eq!(difference("a\nb\nc", "a\nx\nc"), "\n- b\n+ x");
        assert_eq!(difference("a", "a"), "");
    }
}
