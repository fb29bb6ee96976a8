//! The workflows that this process runs at the moment.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use super::driver::Mail;
use crate::clock::Timestamp;
use crate::id::WorkflowId;
use crate::store::StepStatus;

/// Which row of a workflow: `step_order` and item.
pub(super) type Place = (u32, Arc<str>);

/// What a step is doing right now, which the journal does not say yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doing {
    pub(super) status: StepStatus,
    pub(super) since: Timestamp,
    pub(super) attempt: u32,
}

/// One workflow that runs here.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) mail: mpsc::UnboundedSender<Mail>,
    pub(super) doing: Arc<Mutex<BTreeMap<Place, Doing>>>,
    /// Closed when the workflow does not run here any more.
    pub(super) gone: watch::Receiver<()>,
}

/// All of them.
#[derive(Default)]
pub(super) struct LiveSet(Mutex<BTreeMap<WorkflowId, Live>>);

impl LiveSet {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<WorkflowId, Live>> {
        // No code panics while it holds the lock; if it did the map would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
    pub(super) fn get(&self, workflow: &WorkflowId) -> Option<Live> {
        self.lock().get(workflow).cloned()
    }
    /// Enters it.
    ///
    /// # Errors
    /// The one of that name that runs here already.
    pub(super) fn enter(&self, workflow: WorkflowId, live: Live) -> Result<(), Live> {
        match self.lock().entry(workflow) {
            Entry::Vacant(place) => {
                place.insert(live);
                Ok(())
            }
            Entry::Occupied(other) => Err(other.get().clone()),
        }
    }
    pub(super) fn leave(&self, workflow: &WorkflowId) {
        self.lock().remove(workflow);
    }
    pub(super) fn all(&self) -> Vec<Live> {
        self.lock().values().cloned().collect()
    }
}

impl Live {
    /// Returns when the workflow does not run here any more.
    pub(super) async fn ended(mut self) {
        // Nothing is ever sent: it ends when the workflow's task drops the other side.
        while self.gone.changed().await.is_ok() {}
    }
    pub(super) fn doing(&self) -> BTreeMap<Place, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
