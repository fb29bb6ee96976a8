//! Tasks: sending one, finding out what became of it, taking one back.

use std::fmt;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Genieacs;
use super::fault::Fault;
use crate::adapters::http::{Call, Effect, Reply};
use crate::ports::{ErrorClass, PortError, PortResult};

/// After this many seconds a queued read is of no use to anybody.
const READ_EXPIRY: u64 = 60;

/// A value for a parameter.
#[derive(Clone, PartialEq)]
pub(super) struct Assignment {
    pub(super) path: String,
    pub(super) value: Value,
    pub(super) kind: String,
    /// Reads back empty, and is in no message.
    pub(super) secret: bool,
}

impl Assignment {
    pub(super) fn blank(path: &str) -> Self {
        Self { path: path.to_owned(), value: json!(""), kind: "xsd:string".into(), secret: true }
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.secret { &json!("…") } else { &self.value };
        write!(f, "{} = {value}", self.path)
    }
}

/// What became of a task.
#[derive(Debug, PartialEq)]
enum Outcome {
    Done,
    Queued,
    Faulted(Fault),
}

#[derive(Deserialize)]
struct TaskId {
    #[serde(rename = "_id")]
    id: String,
}

impl Genieacs {
    /// Sets the values and reads them back. From the moment when the task may be queued, an error leaves the
    /// effect open, unless the router itself refused.
    pub(super) async fn apply(&self, key: &str, device_id: &str, wanted: &[Assignment]) -> PortResult<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let values: Vec<Value> =
            wanted.iter().map(|wanted| json!([wanted.path, wanted.value, wanted.kind])).collect();
        let task = json!({ "name": "setParameterValues", "parameterValues": values, "uniqueKey": key });
        let call = Call::new("genieacs", "set parameters", Effect::Possible);
        let reply = self.post_task(call, device_id, &task).await?;
        match self.outcome(device_id, reply).await? {
            Outcome::Done => self.read_back(device_id, wanted).await.map_err(after_the_effect),
            Outcome::Queued => Err(PortError::ambiguous(format!(
                "genieacs: the task for {device_id} is queued, the router does not answer"
            ))),
            Outcome::Faulted(fault) => Err(fault.error(device_id)),
        }
    }

    /// Makes GenieACS ask the router for these parameters.
    pub(super) async fn refresh(&self, device_id: &str, paths: &[&str]) -> PortResult<()> {
        if paths.is_empty() {
            return Ok(());
        }
        let task = json!({ "name": "getParameterValues", "parameterNames": paths, "expiry": READ_EXPIRY });
        let call = Call::new("genieacs", "read parameters", Effect::None);
        let reply = self.post_task(call, device_id, &task).await?;
        match reply.status {
            StatusCode::OK => Ok(()),
            _ => Err(PortError::transient(format!("genieacs: {device_id} does not answer"))),
        }
    }

    /// Takes back what the reference may have left queued, with its fault.
    pub(super) async fn withdraw(&self, device_id: &str, key: &str) -> PortResult<()> {
        let query = json!({ "device": device_id, "uniqueKey": key }).to_string();
        for task in self.list("tasks", "look for queued tasks", &[("query", &query)]).await? {
            let ours = task.get("uniqueKey").and_then(Value::as_str) == Some(key);
            if let Some(id) = task.get("_id").and_then(Value::as_str).filter(|_| ours) {
                self.delete_task(device_id, id).await?;
            }
        }
        Ok(())
    }

    async fn post_task(&self, call: Call, device_id: &str, task: &Value) -> PortResult<Reply> {
        let path = format!("devices/{}/tasks", encoded(device_id));
        let request = self.request(Method::POST, &path);
        let session = self.settings.session_ms.to_string();
        let query = [("connection_request", ""), ("timeout", session.as_str())];
        let reply = call.send(request.query(&query).json(task)).await?;
        match reply.status {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(reply),
            StatusCode::NOT_FOUND if reply.says("No such device") => Err(gone(device_id)),
            StatusCode::SERVICE_UNAVAILABLE if reply.says("Device is in session") => {
                Err(in_session(device_id))
            }
            _ => Err(reply.refused()),
        }
    }

    /// A 200 is done; what a 202 means is read from faults and tasks, in this order, for a faulted task stays
    /// queued. A task that is only queued is watched for a while.
    async fn outcome(&self, device_id: &str, reply: Reply) -> PortResult<Outcome> {
        if reply.status == StatusCode::OK {
            return Ok(Outcome::Done);
        }
        let task: TaskId = reply.json()?;
        if task.id.len() != 24 || !task.id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(PortError::ambiguous("genieacs: set parameters: the task has no proper id"));
        }
        let give_up = Instant::now() + self.settings.watch();
        loop {
            let outcome = self.look(device_id, &task.id).await.map_err(after_the_effect)?;
            if outcome != Outcome::Queued || Instant::now() >= give_up {
                return Ok(outcome);
            }
            sleep(self.settings.poll()).await;
        }
    }

    async fn look(&self, device_id: &str, task: &str) -> PortResult<Outcome> {
        let query = json!({ "_id": fault_id(device_id, task) }).to_string();
        if let Some(fault) = self.list("faults", "look for faults", &[("query", &query)]).await?.pop() {
            let fault: Fault = serde_json::from_value(fault).map_err(|e| {
                PortError::ambiguous(format!("genieacs: look for faults: unreadable fault: {e}"))
            })?;
            // Left alone, GenieACS would try the task again, long after we gave up.
            self.delete_task(device_id, task).await?;
            return Ok(Outcome::Faulted(fault));
        }
        let query = json!({ "_id": task }).to_string();
        let queued = self.list("tasks", "look for the task", &[("query", &query)]).await?;
        Ok(if queued.is_empty() { Outcome::Done } else { Outcome::Queued })
    }

    async fn read_back(&self, device_id: &str, wanted: &[Assignment]) -> PortResult<()> {
        let readable: Vec<_> = wanted.iter().filter(|wanted| !wanted.secret).collect();
        let paths: Vec<&str> = readable.iter().map(|wanted| wanted.path.as_str()).collect();
        self.refresh(device_id, &paths).await?;
        let known = self.known(device_id, &paths).await?;
        let is_set = |wanted: &&&Assignment| {
            known.iter().any(|known| known.path == wanted.path && plain(&known.value) == plain(&wanted.value))
        };
        let missing: Vec<&str> =
            readable.iter().filter(|wanted| !is_set(wanted)).map(|wanted| wanted.path.as_str()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(PortError::permanent(format!("genieacs: {device_id} did not take {}", missing.join(", "))))
    }

    /// Deletes a task's fault, which takes the task along, and the task, if there was no fault.
    async fn delete_task(&self, device_id: &str, task: &str) -> PortResult<()> {
        for path in
            [format!("faults/{}", encoded(&fault_id(device_id, task))), format!("tasks/{}", encoded(task))]
        {
            let call = Call::new("genieacs", "withdraw a task", Effect::Possible);
            let reply = call.send(self.request(Method::DELETE, &path)).await?;
            match reply.status {
                StatusCode::OK | StatusCode::NOT_FOUND => {}
                StatusCode::SERVICE_UNAVAILABLE if reply.says("Device is in session") => {
                    return Err(in_session(device_id));
                }
                _ => return Err(reply.refused()),
            }
        }
        Ok(())
    }
}

/// Did the call fail because GenieACS does not know the router (any more)?
pub(super) fn device_is_gone(error: &PortError) -> bool {
    error.class == ErrorClass::Permanent && error.message.starts_with("CPE not found: ")
}

fn gone(device_id: &str) -> PortError {
    PortError::permanent(format!("CPE not found: {device_id} is gone from genieacs"))
}

fn in_session(device_id: &str) -> PortError {
    PortError::transient(format!("genieacs: {device_id} is in a session"))
}

/// The values may be set, whatever went wrong since.
fn after_the_effect(error: PortError) -> PortError {
    PortError { class: ErrorClass::Ambiguous, ..error }
}

fn fault_id(device_id: &str, task: &str) -> String {
    format!("{device_id}:task_{task}")
}

/// Routers write numbers and booleans as texts, or not.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// For a path: everything but letters, digits, `-` and `_`. A device's id comes with escapes of its own,
/// whose `%` is escaped once more.
fn encoded(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.bytes()
        .map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_devices_own_escapes_are_escaped() {
        assert_eq!(encoded("001122-HG%2D8245-SN.1"), "001122-HG%252D8245-SN%2E1");
    }

    #[test]
    fn a_password_is_not_in_the_debug_text() {
        let secret = Assignment { value: json!("hunter2"), ..Assignment::blank("A.Password") };
        assert_eq!(format!("{secret:?}"), "A.Password = \"…\"");
    }
}
