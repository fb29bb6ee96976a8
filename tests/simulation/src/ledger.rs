//! Who may write what: kept apart from the store, out of what it answers, and held against it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use saga::store::{Beat, Commit, CommitOutcome, Loaded, Status, StepRow, StepStatus, StoreError};
use saga::{DefinitionId, WorkerId, WorkflowId};

use crate::stage::Stage;

/// Who owns what, and until when.
#[derive(Default)]
pub(crate) struct Ledger {
    leases: BTreeMap<WorkerId, Duration>,
    terms: BTreeMap<WorkerId, Duration>,
    processes: BTreeMap<usize, WorkerId>,
    /// Something was taken from them, or they have left.
    dead: BTreeSet<WorkerId>,
    /// The definitions that each knows.
    known: BTreeMap<WorkerId, Vec<DefinitionId>>,
    owners: BTreeMap<WorkflowId, WorkerId>,
    /// Workflows that somebody got who cannot know what was under way.
    unclean: BTreeSet<WorkflowId>,
    /// Workers that were asked to stop: they may have to give up what they have just begun.
    stopping: BTreeSet<WorkerId>,
}

impl Ledger {
    pub(crate) fn worker_of(&self, process: usize) -> Option<WorkerId> {
        self.processes.get(&process).copied()
    }
    /// May it send requests to other systems, for all that anybody can know?
    pub(crate) fn may_act(&self, worker: WorkerId, now: Duration) -> bool {
        !self.dead.contains(&worker) && self.leases.get(&worker).is_some_and(|until| now <= *until)
    }
    pub(crate) fn owner(&self, workflow: &WorkflowId) -> Option<WorkerId> {
        self.owners.get(workflow).copied()
    }
}

impl Stage {
    pub(crate) fn was_taken_over(&self, workflow: &WorkflowId) -> bool {
        self.ledger.lock().unwrap().unclean.contains(workflow)
    }

    /// The worker that a process is at present.
    pub(crate) fn worker_of(&self, process: usize) -> Option<WorkerId> {
        self.ledger.lock().unwrap().worker_of(process)
    }

    /// Does a process own any workflows?
    pub(crate) fn is_working(&self, process: usize) -> bool {
        let ledger = self.ledger.lock().unwrap();
        let worker = ledger.worker_of(process);
        worker.is_some_and(|worker| ledger.owners.values().any(|owner| *owner == worker))
    }

    pub(crate) fn is_asked_to_stop(&self, process: usize) {
        let mut ledger = self.ledger.lock().unwrap();
        if let Some(worker) = ledger.worker_of(process) {
            ledger.stopping.insert(worker);
        }
    }

    /// A process is told which worker it is. (An earlier try may have made another one, of which nobody knows.)
    pub(crate) fn is_told(&self, process: usize, worker: WorkerId) {
        self.ledger.lock().unwrap().processes.insert(process, worker);
    }

    pub(crate) fn joined(&self, process: usize, worker: WorkerId, lease: Duration, known: Vec<DefinitionId>) {
        self.note(|| format!("p{process} joins as {worker}"));
        let mut ledger = self.ledger.lock().unwrap();
        if self.has_one_worker {
            let before: Vec<_> = ledger.leases.keys().copied().collect();
            ledger.dead.extend(before);
        }
        // Nobody else can have the file while its process lives, however long that is silent.
        let lease = if self.has_one_worker { Duration::from_secs(86_400) } else { lease };
        ledger.leases.insert(worker, self.now() + lease);
        ledger.terms.insert(worker, lease);
        ledger.known.insert(worker, known);
    }

    pub(crate) fn beat(&self, worker: WorkerId, beat: &Result<Beat, StoreError>) {
        let mut ledger = self.ledger.lock().unwrap();
        match beat {
            Ok(_) if ledger.dead.contains(&worker) => {
                drop(ledger);
                self.wrong(format!("9: {worker} is dead, and its heartbeat is accepted"));
            }
            Ok(_) => {
                let term = ledger.terms[&worker];
                ledger.leases.insert(worker, self.now() + term);
            }
            Err(error) => {
                drop(ledger);
                self.note(|| format!("{worker} heartbeat: {error}"));
                if *error == StoreError::Fenced {
                    self.saw(|seen| &mut seen.refused);
                }
            }
        }
    }

    pub(crate) fn left(&self, worker: WorkerId) {
        self.note(|| format!("{worker} leaves"));
        let mut ledger = self.ledger.lock().unwrap();
        ledger.dead.insert(worker);
        ledger.owners.retain(|_, owner| *owner != worker);
    }

    pub(crate) fn claimed(&self, worker: WorkerId, claimed: &Result<Vec<Loaded>, StoreError>) {
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => return self.note(|| format!("{worker} claims: {error}")),
        };
        let mut wrongs = vec![];
        let mut ledger = self.ledger.lock().unwrap();
        let now = self.now();
        for loaded in claimed {
            let id = &loaded.header.workflow_id;
            if loaded.header.unclean {
                ledger.unclean.insert(id.clone());
            }
            if ledger.dead.contains(&worker) {
                wrongs.push(format!("9: {worker} is dead and is given {id}"));
            }
            let definition = &loaded.header.definition;
            if !ledger.known.get(&worker).is_some_and(|known| known.contains(definition)) {
                wrongs.push(format!("13: {worker} is given {id}, and does not know {definition}"));
            }
            if let Some(owner) = ledger.owners.insert(id.clone(), worker) {
                let until = ledger.leases[&owner];
                if owner == worker {
                    wrongs.push(format!("9: {id} is given to {worker} a second time"));
                } else if !ledger.dead.contains(&owner) && until >= now {
                    wrongs.push(format!("9: {id} is taken from {owner}, whose lease lasts until {until:?}"));
                }
                if !loaded.header.unclean {
                    wrongs.push(format!("5: {id} is taken from {owner} as if nothing could be under way"));
                }
                ledger.dead.insert(owner);
                self.saw(|seen| &mut seen.takeover);
            }
        }
        drop(ledger);
        for loaded in claimed {
            let (h, unclean) = (&loaded.header, if loaded.header.unclean { " (unclean)" } else { "" });
            self.note(|| format!("{worker} claims {} {}{unclean}", h.workflow_id, h.state.status));
        }
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    /// What the headers' `rev` are before a batch.
    pub(crate) fn before(&self, batch: &[Commit]) -> Vec<Option<Loaded>> {
        batch.iter().map(|commit| self.peek(&commit.workflow_id)).collect()
    }

    pub(crate) fn committed(
        &self,
        worker: Option<WorkerId>,
        batch: &[Commit],
        before: &[Option<Loaded>],
        outcomes: &Result<Vec<CommitOutcome>, StoreError>,
    ) {
        let who = worker.map_or_else(|| "an operator".to_owned(), |worker| worker.to_string());
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.saw(|seen| &mut seen.refused);
                return self.note(|| format!("{who} writes: {error}"));
            }
        };
        for ((commit, before), outcome) in batch.iter().zip(before).zip(outcomes) {
            self.note(|| format!("{who} writes {}: {outcome:?}", shown(commit)));
            self.errands_written(commit);
            self.keeps_secrets(commit);
            if matches!(outcome, CommitOutcome::Refused { .. }) {
                self.saw(|seen| &mut seen.refused);
            }
            let is_written =
                matches!(outcome, CommitOutcome::Applied { .. } | CommitOutcome::Refused { owned: true, .. });
            match before {
                Some(before) => self.stays(before),
                None => self.is_alone(&commit.workflow_id),
            }
            if is_written {
                self.failures_written(commit, before.as_ref());
            }
            if let (Some(worker), true) = (worker, is_written) {
                self.written(worker, commit, before.as_ref());
            }
        }
    }

    /// Whoever has begun, or begins again, with a thing for itself alone shares it with nobody who may still touch it.
    fn is_alone(&self, id: &WorkflowId) {
        let Some(own) = self.peek(id).filter(|own| !own.header.exclusion.is_empty()) else { return };
        for other in self.all().iter().filter(|other| other.header.workflow_id != *id) {
            let header = &other.header;
            let is_done = matches!(header.state.status, Status::Completed | Status::RolledBack);
            if let Some(thing) = header.exclusion.iter().find(|thing| own.header.exclusion.contains(*thing))
                && !is_done
            {
                let (other, status) = (&header.workflow_id, header.state.status);
                self.wrong(format!("exclusion: {id} has {thing}, which {other} ({status}) has"));
            }
        }
    }

    /// Somebody is told that another one has what it wants for itself alone.
    pub(crate) fn is_excluded(&self, key: &str, holder: &WorkflowId) {
        self.saw(|seen| &mut seen.excluded);
        let there = self.peek(holder);
        if there.as_ref().is_none_or(|there| there.header.exclusion.is_empty()) {
            self.wrong(format!("exclusion: the start of {key} is refused because of {holder}: {there:?}"));
        }
        if there.is_some_and(|there| there.header.idempotency_key.as_deref() == Some(key)) {
            self.wrong(format!("12: {key} is refused because of itself"));
        }
    }

    /// What is in the journal is not unlearnt: runs, retries, and what is done and undone. Guarantees 2 and 4.
    fn stays(&self, before: &Loaded) {
        let id = &before.header.workflow_id;
        let Some(after) = self.peek(id) else { return self.wrong(format!("1: {id} is gone")) };
        let (was, is) = (&before.header.state, &after.header.state);
        if (is.run, is.retry_count) < (was.run, was.retry_count) {
            self.wrong(format!(
                "2: {id} was in run {} after {} retries, and is in run {} after {}",
                was.run, was.retry_count, is.run, is.retry_count
            ));
        }
        if before.header.rev > after.header.rev {
            self.wrong(format!("2: {id} goes back from rev {} to {}", before.header.rev, after.header.rev));
        }
        if was.status == Status::RolledBack && is.status != Status::RolledBack {
            self.is_alone(id);
        }
        let is_over = |row: &&StepRow| matches!(row.status, StepStatus::Completed | StepStatus::Compensated);
        for row in before.steps.iter().filter(is_over) {
            let now = after
                .steps
                .iter()
                .find(|o| (o.run, o.step_order, &o.item) == (row.run, row.step_order, &row.item));
            let may_follow = |now: &StepRow| match row.status {
                StepStatus::Completed => {
                    !matches!(now.status, StepStatus::Pending | StepStatus::Running | StepStatus::Skipped)
                }
                _ => now.status == row.status,
            };
            if !now.is_some_and(may_follow) {
                let now = now.map(|now| now.status);
                self.wrong(format!("4: {} of {id} was {}, and is {now:?}", row.place(), row.status));
            }
        }
    }

    fn written(&self, worker: WorkerId, commit: &Commit, before: Option<&Loaded>) {
        let id = &commit.workflow_id;
        let mut wrong = None;
        let mut ledger = self.ledger.lock().unwrap();
        let is_new = before.is_none();
        // A commit that was there already changes nothing, and may be answered to whoever asks.
        let last = before.and_then(|before| before.header.last_commit);
        let is_known = last == Some(commit.id) || (commit.create.is_some() && !is_new);
        if ledger.dead.contains(&worker) {
            wrong = Some(format!("9: {worker} is dead and its write to {id} is accepted"));
        } else if is_new {
            ledger.owners.insert(id.clone(), worker);
        } else if ledger.owners.get(id) != Some(&worker) && !is_known {
            wrong = Some(format!("9: {worker} writes to {id}, which is {:?}'s", ledger.owners.get(id)));
        }
        let owner = self.peek(id).and_then(|loaded| loaded.header.worker);
        if owner.is_none() {
            ledger.owners.remove(id);
            if ledger.stopping.contains(&worker) {
                ledger.unclean.insert(id.clone());
            }
        }
        drop(ledger);
        wrong.into_iter().for_each(|wrong| self.wrong(wrong));
    }
}

/// What a commit brings, in a few words.
fn shown(commit: &Commit) -> String {
    let mut words = vec![format!("{} #{:x}", commit.workflow_id, commit.id.0)];
    if commit.create.is_some() {
        words.push("create".to_owned());
    }
    for row in &commit.facts {
        words.push(format!("{}:{}:{}", row.place(), row.status, row.effect));
    }
    if let Some(decision) = &commit.decision {
        let release = if decision.release { " and lets go" } else { "" };
        words.push(format!("-> {}{release}", decision.state.status));
    }
    if !commit.signals.is_empty() {
        words.push(format!("signals {:?}", commit.signals));
    }
    words.join(" ")
}
