//! What a program asks of workflows. It needs no resources, so a process without a worker can have one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::Config;
use super::handle::WorkflowHandle;
use super::live::Live;
use super::local::Local;
use super::runtime::Runtime;
use super::shared::Shared;
use super::start::StartRequest;
use super::trouble::Unreadable;
use super::view::{self, WorkflowView};
use crate::definition::{Plan, Start};
use crate::id::{CommitId, DefinitionId, WorkflowId};
use crate::machine::OperatorRefusal;
use crate::seal::{SealError, Sealer};
use crate::step::Signature;
use crate::store::{Listing, Page, Statistics, Store, StoreError, Stranded, Trail, TrailPart};

/// Why a question or an operator's wish failed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientError {
    /// No such workflow for this tenant.
    #[error("there is no workflow {0}")]
    NotFound(String),
    /// The workflow's state does not allow it.
    #[error(transparent)]
    Refused(#[from] OperatorRefusal),
    /// Somebody else did something with it at the same time.
    #[error("workflow {0} was changed by somebody else at the same time; look at it again")]
    Changed(String),
    /// An exclusion key that it needs is held.
    #[error("`{key}` is held by workflow {holder}")]
    Excluded {
        /// The key.
        key: String,
        /// Who holds it.
        holder: WorkflowId,
    },
    /// What is secret cannot be opened here.
    #[error("a secret of workflow {workflow}: {error}")]
    Sealed {
        /// The workflow.
        workflow: String,
        /// Why not.
        error: SealError,
    },
    /// Something in an event cannot be stored.
    #[error("the event cannot be stored: {0}")]
    Unstorable(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts workflows, asks after them, and does what operators do. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) store: Arc<dyn Store>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) local: Option<Arc<dyn Local>>,
    pub(super) plans: Arc<BTreeMap<DefinitionId, Arc<Plan>>>,
    pub(super) sealer: Option<Arc<dyn Sealer>>,
    pub(super) max_retries: u32,
    pub(super) poll: std::time::Duration,
    pub(super) keep_events: std::time::Duration,
}

impl Client {
    pub(super) fn of<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) -> Self {
        let plans = shared.definitions.iter().map(|(id, d)| (id.clone(), Arc::clone(d.plan()))).collect();
        Self {
            store: Arc::clone(&shared.store),
            runtime: Arc::clone(&shared.runtime),
            local: Some(Arc::new(Arc::clone(shared))),
            plans: Arc::new(plans),
            sealer: shared.sealer.clone(),
            max_retries: shared.config.max_retries,
            poll: shared.config.poll_interval,
            keep_events: shared.config.keep_events,
        }
    }

    /// A client for a process that runs no workflows: it starts them for others to run.
    pub fn without_worker(
        store: Arc<dyn Store>,
        runtime: Arc<dyn Runtime>,
        plans: impl IntoIterator<Item = Arc<Plan>>,
    ) -> Self {
        let plans = plans.into_iter().map(|plan| (plan.id().clone(), plan)).collect();
        Self {
            store,
            runtime,
            local: None,
            plans: Arc::new(plans),
            sealer: None,
            max_retries: Config::default().max_retries,
            poll: Config::default().poll_interval,
            keep_events: Config::default().keep_events,
        }
    }

    /// With what inputs that are secret are sealed, and outputs opened. (An engine's own client has it.)
    #[must_use]
    pub fn with_secrets(self, sealer: Arc<dyn Sealer>) -> Self {
        Self { sealer: Some(sealer), ..self }
    }

    /// Prepares a start; awaiting it starts the workflow. It returns when the workflow is durable, before its
    /// first step has run.
    pub fn start<S: Signature>(&self, start: Start<S>) -> StartRequest<S> {
        StartRequest::new(self.clone(), start)
    }

    /// The handle of a workflow that was started earlier, with the type of its result.
    pub fn handle<S: Signature>(&self, workflow: WorkflowId) -> WorkflowHandle<S> {
        WorkflowHandle::new(self.clone(), workflow)
    }

    /// One workflow with its steps; what is secret is shown as `[secret]`. What runs here at this moment is shown so, even before its row is written.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], also for another tenant's.
    pub async fn workflow(&self, tenant: &str, workflow: &WorkflowId) -> Result<WorkflowView, ClientError> {
        // In this order: a step that ends in between is in the rows.
        let doing = self.live(workflow).map(|live| live.doing()).unwrap_or_default();
        match self.store.load(workflow).await? {
            Some(mut loaded) if *loaded.header.tenant_id == *tenant => {
                view::redact(&mut loaded);
                let plan = self.plans.get(&loaded.header.definition).cloned();
                Ok(WorkflowView::new(loaded, plan, &doing))
            }
            _ => Err(ClientError::NotFound(workflow.to_string())),
        }
    }

    /// A page of workflows, newest first, without their steps.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, listing: Listing) -> Result<Page, ClientError> {
        let mut page = self.store.list(listing).await?;
        page.headers.iter_mut().for_each(view::redact_header);
        Ok(page)
    }

    /// Part of the audit trail of a workflow, oldest first.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], also for another tenant's.
    pub async fn history(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        part: TrailPart,
    ) -> Result<Trail, ClientError> {
        self.loaded(tenant, workflow).await?;
        Ok(self.store.history(workflow, part).await?)
    }

    /// Counts over a tenant's workflows.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn statistics(&self, tenant: &str) -> Result<Statistics, ClientError> {
        Ok(self.store.statistics(tenant).await?)
    }

    /// Workflows, of all tenants, that wait for a worker that knows their definition while there is none: an alarm.
    /// They are parked when nobody comes in [`Config::park_unknown_after`](super::Config::park_unknown_after).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stranded(&self) -> Result<Vec<Stranded>, ClientError> {
        Ok(self.store.stranded(self.runtime.now()).await?)
    }

    /// Workflows, of all tenants, with which this process cannot go on because a row of them cannot be read: an alarm.
    /// Each goes on by itself when that has been mended, within a minute or so. (What another process owns that one
    /// tells.)
    pub fn unreadable(&self) -> Vec<Unreadable> {
        self.local.as_ref().map(|local| local.unreadable()).unwrap_or_default()
    }

    /// The plans that this process knows.
    pub fn plans(&self) -> impl Iterator<Item = &Arc<Plan>> {
        self.plans.values()
    }

    pub(super) async fn loaded(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
    ) -> Result<crate::store::Loaded, ClientError> {
        match self.store.load(workflow).await? {
            Some(loaded) if *loaded.header.tenant_id == *tenant => Ok(loaded),
            _ => Err(ClientError::NotFound(workflow.to_string())),
        }
    }

    /// Returns when the workflow does not run in this process; `false` if it did not anyway.
    #[cfg(feature = "testing")]
    pub(crate) async fn has_left(&self, workflow: &WorkflowId) -> bool {
        match self.live(workflow) {
            Some(live) => {
                live.ended().await;
                true
            }
            None => false,
        }
    }

    pub(super) fn live(&self, workflow: &WorkflowId) -> Option<Live> {
        self.local.as_ref().and_then(|local| local.live(workflow))
    }

    pub(crate) fn wake(&self) {
        if let Some(local) = &self.local {
            local.wake();
        }
    }

    /// The newest registered version of a saga.
    pub(super) fn newest(&self, name: &str) -> Option<&Arc<Plan>> {
        self.plans.values().filter(|p| *p.id().name == *name).max_by_key(|p| p.id().version)
    }

    pub(super) fn random_commit(&self) -> CommitId {
        CommitId(i64::try_from(self.runtime.random() >> 1).unwrap_or(i64::MAX))
    }
}
