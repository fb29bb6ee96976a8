//! Starting a workflow.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::client::Client;
use super::handle::WorkflowHandle;
use super::input::input_hash;
use crate::definition::Start;
use crate::id::WorkflowId;
use crate::json::{Json, JsonError};
use crate::step::{Signature, Tx};
use crate::store::{Commit, CommitOutcome, Header, HeaderState, NewWorkflow, Status, StoreError, limits};

/// Why a workflow was not started. Nothing was written.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// Nobody here knows the saga.
    #[error("saga `{0}` is not registered: call `.saga({0}::definition())` when the engine is built")]
    UnknownSaga(String),
    /// The input has no JSON form.
    #[error("the input of the saga: {0}")]
    Input(#[from] JsonError),
    /// Something in it cannot be stored.
    #[error("the start cannot be stored: {0}")]
    Unstorable(String),
    /// The name is not allowed.
    #[error(transparent)]
    Id(#[from] crate::id::InvalidId),
    /// The key, or the id, was used for something else.
    #[error(
        "the idempotency key (or id) belongs to workflow {existing}, which was started with another input"
    )]
    Conflict {
        /// Who has it.
        existing: WorkflowId,
    },
    /// Another live workflow holds an exclusion key.
    #[error("`{key}` is held by workflow {holder}")]
    Excluded {
        /// The key.
        key: String,
        /// Who holds it.
        holder: WorkflowId,
    },
    /// This worker has as many workflows as it can take, or stops.
    #[error("this worker takes no more workflows at the moment; try again later")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A workflow that is durable now.
pub struct Started<S> {
    /// The workflow.
    pub handle: WorkflowHandle<S>,
    /// Was it started before, by the same key or id?
    pub replayed: bool,
}

impl<S> std::fmt::Debug for Started<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Started")
            .field("workflow", self.handle.id())
            .field("replayed", &self.replayed)
            .finish()
    }
}

/// A start with its options. Awaiting it starts the workflow.
#[must_use = "a start does nothing until it is awaited"]
pub struct StartRequest<S> {
    client: Client,
    input: Result<Json, JsonError>,
    id: Option<String>,
    tenant: String,
    initiator: Option<String>,
    key: Option<String>,
    exclusion: Vec<String>,
    search_keys: Vec<String>,
    priority: i32,
    of: PhantomData<fn() -> S>,
}

impl<S: Signature> StartRequest<S> {
    pub(super) fn new(client: Client, start: Start<S>) -> Self {
        Self {
            client,
            input: start.input,
            id: None,
            tenant: "default".to_owned(),
            initiator: None,
            key: None,
            exclusion: start.exclusion,
            search_keys: vec![],
            priority: 0,
            of: PhantomData,
        }
    }
    /// A name of your own for the workflow. Starting under a name that is known counts like a repeated
    /// idempotency key.
    pub fn id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }
    /// To whom it belongs. Default: `default`.
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), ..self }
    }
    /// Who starts it, for people.
    pub fn initiator(self, initiator: impl Into<String>) -> Self {
        Self { initiator: Some(initiator.into()), ..self }
    }
    /// Two starts of a tenant with one key make one workflow; with another input they conflict.
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }
    /// No two live workflows of a tenant share such a key. It is held until the workflow is `completed` or
    /// `rolled_back`; a `failed` one keeps it, because it may still act.
    pub fn exclusive(mut self, key: impl Into<String>) -> Self {
        self.exclusion.push(key.into());
        self
    }
    /// A business key by which people look for it.
    pub fn search_key(mut self, key: impl Into<String>) -> Self {
        self.search_keys.push(key.into());
        self
    }
    /// More is earlier, where workflows wait for a worker.
    pub fn priority(self, priority: i32) -> Self {
        Self { priority, ..self }
    }

    /// Starts the workflow inside a transaction of the store's own database: it exists if, and only if, the
    /// transaction commits. A worker finds it within its poll interval.
    ///
    /// # Errors
    /// [`StartError`]; the transaction can go on.
    pub async fn start_in(self, tx: &mut Tx<'_>) -> Result<Started<S>, StartError> {
        let store = Arc::clone(&self.client.store);
        let client = self.client.clone();
        let commit = self.for_others()?;
        let id = commit.workflow_id.clone();
        let Some(transactions) = store.transactions() else {
            let words = "this store lends no transactions".to_owned();
            return Err(StoreError::Configuration(words).into());
        };
        let outcome = transactions.commit_in(tx, commit).await?;
        client.started(id, outcome)
    }

    async fn start(self) -> Result<Started<S>, StartError> {
        let client = self.client.clone();
        let Some(local) = client.local.clone() else {
            let commit = self.for_others()?;
            let id = commit.workflow_id.clone();
            let outcome = client.store.commit(None, vec![commit]).await?.into_iter().next();
            let outcome =
                outcome.ok_or_else(|| StoreError::Unavailable("the store did not answer".to_owned()))?;
            return client.started(id, outcome);
        };
        let mut header = self.header()?;
        header.state.status = Status::Running;
        header.state.started_at = Some(header.created_at);
        header.state.wake_at = None;
        let id = header.workflow_id.clone();
        check(&header)?;
        let outcome = local.launch(header).ok_or(StartError::Busy)?;
        let outcome = outcome.await.map_err(|_| {
            StoreError::Unavailable("this worker stopped before the start was durable".to_owned())
        })?;
        client.started(id, outcome)
    }

    /// The commit that leaves the workflow to whoever looks for work.
    fn for_others(self) -> Result<Commit, StartError> {
        let id = self.client.random_commit();
        let header = self.header()?;
        check(&header)?;
        let mut commit = Commit::empty(header.workflow_id.clone(), id);
        commit.create = Some(Box::new(NewWorkflow { header }));
        Ok(commit)
    }

    fn header(self) -> Result<Header, StartError> {
        let name = S::META.name;
        let plan = self.client.newest(name).ok_or_else(|| StartError::UnknownSaga(name.to_owned()))?;
        let input = self.input?;
        let now = self.client.runtime.now();
        let workflow_id = match &self.id {
            Some(id) => WorkflowId::new(id)?,
            None => self.client.new_id(),
        };
        Ok(Header {
            workflow_id,
            tenant_id: self.tenant.into(),
            initiator_id: self.initiator.map(Into::into),
            idempotency_key: self.key.map(Into::into),
            input_hash: input_hash(plan, &input).into(),
            definition: plan.id().clone(),
            total_steps: plan.total_steps(),
            input,
            exclusion: self.exclusion,
            search_keys: self.search_keys,
            priority: self.priority,
            deadline_at: plan.deadline().map(|d| now.plus(d)),
            max_retries: self.client.max_retries,
            created_at: now,
            rev: 0,
            last_commit: None,
            worker: None,
            unclean: false,
            takeovers: 0,
            updated_at: now,
            state: HeaderState {
                status: Status::Pending,
                failure_reason: None,
                run: 1,
                context: None,
                output: None,
                error_message: None,
                compensation_error: None,
                retry_count: 0,
                rolled_back_once: false,
                turned_back: false,
                leaves_intents: false,
                current_step: None,
                current_system: None,
                wake_at: Some(now),
                started_at: None,
                completed_at: None,
                failed_at: None,
            },
        })
    }
}

/// What cannot be stored is refused before anything runs.
fn check(header: &Header) -> Result<(), StartError> {
    let mut commit = Commit::empty(header.workflow_id.clone(), crate::id::CommitId(0));
    commit.create = Some(Box::new(NewWorkflow { header: header.clone() }));
    limits::check(&commit).map_err(StartError::Unstorable)
}

impl<S: Signature> IntoFuture for StartRequest<S> {
    type Output = Result<Started<S>, StartError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

impl Client {
    fn new_id(&self) -> WorkflowId {
        let millis = u64::try_from(self.runtime.now().as_micros() / 1000).unwrap_or(0);
        let mut random = [0; 10];
        let bytes =
            self.runtime.random().to_le_bytes().into_iter().chain(self.runtime.random().to_le_bytes());
        for (place, byte) in random.iter_mut().zip(bytes) {
            *place = byte;
        }
        WorkflowId::generated(millis, random)
    }

    fn started<S: Signature>(
        &self,
        id: WorkflowId,
        outcome: CommitOutcome,
    ) -> Result<Started<S>, StartError> {
        match outcome {
            CommitOutcome::Applied { .. } => {
                Ok(Started { handle: WorkflowHandle::new(self.clone(), id), replayed: false })
            }
            CommitOutcome::Exists { workflow_id, same_input: true } => {
                Ok(Started { handle: WorkflowHandle::new(self.clone(), workflow_id), replayed: true })
            }
            CommitOutcome::Exists { workflow_id, same_input: false } => {
                Err(StartError::Conflict { existing: workflow_id })
            }
            CommitOutcome::Excluded { key, holder } => {
                Err(StartError::Excluded { key: key.to_string(), holder })
            }
            CommitOutcome::Unstorable { reason } => Err(StartError::Unstorable(reason)),
            CommitOutcome::Refused { .. } => {
                Err(StoreError::Unavailable("the store refused the start without a reason".to_owned()).into())
            }
        }
    }
}
