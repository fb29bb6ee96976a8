//! Plans that changed: a workflow of another plan than the one that stands here under its name and version, or of a
//! definition that no worker knows; and a plan whose expressions are others than those that its workflows were
//! started with.

use std::fmt::Write;
use std::sync::Arc;

use super::park::Stop;
use super::shared::Shared;
use crate::definition::{Plan, difference, without_expressions};
use crate::store::{FailureReason, Header, Interrupted, Loaded, Store, limits};

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
        words.push_str(". What it was started with (-), and what is here (+):");
        words.push_str(&difference(&without_expressions(&text), &ours.plan().describe()));
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
