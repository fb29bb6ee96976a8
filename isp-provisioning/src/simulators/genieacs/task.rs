//! A task for a router. The real server does not check tasks: one that it cannot digest kills the process
//! that took it. Ours finds out first, and plays dead.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A queued task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) device: String,
    pub(super) unique_key: Option<String>,
    pub(super) work: Work,
    queued: Timestamp,
    expires: Option<Timestamp>,
}

/// What a task does in a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Work {
    Set(Vec<(String, Value, Option<String>)>),
    Get(Vec<String>),
    Refresh(String),
    /// Accepted, and without an effect here: `reboot`, `factoryReset`.
    Nothing(String),
}

impl Task {
    /// Reads a task; `None` is one that kills the real server.
    pub(super) fn parse(id: String, device: String, body: &Value, now: Timestamp) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let work = match text("name")? {
            "setParameterValues" => {
                let values = body.get("parameterValues")?.as_array()?;
                Work::Set(values.iter().map(triple).collect::<Option<_>>()?)
            }
            "getParameterValues" => {
                let names = body.get("parameterNames")?.as_array()?;
                Work::Get(names.iter().map(|name| Some(name.as_str()?.to_owned())).collect::<Option<_>>()?)
            }
            "refreshObject" => Work::Refresh(text("objectName")?.to_owned()),
            other @ ("reboot" | "factoryReset") => Work::Nothing(other.to_owned()),
            _ => return None,
        };
        let expires = match body.get("expiry") {
            None => None,
            Some(Value::Number(seconds)) => Some(later(now, seconds.as_i64()?)?),
            Some(date) => Some(date.as_str()?.parse().ok()?),
        };
        Some(Self {
            id,
            device,
            unique_key: text("uniqueKey").map(str::to_owned),
            work,
            queued: now,
            expires,
        })
    }

    /// The operation that it counts as, for faults.
    pub(super) fn operation(&self) -> &'static str {
        match self.work {
            Work::Set(_) => "set",
            Work::Get(_) | Work::Refresh(_) => "read",
            Work::Nothing(_) => "task",
        }
    }
    /// The key of the fault that it may cause.
    pub(super) fn fault_id(&self) -> String {
        format!("{}:task_{}", self.device, self.id)
    }
    pub(super) fn expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
    /// As `/tasks` shows it.
    pub(super) fn document(&self) -> Value {
        let mut document = Map::new();
        document.insert("_id".into(), json!(self.id));
        document.insert("device".into(), json!(self.device));
        document.insert("timestamp".into(), json!(self.queued));
        let (name, arguments) = match &self.work {
            Work::Set(values) => ("setParameterValues", Some(("parameterValues", json!(values)))),
            Work::Get(names) => ("getParameterValues", Some(("parameterNames", json!(names)))),
            Work::Refresh(object) => ("refreshObject", Some(("objectName", json!(object)))),
            Work::Nothing(name) => (name.as_str(), None),
        };
        document.insert("name".into(), json!(name));
        document.extend(arguments.map(|(name, value)| (name.to_owned(), value)));
        document.extend(self.unique_key.as_ref().map(|key| ("uniqueKey".to_owned(), json!(key))));
        document.extend(self.expires.map(|at| ("expiry".to_owned(), json!(at))));
        Value::Object(document)
    }
}

fn triple(value: &Value) -> Option<(String, Value, Option<String>)> {
    let (path, value, kind) = match value.as_array()?.as_slice() {
        [path, value] => (path, value, None),
        [path, value, kind] => (path, value, Some(kind.as_str()?.to_owned())),
        _ => return None,
    };
    let scalar = value.is_string() || value.is_number() || value.is_boolean();
    scalar.then_some((path.as_str()?.to_owned(), value.clone(), kind))
}

fn later(now: Timestamp, seconds: i64) -> Option<Timestamp> {
    now.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
}
