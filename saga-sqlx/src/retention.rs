//! What removing workflows takes with it, and what it does to the counts. Asks no database.

use std::collections::BTreeMap;

use saga::store::Status;
use sqlx::FromRow;

use crate::batch::ENTERED_ROLLBACK;
use crate::cells::Moment;
use crate::columns::{Count, SearchKey};

/// A workflow that is being removed.
#[derive(FromRow)]
pub(crate) struct Resting {
    pub(crate) workflow_id: String,
    tenant_id: String,
    workflow_type: String,
    rolled_back_once: bool,
    started_at: Option<Moment>,
    completed_at: Option<Moment>,
    search_keys: String,
}

impl Resting {
    /// As it was counted.
    fn seconds(&self) -> f64 {
        let read = |cell: &Option<Moment>| cell.as_ref().and_then(|moment| moment.read().ok());
        match (read(&self.started_at), read(&self.completed_at)) {
            (Some(start), Some(end)) => end.since(start).as_secs_f64(),
            _ => 0.0,
        }
    }
}

/// What is taken from the counts.
pub(crate) fn uncounted(gone: &[Resting], status: Status) -> Vec<Count<'_>> {
    let mut sums = BTreeMap::<(&str, &str, &str), (i64, f64)>::new();
    for one in gone {
        let mut take = |status: &'static str, seconds: f64| {
            let sum = sums.entry((&one.tenant_id, &one.workflow_type, status)).or_default();
            sum.0 -= 1;
            sum.1 -= seconds;
        };
        take(status.as_str(), if status == Status::Completed { one.seconds() } else { 0.0 });
        if one.rolled_back_once {
            take(ENTERED_ROLLBACK, 0.0);
        }
    }
    let count = |((tenant_id, workflow_type, status), (n, seconds))| Count {
        tenant_id,
        workflow_type,
        status,
        n,
        seconds,
    };
    sums.into_iter().map(count).collect()
}

/// Workflow, tenant and keys by which people have looked for them. A list that cannot be read has none: a key without
/// its workflow is found by nobody.
pub(crate) fn keys(gone: &[Resting]) -> Vec<(&Resting, Vec<String>)> {
    gone.iter().map(|one| (one, serde_json::from_str(&one.search_keys).unwrap_or_default())).collect()
}

/// As rows of the table.
pub(crate) fn key_rows<'a>(keys: &'a [(&'a Resting, Vec<String>)]) -> Vec<SearchKey<'a>> {
    let of = |(one, keys): &'a (&'a Resting, Vec<String>)| {
        keys.iter().map(|search_key| SearchKey {
            tenant_id: &one.tenant_id,
            search_key,
            workflow_id: &one.workflow_id,
        })
    };
    keys.iter().flat_map(of).collect()
}
