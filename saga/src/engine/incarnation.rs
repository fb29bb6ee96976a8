//! A worker that was declared dead stays dead; the process in which it lived comes back as a new one.
//!
//! Whoever was only paused, or cut off from the store, finds that others have taken over. Everything of the dead
//! incarnation ends, and then the engine joins anew, under a name that was never used, with nothing in its hands.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, select};
use tokio::sync::{Semaphore, broadcast, oneshot, watch};

use super::config::Config;
use super::events::WorkflowEvent;
use super::interceptor::Seam;
use super::journal::{Answered, Journal};
use super::lease::Lease;
use super::live::Live;
use super::local::Local;
use super::retention;
use super::runtime::{Runtime, StoreTime};
use super::shared::{Life, Shared};
use super::starter;
use super::trigger::Rule;
use super::trouble::Unreadable;
use super::worker;
use crate::definition::Definition;
use crate::id::{DefinitionId, WorkflowId};
use crate::seal::Sealer;
use crate::store::{Header, Join, Registration, Store, StoreError};

/// What every incarnation of an engine's worker is made of.
pub(super) struct Body<R> {
    pub(super) resources: Arc<R>,
    pub(super) store: Arc<dyn Store>,
    pub(super) time: Arc<StoreTime>,
    pub(super) config: Config,
    pub(super) definitions: BTreeMap<DefinitionId, Arc<Definition<R>>>,
    pub(super) rules: Arc<[Rule]>,
    pub(super) sealer: Option<Arc<dyn Sealer>>,
    pub(super) events: broadcast::Sender<WorkflowEvent>,
    pub(super) seam: Seam,
}

impl<R: Send + Sync + 'static> Body<R> {
    /// Becomes a new worker of the store, which does nothing yet.
    async fn join(&self) -> Result<Joined, StoreError> {
        let join = Join {
            name: self.config.name.clone(),
            definitions: self.definitions.keys().cloned().collect(),
            plans: self.definitions.values().map(|d| (d.id().clone(), d.plan().text())).collect(),
            lease: self.config.lease,
        };
        let asked = self.time.uptime();
        let registration = self.store.join(join).await?;
        self.time.hear(registration.now, asked);
        Ok(Joined { registration, until: asked.saturating_add(self.config.lease) })
    }

    fn begin(&self, joined: Joined) -> Arc<Shared<R>> {
        let Joined { registration: Registration { worker, leased, .. }, until } = joined;
        let runtime: Arc<dyn Runtime> = Arc::clone(&self.time) as _;
        let life = Arc::new(Life::new(Lease::new(leased, until)));
        let (store, clock, ended) = (Arc::clone(&self.store), Arc::clone(&runtime), Arc::clone(&life));
        let journal = Journal::open(store, worker, clock, ended, self.config.lease);
        let (working, worker_ended) = watch::channel(());
        let shared = Arc::new(Shared {
            resources: Arc::clone(&self.resources),
            store: Arc::clone(&self.store),
            runtime,
            time: Arc::clone(&self.time),
            config: self.config.clone(),
            definitions: self.definitions.clone(),
            worker,
            sealer: self.sealer.clone(),
            journal,
            events: self.events.clone(),
            suspects: Arc::new(Semaphore::new(1)),
            life,
            worker_ended,
            commits: AtomicI64::new(0),
            seam: self.seam.clone(),
        });
        let working = Arc::new(working);
        worker::spawn(&shared, &working);
        starter::spawn(&shared, &self.rules, &working);
        retention::spawn(&shared, &working);
        shared
    }
}

struct Joined {
    registration: Registration,
    /// How long its first lease lasts at least, by the uptime.
    until: Duration,
}

/// The incarnation that an engine has at present.
pub(super) struct Present<R>(Mutex<State<R>>);

struct State<R> {
    shared: Arc<Shared<R>>,
    /// It shall not come back.
    is_closed: bool,
}

impl<R: Send + Sync + 'static> Present<R> {
    /// Joins the store for the first time.
    pub(super) async fn begin(body: Body<R>) -> Result<Arc<Self>, StoreError> {
        let joined = body.join().await?;
        let leased = joined.registration.leased;
        let shared = body.begin(joined);
        let runtime = Arc::clone(&shared.runtime);
        let present = Arc::new(Self(Mutex::new(State { shared, is_closed: false })));
        // A store that belongs to one process fences nobody for being silent: there is a successor, and two that come
        // back would fence each other for ever.
        if leased {
            runtime.spawn(Box::pin(keep_alive(Arc::clone(&present), body)));
        }
        Ok(present)
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shared(&self) -> Arc<Shared<R>> {
        Arc::clone(&self.state().shared)
    }

    /// From now on there are no others.
    pub(super) fn close(&self) -> Arc<Shared<R>> {
        let mut state = self.state();
        state.is_closed = true;
        Arc::clone(&state.shared)
    }

    /// Gives a worker that has joined its life, unless the engine was shut down meanwhile.
    fn replace(&self, body: &Body<R>, joined: Joined) -> bool {
        let mut state = self.state();
        if !state.is_closed {
            state.shared = body.begin(joined);
        }
        !state.is_closed
    }
}

/// Comes back as a new worker whenever the present one was declared dead.
async fn keep_alive<R: Send + Sync + 'static>(present: Arc<Present<R>>, body: Body<R>) {
    loop {
        let dead = present.shared();
        if !dies(&dead).await {
            return;
        }
        over(&dead).await;
        loop {
            if present.state().is_closed {
                return;
            }
            match body.join().await {
                Ok(joined) => {
                    let worker = joined.registration.worker;
                    if !present.replace(&body, joined) {
                        // If that fails too it is declared dead for its silence.
                        let _ = body.store.leave(worker).await;
                        return;
                    }
                    tracing::warn!(%worker, "{} comes back as a new worker", dead.worker);
                    break;
                }
                Err(error) => tracing::warn!(%error, "this process cannot come back yet; it is tried again"),
            }
            body.time.sleep(body.config.poll_interval).await;
        }
    }
}

/// Waits until the worker is declared dead. `false`: it has ended otherwise.
async fn dies<R: Send + Sync + 'static>(shared: &Shared<R>) -> bool {
    let died = shared.life.died.notified();
    let ended = ended(shared.worker_ended.clone());
    select(std::pin::pin!(died), ended).await;
    shared.life.lease.is_lost()
}

/// Waits until nothing of a dead worker runs here any more, but not for what never lets go.
async fn over<R: Send + Sync + 'static>(dead: &Shared<R>) {
    let mut patience = dead.runtime.sleep(dead.config.lease);
    let ended = ended(dead.worker_ended.clone());
    let futures_util::future::Either::Left(_) = select(ended, &mut patience).await else { return };
    for live in dead.life.live.all() {
        let ended = async move { live.ended().await };
        if let futures_util::future::Either::Right(_) = select(Box::pin(ended), &mut patience).await {
            return;
        }
    }
}

/// Resolves when the worker's own tasks have ended.
pub(super) fn ended(mut worker: watch::Receiver<()>) -> BoxFuture<'static, ()> {
    Box::pin(async move { while worker.changed().await.is_ok() {} })
}

impl<R: Send + Sync + 'static> Local for Present<R> {
    fn launch(&self, header: Header) -> Option<oneshot::Receiver<Answered>> {
        self.shared().launch(header)
    }
    fn live(&self, workflow: &WorkflowId) -> Option<Live> {
        self.shared().live(workflow)
    }
    fn wake(&self) {
        self.shared().wake();
    }
    fn queued(&self) {
        self.shared().queued();
    }
    fn unreadable(&self) -> Vec<Unreadable> {
        self.shared().unreadable()
    }
}
