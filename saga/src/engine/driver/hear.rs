//! What happens to a workflow becomes an event for its machine.

use super::{BodyEnd, Driver, Mail, Read, Suspicion};
use crate::engine::attempt::Ended;
use crate::engine::journal::{Answered, Written};
use crate::error::StepError;
use crate::json::Json;
use crate::machine::{Call, CallKind, Event, Pulse};
use crate::step::Success;
use crate::store::{CommitOutcome, StoreError, Transacted};

impl<R: Send + Sync + 'static> Driver<R> {
    pub(super) async fn durable(&mut self, answered: Answered) -> bool {
        let applied = matches!(&answered, Ok(Written { outcome: CommitOutcome::Applied { .. }, .. }));
        if let Some(created) = self.created.take() {
            // Nobody listens any more when the caller of `start` has given up; the workflow runs all the same.
            let _ = created.send(answered.clone());
            if !applied {
                return false;
            }
            self.announce();
        }
        let Ok(Written { outcome, .. }) = answered else { return false };
        if applied && self.progress {
            self.suspicion = Suspicion::None;
        }
        if matches!(outcome, CommitOutcome::Refused { owned: true, .. }) && self.machine.is_letting_go() {
            // Perhaps only its first answer was lost, and the workflow has been elsewhere, or a person's, and has come
            // back since: what is remembered here may be of an earlier life. Nothing is under way.
            return self.begin_anew(false).await;
        }
        self.committed(outcome).await
    }

    async fn committed(&mut self, outcome: CommitOutcome) -> bool {
        if self.machine.needs_numbers() {
            // It has written much; the numbers that follow are another machine's.
            self.machine.number_from(self.shared.first_commit());
        }
        self.feed(Event::Committed(outcome)).await
    }

    pub(super) async fn mail(&mut self, mail: Mail) -> bool {
        match mail {
            Mail::Record { step, before, durable } => {
                self.records.insert(step, durable);
                self.feed(Event::Record { step, before }).await
            }
            // Whoever sent it is told by the channel's end.
            Mail::Heartbeat { reloads, .. } if reloads != self.caller.reloads => true,
            Mail::Heartbeat { step, call, data, durable, .. } => {
                self.beats += 1;
                self.heartbeats.insert(self.beats, durable);
                let pulse = Pulse { step, call, beat: self.beats };
                self.feed(Event::Heartbeat { pulse, data }).await
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
            Mail::Signal(signal) => self.feed(Event::Signal(signal)).await,
            Mail::Header(header) => self.feed(Event::Header(header)).await,
            Mail::Drain => self.feed(Event::Drain).await,
            Mail::Abandon => self.abandon().await,
            Mail::Stop => false,
        }
    }

    async fn abandon(&mut self) -> bool {
        self.calls.clear();
        self.looks.clear();
        if let Some(transaction) = self.transaction.take()
            && self.machine.is_committing()
        {
            // Past its body it is a matter of milliseconds; else it is rolled back by being dropped.
            let (call, result) = transaction.await;
            if !self.transacted(call, result).await {
                return false;
            }
        }
        self.feed(Event::Abandon).await
    }

    /// The header is there that a refused decision asked for.
    pub(super) async fn read(&mut self, read: Read) -> bool {
        let Some(loaded) = read.loaded else { return false };
        if self.machine.is_outdated(&loaded) {
            // A person has ended it by hand, and had it go on.
            return self.reload().await;
        }
        for signal in read.signals {
            if !self.feed(Event::Signal(signal)).await {
                return false;
            }
        }
        self.feed(Event::Header(Box::new(loaded.header))).await
    }

    pub(super) async fn called(&mut self, call: Call, ended: Ended) -> bool {
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

    pub(super) async fn transacted(&mut self, call: Call, result: Result<Transacted, StoreError>) -> bool {
        self.not_doing(&call);
        let step = call.step;
        match result {
            Ok(Transacted::Committed(CommitOutcome::Refused { owned: true, .. })) => {
                // Either the decision alone was refused, or an earlier attempt, whose answer was lost, had got
                // through: the journal knows.
                self.reload().await
            }
            Ok(Transacted::Committed(outcome)) => {
                if matches!(outcome, CommitOutcome::Applied { .. }) {
                    self.rolled_back.remove(&step);
                    self.log_end(&call, &success_of(&call));
                }
                self.committed(outcome).await
            }
            Ok(Transacted::Failed(error)) if self.machine.is_committing() => {
                // The body had succeeded and was rolled back after all: the journal knows what holds.
                tracing::warn!(workflow_id = %self.caller.workflow_id, %error, "a transaction was rolled back late");
                self.note_rollback(step, Some(error));
                self.reload().await
            }
            Ok(Transacted::Failed(error)) => {
                let (ended, event) = match call.kind {
                    CallKind::Undo => {
                        (Ended::Undo(Err(error.clone())), Event::Undone { step, result: Err(error) })
                    }
                    _ => (Ended::Run(Err(error.clone())), Event::Attempted { step, result: Err(error) }),
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
                self.note_rollback(step, None);
                self.reload().await
            }
        }
    }

    fn note_rollback(&mut self, step: u32, error: Option<StepError>) {
        let rolled_back = self.rolled_back.entry(step).or_default();
        rolled_back.times += 1;
        rolled_back.error = error;
    }

    pub(super) async fn tick(&mut self) -> bool {
        self.be_alone().await;
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

    fn log_end(&self, call: &Call, ended: &Ended) {
        if let Some(kind) = self.log.ended(&self.machine, call, ended) {
            self.tell(kind);
        }
    }
}

fn success_of(call: &Call) -> Ended {
    match call.kind {
        CallKind::Undo => Ended::Undo(Ok(())),
        _ => Ended::Run(Ok(Success { output: Json::null(), adopted: false })),
    }
}
