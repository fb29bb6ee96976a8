//! Writes a judged batch: one statement per kind of row, over all commits.

use std::collections::BTreeMap;

use saga::store::{Awaited, Commit, CommitOutcome, Decision, Status};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::judge::{Batch, Judged, Write};
use super::queries as sql;
use crate::codec::rows;
use crate::columns::{Change, Count, Event, Fact, Lock, NewHeader, Read, SearchKey, Wait};
use crate::error::Failure;

impl<'a> Batch<'a> {
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

        let events = self.written().flat_map(|(commit, write)| {
            let decided = write.decide.into_iter().flat_map(|decision| &decision.audit);
            let told = commit.audit.iter().chain(decided).enumerate();
            told.map(move |(n, event)| Event::of(commit, n, event))
        });
        run(connection, sql::ADD_EVENTS, events.collect()).await?;
        run(connection, sql::REMOVE_SIGNALS, self.read_signals()).await?;
        run(connection, sql::FORGET_WAITS, self.registered().map(|(id, ..)| id).collect()).await?;
        let waits = self.registered().flat_map(|(workflow_id, tenant_id, waits)| {
            waits.iter().map(move |wait| Wait {
                tenant_id,
                name: &wait.name,
                event_key: &wait.key,
                workflow_id,
            })
        });
        run(connection, sql::ADD_WAITS, waits.collect()).await?;
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

    /// Commits that are written whole.
    fn applied(&self) -> impl Iterator<Item = (&'a Commit, &Write<'a>)> {
        let applied = |judged: &&Judged<'_>| matches!(judged.outcome, CommitOutcome::Applied { .. });
        self.judged.iter().filter(applied).filter_map(|judged| Some((judged.commit, judged.write.as_ref()?)))
    }

    /// Workflows and what they wait for from now on: workflow, tenant, waits.
    fn registered(&self) -> impl Iterator<Item = (&str, &str, &[Awaited])> {
        self.applied().filter_map(|(commit, write)| {
            Some((commit.workflow_id.as_str(), &*write.tenant, commit.waits.as_deref()?))
        })
    }

    fn read_signals(&self) -> Vec<Read<'_>> {
        let read = self.applied().flat_map(|(commit, _)| {
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

fn ends(write: &Write<'_>, decision: &Decision) -> bool {
    let status = decision.state.status;
    status != write.before && matches!(status, Status::Completed | Status::RolledBack)
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
