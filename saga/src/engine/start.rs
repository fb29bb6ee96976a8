//! Starting a workflow.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::accept::Begun;
use super::client::Client;
use super::handle::WorkflowHandle;
use super::input::canonical;
use super::journal::{GivenUp, Written};
use super::start_error::StartError;
use super::untyped::{self, locks};
use crate::clock::Timestamp;
use crate::definition::Start;
use crate::id::WorkflowId;
use crate::json::{Json, JsonError};
use crate::step::{Signature, Tx};
use crate::store::{Commit, Header, HeaderState, NewWorkflow, Status, StoreError, limits};

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
    saga: Arc<str>,
    input: Result<Json, JsonError>,
    id: Option<String>,
    tenant: String,
    initiator: Option<String>,
    key: Option<String>,
    exclusion: Vec<String>,
    search_keys: Vec<String>,
    priority: i32,
    at: Option<Timestamp>,
    if_full: IfFull,
    /// Nothing has held the input against the saga's type.
    untyped: bool,
    of: PhantomData<fn() -> S>,
}

/// What becomes of a start when this worker has no room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IfFull {
    Refuse,
    Queue,
}

impl<S: Signature> StartRequest<S> {
    pub(super) fn new(client: Client, start: Start<S>) -> Self {
        let Start { input, exclusion, .. } = start;
        Self { exclusion, ..Self::by_name(client, S::META.name.into(), input) }
    }
}

impl<S> StartRequest<S> {
    /// A start of the saga of that name.
    pub(super) fn by_name(client: Client, saga: Arc<str>, input: Result<Json, JsonError>) -> Self {
        Self {
            client,
            saga,
            input,
            id: None,
            tenant: "default".to_owned(),
            initiator: None,
            key: None,
            exclusion: vec![],
            search_keys: vec![],
            priority: 0,
            at: None,
            if_full: IfFull::Refuse,
            untyped: false,
            of: PhantomData,
        }
    }
    /// Holds the input against the schema of the saga's input, if that is known.
    pub(super) fn untyped(self) -> Self {
        Self { untyped: true, ..self }
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
    /// More is earlier, where workflows wait for a worker. Default: 0.
    pub fn priority(self, priority: i32) -> Self {
        Self { priority, ..self }
    }
    /// It begins at that time, or at once if that is past. Until then it is durable, `pending`, costs no memory
    /// and can be cancelled; its deadline counts from then on. Any worker begins it, also after restarts.
    pub fn at(self, at: Timestamp) -> Self {
        Self { at: Some(at), ..self }
    }
    /// If this worker has no room the workflow waits, durable and `pending`, for whoever has some first: by
    /// priority, then in the order of arrival. Without this such a start is refused as [`StartError::Busy`].
    pub fn queued(self) -> Self {
        Self { if_full: IfFull::Queue, ..self }
    }

    /// Starts the workflow inside a transaction of the store's own database: it exists if, and only if, the
    /// transaction commits. A worker finds it within its poll interval.
    ///
    /// # Errors
    /// [`StartError`]; the transaction can go on.
    pub async fn start_in(self, tx: &mut Tx<'_>) -> Result<Started<S>, StartError> {
        let store = Arc::clone(&self.client.store);
        let (client, tenant, secret) = (self.client.clone(), self.tenant.clone(), self.secret_input());
        let header = self.header()?;
        check(&header)?;
        let commit = client.for_others(header);
        let id = commit.workflow_id.clone();
        let Some(transactions) = store.transactions() else {
            let words = "this store lends no transactions".to_owned();
            return Err(StoreError::Configuration(words).into());
        };
        let outcome = transactions.commit_in(tx, commit).await?;
        client.settled(client.started(id, outcome), &tenant, secret).await
    }

    pub(super) async fn start(self) -> Result<Started<S>, StartError> {
        let (client, tenant, secret) = (self.client.clone(), self.tenant.clone(), self.secret_input());
        client.settled(self.begin().await, &tenant, secret).await
    }

    /// What creates the workflow for whoever has room.
    pub(super) fn for_others(self) -> Result<(Commit, Begun), StartError> {
        let (client, tenant, secret) = (self.client.clone(), self.tenant.clone(), self.secret_input());
        let header = self.header()?;
        check(&header)?;
        let id = header.workflow_id.clone();
        Ok((client.for_others(header), Begun { id, tenant, secret }))
    }

    /// What an input that is secret is compared by.
    fn secret_input(&self) -> Option<Vec<u8>> {
        let plan = self.client.newest(&self.saga).filter(|plan| plan.is_input_secret())?;
        self.input.as_ref().ok().map(|input| canonical(plan, input))
    }

    async fn begin(self) -> Result<Started<S>, StartError> {
        let (client, if_full) = (self.client.clone(), self.if_full);
        let is_later = self.at.is_some_and(|at| at > client.runtime.now());
        let pending = self.header()?;
        check(&pending)?;
        let Some(local) = client.local.clone().filter(|_| !is_later) else {
            return client.hand_over(pending).await;
        };
        let mut header = pending.clone();
        header.state.status = Status::Running;
        header.state.started_at = Some(header.created_at);
        header.state.wake_at = None;
        let id = header.workflow_id.clone();
        match (local.launch(header), if_full) {
            (Some(outcome), _) => {
                let stopped = "this worker stopped before the start was durable";
                match outcome.await {
                    Ok(Ok(Written { outcome, is_copy })) => client.answered(id, outcome, is_copy),
                    Ok(Err(GivenUp { error, was_sent: false })) => Err(error.into()),
                    Ok(Err(given_up)) => Err(StartError::uncertain(id, given_up.error.to_string())),
                    Err(_) => Err(StartError::uncertain(id, stopped.to_owned())),
                }
            }
            (None, IfFull::Queue) => {
                let started = client.hand_over(pending).await;
                local.queued();
                started
            }
            (None, IfFull::Refuse) => Err(StartError::Busy),
        }
    }

    fn header(self) -> Result<Header, StartError> {
        let plan = self.client.newest(&self.saga);
        let plan = plan.ok_or_else(|| StartError::UnknownSaga(self.saga.to_string()))?;
        let input = self.input?;
        if self.untyped {
            untyped::check(plan, &input)?;
        }
        let mut exclusion = self.exclusion;
        exclusion.extend(locks(plan, &input)?);
        let now = self.client.runtime.now();
        let begins = self.at.map_or(now, |at| at.max(now));
        let workflow_id = match &self.id {
            Some(id) => WorkflowId::new(id)?,
            None => {
                self.client.new_id(self.key.as_deref().map(|key| WorkflowId::home_of_key(&self.tenant, key)))
            }
        };
        let (input, input_hash) = self.client.keep(plan, &workflow_id, input)?;
        Ok(Header {
            workflow_id,
            tenant_id: self.tenant.into(),
            initiator_id: self.initiator.map(Into::into),
            idempotency_key: self.key.map(Into::into),
            input_hash: input_hash.into(),
            definition: plan.id().clone(),
            total_steps: plan.total_steps(),
            input,
            exclusion,
            search_keys: self.search_keys,
            priority: self.priority,
            deadline_at: plan.deadline().map(|d| begins.plus(d)),
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
                wake_at: Some(begins),
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

impl<S: 'static> IntoFuture for StartRequest<S> {
    type Output = Result<Started<S>, StartError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}
