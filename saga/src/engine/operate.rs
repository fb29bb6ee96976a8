//! What operators do: retry, cancel, and deal with debts.

use super::client::{Client, ClientError};
use crate::id::WorkflowId;
use crate::machine::{DebtAction, OperatorRefusal, cancel_stopped, change_debt, retry};
use crate::step::Class;
use crate::store::{
    Commit, CommitOutcome, Loaded, Sent, SignalKind, Status, StoreError, TouchedEffect, limits,
};

impl Client {
    /// Goes on with a workflow that needs a person, or begins a rolled back one anew.
    ///
    /// `failed` with debts: the failed compensations are tried again. Stopped on its way forward: from the
    /// failed step. What nobody but a person can know stays a debt (see [`change_debt`](Self::change_debt)). `rolled_back`: a new forward pass with new idempotency keys. `forced` goes beyond the
    /// retries that the workflow was given.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the reason; of two retries at once, one gets it or
    /// [`ClientError::Changed`].
    pub async fn retry(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        by: &str,
        forced: bool,
    ) -> Result<(), ClientError> {
        let loaded = self.loaded(tenant, workflow).await?;
        let plan = self.plans.get(&loaded.header.definition).map(std::convert::AsRef::as_ref);
        let commit = retry(&loaded, plan, by, forced, self.runtime.now(), self.random_commit())?;
        self.operate(commit).await
    }

    /// Rolls a workflow back. It returns when the wish is durable; the rollback follows. A workflow that is
    /// being rolled back is left as it is.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when it has ended, or is past its pivot.
    pub async fn cancel(&self, tenant: &str, workflow: &WorkflowId, by: &str) -> Result<(), ClientError> {
        let loaded = self.loaded(tenant, workflow).await?;
        let plan = self.plans.get(&loaded.header.definition);
        match loaded.header.state.status {
            Status::RollingBack => return Ok(()),
            Status::Failed => {
                let plan = plan.map(std::convert::AsRef::as_ref);
                let commit = cancel_stopped(&loaded, plan, by, self.runtime.now(), self.random_commit())?;
                return self.operate(commit).await;
            }
            status if status.is_ended() => return Err(ended(&loaded, status).into()),
            _ => {}
        }
        let pivots = plan.into_iter().flat_map(|p| p.steps()).filter(|(_, _, s)| s.class == Class::Pivot);
        for (_, node, _) in pivots {
            let run = loaded.header.state.run;
            let passed = |row: &&crate::store::StepRow| {
                row.run == run && row.node == node.name && row.effect != TouchedEffect::None
            };
            if loaded.steps.iter().any(|row| passed(&row)) {
                let (workflow, pivot) = (workflow.to_string(), node.name.to_string());
                return Err(OperatorRefusal::PastPivot { workflow, pivot }.into());
            }
        }
        let by = limits::printable(by);
        match self.store.send(tenant, workflow, SignalKind::Cancel, &by).await? {
            Sent::Delivered { .. } => {
                self.wake();
                Ok(())
            }
            Sent::Ended(status) => Err(ended(&loaded, status).into()),
            Sent::Unknown => Err(ClientError::NotFound(workflow.to_string())),
        }
    }

    /// Deals with one debt: tries its compensation again, or notes that a person undid it, or that it stays. Of a
    /// step with `if_unknown = park` a retry means that the person has looked, and found something to undo.
    /// `step` is the step's name, its node or its order. When the last debt is closed the workflow becomes
    /// `rolled_back`.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when there is no such debt.
    pub async fn change_debt(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        step: &str,
        action: DebtAction,
        note: &str,
        by: &str,
    ) -> Result<(), ClientError> {
        let loaded = self.loaded(tenant, workflow).await?;
        let (now, id) = (self.runtime.now(), self.random_commit());
        let commit = change_debt(&loaded, step, action, note, by, now, id)?;
        self.operate(commit).await
    }

    /// Writes an operator's decision: compare-and-set, once.
    async fn operate(&self, commit: Commit) -> Result<(), ClientError> {
        let workflow = commit.workflow_id.to_string();
        let outcome = self.store.commit(None, vec![commit]).await?.into_iter().next();
        match outcome {
            Some(CommitOutcome::Applied { .. }) => {
                self.wake();
                Ok(())
            }
            Some(CommitOutcome::Excluded { key, holder }) => {
                Err(ClientError::Excluded { key: key.to_string(), holder })
            }
            Some(CommitOutcome::Unstorable { reason }) => {
                Err(StoreError::Configuration(format!("workflow {workflow}: {reason}")).into())
            }
            Some(CommitOutcome::Refused { .. } | CommitOutcome::Exists { .. }) => {
                Err(ClientError::Changed(workflow))
            }
            None => Err(StoreError::Unavailable("the store did not answer".to_owned()).into()),
        }
    }
}

fn ended(loaded: &Loaded, status: Status) -> OperatorRefusal {
    OperatorRefusal::WrongState {
        workflow: loaded.header.workflow_id.to_string(),
        status,
        hint: "it has come to rest, there is nothing to cancel",
    }
}
