//! What a running step, or compensation, knows about itself.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::clock::Timestamp;
use crate::error::StepError;
use crate::id::WorkflowId;
use crate::json::Json;

/// What a step writes down while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// What was there before.
    Record,
    /// How far it has come.
    Heartbeat,
}

/// Writes it down durably. The engine's, or a test's.
pub(crate) type Notes = Arc<dyn Fn(Note, Json) -> BoxFuture<'static, Result<(), StepError>> + Send + Sync>;

/// What a step hears when its heartbeat is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing has changed.
    GoOn,
    /// What this step does will be undone: the workflow was cancelled, its deadline is over, or a step beside this one
    /// failed. It may stop half-way, with an error; whoever goes on is waited for.
    Cancelled,
}

impl Heard {
    /// Will it be undone?
    pub fn is_cancelled(self) -> bool {
        self == Self::Cancelled
    }
}

/// Everything a context is made of.
#[derive(Clone)]
pub(crate) struct ContextParts {
    pub(crate) workflow_id: WorkflowId,
    pub(crate) tenant: Arc<str>,
    pub(crate) initiator: Option<Arc<str>>,
    pub(crate) node: Arc<str>,
    pub(crate) run: u32,
    pub(crate) attempt: u32,
    pub(crate) key: Arc<str>,
    pub(crate) forward_key: Arc<str>,
    pub(crate) cause: Option<Arc<str>>,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) recorded: Option<Json>,
    /// The record is not to be quoted in a message.
    pub(crate) secret: bool,
    pub(crate) cancelled: Option<watch::Receiver<bool>>,
    pub(crate) heartbeat: Option<Json>,
    pub(crate) notes: Option<Notes>,
}

/// What a running step, or compensation, knows about itself.
#[derive(Clone)]
pub struct StepContext(Arc<ContextParts>);

impl StepContext {
    pub(crate) fn new(parts: ContextParts) -> Self {
        Self(Arc::new(parts))
    }

    /// A context for calling a step as a plain function in a unit test.
    pub fn test() -> Self {
        TestContext::default().build()
    }

    /// The workflow that is being run.
    pub fn workflow_id(&self) -> &WorkflowId {
        &self.0.workflow_id
    }
    /// The tenant for whom it runs.
    pub fn tenant(&self) -> &str {
        &self.0.tenant
    }
    /// Who started it, if it was said.
    pub fn initiator(&self) -> Option<&str> {
        self.0.initiator.as_deref()
    }
    /// The place in the plan: the step's name, and the name of the `let` that holds its result.
    pub fn node(&self) -> &str {
        &self.0.node
    }
    /// The forward pass, from 1; an operator's retry after a rollback begins the next one.
    pub fn run(&self) -> u32 {
        self.0.run
    }
    /// The attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }
    /// The key under which this effect is known to other systems: the same for every attempt of this step of
    /// this workflow, also after a crash. A compensation has a key of its own, and so has its second pass over an
    /// effect of which nobody knew whether it was there.
    pub fn idempotency_key(&self) -> &str {
        &self.0.key
    }
    /// The key that the step's own attempts used. In a compensation: how to find what it made, and what the key of
    /// something that it adds (a refund) is made from, since its own key is another one in its second pass.
    pub fn forward_key(&self) -> &str {
        &self.0.forward_key
    }
    /// Why the saga is being undone (in compensations).
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }
    /// When this attempt will be given up.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.0.deadline
    }

    /// Resolves when the workflow has been cancelled. A step that can stop half-way may wait for it; one
    /// that ignores it is simply waited for. Compensations are shielded: for them it never resolves.
    pub async fn cancelled(&self) {
        if let Some(mut signal) = self.0.cancelled.clone()
            && signal.wait_for(|is| *is).await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }

    /// Writes down what was there before the effect, and returns when it is durable. The first record wins:
    /// a later attempt, which may see its predecessor's half-done change, does not overwrite it.
    ///
    /// # Errors
    /// When the record cannot be written, and in transactional steps and compensations, which have none.
    pub async fn record<T: Serialize + ?Sized>(&self, before: &T) -> Result<(), StepError> {
        if self.0.recorded.is_some() {
            return Ok(());
        }
        let Some(notes) = &self.0.notes else {
            return Err(StepError::permanent(format!(
                "`{}` cannot write a record here: only a step that is not transactional can",
                self.0.node
            )));
        };
        let json = Json::encode(before).map_err(StepError::permanent)?;
        notes(Note::Record, json).await
    }

    /// What an earlier attempt wrote down with [`record`](Self::record). In a compensation `None` means that
    /// the effect cannot have begun, provided the step records before it acts.
    ///
    /// # Errors
    /// When the record has another type than `T`.
    pub fn recorded<T: DeserializeOwned>(&self) -> Result<Option<T>, StepError> {
        match &self.0.recorded {
            None => Ok(None),
            Some(json) => json
                .decode()
                .map(Some)
                .map_err(|e| match self.0.secret {
                    true => format!("the record of `{}` has another type", self.0.node),
                    false => format!("the record of `{}` {e}", self.0.node),
                })
                .map_err(StepError::permanent),
        }
    }

    /// Writes down how far this step has come, and returns when it is durable: the next attempt finds it in
    /// [`last_heartbeat`](Self::last_heartbeat) and need not begin at the beginning, also in another process after a
    /// crash. The last one wins; when the step is done it is gone. Each costs a commit, so it is for every hundredth
    /// row rather than for every one.
    ///
    /// It also brings news: [`Heard::Cancelled`] once everything will be undone. And it gives back an error, so that
    /// work on a thread of its own ends too, when this attempt is not the one that counts any more: it took too long,
    /// or its worker was declared dead and another one may have begun the next. What it said then is not kept.
    ///
    /// # Errors
    /// As above, all of them with an effect that is not known, because a step that tells how far it has come has done
    /// something; and when no store can hold the value, in transactional steps, compensations and look-ups.
    pub async fn heartbeat<T: Serialize + ?Sized>(&self, so_far: &T) -> Result<Heard, StepError> {
        let lost = |e: String| StepError::unknown(e).no_retry();
        let Some(notes) = &self.0.notes else {
            let words = "has no heartbeat here: only a step that is not transactional does";
            return Err(lost(format!("`{}` {words}", self.0.node)));
        };
        let json = Json::encode(so_far).map_err(|e| lost(format!("the heartbeat: {e}")))?;
        notes(Note::Heartbeat, json).await?;
        let cancelled = self.0.cancelled.as_ref().is_some_and(|is| *is.borrow());
        Ok(if cancelled { Heard::Cancelled } else { Heard::GoOn })
    }

    /// How far the attempts before this one have come, by the last [`heartbeat`](Self::heartbeat) of theirs. In a
    /// compensation: of all attempts, if the step was not done.
    ///
    /// # Errors
    /// When it has another type than `T`.
    pub fn last_heartbeat<T: DeserializeOwned>(&self) -> Result<Option<T>, StepError> {
        self.0.heartbeat.as_ref().map(|json| json.decode()).transpose().map_err(|e| {
            let why = if self.0.secret { "has another type".to_owned() } else { e.to_string() };
            StepError::unknown(format!("the last heartbeat of `{}` {why}", self.0.node)).no_retry()
        })
    }
}

impl fmt::Debug for StepContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepContext")
            .field("workflow_id", &self.0.workflow_id)
            .field("node", &self.0.node)
            .field("run", &self.0.run)
            .field("attempt", &self.0.attempt)
            .finish_non_exhaustive()
    }
}

/// Builds contexts for unit tests of single steps.
#[derive(Clone, Debug, Default)]
pub struct TestContext {
    attempt: u32,
    cause: Option<String>,
    recorded: Option<Json>,
    records: Arc<Mutex<Vec<Json>>>,
    heartbeat: Option<Json>,
    heartbeats: Arc<Mutex<Vec<Json>>>,
    cancelled: bool,
}

impl TestContext {
    /// The number of this attempt.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }
    /// Why the saga is being undone.
    #[must_use]
    pub fn cause(mut self, cause: &str) -> Self {
        self.cause = Some(cause.to_owned());
        self
    }
    /// What an earlier attempt recorded.
    #[must_use]
    pub fn recorded(mut self, before: Json) -> Self {
        self.recorded = Some(before);
        self
    }
    /// What the step recorded while it was tested.
    pub fn records(&self) -> Vec<Json> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// How far an earlier attempt has come.
    #[must_use]
    pub fn last_heartbeat(mut self, so_far: Json) -> Self {
        self.heartbeat = Some(so_far);
        self
    }
    /// The heartbeats of the step while it was tested.
    pub fn heartbeats(&self) -> Vec<Json> {
        self.heartbeats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// The workflow has been cancelled.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.cancelled = true;
        self
    }
    /// The context.
    pub fn build(&self) -> StepContext {
        let (records, heartbeats) = (Arc::clone(&self.records), Arc::clone(&self.heartbeats));
        let notes: Notes = Arc::new(move |note, json| {
            let kept = if note == Note::Record { &records } else { &heartbeats };
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(json);
            Box::pin(std::future::ready(Ok(())))
        });
        // What has been said stays readable when nobody can say anything any more.
        let cancelled = watch::channel(self.cancelled).1;
        StepContext::new(ContextParts {
            workflow_id: WorkflowId::generated(0, [0; 10]),
            tenant: "default".into(),
            initiator: None,
            node: "test".into(),
            run: 1,
            attempt: self.attempt.max(1),
            key: "test/test".into(),
            forward_key: "test/test".into(),
            cause: self.cause.as_deref().map(Into::into),
            deadline: None,
            recorded: self.recorded.clone(),
            secret: false,
            cancelled: Some(cancelled),
            heartbeat: self.heartbeat.clone(),
            notes: Some(notes),
        })
    }
}
