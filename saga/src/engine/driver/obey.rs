//! The machine's commands, carried out.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Driver;
use crate::definition::NodeId;
use crate::engine::events::WorkflowEventKind;
use crate::engine::live::Doing;
use crate::engine::stray;
use crate::engine::trouble::Trouble;
use crate::error::StepError;
use crate::machine::{Call, CallKind, Command, Event};
use crate::store::{Door, PublishedEvent, StepStatus, StoreError, Transacted, Wanted};

impl<R: Send + Sync + 'static> Driver<R> {
    /// Gives the machine an event and does what it says. `false`: this task is over.
    pub(super) async fn feed(&mut self, event: Event) -> bool {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for command in self.machine.step(event, self.shared.env()) {
                match command {
                    Command::Evaluate(expression) => {
                        let result = self.caller.evaluate(expression, self.machine.values());
                        events.push_back(Event::Evaluated { expression, result });
                    }
                    Command::Commit(commit) => {
                        self.progress = commit.shows_progress();
                        self.durable = Some(self.shared.journal.submit(commit));
                    }
                    Command::Call(call) => {
                        self.doing(&call);
                        self.calls.push(self.caller.call(call));
                    }
                    Command::Transact(call) => self.transact(call),
                    Command::FinishTransaction(commit) => {
                        if let Some(body) = self.body.take() {
                            // A body that was dropped meanwhile took too long: the store says so.
                            let _ = body.send(commit);
                        }
                    }
                    Command::RecordDurable { step } => {
                        if let Some(durable) = self.records.remove(&step) {
                            // Nobody waits when the attempt has been given up.
                            let _ = durable.send(());
                        }
                    }
                    Command::HeartbeatDurable(pulse) => {
                        if let Some(durable) = self.heartbeats.remove(&pulse.beat) {
                            // Nobody waits when the attempt has been given up.
                            let _ = durable.send(());
                        }
                    }
                    // Whoever waits is told by the channel's end.
                    Command::HeartbeatLost(pulse) => drop(self.heartbeats.remove(&pulse.beat)),
                    Command::Look { node, wanted } => self.looks.push(self.look(node, wanted)),
                    Command::ReadHeader => self.reading = Some(self.read_journal()),
                    Command::Stop => {
                        self.stopped();
                        return false;
                    }
                    Command::GiveUp { reason } => {
                        let (shared, id) = (Arc::clone(&self.shared), self.caller.workflow_id.clone());
                        let giving_up = async move { stray::give_up(&shared, &id, &reason).await };
                        self.shared.runtime.spawn(Box::pin(giving_up));
                        return false;
                    }
                }
            }
        }
        self.cancel.send_if_modified(|told| {
            let is = self.machine.is_cancelled();
            std::mem::replace(told, is) != is
        });
        true
    }

    /// Asks the store for an event until it answers.
    fn look(&self, node: NodeId, wanted: Wanted) -> BoxFuture<'static, (NodeId, Option<PublishedEvent>)> {
        let (shared, id) = (Arc::clone(&self.shared), self.caller.workflow_id.clone());
        Box::pin(async move {
            let mut trouble = Trouble::with(&shared.life, &*shared.runtime, &id, "events cannot be read");
            loop {
                match shared.store.published(wanted.clone()).await {
                    Ok(found) => {
                        trouble.over();
                        return (node, found);
                    }
                    Err(error) if trouble.pause(&error).await => {}
                    // The workflow is told to let go, and forgets the question.
                    Err(_) => return std::future::pending().await,
                }
            }
        })
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
        let before = self.before(&call).map(|pause| pause.map(|pause| self.shared.runtime.sleep(pause)));
        self.transaction = Some(Box::pin(async move {
            match before {
                Ok(None) => {}
                Ok(Some(pause)) => pause.await,
                Err(error) => return (call, Ok(Transacted::Failed(error))),
            }
            let result = match store.transactions() {
                Some(transactions) => transactions.transact(door).await,
                None => Err(StoreError::Configuration("this store lends no transactions".to_owned())),
            };
            (call, result)
        }));
    }

    /// What comes of a transaction before it is even tried. One that was rolled back at its very end is tried again
    /// in the step's own rhythm and as often as its policy says: its machine was made anew from the journal, which
    /// tells of no attempt.
    fn before(&mut self, call: &Call) -> Result<Option<Duration>, StepError> {
        let Some(rolled_back) = self.rolled_back.get(&call.step) else { return Ok(None) };
        let mut steps = self.machine.plan().steps();
        let Some((_, _, step)) = steps.find(|(_, _, step)| step.step_order == call.step) else {
            return Ok(None);
        };
        let policy = if call.kind == CallKind::Undo { step.policy.undo_retry } else { step.policy.retry };
        match &rolled_back.error {
            Some(error) if rolled_back.times >= policy.max_attempts => Err(error.clone().no_retry()),
            _ => Ok(Some(policy.pause(rolled_back.times, self.shared.env().random))),
        }
    }

    fn doing(&mut self, call: &Call) {
        let since = self.shared.runtime.now();
        let undoing = call.kind == CallKind::Undo;
        let status = if undoing { StepStatus::Compensating } else { StepStatus::Running };
        let doing = Doing { status, since, attempt: call.attempt };
        self.live
            .doing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((call.step_order, Arc::clone(&call.item)), doing);
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

    pub(super) fn not_doing(&mut self, call: &Call) {
        self.slow.remove(&call.step);
        let place = (call.step_order, Arc::clone(&call.item));
        self.live.doing.lock().unwrap_or_else(PoisonError::into_inner).remove(&place);
    }

    fn stopped(&self) {
        let header = self.machine.header();
        if header.status.is_ended() {
            self.log.rests(header);
            self.tell(WorkflowEventKind::Ended(header.status));
        }
    }

    pub(super) fn tell(&self, kind: WorkflowEventKind) {
        self.shared.tell(self.caller.workflow_id.clone(), &self.log.workflow_type, kind);
    }
}
