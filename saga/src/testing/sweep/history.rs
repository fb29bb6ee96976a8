//! One history: a workflow from its start to its rest, over all the lives that it takes.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};

use super::turn::Turn;
use super::twist::{Place, Twists};
use super::{Setting, WORKFLOW};
use crate::engine::{ClientError, Engine, EngineBuilder, Runtime, StartError, WorkflowView};
use crate::id::WorkflowId;
use crate::machine::{CallKind, DebtAction};
use crate::step::{Callable, IfUnknown, Signature};
use crate::store::{Debt, FailureReason, MemoryStore, Status, StepRow, StepStatus, Store};
use crate::testing::clock::{self, Life, VirtualTime};
use crate::testing::fault_store::FaultStore;
use crate::testing::saga_test::Report;
use crate::testing::saga_test::report::Rest;
use crate::testing::saga_test::script::{Script, State};
use crate::testing::saga_test::stage::{Happening, Stage, config};
use crate::testing::{CallEnd, RecordedCall};

/// So long what is late may take.
const SETTLED: Duration = Duration::from_secs(60 * 60);
/// So long a workflow may take to rest.
const LIMIT: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const MOST_CALLS: usize = 1_000;
const MOST_RETRIES: usize = 30;

/// A workflow at rest, and what is there then.
pub(super) struct Scene {
    pub(super) status: Status,
    pub(super) reason: Option<FailureReason>,
    /// Step and status of every row.
    pub(super) rows: Vec<(String, StepStatus)>,
    pub(super) debts: Vec<Owed>,
    pub(super) seen: Option<String>,
    /// What the user's check said against it.
    pub(super) objection: Option<String>,
    pub(super) story: String,
}

pub(super) struct Owed {
    pub(super) place: String,
    /// How it is found out whether there is anything.
    pub(super) if_unknown: IfUnknown,
}

/// What became of one history.
pub(super) struct History {
    pub(super) before: Option<String>,
    pub(super) lives: usize,
    /// How often the last life wrote.
    pub(super) writes: u64,
    /// Which calls there were until it rested first, and which of them did what they should.
    pub(super) calls: Vec<(CallKind, Place)>,
    /// When they began.
    pub(super) began: Vec<Duration>,
    pub(super) undone: Vec<Place>,
    pub(super) first: Scene,
    /// When a person was needed: after everything was healed and an operator has retried.
    pub(super) mended: Option<Scene>,
    /// Why it cannot be judged.
    pub(super) stuck: Option<String>,
}

pub(super) async fn play<S: Signature + Callable<R>, R: Send + Sync + 'static>(
    setting: Arc<Setting<S, R>>,
    twists: Twists,
) -> History {
    let time = Arc::new(VirtualTime::new(clock::present()));
    let runtime: Arc<dyn Runtime> = time.clone();
    let resources = Arc::new((setting.resources)());
    let store = MemoryStore::new();
    let before = setting.observed(&resources, &store);
    let turn = Arc::new(Turn::new(twists));
    let script = Arc::new(Script {
        state: Mutex::new(State::default()),
        runtime: Arc::clone(&runtime),
        began: runtime.uptime(),
        patience: setting.patience,
        most_calls: AtomicUsize::new(MOST_CALLS),
        twister: Some(turn.clone()),
        enough: tokio::sync::Notify::new(),
    });
    let mut happenings = setting.happenings(&turn);
    loop {
        let life = Arc::new(Life::new(Arc::clone(&time)));
        let faults = FaultStore::new(store.clone()).with(turn.faults());
        let build =
            EngineBuilder::sharing(Arc::clone(&resources)).store(faults.clone()).saga(setting.definition());
        let build = setting.secured(build).config(config()).runtime(life.clone());
        let engine = match until_death(&faults, build.interceptor(script.clone()).build()).await {
            Some(engine) => engine.unwrap_or_else(|error| panic!("{error}")),
            None => {
                life.end().await;
                turn.has_died();
                continue;
            }
        };
        let mut stage = Stage {
            client: engine.client().clone(),
            store: store.clone(),
            runtime: Arc::clone(&runtime),
            script: Arc::clone(&script),
            workflow: WorkflowId::new(WORKFLOW).expect("a name that is allowed"),
            tenant: "default".to_owned(),
            happenings,
            began: script.began,
            limit: LIMIT,
        };
        let act = Act { setting: &setting, engine: &engine, turn: &turn, faults: &faults, life: &life };
        match until_death(&faults, act.play(&mut stage)).await {
            Some(mut history) => {
                let _ = engine.shutdown(Duration::ZERO).await;
                life.end().await;
                history.before = before;
                return history;
            }
            None => {
                drop(engine);
                life.end().await;
                turn.has_died();
                happenings = stage.happenings;
            }
        }
    }
}

/// `None`: the process has died over it.
async fn until_death<F: Future>(store: &FaultStore, future: F) -> Option<F::Output> {
    match select(pin!(store.died()), pin!(future)).await {
        Either::Left(_) => None,
        Either::Right((output, _)) => Some(output),
    }
}

/// One life.
struct Act<'a, S: Signature, R> {
    setting: &'a Setting<S, R>,
    engine: &'a Engine<R>,
    turn: &'a Turn,
    faults: &'a FaultStore,
    life: &'a Arc<Life>,
}

impl<S: Signature + Callable<R>, R: Send + Sync + 'static> Act<'_, S, R> {
    async fn play(&self, stage: &mut Stage) -> History {
        self.turn.open(stage.client.clone(), self.life.clone(), stage.workflow.clone());
        self.start(stage).await;
        let mut stuck = None;
        let mut rest = stage.play().await;
        let is_owed_an_event = rest == Rest::Waiting && !self.turn.withheld(&self.setting.events).is_empty();
        if matches!(rest, Rest::Limit | Rest::Calls) || is_owed_an_event {
            // As long as something goes wrong it may go on for ever; then it has to rest.
            self.heal(stage);
            rest = stage.play().await;
        }
        let report = self.settled(stage, rest).await;
        let first = self.scene(&report, stage);
        let writes = self.faults.writes();
        let calls: Vec<_> = report.calls().iter().map(|call| (call.kind, place(call))).collect();
        let began = report.calls().iter().map(|call| call.at).collect();
        let undone = report.calls().iter().filter(|call| call.end == CallEnd::Undone).map(place).collect();
        let mut mended = None;
        if rest != Rest::End {
            stuck = Some(match stage.store.awaited(&stage.workflow).first() {
                Some(awaited) => format!(
                    "it waits for the event `{}` of `{}`, which nobody publishes: say it with `.event(..)`",
                    awaited.name, awaited.key
                ),
                None => "it never comes to rest, with nothing more going wrong".to_owned(),
            });
        } else if first.status == Status::Failed {
            self.heal(stage);
            match self.mend(stage).await {
                Ok(scene) => mended = Some(scene),
                Err(why) => stuck = Some(why),
            }
        }
        let lives = self.turn.lives();
        History { before: None, lives, writes, calls, began, undone, first, mended, stuck }
    }

    /// As whoever starts it does: until it is durable, under one id.
    async fn start(&self, stage: &Stage) {
        let mut started = Err(StartError::Busy);
        for _ in 0..5 {
            let mut request = self.engine.client().start(self.setting.start()).id(WORKFLOW);
            request = request.tenant(stage.tenant.clone());
            started = request.await.map(drop);
            if started.is_ok() {
                break;
            }
        }
        started.unwrap_or_else(|error| panic!("the saga cannot be started: {error}"));
    }

    /// What has become of it, when whatever was late has come.
    async fn settled(&self, stage: &Stage, rest: Rest) -> Report<S, R> {
        let elapsed = stage.elapsed();
        stage.runtime.sleep(SETTLED).await;
        Report { elapsed, ..Report::of(stage, rest, self.engine.shared_resources()).await }
    }

    fn heal(&self, stage: &mut Stage) {
        // What did not come comes now, and nobody cancels any more.
        stage.happenings.retain(|(_, happening)| !matches!(happening, Happening::Cancel));
        stage.happenings.extend(self.turn.withheld(&self.setting.events));
        self.turn.heal();
        self.faults.heal();
        let calls = stage.script.state().calls.len();
        stage.script.most_calls.store(calls + MOST_CALLS, Ordering::Relaxed);
        stage.limit += LIMIT;
    }

    /// What an operator does: retries, and says of what nobody can know that it is to be undone.
    async fn mend(&self, stage: &mut Stage) -> Result<Scene, String> {
        let (id, tenant) = (stage.workflow.clone(), stage.tenant.clone());
        for _ in 0..MOST_RETRIES {
            match stage.client.retry(&tenant, &id, "sweep", true).await {
                Ok(()) => {}
                Err(ClientError::Refused(refusal)) => self.retry_debt(stage, &refusal.to_string()).await?,
                Err(error) => return Err(format!("an operator's retry: {error}")),
            }
            let rest = stage.play().await;
            let report = self.settled(stage, rest).await;
            let scene = self.scene(&report, stage);
            if rest != Rest::End {
                return Err(format!("after an operator's retry it does not come to rest\n{}", scene.story));
            }
            if scene.status != Status::Failed {
                return Ok(scene);
            }
        }
        Err("it fails still, with nothing going wrong, after so many retries of an operator".to_owned())
    }

    async fn retry_debt(&self, stage: &Stage, refusal: &str) -> Result<(), String> {
        let loaded = stage.store.load(&stage.workflow).await.map_err(|error| error.to_string())?;
        let rows = loaded.map(|loaded| loaded.steps).unwrap_or_default();
        // One after the other: with the first of them the rollback goes on.
        let Some(row) = rows.into_iter().find(|row| row.debt == Some(Debt::Open)) else {
            return Err(format!("it has failed, and an operator cannot retry it: {refusal}"));
        };
        let (id, place, action) = (&stage.workflow, row.place(), DebtAction::Retry);
        let retried = stage.client.change_debt(&stage.tenant, id, &place, action, "looked", "sweep").await;
        retried.map_err(|error| format!("an operator's retry of what `{place}` owes: {error}"))
    }

    fn scene(&self, report: &Report<S, R>, stage: &Stage) -> Scene {
        let state = &report.workflow().header.state;
        let steps = report.workflow().all_steps();
        let objection = self.setting.check.as_ref().and_then(|check| {
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(report)));
            checked.err().map(|panic| crate::engine::panicked(&*panic))
        });
        Scene {
            status: state.status,
            reason: state.failure_reason,
            rows: steps.iter().map(|row| (row.place(), row.status)).collect(),
            debts: owed(report.workflow()),
            seen: self.setting.observed(report.resources(), &stage.store),
            objection,
            story: report.to_string(),
        }
    }
}

fn owed(view: &WorkflowView) -> Vec<Owed> {
    let step = |row: &StepRow| {
        let mut steps = view.plan.iter().flat_map(|plan| plan.steps());
        steps.find(|(_, node, _)| node.name == row.node).map(|(_, _, step)| step.if_unknown)
    };
    let owed = view.steps.iter().filter(|row| row.debt == Some(Debt::Open));
    owed.map(|row| Owed { place: row.place(), if_unknown: step(row).unwrap_or(IfUnknown::Compensate) })
        .collect()
}

fn place(call: &RecordedCall) -> Place {
    Place { node: call.node.to_string(), item: call.item.to_string() }
}
