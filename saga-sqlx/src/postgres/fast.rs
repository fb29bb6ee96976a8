//! A batch as one statement and one round trip, for when everything stands as its commits expect. It is written as a
//! whole or not at all; whatever is out of the ordinary goes to the careful transaction, which asks how things stand.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use saga::store::{Commit, CommitOutcome, StepRow, StepStatus};
use saga::{WorkerId, WorkflowId};

use super::held::within;
use super::lanes::Lane;
use super::{Inner, queries as sql};
use crate::codec::rows;
use crate::columns::Fact;
use crate::error::Failure;
use crate::judge::Batch;

/// The most rows that are remembered.
const MOST: usize = 1 << 20;

/// Rows that are there already and will be written again: of steps that were shown as running, or failed. Only a guess is
/// made of it, whether a plain INSERT will do.
#[derive(Default)]
pub(super) struct Begun(Mutex<HashSet<u64>>);

impl Begun {
    fn rows(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_new(&self, workflow: &WorkflowId, row: &StepRow) -> bool {
        let undone = [StepStatus::Compensating, StepStatus::Compensated, StepStatus::CompensationFailed];
        !undone.contains(&row.status) && !self.rows().contains(&place(workflow, row))
    }

    /// After they were written.
    pub(super) fn remember(&self, commits: &[Commit]) {
        let mut begun = self.rows();
        if begun.len() >= MOST {
            begun.clear();
        }
        for (commit, row) in
            commits.iter().flat_map(|commit| commit.facts.iter().map(move |row| (commit, row)))
        {
            let place = place(&commit.workflow_id, row);
            match row.status {
                StepStatus::Running | StepStatus::Pending | StepStatus::Failed => begun.insert(place),
                _ => begun.remove(&place),
            };
        }
    }
}

fn place(workflow: &WorkflowId, row: &StepRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    (workflow.as_str(), row.run, row.step_order, &*row.item).hash(&mut hasher);
    hasher.finish()
}

/// None: nothing was written, or nobody knows; the careful way finds out.
pub(super) async fn commit(
    store: &Inner,
    worker: Option<WorkerId>,
    commits: &[Commit],
) -> Option<Vec<CommitOutcome>> {
    let mut told = store.told();
    let worker = worker?;
    let batch = Batch::expected(worker, commits, &mut told)?;
    let lanes = store.lanes.as_ref()?;
    let of_its_history = |timeline: &_| store.timelines.knows(worker, timeline);
    let mut lane = lanes.take(of_its_history).await.ok()?;
    match within(store.limit(), write(&mut lane, store, &batch, commits)).await {
        Ok(outcomes) => {
            lanes.give_back(lane);
            if outcomes.is_some() {
                store.tell(told);
                store.begun.remember(commits);
            }
            outcomes
        }
        Err(failure) => {
            tracing::debug!("A batch of {} is written with care: {failure:?}", commits.len());
            if matches!(failure, Failure::Busy | Failure::Poison(_)) {
                lanes.give_back(lane);
            }
            None
        }
    }
}

async fn write(
    lane: &mut Lane,
    store: &Inner,
    batch: &Batch<'_>,
    commits: &[Commit],
) -> Result<Option<Vec<CommitOutcome>>, Failure> {
    let there = commits.iter().filter(|commit| commit.create.is_none());
    let ids = there.clone().map(|commit| commit.workflow_id.as_str()).collect::<Vec<_>>();
    let facts = commits.iter().flat_map(|c| c.facts.iter().map(|row| (&c.workflow_id, row)));
    let (new, again): (Vec<_>, Vec<_>) = facts.partition(|(id, row)| store.begun.is_new(id, row));
    let texts = |facts: &[(&WorkflowId, &StepRow)]| {
        rows(&facts.iter().map(|(id, row)| Fact::of(id, row)).collect::<Vec<_>>())
    };
    let (headers, events, changes) = (batch.headers()?, batch.events(), batch.changes());
    let worker = batch.worker.map(|worker| worker.0);
    let all = !headers.is_empty() || !events.is_empty() || !again.is_empty();
    let lane = lane.next().await?;
    let row: Option<(bool, Vec<i64>)> = if !all && changes.is_empty() {
        let query = sqlx::query_as(sql::BATCH_FACTS).bind(worker).bind(ids).bind(texts(&new)?);
        query.fetch_optional(lane).await?
    } else {
        let decisions = there.map(|commit| commit.decision.as_deref());
        let revs = decisions.clone().map(|d| Some(d?.expected_rev)).collect::<Vec<_>>();
        let statuses = decisions.map(|d| Some(d?.expected_status.as_str())).collect::<Vec<_>>();
        let shape = if all { sql::BATCH_ALL } else { sql::BATCH_DECISIONS };
        let mut query = sqlx::query_as(shape).bind(worker).bind(ids).bind(revs).bind(statuses);
        query = query.bind(texts(&new)?).bind(rows(&changes)?);
        if all {
            query = query.bind(rows(&headers)?).bind(rows(&batch.taken())?).bind(rows(&batch.search_keys())?);
            query = query.bind(texts(&again)?).bind(rows(&events)?);
        }
        query.fetch_optional(lane).await?
    };
    let Some((true, revs)) = row else { return Ok(None) };
    let mut revs = revs.into_iter();
    let mut rev_of = |commit: &Commit| match (&commit.create, &commit.decision) {
        (Some(_), _) => Some(0),
        (None, decided) => revs.next().map(|rev| rev + i64::from(decided.is_some())),
    };
    Ok(commits.iter().map(|commit| Some(CommitOutcome::Applied { rev: rev_of(commit)? })).collect())
}
