//! What the way things stand makes of each commit of a batch. Asks no database.

use std::collections::BTreeMap;

use saga::store::{
    Commit, CommitOutcome, Decision, Header, Standing, Status, StoreError, Verdict, judge, limits,
};
use saga::{CommitId, Timestamp, WorkerId, WorkflowId};

use crate::codec::{Place, rows};
use crate::columns::{Fact, Lock, StartKey};
use crate::error::Failure;
use crate::rows::StandingColumns;

/// A commit and what is to become of it.
pub(crate) struct Judged<'a> {
    pub(crate) commit: &'a Commit,
    /// The workflow as it stands, if there is one.
    standing: Option<Standing>,
    pub(crate) outcome: CommitOutcome,
    pub(crate) write: Option<Write<'a>>,
}

/// What a commit that is written needs to know of its workflow.
pub(crate) struct Write<'a> {
    pub(crate) insert: Option<&'a Header>,
    pub(crate) decide: Option<&'a Decision>,
    pub(crate) tenant: String,
    pub(crate) workflow_type: String,
    pub(crate) before: Status,
    pub(crate) rolled_back_once: bool,
    pub(crate) takeovers: i64,
    pub(crate) exclusion: Vec<String>,
    pub(crate) told: Timestamp,
}

/// A batch that was judged.
pub(crate) struct Batch<'a> {
    pub(crate) worker: Option<WorkerId>,
    pub(crate) judged: Vec<Judged<'a>>,
    /// Who held which key, of those that somebody wants.
    pub(crate) held: BTreeMap<(String, String), String>,
}

/// A workflow that was started with a key: tenant, key, id, input hash, the commit that made it.
pub(crate) type KnownKey = (String, String, String, String, i64);

/// How things stand.
#[derive(Default)]
pub(crate) struct Known {
    /// Each commit's workflow, in order, if there is one.
    pub(crate) standings: Vec<Option<StandingColumns>>,
    /// The workflows that were started with the idempotency keys of this batch.
    pub(crate) keys: Vec<KnownKey>,
    /// Tenant, key and holder of the exclusion keys that this batch wants.
    pub(crate) held: Vec<(String, String, String)>,
}

/// The standings as a statement tells them.
pub(crate) fn standings(text: &str) -> Result<Vec<Option<StandingColumns>>, StoreError> {
    let place = Place { table: "orchestration_workflows", row: "a batch" };
    serde_json::from_str(text).map_err(|e| place.corrupt("standing", e))
}

/// Judges; reads and writes nothing.
pub(crate) fn judged<'a>(
    worker: Option<WorkerId>,
    commits: &'a [Commit],
    known: Known,
    told: &mut Timestamp,
) -> Result<Batch<'a>, Failure> {
    let Known { standings, keys, held } = known;
    let held = held.into_iter().map(|(tenant, key, holder)| ((tenant, key), holder)).collect();
    let mut batch = Batch { worker, judged: Vec::with_capacity(commits.len()), held };
    for (commit, standing) in commits.iter().zip(standings) {
        batch.judged.push(match limits::check(commit) {
            Ok(()) => {
                *told = commit.told().map_or(*told, |time| time.max(*told));
                batch.judge(commit, standing, &keys, *told)?
            }
            Err(reason) => {
                Judged { commit, standing: None, outcome: CommitOutcome::Unstorable { reason }, write: None }
            }
        });
    }
    Ok(batch)
}

/// The idempotency keys of this batch, to be asked about; none if there are none.
pub(crate) fn start_keys(commits: &[Commit]) -> Result<Option<String>, StoreError> {
    let keys = commits.iter().filter_map(|commit| {
        let header = &commit.create.as_deref()?.header;
        let idempotency_key = header.idempotency_key.as_deref()?;
        Some(StartKey { tenant_id: &header.tenant_id, idempotency_key })
    });
    let keys = keys.collect::<Vec<_>>();
    if keys.is_empty() { Ok(None) } else { rows(&keys).map(Some) }
}

/// The exclusion keys that this batch wants, to be asked about; none if there are none.
pub(crate) fn wanted_locks(
    commits: &[Commit],
    standings: &[Option<StandingColumns>],
) -> Result<Option<String>, StoreError> {
    let mut wanted = vec![];
    for (commit, standing) in commits.iter().zip(standings) {
        if let Some(new) = &commit.create {
            let tenant = new.header.tenant_id.to_string();
            wanted.extend(new.header.exclusion.iter().map(|key| (tenant.clone(), key.clone())));
        }
        if commit.decision.as_ref().is_some_and(|decision| decision.retake_exclusion)
            && let Some(StandingColumns { tenant_id, exclusion, .. }) = standing
        {
            // A list that cannot be read is found out when the commit is judged.
            let keys = serde_json::from_str::<Vec<String>>(exclusion).unwrap_or_default();
            wanted.extend(keys.into_iter().map(|key| (tenant_id.clone(), key)));
        }
    }
    if wanted.is_empty() {
        return Ok(None);
    }
    let wanted = wanted.iter().map(|(tenant_id, lock_key)| Lock { tenant_id, lock_key, workflow_id: "" });
    rows(&wanted.collect::<Vec<_>>()).map(Some)
}

/// The facts of a commit, to be asked about.
pub(crate) fn facts_of(commit: &Commit) -> Result<String, StoreError> {
    rows(&commit.facts.iter().map(|row| Fact::of(&commit.workflow_id, row)).collect::<Vec<_>>())
}

impl<'a> Batch<'a> {
    /// What becomes of these commits if everything stands as they expect. None if that cannot be expected, or cannot be
    /// known from them alone.
    #[cfg(feature = "postgres")]
    pub(crate) fn expected(worker: WorkerId, commits: &'a [Commit], told: &mut Timestamp) -> Option<Self> {
        let mut batch = Batch { worker: Some(worker), judged: vec![], held: BTreeMap::new() };
        for commit in commits {
            let decision = commit.decision.as_deref();
            let plain = commit.waits.is_none() && commit.signals.is_empty();
            if !plain || decision.is_some_and(|d| d.retake_exclusion) || limits::check(commit).is_err() {
                return None;
            }
            *told = commit.told().map_or(*told, |time| time.max(*told));
            let write = match (&commit.create, decision) {
                (Some(_), Some(_)) => return None,
                (Some(new), None) if new.header.worker != Some(worker) => return None,
                (Some(new), None) => of_new(&new.header, commit, *told).1,
                (None, decide) => Write {
                    insert: None,
                    decide,
                    tenant: String::new(),
                    workflow_type: String::new(),
                    before: decide.map_or(Status::Running, |decision| decision.expected_status),
                    rolled_back_once: false,
                    takeovers: 0,
                    exclusion: vec![],
                    told: *told,
                },
            };
            let outcome = CommitOutcome::Applied { rev: 0 };
            batch.judged.push(Judged { commit, standing: None, outcome, write: Some(write) });
        }
        Some(batch)
    }

    fn judge(
        &self,
        commit: &'a Commit,
        stored: Option<StandingColumns>,
        known: &[KnownKey],
        told: Timestamp,
    ) -> Result<Judged<'a>, Failure> {
        let leave = |outcome| Ok(Judged { commit, standing: None, outcome, write: None });
        let mut insert = None;
        if let Some(new) = &commit.create {
            match self.existing(commit, &new.header, stored.as_ref(), known)? {
                Existing::Another(outcome) => return leave(outcome),
                Existing::Copy => {}
                Existing::No => {
                    if let Some(refusal) =
                        self.excluded(commit, &new.header.tenant_id, &new.header.exclusion)?
                    {
                        return leave(refusal);
                    }
                    insert = Some(&new.header);
                }
            }
        }
        let (standing, mut write) = match insert {
            Some(header) => of_new(header, commit, told),
            None => match stored.map(|stored| of_stored(commit, stored, told)) {
                Some(Ok(found)) => found,
                None => {
                    let reason = format!("there is no workflow `{}`", commit.workflow_id);
                    return leave(CommitOutcome::Unstorable { reason });
                }
                // A row that cannot be read is no reason to stop the others of the batch.
                Some(Err(error)) => return leave(CommitOutcome::Unstorable { reason: error.to_string() }),
            },
        };
        match judge(&standing, self.worker, commit) {
            Verdict::Leave(outcome) => leave(outcome),
            Verdict::Write { decide, outcome } => {
                write.decide = commit.decision.as_deref().filter(|_| decide);
                if write.decide.is_some_and(|decision| decision.retake_exclusion)
                    && let Some(refusal) = self.excluded(commit, &write.tenant, &write.exclusion)?
                {
                    return leave(refusal);
                }
                Ok(Judged { commit, standing: Some(standing), outcome, write: Some(write) })
            }
        }
    }

    /// Idempotency key first, then the id.
    fn existing(
        &self,
        commit: &Commit,
        header: &Header,
        stored: Option<&StandingColumns>,
        known: &[KnownKey],
    ) -> Result<Existing, Failure> {
        let by_key = known.iter().find(|(tenant, key, ..)| {
            **tenant == *header.tenant_id && Some(key.as_str()) == header.idempotency_key.as_deref()
        });
        let (id, same_input, created_by) = match (by_key, stored) {
            (Some((_, _, id, hash, created_by)), _) => {
                (id.as_str(), **hash == *header.input_hash, *created_by)
            }
            (None, Some(stored)) => {
                let same = *stored.input_hash == *header.input_hash && *stored.tenant_id == *header.tenant_id;
                (commit.workflow_id.as_str(), same, stored.created_by)
            }
            (None, None) => return Ok(Existing::No),
        };
        if id == commit.workflow_id.as_str() && created_by == commit.id.0 {
            return Ok(Existing::Copy);
        }
        let place = Place { table: "orchestration_workflows", row: id };
        let workflow_id = WorkflowId::new(id).map_err(|e| place.corrupt("workflow_id", e))?;
        Ok(Existing::Another(CommitOutcome::Exists { workflow_id, same_input }))
    }

    fn excluded(
        &self,
        commit: &Commit,
        tenant: &str,
        keys: &[String],
    ) -> Result<Option<CommitOutcome>, Failure> {
        for key in keys {
            match self.held.get(&(tenant.to_owned(), key.clone())) {
                Some(holder) if holder != commit.workflow_id.as_str() => {
                    let place = Place { table: "orchestration_locks", row: key };
                    let holder = WorkflowId::new(holder).map_err(|e| place.corrupt("workflow_id", e))?;
                    return Ok(Some(CommitOutcome::Excluded { key: key.as_str().into(), holder }));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// What becomes of each commit, once the transaction is durable.
    pub(crate) fn outcomes(&self) -> Vec<CommitOutcome> {
        self.judged.iter().map(|judged| judged.outcome.clone()).collect()
    }

    /// The refusal of a single commit whose fact is known.
    pub(crate) fn refusal(&self) -> Option<CommitOutcome> {
        let Judged { standing: Some(Standing { rev, status, worker, .. }), .. } = self.judged.first()? else {
            return self.outcomes().pop();
        };
        Some(CommitOutcome::Refused { rev: *rev, status: *status, owned: *worker == self.worker })
    }
}

enum Existing {
    No,
    /// This very commit made it.
    Copy,
    Another(CommitOutcome),
}

fn of_new<'a>(header: &'a Header, commit: &Commit, told: Timestamp) -> (Standing, Write<'a>) {
    let standing = Standing {
        rev: 0,
        status: header.state.status,
        worker: header.worker,
        last_commit: None,
        created_by: commit.id,
    };
    let write = Write {
        insert: Some(header),
        decide: None,
        tenant: header.tenant_id.to_string(),
        workflow_type: header.definition.name.to_string(),
        before: header.state.status,
        rolled_back_once: header.state.rolled_back_once,
        takeovers: 0,
        exclusion: header.exclusion.clone(),
        told,
    };
    (standing, write)
}

fn of_stored<'a>(
    commit: &Commit,
    stored: StandingColumns,
    told: Timestamp,
) -> Result<(Standing, Write<'a>), StoreError> {
    let place = Place { table: "orchestration_workflows", row: commit.workflow_id.as_str() };
    let standing = Standing {
        rev: stored.rev,
        status: place.read("status", &stored.status)?,
        worker: stored.worker.map(WorkerId),
        last_commit: stored.last_commit.map(CommitId),
        created_by: CommitId(stored.created_by),
    };
    let write = Write {
        insert: None,
        decide: None,
        tenant: stored.tenant_id,
        workflow_type: stored.workflow_type,
        before: standing.status,
        rolled_back_once: stored.rolled_back_once != 0,
        takeovers: stored.takeovers,
        exclusion: place.list("exclusion", &stored.exclusion)?,
        told,
    };
    Ok((standing, write))
}
