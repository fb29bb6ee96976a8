//! One workflow: asks its machine what to do, and does exactly that.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{mpsc, oneshot, watch};

use super::attempt::{Caller, Ended};
use super::events::WorkflowEventKind;
use super::live::{Doing, Live};
use super::log::Log;
use super::shared::Shared;
use crate::clock::Timestamp;
use crate::definition::Definition;
use crate::id::WorkflowId;
use crate::json::Json;
use crate::machine::{Call, CallKind, Command, Env, Event, Machine};
use crate::step::Success;
use crate::store::{Commit, CommitOutcome, Door, Header, Signal, StepStatus, StoreError, Transacted};

/// What reaches a workflow's task from outside.
pub(super) enum Mail {
    /// A running step wants its record to be durable.
    Record { step: u32, before: Json, durable: oneshot::Sender<()> },
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
}

/// How the body of a transaction succeeded.
pub(super) enum BodyEnd {
    Ran(Success),
    Undone,
}

/// What a workflow's task waits for.
enum Done {
    Called(Box<(Call, Ended)>),
    Transacted(Box<Call>, Result<Transacted, StoreError>),
}

/// A workflow's task.
pub(super) struct Driver<R> {
    shared: Arc<Shared<R>>,
    caller: Caller<R>,
    machine: Machine,
    log: Log,
    inbox: mpsc::UnboundedReceiver<Mail>,
    live: Live,
    cancel: watch::Sender<bool>,
    /// Dropped with the driver: whoever waits for the end of the workflow learns it.
    _gone: watch::Sender<()>,
    calls: FuturesUnordered<BoxFuture<'static, Done>>,
    durable: Option<oneshot::Receiver<CommitOutcome>>,
    records: BTreeMap<u32, oneshot::Sender<()>>,
    body: Option<oneshot::Sender<Commit>>,
    /// Attempts that run, for showing those that run long.
    slow: BTreeMap<u32, Timestamp>,
    /// Who wants to know how the first commit ended.
    created: Option<oneshot::Sender<CommitOutcome>>,
}

/// What ended a turn of the loop.
enum Turn {
    Durable(Option<CommitOutcome>),
    Mail(Mail),
    Done(Done),
    Tick,
}

impl<R: Send + Sync + 'static> Driver<R> {
    /// Makes the task of a workflow and enters it into the set of live ones; `None` if it runs here already.
    pub(super) fn new(
        shared: &Arc<Shared<R>>,
        definition: Arc<Definition<R>>,
        header: &Header,
        machine: Machine,
        created: Option<oneshot::Sender<CommitOutcome>>,
    ) -> Option<Self> {
        let (mail, inbox) = mpsc::unbounded_channel();
        let (cancel, cancelled) = watch::channel(false);
        let (gone, is_gone) = watch::channel(());
        let live = Live { mail: mail.clone(), doing: Arc::default(), gone: is_gone };
        if !shared.live.enter(header.workflow_id.clone(), live.clone()) {
            return None;
        }
        let log = Log::new(header);
        let caller = Caller {
            definition,
            resources: Arc::clone(&shared.resources),
            runtime: Arc::clone(&shared.runtime),
            workflow_id: header.workflow_id.clone(),
            tenant: Arc::clone(&header.tenant_id),
            initiator: header.initiator_id.clone(),
            mail,
            cancelled,
        };
        Some(Self {
            shared: Arc::clone(shared),
            caller,
            machine,
            log,
            inbox,
            live,
            cancel,
            _gone: gone,
            calls: FuturesUnordered::new(),
            durable: None,
            records: BTreeMap::new(),
            body: None,
            slow: BTreeMap::new(),
            created,
        })
    }

    /// Runs the workflow until it rests, or belongs to somebody else, or this worker may not go on.
    pub(super) async fn run(mut self) {
        self.log.started();
        self.shared.tell(
            self.caller.workflow_id.clone(),
            &self.log.workflow_type,
            WorkflowEventKind::Started,
        );
        let mut goes_on = self.feed(Event::Begin).await;
        while goes_on {
            let turn = self.turn().await;
            goes_on = match turn {
                Turn::Durable(Some(outcome)) => {
                    if let Some(created) = self.created.take() {
                        let _ = created.send(outcome.clone());
                    }
                    self.feed(Event::Committed(outcome)).await
                }
                // This worker was declared dead: nothing more, at once.
                Turn::Durable(None) => false,
                Turn::Mail(mail) => self.mail(mail).await,
                Turn::Done(done) => self.done(done).await,
                Turn::Tick => self.tick().await,
            };
        }
        self.shared.live.leave(&self.caller.workflow_id);
        self.shared.wake.notify_one();
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
        let Self { durable, inbox, calls, .. } = self;
        let durable = async {
            match durable {
                Some(answer) => answer.await.ok(),
                None => std::future::pending().await,
            }
        };
        // Biased, so that a run over a deterministic store is deterministic: what is durable first, then
        // mail, then what the calls say.
        let turn = tokio::select! {
            biased;
            outcome = durable => Turn::Durable(outcome),
            Some(mail) = inbox.recv() => Turn::Mail(mail),
            Some(done) = calls.next() => Turn::Done(done),
            () = tick => Turn::Tick,
        };
        if matches!(turn, Turn::Durable(_)) {
            self.durable = None;
        }
        turn
    }

    fn next_tick(&self) -> Option<Timestamp> {
        let slow = self.slow.values().min().map(|since| since.plus(self.shared.config.show_running_after));
        [self.machine.wake_at(), slow].into_iter().flatten().min()
    }

    async fn tick(&mut self) -> bool {
        let now = self.shared.runtime.now();
        let shown = self.shared.config.show_running_after;
        let slow: Vec<u32> =
            self.slow.iter().filter(|(_, since)| since.plus(shown) <= now).map(|(step, _)| *step).collect();
        for step in slow {
            self.slow.remove(&step);
            if !self.feed(Event::Slow { step }).await {
                return false;
            }
        }
        if self.machine.wake_at().is_some_and(|at| at <= now) { self.feed(Event::Tick).await } else { true }
    }

    async fn mail(&mut self, mail: Mail) -> bool {
        match mail {
            Mail::Record { step, before, durable } => {
                self.records.insert(step, durable);
                self.feed(Event::Record { step, before }).await
            }
            Mail::BodyDone { step, end, commit } => {
                self.body = Some(commit);
                let event = match end {
                    BodyEnd::Ran(success) => Event::Attempted { step, result: Ok(success) },
                    BodyEnd::Undone => Event::Undone { step, result: Ok(()) },
                };
                let goes_on = self.feed(event).await;
                // If the machine has no use for it any more the body is told so by its channel's end.
                self.body = None;
                goes_on
            }
            Mail::Signal(signal) => {
                let goes_on = self.feed(Event::Signal(signal)).await;
                self.cancel.send_replace(self.machine.is_cancelled());
                goes_on
            }
            Mail::Header(header) => self.feed(Event::Header(header)).await,
            Mail::Drain => self.feed(Event::Drain).await,
            Mail::Abandon => {
                self.calls.clear();
                self.feed(Event::Abandon).await
            }
        }
    }

    async fn done(&mut self, done: Done) -> bool {
        match done {
            Done::Called(called) => {
                let (call, ended) = *called;
                self.not_doing(&call);
                let step = call.step;
                self.log_end(&call, &ended);
                self.feed(match ended {
                    Ended::Run(result) => Event::Attempted { step, result },
                    Ended::Undo(result) => Event::Undone { step, result },
                    Ended::LookUp(result) => Event::LookedUp { step, result },
                })
                .await
            }
            Done::Transacted(call, result) => self.transacted(*call, result).await,
        }
    }

    async fn transacted(&mut self, call: Call, result: Result<Transacted, StoreError>) -> bool {
        self.not_doing(&call);
        let step = call.step;
        match result {
            Ok(Transacted::Committed(outcome)) => {
                self.log_end(&call, &success_of(&call));
                self.feed(Event::Committed(outcome)).await
            }
            Ok(Transacted::Failed(error)) if self.machine.is_committing() => {
                // The body had succeeded and was rolled back after all: the journal knows what holds.
                tracing::warn!(workflow_id = %self.caller.workflow_id, %error, "a transaction was rolled back late");
                self.reload().await
            }
            Ok(Transacted::Failed(error)) => {
                let event = match call.kind {
                    CallKind::Undo => Event::Undone { step, result: Err(error.clone()) },
                    _ => Event::Attempted { step, result: Err(error.clone()) },
                };
                let ended = match call.kind {
                    CallKind::Undo => Ended::Undo(Err(error)),
                    _ => Ended::Run(Err(error)),
                };
                self.log_end(&call, &ended);
                self.feed(event).await
            }
            Err(StoreError::Fenced) => {
                self.shared.fenced();
                false
            }
            Err(error) => {
                tracing::warn!(workflow_id = %self.caller.workflow_id, %error, "the outcome of a transaction is not known; the journal is read");
                self.reload().await
            }
        }
    }

    /// Back to what the journal says. Attempts that were under way count as unknown, as after a crash.
    async fn reload(&mut self) -> bool {
        self.calls.clear();
        self.durable = None;
        self.records.clear();
        self.slow.clear();
        let loaded = loop {
            match self.shared.store.load(&self.caller.workflow_id).await {
                Ok(loaded) => break loaded,
                Err(StoreError::Fenced) => return false,
                Err(error) => {
                    tracing::warn!(workflow_id = %self.caller.workflow_id, %error, "the journal cannot be read; it is tried again");
                    self.shared.runtime.sleep(Duration::from_millis(200)).await;
                }
            }
        };
        let Some(mut loaded) = loaded else { return false };
        if loaded.header.worker != Some(self.shared.worker) || loaded.header.state.status.is_ended() {
            return false;
        }
        loaded.header.unclean = true;
        let plan = Arc::clone(self.machine.plan());
        let first_commit = self.shared.first_commit();
        self.machine = Machine::resume(plan, &loaded, self.shared.config.machine, first_commit, self.env());
        self.feed(Event::Begin).await
    }

    fn env(&self) -> Env {
        self.shared.env()
    }

    /// Gives the machine an event and does what it says. `false`: this task is over.
    async fn feed(&mut self, event: Event) -> bool {
        let mut events = std::collections::VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let env = self.env();
            for command in self.machine.step(event, env) {
                match command {
                    Command::Evaluate(expression) => {
                        let result = self.caller.evaluate(expression, self.machine.values());
                        events.push_back(Event::Evaluated { expression, result });
                    }
                    Command::Commit(commit) => self.durable = Some(self.shared.journal.submit(commit)),
                    Command::Call(call) => {
                        if !self.shared.may_send() {
                            return false;
                        }
                        self.doing(&call);
                        let ended = self.caller.call(call);
                        self.calls.push(Box::pin(ended.map(|called| Done::Called(Box::new(called)))));
                    }
                    Command::Transact(call) => self.transact(call),
                    Command::FinishTransaction(commit) => {
                        if let Some(body) = self.body.take() {
                            let _ = body.send(commit);
                        }
                    }
                    Command::RecordDurable { step } => {
                        if let Some(durable) = self.records.remove(&step) {
                            let _ = durable.send(());
                        }
                    }
                    Command::ReadHeader => {
                        events.extend(read_header(&self.shared, &self.caller.workflow_id).await)
                    }
                    Command::Stop => {
                        self.stopped();
                        return false;
                    }
                }
            }
        }
        true
    }

    fn transact(&mut self, call: Call) {
        self.doing(&call);
        let door = Door {
            worker: self.shared.worker,
            workflow_id: self.caller.workflow_id.clone(),
            limit: self.shared.config.transaction_limit.min(call.timeout),
            body: self.caller.body(&call),
        };
        let store = Arc::clone(&self.shared.store);
        self.calls.push(Box::pin(async move {
            let result = match store.transactions() {
                Some(transactions) => transactions.transact(door).await,
                None => Err(StoreError::Configuration("this store lends no transactions".to_owned())),
            };
            Done::Transacted(Box::new(call), result)
        }));
    }

    fn doing(&mut self, call: &Call) {
        let since = self.shared.runtime.now();
        let undoing = call.kind == CallKind::Undo;
        let status = if undoing { StepStatus::Compensating } else { StepStatus::Running };
        let doing = Doing { status, since, attempt: call.attempt };
        self.live.doing.lock().unwrap_or_else(PoisonError::into_inner).insert(call.step, doing);
        if call.kind == CallKind::Run {
            self.slow.insert(call.step, since);
        }
        let step = self.log.call(&self.machine, call);
        let kind = match call.kind {
            CallKind::Undo => WorkflowEventKind::CompensationStarted { step },
            _ => WorkflowEventKind::StepStarted { step, attempt: call.attempt },
        };
        self.tell(kind);
    }

    fn not_doing(&mut self, call: &Call) {
        self.slow.remove(&call.step);
        self.live.doing.lock().unwrap_or_else(PoisonError::into_inner).remove(&call.step);
    }

    fn log_end(&self, call: &Call, ended: &Ended) {
        if let Some(kind) = self.log.ended(&self.machine, call, ended) {
            self.tell(kind);
        }
    }

    fn stopped(&self) {
        let header = self.machine.header();
        if header.status.is_ended() {
            self.log.rests(header);
            self.tell(WorkflowEventKind::Ended(header.status));
        }
    }

    fn tell(&self, kind: WorkflowEventKind) {
        self.shared.tell(self.caller.workflow_id.clone(), &self.log.workflow_type, kind);
    }
}

/// The inbox first, so that no decision is taken again without having seen it; then the header.
async fn read_header<R>(shared: &Shared<R>, id: &WorkflowId) -> Vec<Event> {
    loop {
        let mail = shared.store.beat(shared.worker).await;
        let loaded = match mail {
            Ok(beat) => shared.store.load(id).await.map(|loaded| (beat, loaded)),
            Err(error) => Err(error),
        };
        match loaded {
            Ok((beat, Some(loaded))) => {
                let signals = beat.signals.into_iter().filter(|s| s.workflow_id == *id).map(Event::Signal);
                return signals.chain([Event::Header(Box::new(loaded.header))]).collect();
            }
            Ok((_, None)) | Err(StoreError::Fenced) => return vec![],
            Err(error) => {
                tracing::warn!(workflow_id = %id, %error, "the journal cannot be read; it is tried again");
                shared.runtime.sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn success_of(call: &Call) -> Ended {
    match call.kind {
        CallKind::Undo => Ended::Undo(Ok(())),
        _ => Ended::Run(Ok(Success { output: Json::null(), adopted: false })),
    }
}
