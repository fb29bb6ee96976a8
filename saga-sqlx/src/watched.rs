//! For how long definitions that nobody knows have been watched: read, counted on, and what is to be written of it.

use std::collections::BTreeMap;
use std::time::Duration;

use saga::Timestamp;
use saga::store::{StoreError, Stranded, watched};
use serde::Serialize;

use crate::cells::Moment;
use crate::codec::{Place, time_text};

/// A row of `orchestration_watched_definitions`.
#[derive(Serialize)]
pub(crate) struct WatchedRow {
    definition: String,
    name: String,
    version: u32,
    watched_micros: i64,
    looked_at: String,
}

/// Those that are to be written, and those that are to go.
pub(crate) type Changed = (Vec<WatchedRow>, Vec<String>);

/// Counts on for `found`, from the rows that are there (definition, how long, and when somebody looked).
pub(crate) fn count(
    found: &mut [Stranded],
    rows: Vec<(String, i64, Moment)>,
    now: Timestamp,
    gap: Duration,
) -> Result<Changed, StoreError> {
    let mut before = BTreeMap::new();
    for (definition, micros, looked) in rows {
        let place = Place { table: "orchestration_watched_definitions", row: &definition };
        let looked = place.time("looked_at", &looked)?;
        before.insert(definition, (duration(Some(micros)), looked));
    }
    let mut written = vec![];
    for one in found {
        let definition = one.definition.to_string();
        one.watched = watched(before.remove(&definition), now, gap);
        written.push(WatchedRow {
            definition,
            name: one.definition.name.to_string(),
            version: one.definition.version,
            watched_micros: i64::try_from(one.watched.as_micros()).unwrap_or(i64::MAX),
            looked_at: time_text(now),
        });
    }
    Ok((written, before.into_keys().collect()))
}

/// As it is stored.
pub(crate) fn duration(micros: Option<i64>) -> Duration {
    Duration::from_micros(micros.and_then(|micros| u64::try_from(micros).ok()).unwrap_or(0))
}
