//! Workflows that are this worker's and do not run here: their task has died, the answer that would have brought
//! them was lost, or they cannot go on. Nobody else may touch them, so somebody here has to.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;

use super::attempt::panicked;
use super::driver::Driver;
use super::mismatch;
use super::park::{Stop, park};
use super::shared::Shared;
use super::trouble::Trouble;
use super::worker::read_mail;
use crate::id::WorkflowId;
use crate::machine::Machine;
use crate::store::{FailureReason, Interrupted, Loaded, StoreError, limits};

/// So many panics of the engine itself over one workflow park it.
const MOST_PANICS: u32 = 3;
/// What may be untold.
const OWNED: &str = "nobody can say what this worker owns";
/// The pause after the first one.
const PAUSE: Duration = Duration::from_millis(200);

/// How often the engine has panicked over which workflow.
#[derive(Default)]
pub(super) struct Panics(Mutex<BTreeMap<WorkflowId, u32>>);

impl Panics {
    fn of(&self, change: impl FnOnce(&mut BTreeMap<WorkflowId, u32>) -> u32) -> u32 {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
    fn count(&self, workflow: &WorkflowId) -> u32 {
        self.of(|all| {
            let times = all.entry(workflow.clone()).or_default();
            *times += 1;
            *times
        })
    }
    fn forget(&self, workflow: &WorkflowId) {
        self.of(|all| all.remove(workflow).unwrap_or(0));
    }
}

/// Those that are being taken up: each by one task, however long that takes.
#[derive(Default)]
pub(super) struct Strays(Mutex<BTreeSet<WorkflowId>>);

impl Strays {
    /// `false`: somebody is at it.
    fn enter(&self, workflow: &WorkflowId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(workflow.clone())
    }
    fn leave(&self, workflow: &WorkflowId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(workflow);
    }
}

/// Runs a workflow's task. If that dies by a panic, which is a fault of the engine or the store and not of user
/// code, the workflow goes on from the journal.
pub(super) fn run<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, driver: Driver<R>) {
    let id = driver.workflow_id().clone();
    shared.runtime.spawn(Box::pin(guard(Arc::clone(shared), id, Some(driver))));
}

/// Runs a workflow that is this worker's, as soon as it does not run here any more.
pub(super) fn run_from_journal<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, id: WorkflowId) {
    shared.runtime.spawn(Box::pin(guard(Arc::clone(shared), id, None)));
}

async fn guard<R: Send + Sync + 'static>(
    shared: Arc<Shared<R>>,
    id: WorkflowId,
    mut driver: Option<Driver<R>>,
) {
    let mut unclean = false;
    loop {
        let life = async {
            let driver = match driver.take() {
                Some(driver) => Some(driver),
                None => take_up(&shared, &id, unclean).await,
            };
            if let Some(driver) = driver {
                driver.run().await;
            }
        };
        let Err(panic) = AssertUnwindSafe(life).catch_unwind().await else {
            return shared.life.panics.forget(&id);
        };
        let words = panicked(&*panic);
        let times = shared.life.panics.count(&id);
        tracing::error!(workflow_id = %id, times, "the engine has failed over this workflow: {words}");
        if times >= MOST_PANICS {
            shared.life.panics.forget(&id);
            let fault = "this is a fault of the engine or its store";
            return give_up(
                &shared,
                &id,
                &format!("the engine has failed over it {times} times: {words}; {fault}"),
            )
            .await;
        }
        unclean = true;
        shared.runtime.sleep(PAUSE * times).await;
    }
}

/// Stops a workflow with which the engine cannot go on.
pub(super) async fn give_up<R: Send + Sync + 'static>(
    shared: &Arc<Shared<R>>,
    id: &WorkflowId,
    message: &str,
) {
    if let Some(loaded) = read(shared, id).await {
        let message = limits::printable(message).into_owned();
        let stop = Stop { reason: FailureReason::Poison, message, interrupted: Interrupted::Open };
        park(shared, loaded.header, stop).await;
    }
}

/// The task of a workflow, if it is this worker's. `unclean`: something may have been under way.
async fn take_up<R: Send + Sync + 'static>(
    shared: &Arc<Shared<R>>,
    id: &WorkflowId,
    unclean: bool,
) -> Option<Driver<R>> {
    while !shared.is_stopping() {
        if let Some(live) = shared.life.live.get(id) {
            live.ended().await;
        }
        let mut loaded = read(shared, id).await?;
        let rev = loaded.header.rev;
        loaded.header.unclean |= unclean;
        let Some(definition) = shared.definitions.get(&loaded.header.definition) else {
            mismatch::park(shared, loaded).await;
            return None;
        };
        let (plan, settings) = (Arc::clone(definition.plan()), shared.config.machine);
        let machine = Machine::resume(plan, &loaded, settings, shared.first_commit(), shared.env());
        // Somebody else here was quicker.
        let Ok(driver) = Driver::new(shared, Arc::clone(definition), &loaded.header, machine, &mut None)
        else {
            continue;
        };
        // Nobody else takes it up from here on. What was read may be older than somebody's work on it.
        let again = read(shared, id).await?;
        if again.header.rev == rev && again.steps == loaded.steps {
            return read_mail(shared).await.then_some(driver);
        }
    }
    None
}

/// Takes up whatever is this worker's and does not run here.
pub(super) async fn take_up_all<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) {
    let asked = shared.runtime.uptime();
    match shared.store.held(shared.worker).await {
        Ok(held) => {
            shared.life.troubles.over(OWNED);
            shared.life.has_no_strays(asked);
            for id in held.into_iter().filter(|id| shared.life.live.get(id).is_none()) {
                if shared.life.strays.enter(&id) {
                    let own = Arc::clone(shared);
                    shared.runtime.spawn(Box::pin(async move {
                        guard(Arc::clone(&own), id.clone(), None).await;
                        own.life.strays.leave(&id);
                    }));
                }
            }
        }
        Err(StoreError::Fenced) => shared.fenced(),
        Err(error) => shared.life.troubles.tell(OWNED, &error),
    }
}

/// The workflow, if it is this worker's.
async fn read<R: Send + Sync + 'static>(shared: &Shared<R>, id: &WorkflowId) -> Option<Loaded> {
    let mut trouble = Trouble::with(&shared.life, &*shared.runtime, id, "the journal cannot be read");
    while !shared.life.is_over() {
        match shared.store.load(id).await {
            Ok(loaded) => {
                trouble.over();
                return loaded.filter(|loaded| loaded.header.worker == Some(shared.worker));
            }
            Err(error) if trouble.pause(&error).await => {}
            Err(_) => break,
        }
    }
    None
}
