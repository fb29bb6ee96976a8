//! What must be true when everything has come to rest.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use saga::WorkflowId;
use saga::step::Class;
use saga::store::{
    AuditKind, Debt, FailureReason, Listing, Loaded, Status, StepRow, StepStatus, TouchedEffect, TrailPart,
};

use crate::people::People;
use crate::sagas;
use crate::stage::Stage;
use crate::world::Object;

impl Stage {
    pub(crate) fn all(&self) -> Vec<Loaded> {
        let listing = Listing { tenant: "default".to_owned(), limit: 1000, ..Listing::default() };
        let page = self.store.list(listing).now_or_never().unwrap().unwrap();
        page.headers.iter().filter_map(|header| self.peek(&header.workflow_id)).collect()
    }

    /// Guarantee 3.
    pub(crate) fn all_rest(&self) -> bool {
        self.all()
            .iter()
            .all(|loaded| loaded.header.state.status.is_ended() && loaded.header.worker.is_none())
    }

    pub(crate) fn judge(&self, people: &People) {
        let all = self.all();
        for loaded in &all {
            self.judge_one(loaded);
        }
        self.judge_starts(&all, people);
        self.judge_events(&all);
        self.judge_ticks(&all);
        self.judge_cancellations(&all, people);
        self.judge_statistics(&all);
    }

    fn judge_one(&self, loaded: &Loaded) {
        let (header, id) = (&loaded.header, &loaded.header.workflow_id);
        let state = &header.state;
        self.note(|| {
            format!("{id} rests as {} {:?} ({:?})", state.status, state.failure_reason, state.error_message)
        });
        let rows: Vec<_> = loaded.steps.iter().filter(|row| row.run == state.run).collect();
        if rows.iter().any(|row| row.status == StepStatus::CompensationFailed) {
            self.saw(|seen| &mut seen.debt);
        }
        let world = self.world.lock().unwrap();
        let mine: Vec<_> = world.objects.values().filter(|o| o.workflow == id.as_str()).cloned().collect();
        drop(world);
        match state.status {
            Status::Completed => self.judge_completed(loaded, &rows, &mine),
            Status::RolledBack => {
                let left = |row: &&&StepRow| row.effect != TouchedEffect::None && row.debt.is_none();
                for row in rows.iter().filter(left) {
                    self.wrong(format!("7: {id} is rolled back, and {} is {}", row.place(), row.status));
                }
                for object in &mine {
                    let row = loaded.steps.iter().filter(|row| row.place() == object.place.to_string());
                    if !row.into_iter().any(|row| row.debt == Some(Debt::Forgiven)) {
                        self.wrong(format!("5: {id} is rolled back, and {} is there", object.value));
                    }
                }
            }
            Status::Failed => self.judge_failed(loaded, &rows, &mine),
            other => self.wrong(format!("3: {id} rests as {other}")),
        }
        self.judge_audit(id);
    }

    fn judge_completed(&self, loaded: &Loaded, rows: &[&StepRow], mine: &[Object]) {
        let id = &loaded.header.workflow_id;
        let Some(plan) = sagas::plan(&loaded.header.definition) else { return };
        if plan.steps().any(|(_, _, step)| step.class == Class::Pivot) {
            self.saw(|seen| &mut seen.pivot);
        }
        let is_in_scope = |row: &StepRow| {
            plan.steps().any(|(_, node, _)| node.name == row.node && plan.tolerated_scope(node).is_some())
        };
        for (_, node, step) in plan.steps() {
            // What was not reached of a sub-saga that failed has no row.
            let is_needed = step.each.is_none() && plan.tolerated_scope(node).is_none();
            if is_needed && !rows.iter().any(|row| row.node == node.name) {
                self.wrong(format!("3: {id} is completed without {}", node.name));
            }
        }
        for row in rows {
            let has = |value: &str| row.output.as_ref().is_some_and(|o| o.as_str() == format!("\"{value}\""));
            // What was made in an earlier run, and forgiven, stays beside it.
            let before =
                loaded.steps.iter().filter(|other| other.run < row.run && other.place() == row.place());
            let forgiven: Vec<_> = before.filter(|other| other.debt == Some(Debt::Forgiven)).collect();
            let is_forgiven = |o: &&Object| {
                let value = format!("\"{}\"", o.value);
                forgiven.iter().any(|row| row.output.as_ref().is_none_or(|output| output.as_str() == value))
            };
            let there: Vec<_> = mine
                .iter()
                .filter(|o| o.place.to_string() == row.place() && (has(&o.value) || !is_forgiven(o)))
                .collect();
            match (row.status, row.effect) {
                (StepStatus::Completed, TouchedEffect::Done) => match there.as_slice() {
                    [object] if has(&object.value) => {}
                    other => {
                        self.wrong(format!(
                            "5: {} of {id} is done with {:?}, there is {other:?}",
                            row.place(),
                            row.output
                        ));
                    }
                },
                (
                    StepStatus::Completed
                    | StepStatus::Skipped
                    | StepStatus::Failed
                    | StepStatus::Compensated,
                    _,
                ) if there.is_empty() || row.debt == Some(Debt::Forgiven) => {}
                (StepStatus::CompensationFailed, _) if row.debt != Some(Debt::Open) => {}
                // Others of its sub-saga had failed before it began.
                (StepStatus::Pending, TouchedEffect::None) if there.is_empty() && is_in_scope(row) => {}
                (status, effect) => {
                    let place = row.place();
                    self.wrong(format!(
                        "5: {id} is completed, {place} is {status}, {effect}, and there is {there:?}"
                    ));
                }
            }
        }
        for object in mine {
            if !loaded.steps.iter().any(|row| row.place() == object.place.to_string()) {
                self.wrong(format!("5: {id} is completed, and {} is there without a row", object.value));
            }
        }
    }

    fn judge_failed(&self, loaded: &Loaded, rows: &[&StepRow], mine: &[Object]) {
        let (id, state) = (&loaded.header.workflow_id, &loaded.header.state);
        let has_debts = rows.iter().any(|row| row.debt == Some(Debt::Open));
        if state.failure_reason.is_none()
            || (state.failure_reason == Some(FailureReason::Debts)) && !has_debts
        {
            self.wrong(format!("3: {id} is failed for {:?}, with debts: {has_debts}", state.failure_reason));
        }
        for object in mine {
            let place = object.place.to_string();
            let row = loaded.steps.iter().filter(|row| row.place() == place);
            let known = row.into_iter().any(|row| row.effect != TouchedEffect::None || row.debt.is_some());
            if !known {
                self.wrong(format!(
                    "7: {id} is failed, {} is there, and the journal does not say so",
                    object.value
                ));
            }
        }
        if state.failure_reason == Some(FailureReason::Debts) {
            let Some(plan) = sagas::plan(&loaded.header.definition) else { return };
            let class = |row: &StepRow| {
                plan.steps().find(|(_, node, _)| node.name == row.node).map(|(_, _, s)| s.class)
            };
            for row in rows {
                if class(row) == Some(Class::Compensatable)
                    && row.effect != TouchedEffect::None
                    && row.debt.is_none()
                {
                    self.wrong(format!("7: {} of {id} was not undone, and is no debt", row.place()));
                }
            }
        }
    }

    /// What happened is told once.
    fn judge_audit(&self, id: &WorkflowId) {
        let trail = self.store.history(id, TrailPart::ALL).now_or_never().unwrap().unwrap();
        for (n, event) in trail.events.iter().enumerate() {
            self.is_hushed(id, &event.message);
            if trail.events.iter().take(n).any(|other| other == event) {
                self.wrong(format!("audit: {id} tells twice: {}", event.message));
            }
        }
    }

    /// Guarantees 1 and 12.
    fn judge_starts(&self, all: &[Loaded], people: &People) {
        let known = people.known.lock().unwrap();
        for id in &known.started {
            if !all.iter().any(|loaded| loaded.header.workflow_id == *id) {
                self.wrong(format!("1: {id} was acknowledged, and is not there"));
            }
        }
        for key in &known.keys {
            let of =
                all.iter().filter(|loaded| loaded.header.idempotency_key.as_deref() == Some(key)).count();
            // A start that was told off may have a late copy.
            if of > 1 || of == 0 && !known.excluded.contains(key) {
                self.wrong(format!("12: there are {of} workflows of the key {key}"));
            }
        }
    }

    /// Guarantee 8: who was told that it will be cancelled finds it cancelled, or told why not.
    fn judge_cancellations(&self, all: &[Loaded], people: &People) {
        let known = people.known.lock().unwrap();
        for cancelled in &known.cancelled {
            let Some(loaded) = all.iter().find(|loaded| loaded.header.workflow_id == cancelled.workflow)
            else {
                continue;
            };
            let state = &loaded.header.state;
            if (state.run, state.retry_count) != (cancelled.run, cancelled.retries) {
                continue;
            }
            let trail =
                self.store.history(&cancelled.workflow, TrailPart::ALL).now_or_never().unwrap().unwrap();
            // One refusal answers all who have asked by then.
            let told = trail.events.iter().any(|event| event.kind == AuditKind::CancelRefused);
            if state.status == Status::Completed && !told {
                let Cancelled { workflow, by, status, .. } = cancelled;
                self.wrong(format!(
                    "8: {by} was told that {workflow} ({status} then) will be cancelled; it is completed"
                ));
            }
        }
    }

    /// Every change counts once.
    fn judge_statistics(&self, all: &[Loaded]) {
        let statistics = self.store.statistics("default").now_or_never().unwrap().unwrap();
        let mut counted = BTreeMap::new();
        for loaded in all {
            let header = &loaded.header;
            *counted.entry((header.definition.name.to_string(), header.state.status)).or_insert(0) += 1;
        }
        if statistics.workflows != counted {
            self.wrong(format!("statistics: {:?}, and there are {counted:?}", statistics.workflows));
        }
        let debts =
            all.iter().flat_map(|l| &l.steps).filter(|row| row.debt == Some(Debt::Open)).count() as u64;
        if statistics.open_debts != debts {
            self.wrong(format!("statistics: {} open debts, and there are {debts}", statistics.open_debts));
        }
    }
}

use crate::people::Cancelled;
