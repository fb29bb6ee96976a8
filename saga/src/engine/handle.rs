//! A started workflow and the type of its result.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::client::{Client, ClientError};
use super::vault::{OUTPUT, Part, Vault};
use super::view;
use crate::id::WorkflowId;
use crate::step::Signature;
use crate::store::{Debt, FailureReason, Loaded, Status, StoreError};

/// How a workflow came to rest.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<T> {
    /// Everything is done.
    Completed(T),
    /// Everything is undone.
    RolledBack {
        /// Why.
        message: String,
    },
    /// A person is needed.
    Failed {
        /// Why it stopped.
        reason: FailureReason,
        /// In words.
        message: String,
        /// What is still owed.
        debts: Vec<OwedStep>,
    },
}

/// A step whose effect could not be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedStep {
    /// The step's name.
    pub step: Arc<str>,
    /// The system on which it acted.
    pub target_system: Option<Arc<str>>,
    /// Why its undo failed.
    pub error: String,
}

/// A started workflow and the type of its result.
pub struct WorkflowHandle<S> {
    client: Client,
    id: WorkflowId,
    of: PhantomData<fn() -> S>,
}

impl<S> Clone for WorkflowHandle<S> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), id: self.id.clone(), of: PhantomData }
    }
}

impl<S> WorkflowHandle<S> {
    pub(super) fn new(client: Client, id: WorkflowId) -> Self {
        Self { client, id, of: PhantomData }
    }
    /// The workflow.
    pub fn id(&self) -> &WorkflowId {
        &self.id
    }
}

impl<S: Signature> WorkflowHandle<S> {
    /// Waits until the workflow rests, in this process or in another.
    ///
    /// # Errors
    /// When the store fails, or the journaled output has another type than the saga's.
    pub async fn outcome(&self) -> Result<Outcome<S::Output>, ClientError> {
        let loaded = self.client.rested(&self.id).await?;
        let state = &loaded.header.state;
        let message = state.error_message.clone().unwrap_or_default();
        Ok(match state.status {
            Status::Completed => {
                let output = state.output.clone().unwrap_or_else(crate::json::Json::null);
                let vault = Vault::of(self.client.sealer.clone(), &self.id);
                let sealed = |error| ClientError::Sealed { workflow: self.id.to_string(), error };
                // Where the plan is not known, what stands there tells.
                let plan = self.client.plans.get(&loaded.header.definition);
                let output = match plan.is_none_or(|plan| plan.is_output_secret()) {
                    true => vault.open(OUTPUT, Part::Value, &output).map_err(sealed)?,
                    false => output,
                };
                Outcome::Completed(output.decode().map_err(|e| {
                    let place = format!("the output of workflow {}", self.id);
                    let reason = match plan.is_some_and(|plan| plan.is_output_secret()) {
                        // The reason would quote it.
                        true => "it has another type".to_owned(),
                        false => e.to_string(),
                    };
                    ClientError::Store(StoreError::Corrupt { place, reason })
                })?)
            }
            Status::RolledBack => Outcome::RolledBack { message },
            _ => Outcome::Failed {
                reason: state.failure_reason.unwrap_or(FailureReason::Operator),
                message,
                debts: debts(&loaded),
            },
        })
    }
}

fn debts(loaded: &Loaded) -> Vec<OwedStep> {
    let owed = loaded.steps.iter().filter(|row| row.debt == Some(Debt::Open));
    owed.map(|row| OwedStep {
        step: Arc::clone(&row.step_name),
        target_system: row.target_system.clone(),
        error: row.error_message.clone().unwrap_or_default(),
    })
    .collect()
}

impl Client {
    /// Waits until a workflow rests. What is secret in it is shown as `[secret]`.
    ///
    /// # Errors
    /// [`ClientError::NotFound`]; a store that is not available is waited for.
    pub async fn ended(&self, workflow: &WorkflowId) -> Result<Loaded, ClientError> {
        let mut loaded = self.rested(workflow).await?;
        view::redact(&mut loaded);
        Ok(loaded)
    }

    async fn rested(&self, workflow: &WorkflowId) -> Result<Loaded, ClientError> {
        loop {
            let live = self.live(workflow);
            match self.store.load(workflow).await {
                Ok(Some(loaded)) if loaded.header.state.status.is_ended() && live.is_none() => {
                    return Ok(loaded);
                }
                Ok(Some(_)) => {}
                Ok(None) if live.is_none() => return Err(ClientError::NotFound(workflow.to_string())),
                Ok(None) | Err(StoreError::Unavailable(_)) => {}
                Err(error) => return Err(error.into()),
            }
            match live {
                Some(live) => live.ended().await,
                None => self.runtime.sleep(self.poll.min(Duration::from_millis(250))).await,
            }
        }
    }
}
