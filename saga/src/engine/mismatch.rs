//! A workflow that nobody can run: of another plan than the one that stands here under its name and version, or of
//! a definition that no worker knows.

use std::fmt::Write;
use std::sync::Arc;

use super::park::Stop;
use super::shared::Shared;
use crate::store::{FailureReason, Header, Interrupted, Loaded, limits};

/// Stops a workflow that this worker has claimed, and must not run.
pub(super) async fn park<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, loaded: Loaded) {
    let message = explain(shared, &loaded.header).await;
    // Without its plan nobody can say what was under way.
    let interrupted = Interrupted::Kept;
    let stop = Stop { reason: FailureReason::Definition, message, interrupted };
    super::park::park(shared, loaded.header, stop).await;
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
