//! People: they start workflows, twice if in doubt, and cancel, retry, settle and forgive.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{Either, select};
use saga::engine::{ClientError, Runtime, StartError};
use saga::machine::DebtAction;
use saga::store::{Debt, FailureReason, Status};
use saga::{Client, Json, WorkflowId};

use crate::sagas;
use crate::secrets::{HUSH, Seal};
use crate::stage::Stage;
use crate::wire::Wire;
use crate::workers::Workers;

/// What people remember.
#[derive(Default)]
pub(crate) struct People {
    pub(crate) known: Mutex<Known>,
}

#[derive(Default)]
pub(crate) struct Known {
    /// Workflows whose start was acknowledged, by idempotency key.
    pub(crate) started: BTreeSet<WorkflowId>,
    pub(crate) keys: BTreeSet<String>,
    /// Starts that were given up, by key: somebody else had what they wanted for themselves alone.
    pub(crate) excluded: BTreeSet<String>,
    /// Acknowledged cancellations.
    pub(crate) cancelled: Vec<Cancelled>,
    /// What a person has undone, or accepted, by workflow and place.
    pub(crate) accepted: BTreeSet<(WorkflowId, String)>,
    actions: u32,
}

/// A cancellation that was acknowledged.
pub(crate) struct Cancelled {
    pub(crate) workflow: WorkflowId,
    pub(crate) by: String,
    pub(crate) status: Status,
    pub(crate) run: u32,
    pub(crate) retries: u32,
}

impl People {
    /// Starts a workflow until somebody says that it is started.
    pub(crate) async fn start(self: Arc<Self>, workers: Arc<Workers>, nth: usize) {
        let stage = Arc::clone(&workers.stage);
        stage.sleep(stage.between(0, 2500)).await;
        let kind = stage.pick(sagas::KINDS);
        let name = format!("n{nth}");
        // Some want a thing for themselves alone.
        let alone = stage.chance(0.4).then(|| format!("thing {}", stage.roll(2)));
        self.known.lock().unwrap().keys.insert(name.clone());
        // Some start a second time although they were answered.
        let mut starts = if stage.chance(0.2) { 2 } else { 1 };
        while starts > 0 {
            let own = stage.pick(workers.number());
            let (client, who) = match workers.client(own).filter(|_| !stage.chance(0.2)) {
                Some(client) => (client, "a worker"),
                None => (outside(&stage), "nobody"),
            };
            let started =
                within(&stage, Duration::from_secs(3), begin(&client, kind, &name, alone.as_deref())).await;
            stage.note(|| format!("start of {name} (kind {kind}) at {who}: {started:?}"));
            match started {
                Some(Ok(id)) => {
                    if stage.peek(&id).is_none() {
                        stage.wrong(format!("1: the start of {id} was acknowledged, and it is not there"));
                    }
                    self.known.lock().unwrap().started.insert(id);
                    starts -= 1;
                }
                Some(Err(StartError::Excluded { holder, .. })) => {
                    stage.is_excluded(&name, &holder);
                    self.known.lock().unwrap().excluded.insert(name);
                    return;
                }
                _ => stage.sleep(stage.between(20, 500)).await,
            }
        }
    }

    /// Has everybody who wants to start something been answered?
    pub(crate) fn are_answered(&self, number: usize) -> bool {
        let known = self.known.lock().unwrap();
        known.started.len() + known.excluded.len() >= number
    }

    /// Does something to some workflow, now and then.
    pub(crate) async fn meddle(self: Arc<Self>, workers: Arc<Workers>, until: Duration) {
        let stage = Arc::clone(&workers.stage);
        while stage.now() < until {
            stage.sleep(stage.between(100, 1500)).await;
            let all: Vec<_> = self.known.lock().unwrap().started.iter().cloned().collect();
            if all.is_empty() {
                continue;
            }
            let id = all[stage.pick(all.len())].clone();
            self.act(&workers, &id).await;
        }
    }

    /// What a person does who looks at a workflow.
    pub(crate) async fn act(&self, workers: &Arc<Workers>, id: &WorkflowId) {
        let stage = &workers.stage;
        let own = stage.pick(workers.number());
        let client = workers.client(own).filter(|_| !stage.chance(0.3)).unwrap_or_else(|| outside(stage));
        let Some(loaded) = stage.peek(id) else { return };
        let by = {
            let mut known = self.known.lock().unwrap();
            known.actions += 1;
            format!("op{}.", known.actions)
        };
        let limit = Duration::from_secs(2);
        let state = &loaded.header.state;
        match (state.status, state.failure_reason) {
            (Status::Completed, _) => {}
            (Status::RolledBack, _) => {
                if stage.chance(0.3) {
                    self.retry(stage, &client, id, &by).await;
                }
            }
            (Status::Failed, Some(FailureReason::Debts)) => {
                let owed = loaded.steps.iter().filter(|r| r.run == state.run && r.debt == Some(Debt::Open));
                let owed: Vec<_> = owed.collect();
                let Some(row) = owed.get(stage.pick(owed.len().max(1))) else { return };
                let (place, action) = (row.place(), stage.roll(4));
                match action {
                    0 => {
                        // First the person undoes it, then says so.
                        stage.undo_by_hand(id, &place);
                        let settle =
                            client.change_debt("default", id, &place, DebtAction::Settle, "done", &by);
                        let done = within(stage, limit, settle).await;
                        stage.note(|| format!("{by} settles {place} of {id}: {done:?}"));
                    }
                    1 => {
                        self.known.lock().unwrap().accepted.insert((id.clone(), place.clone()));
                        let forgive =
                            client.change_debt("default", id, &place, DebtAction::Forgive, "so be it", &by);
                        let done = within(stage, limit, forgive).await;
                        stage.note(|| format!("{by} forgives {place} of {id}: {done:?}"));
                    }
                    2 => {
                        stage.mend(id, &place);
                        let again = client.change_debt("default", id, &place, DebtAction::Retry, "", &by);
                        let done = within(stage, limit, again).await;
                        stage.note(|| format!("{by} has {place} of {id} undone again: {done:?}"));
                    }
                    _ => {
                        stage.mend(id, &place);
                        self.retry(stage, &client, id, &by).await;
                    }
                }
            }
            (Status::Failed, _) if stage.chance(0.6) => self.retry(stage, &client, id, &by).await,
            _ if stage.chance(0.5) => {
                let cancelled = within(stage, limit, client.cancel("default", id, &by)).await;
                stage.note(|| format!("{by} cancels {id}: {cancelled:?}"));
                if let Some(Ok(())) = cancelled {
                    stage.saw(|seen| &mut seen.cancel);
                    self.known.lock().unwrap().cancelled.push(Cancelled {
                        workflow: id.clone(),
                        by,
                        status: state.status,
                        run: state.run,
                        retries: state.retry_count,
                    });
                }
            }
            _ => {
                let said = Json::encode("word.said").unwrap();
                let name = loaded.header.input.decode::<String>().unwrap_or_default();
                let told = within(stage, limit, client.publish("default", "word", &name, said, None)).await;
                stage.note(|| format!("the word is said to {id}: {}", told.is_some()));
            }
        }
    }

    async fn retry(&self, stage: &Arc<Stage>, client: &Client, id: &WorkflowId, by: &str) {
        let retried = within(stage, Duration::from_secs(2), client.retry("default", id, by, true)).await;
        stage.note(|| format!("{by} retries {id}: {retried:?}"));
        match retried {
            Some(Ok(())) => stage.saw(|seen| &mut seen.retry),
            Some(Err(ClientError::Excluded { .. })) => stage.saw(|seen| &mut seen.excluded),
            _ => {}
        }
    }
}

impl Stage {
    /// A person undoes what a step has made.
    fn undo_by_hand(&self, id: &WorkflowId, place: &str) {
        let mut world = self.world.lock().unwrap();
        world.objects.retain(|_, object| object.workflow != id.as_str() || object.place.to_string() != place);
    }
    /// A person mends what stands in the way of a compensation.
    fn mend(&self, id: &WorkflowId, place: &str) {
        self.world.lock().unwrap().stuck.remove(&(id.to_string(), place.to_owned()));
    }
}

/// A process that runs no workflows.
pub(crate) fn outside(stage: &Arc<Stage>) -> Client {
    let wire = Arc::new(Wire { stage: Arc::clone(stage), process: 0 });
    Client::without_worker(wire, Arc::new(stage.outside.clone()), sagas::plans())
        .with_secrets(Arc::new(Seal(Arc::clone(stage))))
}

async fn begin(
    client: &Client,
    kind: usize,
    name: &str,
    alone: Option<&str>,
) -> Result<WorkflowId, StartError> {
    macro_rules! start {
        ($($saga:ident)::+) => {{
            let request = client.start(sagas::$($saga)::+(name.to_owned())).idempotency_key(name);
            let request = match alone {
                Some(thing) => request.exclusive(thing),
                None => request,
            };
            request.await.map(|started| started.handle.id().clone())
        }};
    }
    match kind {
        0 => start!(plain),
        1 => start!(sale),
        2 => start!(tour),
        3 => start!(careful),
        4 => start!(patient),
        5 => {
            let request = client.start(sagas::private(format!("{HUSH}{name}"))).idempotency_key(name);
            let request = match alone {
                Some(thing) => request.exclusive(thing),
                None => request,
            };
            request.await.map(|started| started.handle.id().clone())
        }
        _ => start!(newer::plain),
    }
}

pub(crate) async fn within<T>(stage: &Stage, limit: Duration, wish: impl Future<Output = T>) -> Option<T> {
    match select(std::pin::pin!(wish), Runtime::sleep(&stage.outside, limit)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
