//! Every call of a step, held against the guarantees at the moment it begins.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use saga::definition::Op;
use saga::seal::REDACTED;
use saga::step::Class;
use saga::store::{Commit, Loaded, Status, StepRow, StepStatus, TouchedEffect};
use saga::{Effect, Retry, StepContext, StepError, WorkerId, WorkflowId};

use crate::sagas;
use crate::stage::Stage;

/// How far two workers may disagree about what time it is. The store tells each, and its answer may take a second.
pub(crate) const CLOCKS: Duration = Duration::from_secs(1);

/// Which of a step's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The step.
    Run,
    /// Its compensation.
    Undo,
    /// Its look-up.
    Find,
}

/// A step's place in its saga: the node and, if it is one of several, the item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(Arc<str>);

impl Place {
    /// Read from the key, which names the item too.
    pub(crate) fn of(cx: &StepContext) -> Self {
        let rest =
            cx.forward_key().strip_prefix(cx.workflow_id().as_str()).expect("a key begins with the workflow");
        Self(rest.trim_start_matches('/').split('/').next().unwrap_or_default().into())
    }
    pub(crate) fn may_adopt(&self) -> bool {
        !self.0.contains("pivot") && !self.0.contains("welcome")
    }
    /// Is what it makes secret?
    pub(crate) fn is_secret(&self) -> bool {
        self.0.starts_with("whisper")
    }
    fn is_of(&self, row: &StepRow) -> bool {
        *self.0 == *row.place()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All calls so far.
#[derive(Default)]
pub(crate) struct Calls {
    open: BTreeMap<u64, (usize, StepOf)>,
    last: u64,
    steps: BTreeMap<StepOf, History>,
}

/// A step in one run of one workflow.
type StepOf = (WorkflowId, u32, Place);

/// What a step was called with, and what its calls may have left.
#[derive(Default)]
struct History {
    /// What its attempts were called with.
    given: Option<String>,
    key: Option<String>,
    /// Somebody cannot know whether it happened: an attempt was cut off, or says so.
    is_unknown: bool,
    /// It has been done, and is ours.
    is_done: bool,
    /// Is it run once more, only to learn what it has made?
    settles: bool,
    /// How the last call of each kind has failed.
    failed: BTreeMap<Kind, Failed>,
}

/// A failure, after which there is a pause.
struct Failed {
    by: Option<WorkerId>,
    at: Duration,
    pause: Duration,
    /// Is it in the journal? Before that, whoever takes over knows nothing of it.
    is_written: bool,
}

/// A call under way.
pub(crate) struct Open {
    stage: Arc<Stage>,
    number: u64,
    kind: Kind,
    process: usize,
    step: StepOf,
    has_ended: bool,
}

impl Open {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Its end, as the engine learns it. `Ok(true)`: what it found is not ours.
    pub(crate) fn ends(mut self, result: Result<bool, StepError>) {
        self.has_ended = true;
        let stage = Arc::clone(&self.stage);
        stage.note(|| {
            format!("p{} {:?} of {} {} ends: {result:?}", self.process, self.kind, self.step.0, self.step.2)
        });
        let (now, worker) = (stage.now(), stage.worker_of(self.process));
        let mut calls = stage.calls.lock().unwrap();
        let history = calls.steps.entry(self.step.clone()).or_default();
        history.failed.remove(&self.kind);
        match (&result, self.kind) {
            (Ok(adopted), Kind::Run) => history.is_done |= !adopted,
            (Ok(_), _) => {}
            (Err(error), kind) => {
                history.is_unknown |= kind == Kind::Run && error.effect() == Effect::Unknown;
                let pause = match error.retry() {
                    Retry::After(pause) => pause,
                    // How patiently a pivot is looked up nobody can say.
                    _ if kind == Kind::Find && self.step.2.0.starts_with("pivot") => Duration::ZERO,
                    _ => sagas::PAUSE,
                };
                history.failed.insert(kind, Failed { by: worker, at: now, pause, is_written: false });
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut calls = self.stage.calls.lock().unwrap();
        calls.open.remove(&self.number);
        if !self.has_ended {
            // Cut off, by a time limit or by the end of its process, or it panicked.
            let history = calls.steps.entry(self.step.clone()).or_default();
            history.is_unknown |= self.kind == Kind::Run;
            history.failed.remove(&self.kind);
            drop(calls);
            let Self { process, kind, step, .. } = self;
            self.stage.note(|| format!("p{process} {kind:?} of {} {} is cut off", step.0, step.2));
        }
    }
}

impl Stage {
    /// A request lands: has its sender given up? And who was it?
    pub(crate) fn landed(&self, call: u64) -> (bool, usize) {
        let calls = self.calls.lock().unwrap();
        calls.open.get(&call).map_or((true, 0), |(process, _)| (false, *process))
    }

    /// An attempt has begun that sends nothing yet.
    pub(crate) fn may_have_happened(&self, cx: &StepContext) {
        let step = (cx.workflow_id().clone(), cx.run(), Place::of(cx));
        self.calls.lock().unwrap().steps.entry(step).or_default().is_unknown = true;
    }

    /// That a step is not to be tried for a while is in the journal now.
    pub(crate) fn failures_written(&self, commit: &Commit, before: Option<&Loaded>) {
        let place = |row: &StepRow| (row.run, row.step_order, Arc::clone(&row.item));
        let is_new = |row: &StepRow| {
            let mut rows = before.into_iter().flat_map(|before| &before.steps);
            rows.find(|other| place(other) == place(row)).is_none_or(|other| other.rev < row.rev)
        };
        let waits =
            |row: &&StepRow| row.carry.as_ref().is_some_and(|carry| carry.as_str().contains("@due\""));
        let mut calls = self.calls.lock().unwrap();
        for row in commit.facts.iter().filter(waits).filter(|row| is_new(row)) {
            let step = (commit.workflow_id.clone(), row.run, Place(row.place().into()));
            let failed = calls.steps.get_mut(&step).map(|history| &mut history.failed);
            failed.into_iter().flatten().for_each(|(_, failed)| failed.is_written = true);
        }
    }

    pub(crate) fn call_begins(
        self: &Arc<Self>,
        process: usize,
        kind: Kind,
        cx: &StepContext,
        given: Option<&str>,
    ) -> Open {
        let (id, place) = (cx.workflow_id().clone(), Place::of(cx));
        self.note(|| {
            format!(
                "p{process} {kind:?} of {id} {place} attempt {} by {}",
                cx.attempt(),
                cx.idempotency_key()
            )
        });
        self.sent_by_the_living(process, &id);
        match self.peek(&id) {
            None => self.wrong(format!("1: {place} of {id} runs, and the workflow is not durable")),
            Some(loaded) => match kind {
                Kind::Run => self.runs(&loaded, cx, &place, given),
                Kind::Undo | Kind::Find => self.undoes(kind, &loaded, cx, &place),
            },
        }
        let step = (id.clone(), cx.run(), place);
        let (mut wrongs, worker) = (vec![], self.worker_of(process));
        let mut calls = self.calls.lock().unwrap();
        let history = calls.steps.entry(step.clone()).or_default();
        let settles =
            kind == Kind::Run && self.peek(&id).is_some_and(|l| l.header.state.status == Status::RollingBack);
        let went_forward = settles && !std::mem::replace(&mut history.settles, settles);
        // To be run once more to learn what there is to undo is no retry.
        if let Some(Failed { by, at, pause, is_written }) = history.failed.get(&kind)
            && (*by == worker || *is_written)
            && let allowed = if *by == worker { *pause } else { pause.saturating_sub(CLOCKS) }
            && !went_forward
            // The first attempt after a person's word comes at once.
            && cx.attempt() > 1
            // The workers' clocks tell whole microseconds.
            && self.now() + Duration::from_micros(1) < *at + allowed
        {
            let (place, after) = (&step.2, self.now() - *at);
            wrongs.push(format!(
                "retry: {kind:?} of {id} {place} comes {after:?} after a failure, not {pause:?}"
            ));
        }
        if let Some(given) = given
            && history.given.get_or_insert_with(|| given.to_owned()) != given
        {
            let before = &history.given;
            wrongs.push(format!("2: {} of {id} is called with {given}, before with {before:?}", step.2));
        }
        if given.is_some_and(|given| given.contains("$sealed") || given.contains(REDACTED)) {
            wrongs.push(format!("secrets: {} of {id} is given what is sealed", step.2));
        }
        if kind == Kind::Run {
            wrongs.extend(self.key(&step, history, cx.idempotency_key()));
        }
        calls.last += 1;
        let number = calls.last;
        calls.open.insert(number, (process, step.clone()));
        drop(calls);
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
        Open { stage: Arc::clone(self), number, kind, process, step, has_ended: false }
    }

    /// Guarantee 9: who has been silent for too long sends nothing any more.
    fn sent_by_the_living(&self, process: usize, id: &WorkflowId) {
        let ledger = self.ledger.lock().unwrap();
        let Some(worker) = ledger.worker_of(process) else { return };
        let (acts, owner) = (ledger.may_act(worker, self.now()), ledger.owner(id));
        drop(ledger);
        if !acts {
            self.wrong(format!("9: {worker} acts for {id} after its lease"));
        } else if owner != Some(worker) {
            self.wrong(format!("9: {worker} acts for {id}, which is {owner:?}'s"));
        }
    }

    /// Guarantee 11: another key only when nothing can be there under the one before.
    fn key(&self, step: &StepOf, history: &mut History, key: &str) -> Option<String> {
        let before = history.key.replace(key.to_owned())?;
        if before == key {
            return None;
        }
        // A pivot that was looked up and is not there gets a new key; its history does not tell.
        let unknown = std::mem::take(&mut history.is_unknown)
            && !step.2.0.starts_with("pivot")
            && !step.2.0.starts_with("recorded");
        let is_there = self.world.lock().unwrap().objects.contains_key(&before);
        (is_there || unknown)
            .then(|| format!("11: {} of {} has the key {key}, before it was {before}", step.2, step.0))
    }

    /// Guarantee 2: everything on which it rests is durable. And guarantee 8: it does not run when it goes back.
    fn runs(&self, loaded: &Loaded, cx: &StepContext, place: &Place, given: Option<&str>) {
        let header = &loaded.header;
        let id = &header.workflow_id;
        let rows = || loaded.steps.iter().filter(|row| row.run == cx.run());
        let Some(plan) = sagas::plan(&header.definition) else { return };
        let Some(node) = plan.nodes().iter().find(|node| *node.name == *cx.node()) else {
            return self.wrong(format!("13: {place} of {id} is not in the plan"));
        };
        for before in &node.after {
            let Some(before) = plan.node(*before) else { continue };
            let Op::Step(step) = &before.op else { continue };
            if step.each.is_some() {
                continue;
            }
            // On the way back it is run once more to learn what it made, and what is before it may be owed.
            let is_back = header.state.status == Status::RollingBack;
            let is_settled = is_back || rows().any(|row| *row.node == *before.name && is_settled(row));
            if !is_settled {
                self.wrong(format!("2: {place} of {id} runs, and {} before it is not durable", before.name));
            }
        }
        // What was handed on is an output that is durable, a computed value, or the input.
        if let Some(given) = given.filter(|given| given.contains('.')) {
            let text = format!("\"{given}\"");
            let is_durable = rows().any(|row| {
                let values = [&row.output, &row.carry];
                values.into_iter().flatten().any(|value| value.as_str().contains(&text))
            });
            let context =
                header.state.context.as_ref().is_some_and(|context| context.as_str().contains(&text));
            if !is_durable && !context {
                self.wrong(format!("2: {place} of {id} is given {given}, which is not durable"));
            }
        }
        let step = node.step();
        let reruns = step.is_some_and(|step| step.if_unknown == saga::step::IfUnknown::Rerun);
        let ended = matches!(header.state.status, Status::Completed | Status::RolledBack);
        if ended || (header.state.status == Status::RollingBack && !reruns) {
            self.wrong(format!("8: {place} of {id} runs while the workflow is {}", header.state.status));
        }
        if step.is_some_and(|step| step.needs_intent())
            && !rows().any(|row| place.is_of(row) && row.status != StepStatus::Pending)
        {
            self.wrong(format!("5: {place} of {id} runs without an intent"));
        }
        if place.0.starts_with("recorded") && !rows().any(|row| place.is_of(row) && row.record.is_some()) {
            self.wrong(format!("2: {place} of {id} acts, and what was there before is not durable"));
        }
        if rows().any(|row| place.is_of(row) && row.status == StepStatus::Completed) {
            self.wrong(format!("2: {place} of {id} runs, and the journal says that it is done"));
        }
    }

    /// Guarantees 2, 4, 5, 6 and 8: what is undone, when, and in which order.
    fn undoes(&self, kind: Kind, loaded: &Loaded, cx: &StepContext, place: &Place) {
        let header = &loaded.header;
        let id = &header.workflow_id;
        let rows = || loaded.steps.iter().filter(|row| row.run == cx.run());
        let row = rows().find(|row| place.is_of(row));
        let Some(plan) = sagas::plan(&header.definition) else { return };
        let steps: Vec<_> = plan.steps().collect();
        let spec =
            |row: &StepRow| steps.iter().find(|(_, node, _)| node.name == row.node).map(|(_, _, step)| *step);
        let is_pivot = row.and_then(spec).is_some_and(|step| step.class == Class::Pivot);
        let is_back = header.state.status == Status::RollingBack;
        let alone = row.is_some_and(|row| {
            matches!(
                row.status,
                StepStatus::Compensating | StepStatus::Failed | StepStatus::CompensationFailed
            )
        });
        let in_scope = steps
            .iter()
            .find(|(_, node, _)| *node.name == *cx.node())
            .is_some_and(|(_, node, _)| plan.tolerated_scope(node).is_some());
        // It is asked whether the pivot is there before it is tried again.
        let asked = kind == Kind::Find
            && is_pivot
            && row
                .is_some_and(|row| (row.status, row.effect) == (StepStatus::Pending, TouchedEffect::Unknown));
        if !is_back && !alone && !in_scope && !asked {
            let status = header.state.status;
            self.wrong(format!(
                "2: {kind:?} of {place} of {id}, and no decision to undo is durable ({status})"
            ));
        }
        if row.is_some_and(|row| row.status == StepStatus::Compensated) {
            self.wrong(format!("4: {place} of {id} is undone, and the journal says that it was"));
        }
        if kind == Kind::Undo && row.is_none_or(|row| row.effect == TouchedEffect::None) {
            self.wrong(format!(
                "6: {place} of {id} is undone, and the journal says that there is nothing to undo"
            ));
        }
        if is_back && !is_pivot {
            if let Some(pivot) = rows().find(|row| {
                row.effect == TouchedEffect::Done && spec(row).is_some_and(|step| step.class == Class::Pivot)
            }) {
                self.wrong(format!("8: {place} of {id} is undone after the pivot {}", pivot.place()));
            }
            let order = |row: &StepRow| (row.step_order, row.item.parse::<u32>().unwrap_or(0));
            let left = |other: &&StepRow| {
                row.is_some_and(|row| order(other) > order(row))
                    && other.effect != TouchedEffect::None
                    && other.status != StepStatus::CompensationFailed
                    && spec(other).is_some_and(|step| step.class == Class::Compensatable)
            };
            if let Some(later) = rows().find(left) {
                self.wrong(format!("4: {place} of {id} is undone before {}", later.place()));
            }
        }
        let calls = self.calls.lock().unwrap();
        let history = calls.steps.get(&(id.clone(), cx.run(), place.clone()));
        let touched = history.is_some_and(|history| history.is_unknown || history.is_done);
        drop(calls);
        // Whoever took it over cannot know what was called.
        if kind == Kind::Undo && !touched && !self.was_taken_over(id) {
            self.wrong(format!("6: {place} of {id} is undone, and it was refused, adopted or never called"));
        }
    }
}

/// May the saga have gone on after it?
fn is_settled(row: &StepRow) -> bool {
    match row.status {
        StepStatus::Completed | StepStatus::Skipped => true,
        StepStatus::Failed | StepStatus::Compensated => true,
        StepStatus::CompensationFailed => row.debt.is_some(),
        _ => false,
    }
}
