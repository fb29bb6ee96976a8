//! What the appended counts come to.

use saga::store::{Statistics, StoreError};

use crate::batch::ENTERED_ROLLBACK;
use crate::codec::Place;

/// Type, status, how many, and how many seconds the completed ones took.
pub(crate) type Count = (String, String, i64, f64);

pub(crate) fn counted(tenant: &str, rows: Vec<Count>, open_debts: i64) -> Result<Statistics, StoreError> {
    let mut all = Statistics { open_debts: u64::try_from(open_debts).unwrap_or(0), ..Statistics::default() };
    let place = Place { table: "orchestration_statistics", row: tenant };
    for (workflow_type, status, n, seconds) in rows {
        let n = u64::try_from(n).unwrap_or(0);
        if status == ENTERED_ROLLBACK {
            all.entered_rollback += n;
            continue;
        }
        all.completed_seconds += seconds;
        if n > 0 {
            all.workflows.insert((workflow_type, place.read("status", &status)?), n);
        }
    }
    // What was completed by hand was never counted, and is taken away all the same when it is removed.
    all.completed_seconds = all.completed_seconds.max(0.0);
    Ok(all)
}
