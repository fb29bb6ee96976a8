//! A store that does not answer, or not so that anybody could go on: it is asked again, ever more seldom, and what goes
//! wrong again and again is told when it begins and when it is over.

use std::collections::BTreeMap;
use std::mem::{Discriminant, discriminant};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::select;

use super::runtime::Runtime;
use super::shared::Life;
use crate::clock::Timestamp;
use crate::id::WorkflowId;
use crate::store::StoreError;

/// The pause after the first failure.
const FIRST: Duration = Duration::from_millis(200);
/// The longest one: a store that is away may be back at any moment.
const AWAY: Duration = Duration::from_secs(2);
/// What cannot be read stays so until a person has mended it.
const BROKEN: Duration = Duration::from_secs(60);

/// A workflow of this process with which it cannot go on, because a row of it cannot be read. It is looked at again,
/// once a minute at last, and goes on when it has been mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// Since when this process knows.
    pub since: Timestamp,
    /// Table and row, and what is wrong there.
    pub error: String,
}

/// What goes wrong at present.
#[derive(Default)]
pub(super) struct Troubles {
    told: Mutex<BTreeMap<&'static str, Discriminant<StoreError>>>,
    unreadable: Mutex<BTreeMap<WorkflowId, Unreadable>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Troubles {
    /// It goes wrong: told if that is news.
    pub(super) fn tell(&self, what: &'static str, error: &StoreError) {
        let kind = discriminant(error);
        if locked(&self.told).insert(what, kind) != Some(kind) {
            tracing::warn!(%error, "{what}; it is tried again");
        }
    }
    /// It goes well: told if that is news.
    pub(super) fn over(&self, what: &'static str) {
        if locked(&self.told).remove(what).is_some() {
            tracing::info!("no more: {what}");
        }
    }
    /// All workflows that cannot be read.
    pub(super) fn unreadable(&self) -> Vec<Unreadable> {
        locked(&self.unreadable).values().cloned().collect()
    }
}

/// Will the same call never succeed, unless a person does something about it?
pub(super) fn is_lasting(error: &StoreError) -> bool {
    !matches!(error, StoreError::Unavailable(_))
}

/// Of one workflow: a question that has to be answered.
pub(super) struct Trouble<'a> {
    life: &'a Life,
    runtime: &'a dyn Runtime,
    workflow: &'a WorkflowId,
    what: &'static str,
    pause: Duration,
}

impl<'a> Trouble<'a> {
    /// None yet. `what`: what it would be, in words.
    pub(super) fn with(
        life: &'a Life,
        runtime: &'a dyn Runtime,
        workflow: &'a WorkflowId,
        what: &'static str,
    ) -> Self {
        Self { life, runtime, workflow, what, pause: FIRST }
    }

    /// Pauses after a failure, longer each time. `false`: it shall not be asked again, since this worker's life is over,
    /// or would be kept from ending by what lasts.
    pub(super) async fn pause(&mut self, error: &StoreError) -> bool {
        let lasts = is_lasting(error);
        if lasts {
            self.enter(error);
        } else {
            self.life.troubles.tell(self.what, error);
        }
        let turns = self.life.turns();
        let ends = || self.life.is_over() || lasts && self.life.is_stopping();
        if !ends() {
            select(self.runtime.sleep(self.pause), std::pin::pin!(turns)).await;
            self.pause = (self.pause * 2).min(if lasts { BROKEN } else { AWAY });
        }
        !ends()
    }

    /// It has been answered.
    pub(super) fn over(&self) {
        self.life.troubles.over(self.what);
        if locked(&self.life.troubles.unreadable).remove(self.workflow).is_some() {
            tracing::info!(workflow_id = %self.workflow, "the workflow can be read again, and goes on");
        }
    }

    fn enter(&self, error: &StoreError) {
        let (workflow_id, since) = (self.workflow.clone(), self.runtime.now());
        let mut unreadable = locked(&self.life.troubles.unreadable);
        let known = unreadable.get(&workflow_id);
        let new = Unreadable {
            workflow_id: workflow_id.clone(),
            since: known.map_or(since, |known| known.since),
            error: error.to_string(),
        };
        if known.is_none_or(|known| known.error != new.error) {
            tracing::error!(
                %workflow_id, %error,
                "{}: the workflow stands still until somebody has mended that, and then goes on by itself",
                self.what
            );
        }
        unreadable.insert(workflow_id, new);
    }
}

impl Drop for Trouble<'_> {
    /// However it ends: it is nobody's here any more.
    fn drop(&mut self) {
        locked(&self.life.troubles.unreadable).remove(self.workflow);
    }
}
