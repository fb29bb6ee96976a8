//! A batch of commits as a handful of statements over all of them: read how things stand, judge, write.

use std::collections::BTreeMap;

use saga::store::{
    Commit, CommitOutcome, Decision, Header, Standing, Status, StoreError, Verdict, judge, limits,
};
use saga::{CommitId, Timestamp, WorkerId, WorkflowId};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::queries as sql;
use crate::codec::{Place, rows};
use crate::columns::{Change, Count, Event, Fact, Lock, NewHeader, Read, SearchKey, StartKey};
use crate::error::{Failure, sqlite_failure};
use crate::rows::StandingColumns;

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        sqlite_failure(&error)
    }
}
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Broken(error)
    }
}

/// A commit and what is to become of it.
struct Judged<'a> {
    commit: &'a Commit,
    /// The workflow as it stands, if there is one.
    standing: Option<Standing>,
    outcome: CommitOutcome,
    write: Option<Write<'a>>,
}

/// What a commit that is written needs to know of its workflow.
struct Write<'a> {
    insert: Option<&'a Header>,
    decide: Option<&'a Decision>,
    tenant: String,
    workflow_type: String,
    before: Status,
    rolled_back_once: bool,
    takeovers: i64,
    exclusion: Vec<String>,
    told: Timestamp,
}

/// A batch that was judged.
pub(super) struct Batch<'a> {
    worker: Option<WorkerId>,
    judged: Vec<Judged<'a>>,
    /// Who held which key, of those that somebody wants.
    held: BTreeMap<(String, String), String>,
}

/// Reads and judges; writes nothing. `Err(Fenced)` when the writer may not write.
pub(super) async fn prepare<'a>(
    connection: &mut SqliteConnection,
    worker: Option<WorkerId>,
    commits: &'a [Commit],
    told: &mut Timestamp,
) -> Result<Batch<'a>, Failure> {
    let ids = commits.iter().map(|commit| commit.workflow_id.as_str()).collect::<Vec<_>>();
    let standing = sqlx::query_as(sql::STANDING).bind(rows(&ids)?).bind(worker.map(|worker| worker.0));
    let (alive, standings): (bool, String) = standing.fetch_one(&mut *connection).await?;
    if !alive {
        return Err(StoreError::Fenced.into());
    }
    let place = Place { table: "orchestration_workflows", row: "a batch" };
    let standings: Vec<Option<StandingColumns>> =
        serde_json::from_str(&standings).map_err(|e| place.corrupt("standing", e))?;
    let known = known_keys(connection, commits).await?;
    let held = held_locks(connection, commits, &standings).await?;
    let mut batch = Batch { worker, judged: Vec::with_capacity(commits.len()), held };
    for (commit, standing) in commits.iter().zip(standings) {
        batch.judged.push(match limits::check(commit) {
            Ok(()) => {
                *told = commit.told().map_or(*told, |time| time.max(*told));
                batch.judge(commit, standing, &known, *told)?
            }
            Err(reason) => {
                Judged { commit, standing: None, outcome: CommitOutcome::Unstorable { reason }, write: None }
            }
        });
    }
    Ok(batch)
}

type KnownKey = (String, String, String, String, i64);

/// The workflows that were started with the idempotency keys of this batch.
async fn known_keys(connection: &mut SqliteConnection, commits: &[Commit]) -> Result<Vec<KnownKey>, Failure> {
    let keys = commits.iter().filter_map(|commit| {
        let header = &commit.create.as_deref()?.header;
        let idempotency_key = header.idempotency_key.as_deref()?;
        Some(StartKey { tenant_id: &header.tenant_id, idempotency_key })
    });
    let keys = keys.collect::<Vec<_>>();
    if keys.is_empty() {
        return Ok(vec![]);
    }
    Ok(sqlx::query_as(sql::KNOWN_KEYS).bind(rows(&keys)?).fetch_all(connection).await?)
}

/// The holders of the exclusion keys that this batch wants.
async fn held_locks(
    connection: &mut SqliteConnection,
    commits: &[Commit],
    standings: &[Option<StandingColumns>],
) -> Result<BTreeMap<(String, String), String>, Failure> {
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
        return Ok(BTreeMap::new());
    }
    let wanted = wanted.iter().map(|(tenant_id, lock_key)| Lock { tenant_id, lock_key, workflow_id: "" });
    let wanted = rows(&wanted.collect::<Vec<_>>())?;
    let held: Vec<(String, String, String)> =
        sqlx::query_as(sql::HELD_LOCKS).bind(wanted).fetch_all(connection).await?;
    Ok(held.into_iter().map(|(tenant, key, holder)| ((tenant, key), holder)).collect())
}

impl<'a> Batch<'a> {
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

    /// What became of each commit, once the transaction is durable.
    pub(super) fn outcomes(&self) -> Vec<CommitOutcome> {
        self.judged.iter().map(|judged| judged.outcome.clone()).collect()
    }

    /// The refusal of a single commit whose fact is known.
    pub(super) fn refusal(&self) -> Option<CommitOutcome> {
        let Judged { standing: Some(Standing { rev, status, worker, .. }), .. } = self.judged.first()? else {
            return self.outcomes().pop();
        };
        Some(CommitOutcome::Refused { rev: *rev, status: *status, owned: *worker == self.worker })
    }

    fn written(&self) -> impl Iterator<Item = (&'a Commit, &Write<'a>)> {
        self.judged.iter().filter_map(|judged| Some((judged.commit, judged.write.as_ref()?)))
    }

    fn decided(&self) -> impl Iterator<Item = (&'a Commit, &Write<'a>, &'a Decision)> {
        self.written().filter_map(|(commit, write)| Some((commit, write, write.decide?)))
    }

    /// Writes what was judged so: one statement per kind of row, none for what is not there.
    pub(super) async fn write(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let inserted = self.written().filter_map(|(commit, write)| Some((commit, write.insert?)));
        let inserted = inserted.collect::<Vec<_>>();
        let headers = inserted.iter().map(|(commit, header)| NewHeader::of(header, commit.id));
        run(connection, sql::CREATE, headers.collect::<Result<Vec<_>, _>>()?).await?;
        run(connection, sql::TAKE_LOCKS, self.taken()).await?;
        let keys = inserted.iter().flat_map(|(_, header)| {
            header.search_keys.iter().map(|search_key| SearchKey {
                tenant_id: &header.tenant_id,
                search_key,
                workflow_id: header.workflow_id.as_str(),
            })
        });
        run(connection, sql::ADD_KEYS, keys.collect()).await?;

        let facts = self.written().flat_map(|(c, _)| c.facts.iter().map(|row| Fact::of(&c.workflow_id, row)));
        run(connection, sql::FACTS, facts.collect()).await?;
        let innocent = self.written().filter(|(c, write)| write.takeovers > 0 && c.shows_progress());
        let innocent = innocent.map(|(c, _)| c.workflow_id.as_str()).collect();
        run(connection, sql::RESET_TAKEOVERS, innocent).await?;

        let by_owner = self.worker.is_some();
        let changes =
            self.decided().map(|(c, write, decision)| Change::of(c, decision, by_owner, write.told));
        let changes = changes.collect::<Vec<_>>();
        let wanted = changes.len() as u64;
        if run(connection, sql::DECIDE, changes).await? != wanted {
            return Err(Failure::Poison("a decision did not find the header that it was judged by".into()));
        }
        let freed = self.decided().filter(|(_, write, d)| ends(write, d) && !write.exclusion.is_empty());
        run(connection, sql::FREE_LOCKS, freed.map(|(c, ..)| c.workflow_id.as_str()).collect()).await?;

        let events = self
            .written()
            .flat_map(|(c, _)| c.audit.iter().enumerate().map(|(n, event)| Event::of(c, n, event)));
        run(connection, sql::ADD_EVENTS, events.collect()).await?;
        run(connection, sql::REMOVE_SIGNALS, self.read_signals()).await?;
        run(connection, sql::ADD_STATISTICS, self.counts()).await?;
        Ok(())
    }

    /// The exclusion keys that are new.
    fn taken(&self) -> Vec<Lock<'_>> {
        let wants = |write: &Write<'_>| {
            write.insert.is_some() || write.decide.is_some_and(|decision| decision.retake_exclusion)
        };
        let all = self.written().filter(|(_, write)| wants(write)).flat_map(|(commit, write)| {
            write.exclusion.iter().map(move |lock_key| Lock {
                tenant_id: &write.tenant,
                lock_key,
                workflow_id: commit.workflow_id.as_str(),
            })
        });
        let held = |l: &Lock<'_>| self.held.contains_key(&(l.tenant_id.to_owned(), l.lock_key.to_owned()));
        let mut taken = all.filter(|lock| !held(lock)).collect::<Vec<_>>();
        taken.sort();
        taken.dedup();
        taken
    }

    fn read_signals(&self) -> Vec<Read<'_>> {
        let applied = |judged: &&Judged<'_>| {
            judged.write.is_some() && matches!(judged.outcome, CommitOutcome::Applied { .. })
        };
        let read = self.judged.iter().filter(applied).map(|judged| judged.commit).flat_map(|commit| {
            let workflow_id = commit.workflow_id.as_str();
            commit.signals.iter().map(move |&signal_id| Read { signal_id, workflow_id })
        });
        read.collect()
    }

    fn counts(&self) -> Vec<Count<'_>> {
        let mut sums = BTreeMap::<(&str, &str, &str), (i64, f64)>::new();
        for (_, write) in self.written() {
            let mut add = |status: &'static str, n: i64, seconds: f64| {
                let sum = sums.entry((&write.tenant, &write.workflow_type, status)).or_default();
                sum.0 += n;
                sum.1 += seconds;
            };
            if write.insert.is_some() {
                add(write.before.as_str(), 1, 0.0);
            }
            let Some(Decision { state, .. }) = write.decide else { continue };
            if state.status != write.before {
                add(write.before.as_str(), -1, 0.0);
                let completed = state.status == Status::Completed;
                add(state.status.as_str(), 1, if completed { state.seconds() } else { 0.0 });
            }
            if state.rolled_back_once && !write.rolled_back_once {
                add(super::read::ENTERED_ROLLBACK, 1, 0.0);
            }
        }
        let counts = sums.into_iter().map(|((tenant_id, workflow_type, status), (n, seconds))| Count {
            tenant_id,
            workflow_type,
            status,
            n,
            seconds,
        });
        counts.filter(|count| count.n != 0 || count.seconds != 0.0).collect()
    }
}

enum Existing {
    No,
    /// This very commit made it.
    Copy,
    Another(CommitOutcome),
}

fn ends(write: &Write<'_>, decision: &Decision) -> bool {
    let status = decision.state.status;
    status != write.before && matches!(status, Status::Completed | Status::RolledBack)
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

/// Runs a statement over rows, unless there are none. How many rows it changed.
async fn run<T: Serialize>(
    connection: &mut SqliteConnection,
    sql: &'static str,
    values: Vec<T>,
) -> Result<u64, Failure> {
    if values.is_empty() {
        return Ok(0);
    }
    Ok(sqlx::query(sql).bind(rows(&values)?).execute(connection).await?.rows_affected())
}

/// Is one of its facts, or a later one, stored already?
pub(super) async fn knows_a_fact_of(
    connection: &mut SqliteConnection,
    commit: &Commit,
) -> Result<bool, Failure> {
    let facts = commit.facts.iter().map(|row| Fact::of(&commit.workflow_id, row)).collect::<Vec<_>>();
    Ok(sqlx::query_scalar(sql::KNOWN_FACTS).bind(rows(&facts)?).fetch_one(connection).await?)
}
