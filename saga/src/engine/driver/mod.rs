//! One workflow: asks its machine what to do, and does exactly that.

mod hear;
mod obey;
mod reload;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use super::attempt::{Caller, Ended};
use super::events::WorkflowEventKind;
use super::journal::{Answer, Answered};
use super::live::Live;
use super::log::Log;
use super::shared::Shared;
use super::vault::Vault;
use crate::clock::Timestamp;
use crate::definition::{Definition, NodeId};
use crate::error::StepError;
use crate::id::WorkflowId;
use crate::json::Json;
use crate::machine::{Call, Event, Machine};
use crate::step::Success;
use crate::store::{Commit, Header, Loaded, PublishedEvent, Signal, StoreError, Transacted};

/// What reaches a workflow's task from outside.
pub(super) enum Mail {
    /// A running step wants its record to be durable.
    Record { step: u32, before: Json, durable: oneshot::Sender<()> },
    /// A running attempt says how far it has come.
    Heartbeat { step: u32, call: u64, reloads: u32, data: Json, durable: oneshot::Sender<()> },
    /// The body of the lent transaction has succeeded, and waits for the commit to be written with it.
    BodyDone { step: u32, end: BodyEnd, commit: oneshot::Sender<Commit> },
    /// Somebody sent a signal.
    Signal(Signal),
    /// Somebody ended the workflow by hand.
    Header(Box<Header>),
    /// Start nothing more and let go.
    Drain,
    /// Let go now.
    Abandon,
    /// This worker was declared dead: drop everything.
    Stop,
}

/// How the body of a transaction succeeded.
pub(super) enum BodyEnd {
    Ran(Success),
    Undone,
}

/// A lent transaction, until its outcome is known.
type Transaction = BoxFuture<'static, (Call, Result<Transacted, StoreError>)>;

/// A transaction that came to nothing after its body had succeeded.
#[derive(Default)]
struct RolledBack {
    /// How often in a row.
    times: u32,
    /// Why; none if nobody knows whether it was rolled back.
    error: Option<StepError>,
}

/// What the journal and the inbox say: the workflow's signals, and the workflow if it is there.
struct Read {
    signals: Vec<Signal>,
    loaded: Option<Loaded>,
}

/// A workflow's task.
pub(super) struct Driver<R: Send + Sync + 'static> {
    shared: Arc<Shared<R>>,
    caller: Caller<R>,
    machine: Machine,
    log: Log,
    inbox: mpsc::UnboundedReceiver<Mail>,
    live: Live,
    cancel: watch::Sender<bool>,
    /// Dropped with the driver: whoever waits for the end of the workflow learns it.
    _gone: watch::Sender<()>,
    calls: FuturesUnordered<BoxFuture<'static, (Call, Ended)>>,
    /// Questions to the store for events.
    looks: FuturesUnordered<BoxFuture<'static, (NodeId, Option<PublishedEvent>)>>,
    transaction: Option<Transaction>,
    durable: Option<oneshot::Receiver<Answered>>,
    reading: Option<BoxFuture<'static, Read>>,
    records: BTreeMap<u32, oneshot::Sender<()>>,
    /// By their numbers.
    heartbeats: BTreeMap<u64, oneshot::Sender<()>>,
    beats: u64,
    body: Option<oneshot::Sender<Commit>>,
    /// Attempts that run, for showing those that run long.
    slow: BTreeMap<u32, Timestamp>,
    /// Transactions that came to nothing after their bodies had succeeded, by step.
    rolled_back: BTreeMap<u32, RolledBack>,
    /// Who wants to know how the first commit ended.
    created: Option<Answer>,
    suspicion: Suspicion,
    /// Does the commit in flight say that something got done or undone?
    progress: bool,
}

/// Is this workflow suspected of taking its worker down? Then it does things only while no other suspect does.
enum Suspicion {
    None,
    Waiting,
    Alone(#[allow(dead_code, reason = "held, not read")] OwnedSemaphorePermit),
}

/// What ended a turn of the loop.
#[allow(clippy::large_enum_variant, reason = "it lives for a moment, one per workflow")]
enum Turn {
    Durable(Option<Answered>),
    Mail(Mail),
    Read(Read),
    Called(Call, Ended),
    Transacted(Call, Result<Transacted, StoreError>),
    Looked(NodeId, Option<PublishedEvent>),
    Tick,
}

impl<R: Send + Sync + 'static> Driver<R> {
    /// Makes the task of a workflow and enters it into the set of live ones.
    ///
    /// # Errors
    /// The one of that name that runs here already.
    pub(super) fn new(
        shared: &Arc<Shared<R>>,
        definition: Arc<Definition<R>>,
        header: &Header,
        machine: Machine,
        created: &mut Option<Answer>,
    ) -> Result<Self, Live> {
        let (mail, inbox) = mpsc::unbounded_channel();
        let (cancel, cancelled) = watch::channel(false);
        let (gone, is_gone) = watch::channel(());
        let live = Live { mail: mail.clone(), doing: Arc::default(), gone: is_gone };
        shared.life.live.enter(header.workflow_id.clone(), live.clone())?;
        // Whoever stops the engine raises the flag first and then writes to all that are live, so this one
        // either sees the flag or gets that mail too.
        if shared.life.lease.is_lost() {
            let _ = mail.send(Mail::Stop);
        } else if shared.is_stopping() {
            let _ = mail.send(Mail::Drain);
        }
        let suspect = header.takeovers >= shared.config.machine.suspect_after;
        let caller = Caller {
            definition,
            resources: Arc::clone(&shared.resources),
            runtime: Arc::clone(&shared.runtime),
            life: Arc::clone(&shared.life),
            seam: shared.seam.clone(),
            workflow_id: header.workflow_id.clone(),
            vault: Vault::of(shared.sealer.clone(), &header.workflow_id),
            tenant: Arc::clone(&header.tenant_id),
            initiator: header.initiator_id.clone(),
            mail,
            cancelled,
            reloads: 0,
        };
        Ok(Self {
            shared: Arc::clone(shared),
            caller,
            machine,
            log: Log::new(header),
            inbox,
            live,
            cancel,
            _gone: gone,
            calls: FuturesUnordered::new(),
            looks: FuturesUnordered::new(),
            transaction: None,
            durable: None,
            reading: None,
            records: BTreeMap::new(),
            heartbeats: BTreeMap::new(),
            beats: 0,
            body: None,
            slow: BTreeMap::new(),
            rolled_back: BTreeMap::new(),
            created: created.take(),
            suspicion: if suspect { Suspicion::Waiting } else { Suspicion::None },
            progress: false,
        })
    }

    pub(super) fn workflow_id(&self) -> &WorkflowId {
        &self.caller.workflow_id
    }

    /// Puts something into its inbox, to be found when it begins.
    pub(super) fn tell_first(&self, mail: Mail) {
        // It has the other end itself.
        let _ = self.live.mail.send(mail);
    }

    /// Runs the workflow until it rests, or belongs to somebody else, or this worker may not go on.
    pub(super) async fn run(mut self) {
        let mut goes_on = self.begin().await;
        while goes_on {
            goes_on = match self.turn().await {
                Turn::Durable(Some(answered)) => self.durable(answered).await,
                // This worker was declared dead: nothing more, at once.
                Turn::Durable(None) => false,
                Turn::Mail(mail) => self.mail(mail).await,
                Turn::Read(read) => self.read(read).await,
                Turn::Called(call, ended) => self.called(call, ended).await,
                Turn::Transacted(call, result) => self.transacted(call, result).await,
                Turn::Looked(node, found) => self.feed(Event::Looked { node, found }).await,
                Turn::Tick => self.tick().await,
            };
            self.rest_from_suspicion();
        }
    }

    async fn begin(&mut self) -> bool {
        if self.created.is_some() {
            return self.feed(Event::Begin).await;
        }
        self.be_alone().await;
        self.announce();
        // What lies in the inbox first, so that nothing runs past a cancellation that was there before.
        while let Ok(mail) = self.inbox.try_recv() {
            if !self.mail(mail).await {
                return false;
            }
        }
        self.feed(Event::Begin).await
    }

    fn announce(&self) {
        self.log.started();
        self.tell(WorkflowEventKind::Started);
    }

    async fn turn(&mut self) -> Turn {
        let wait = self.next_tick().map(|at| at.since(self.shared.runtime.now()));
        let runtime = Arc::clone(&self.shared.runtime);
        let tick = async move {
            match wait {
                Some(Duration::ZERO) => {}
                Some(wait) => runtime.sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let Self { durable, inbox, reading, calls, looks, transaction, .. } = self;
        // Biased, so that a run over a deterministic store is deterministic: what is durable first, then
        // mail, then what the calls say.
        tokio::select! {
            biased;
            outcome = taken(durable) => Turn::Durable(outcome.ok()),
            Some(mail) = inbox.recv() => Turn::Mail(mail),
            read = taken(reading) => Turn::Read(read),
            (call, result) = taken(transaction) => Turn::Transacted(call, result),
            Some((call, ended)) = calls.next() => Turn::Called(call, ended),
            Some((node, found)) = looks.next() => Turn::Looked(node, found),
            () = tick => Turn::Tick,
        }
    }

    fn next_tick(&self) -> Option<Timestamp> {
        let slow = self.slow.values().min().map(|since| since.plus(self.shared.config.show_running_after));
        [self.machine.wake_at(), slow].into_iter().flatten().min()
    }

    /// A suspect waits until no other one does anything.
    async fn be_alone(&mut self) {
        if matches!(self.suspicion, Suspicion::Waiting)
            && let Ok(permit) = Arc::clone(&self.shared.suspects).acquire_owned().await
        {
            self.suspicion = Suspicion::Alone(permit);
        }
    }

    /// While it only waits for a time it does nobody any harm, and keeps no other suspect waiting.
    fn rest_from_suspicion(&mut self) {
        let idle = self.calls.is_empty()
            && self.looks.is_empty()
            && self.transaction.is_none()
            && self.durable.is_none()
            && self.reading.is_none();
        if idle && matches!(self.suspicion, Suspicion::Alone(_)) {
            self.suspicion = Suspicion::Waiting;
        }
    }
}

impl<R: Send + Sync + 'static> Drop for Driver<R> {
    /// However it ends, even by a panic: from now on it does not run here.
    fn drop(&mut self) {
        self.shared.left(&self.caller.workflow_id);
    }
}

/// The output of the future, which is then taken out; never, if there is none.
async fn taken<F: Future + Unpin>(slot: &mut Option<F>) -> F::Output {
    match slot {
        Some(future) => {
            let output = future.await;
            *slot = None;
            output
        }
        None => std::future::pending().await,
    }
}
