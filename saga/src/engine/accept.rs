//! A start becomes a workflow, or is recognised as one that is there.

use super::client::Client;
use super::handle::WorkflowHandle;
use super::input::{canonical, input_hash};
use super::start::Started;
use super::start_error::StartError;
use super::vault::{INPUT, Part, Vault};
use crate::definition::Plan;
use crate::id::WorkflowId;
use crate::json::Json;
use crate::store::{Commit, CommitOutcome, Header, NewWorkflow, StoreError};

/// A start of which the store has not said yet what became of it.
pub(super) struct Begun {
    pub(super) id: WorkflowId,
    pub(super) tenant: String,
    pub(super) secret: Option<Vec<u8>>,
}

impl Begun {
    pub(super) async fn ended<S: 'static>(
        self,
        client: &Client,
        outcome: CommitOutcome,
    ) -> Result<Started<S>, StartError> {
        client.settled(client.started(self.id, outcome), &self.tenant, self.secret).await
    }
}

impl Client {
    /// At this home, or at any.
    pub(super) fn new_id(&self, home: Option<u8>) -> WorkflowId {
        let millis = u64::try_from(self.runtime.now().as_micros() / 1000).unwrap_or(0);
        let mut random = [0; 10];
        let bytes =
            self.runtime.random().to_le_bytes().into_iter().chain(self.runtime.random().to_le_bytes());
        for (place, byte) in random.iter_mut().zip(bytes) {
            *place = byte;
        }
        if let (Some(home), [.., last]) = (home, &mut random) {
            *last = home;
        }
        WorkflowId::generated(millis, random)
    }

    /// An input as it is kept, and what tells a replay from a conflict. Of a secret that is no bare hash: whoever
    /// reads it could try out passwords.
    pub(super) fn keep(
        &self,
        plan: &Plan,
        workflow: &WorkflowId,
        input: Json,
    ) -> Result<(Json, String), StartError> {
        if !plan.is_input_secret() {
            let hash = input_hash(plan, &input);
            return Ok((input, hash));
        }
        let no_key = || StartError::NoKey(plan.id().name.to_string());
        let hash = self.sealer.as_ref().ok_or_else(no_key)?.digest(None, &canonical(plan, &input))?;
        let vault = Vault::of(self.sealer.clone(), workflow);
        Ok((vault.seal(INPUT, Part::Value, &input)?, hash))
    }

    /// A conflict is none if the input is the same, sealed by an older key.
    pub(super) async fn settled<S>(
        &self,
        result: Result<Started<S>, StartError>,
        tenant: &str,
        secret: Option<Vec<u8>>,
    ) -> Result<Started<S>, StartError> {
        match (result, secret) {
            (Err(StartError::Conflict { existing }), Some(secret)) => {
                self.compare(existing, tenant, &secret).await
            }
            (result, _) => result,
        }
    }

    /// Was it started with the same secret input, under a key that is not the present one any more?
    pub(super) async fn compare<S>(
        &self,
        existing: WorkflowId,
        tenant: &str,
        input: &[u8],
    ) -> Result<Started<S>, StartError> {
        let loaded = self.store.load(&existing).await?;
        let header = loaded.map(|loaded| loaded.header).filter(|header| *header.tenant_id == *tenant);
        let same = header.is_some_and(|header| {
            let key = header.input_hash.split_once('.').map(|(key, _)| key);
            let digest = self.sealer.as_ref().and_then(|sealer| sealer.digest(Some(key?), input).ok());
            digest.is_some_and(|digest| *digest == *header.input_hash)
        });
        match same {
            true => Ok(Started { handle: WorkflowHandle::new(self.clone(), existing), replayed: true }),
            false => Err(StartError::Conflict { existing }),
        }
    }

    pub(super) fn for_others(&self, header: Header) -> Commit {
        let mut commit = Commit::empty(header.workflow_id.clone(), self.random_commit());
        commit.create = Some(Box::new(NewWorkflow { header }));
        commit
    }

    /// Leaves a workflow to whoever looks for work.
    pub(super) async fn hand_over<S>(&self, header: Header) -> Result<Started<S>, StartError> {
        let id = header.workflow_id.clone();
        let uncertain = |why: String| StartError::uncertain(id.clone(), why);
        let outcomes = self.store.commit(None, vec![self.for_others(header)]).await;
        let outcomes = outcomes.map_err(|error| uncertain(error.to_string()))?;
        let outcome = outcomes.into_iter().next();
        let outcome = outcome.ok_or_else(|| uncertain("the store did not answer".to_owned()))?;
        self.started(id, outcome)
    }

    /// What was said of a start. `is_copy`: of one that was sent again; the one before it may arrive yet, when what is
    /// in its way now is gone.
    pub(super) fn answered<S>(
        &self,
        id: WorkflowId,
        outcome: CommitOutcome,
        is_copy: bool,
    ) -> Result<Started<S>, StartError> {
        match self.started(id.clone(), outcome) {
            Err(error @ StartError::Excluded { .. }) if is_copy => {
                Err(StartError::uncertain(id, format!("at present {error}")))
            }
            result => result,
        }
    }

    pub(super) fn started<S>(
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
