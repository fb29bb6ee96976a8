//! The rows that a judged batch is written as: one list per kind of row, over all commits.

use std::collections::BTreeMap;

use saga::store::{Awaited, Commit, CommitOutcome, Decision, Status, StoreError};

use crate::columns::{Change, Count, Event, Fact, Lock, NewHeader, Read, SearchKey, Wait};
use crate::judge::{Batch, Judged, Write};

/// Counted beside the statuses.
pub(crate) const ENTERED_ROLLBACK: &str = "entered_rollback";

impl<'a> Batch<'a> {
    fn written(&self) -> impl Iterator<Item = (&'a Commit, &Write<'a>)> {
        self.judged.iter().filter_map(|judged| Some((judged.commit, judged.write.as_ref()?)))
    }

    fn decided(&self) -> impl Iterator<Item = (&'a Commit, &Write<'a>, &'a Decision)> {
        self.written().filter_map(|(commit, write)| Some((commit, write, write.decide?)))
    }

    pub(crate) fn headers(&self) -> Result<Vec<NewHeader<'_>>, StoreError> {
        let inserted = self.written().filter_map(|(commit, write)| Some((commit, write.insert?)));
        inserted.map(|(commit, header)| NewHeader::of(header, commit.id)).collect()
    }

    pub(crate) fn search_keys(&self) -> Vec<SearchKey<'_>> {
        let inserted = self.written().filter_map(|(_, write)| write.insert);
        let keys = inserted.flat_map(|header| {
            header.search_keys.iter().map(|search_key| SearchKey {
                tenant_id: &header.tenant_id,
                search_key,
                workflow_id: header.workflow_id.as_str(),
            })
        });
        keys.collect()
    }

    pub(crate) fn facts(&self) -> Vec<Fact<'_>> {
        self.written().flat_map(|(c, _)| c.facts.iter().map(|row| Fact::of(&c.workflow_id, row))).collect()
    }

    /// Workflows that have killed a worker and got something done since.
    pub(crate) fn innocent(&self) -> Vec<&str> {
        let innocent = self.written().filter(|(c, write)| write.takeovers > 0 && c.shows_progress());
        innocent.map(|(c, _)| c.workflow_id.as_str()).collect()
    }

    pub(crate) fn changes(&self) -> Vec<Change<'_>> {
        let by_owner = self.worker.is_some();
        self.decided().map(|(c, write, decision)| Change::of(c, decision, by_owner, write.told)).collect()
    }

    /// Workflows whose exclusion keys are free from now on.
    pub(crate) fn freed(&self) -> Vec<&str> {
        let freed = self.decided().filter(|(_, write, d)| ends(write, d) && !write.exclusion.is_empty());
        freed.map(|(c, ..)| c.workflow_id.as_str()).collect()
    }

    pub(crate) fn events(&self) -> Vec<Event<'_>> {
        let events = self.written().flat_map(|(commit, write)| {
            let decided = write.decide.into_iter().flat_map(|decision| &decision.audit);
            let told = commit.audit.iter().chain(decided).enumerate();
            told.map(move |(n, event)| Event::of(commit, n, event))
        });
        events.collect()
    }

    /// Workflows whose waits are replaced.
    pub(crate) fn registering(&self) -> Vec<&str> {
        self.registered().map(|(id, ..)| id).collect()
    }

    pub(crate) fn waits(&self) -> Vec<Wait<'_>> {
        let waits = self.registered().flat_map(|(workflow_id, tenant_id, waits)| {
            waits.iter().map(move |wait| Wait {
                tenant_id,
                name: &wait.name,
                event_key: &wait.key,
                workflow_id,
            })
        });
        waits.collect()
    }

    /// The exclusion keys that are new.
    pub(crate) fn taken(&self) -> Vec<Lock<'_>> {
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

    pub(crate) fn read_signals(&self) -> Vec<Read<'_>> {
        let read = self.applied().flat_map(|(commit, _)| {
            let workflow_id = commit.workflow_id.as_str();
            commit.signals.iter().map(move |&signal_id| Read { signal_id, workflow_id })
        });
        read.collect()
    }

    pub(crate) fn counts(&self) -> Vec<Count<'_>> {
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
                add(ENTERED_ROLLBACK, 1, 0.0);
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
