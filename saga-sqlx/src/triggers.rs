//! Triggers' rows, for every backend.

use saga::store::{PublishedEvent, StoreError, Trigger, Triggered};
use serde::Serialize;
use sqlx::FromRow;

use crate::cells::{Moment, Text};
use crate::codec::{Place, rows};

/// A row of `orchestration_triggered`.
#[derive(FromRow)]
pub(crate) struct TriggeredColumns {
    triggered_id: i64,
    trigger_name: String,
    tenant_id: String,
    name: String,
    event_key: String,
    value: Text,
    by: Option<String>,
    at: Moment,
    kept_until: Moment,
}

impl TriggeredColumns {
    pub(crate) fn read(self) -> Result<Triggered, StoreError> {
        let place = Place { table: "orchestration_triggered", row: &self.trigger_name };
        let event = PublishedEvent {
            value: place.json("value", &self.value.0)?,
            at: place.time("at", &self.at)?,
            kept_until: place.time("kept_until", &self.kept_until)?,
            place: 0,
            tenant_id: self.tenant_id,
            name: self.name,
            key: self.event_key,
            by: self.by,
        };
        Ok(Triggered { id: self.triggered_id, trigger: self.trigger_name, event })
    }
}

#[derive(Serialize)]
struct Registered<'a> {
    name: &'a str,
    event: &'a str,
}

/// The JSON text that carries triggers into a statement.
pub(crate) fn registered(triggers: &[Trigger]) -> Result<String, StoreError> {
    let triggers = triggers.iter().map(|Trigger { name, event }| Registered { name, event });
    rows(&triggers.collect::<Vec<_>>())
}
