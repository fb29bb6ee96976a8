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

/// Writes a step's record down durably. The engine's, or a test's.
pub(crate) type Recorder = Arc<dyn Fn(Json) -> BoxFuture<'static, Result<(), StepError>> + Send + Sync>;

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
    pub(crate) recorder: Option<Recorder>,
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
    /// The key that the step's own attempts used. In a compensation: how to find what it made.
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
        let Some(recorder) = &self.0.recorder else {
            return Err(StepError::permanent(format!(
                "`{}` cannot write a record here: only a step that is not transactional can",
                self.0.node
            )));
        };
        let json = Json::encode(before).map_err(StepError::permanent)?;
        recorder(json).await
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
    /// The context.
    pub fn build(&self) -> StepContext {
        let records = Arc::clone(&self.records);
        let recorder: Recorder = Arc::new(move |json| {
            records.lock().unwrap_or_else(PoisonError::into_inner).push(json);
            Box::pin(std::future::ready(Ok(())))
        });
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
            cancelled: None,
            recorder: Some(recorder),
        })
    }
}
