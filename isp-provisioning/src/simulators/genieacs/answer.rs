//! From a request to its answer.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::super::perform::perform;
use super::super::server::hang_up;
use super::path::Place;
use super::projection::project;
use super::query::{Dialect, Document, Query};
use super::reply::{self, Fate, says};
use super::task::Task;
use super::world::{Change, Event};
use super::{Shared, session};

/// How long the server waits for a session to begin, unless told otherwise.
const PATIENCE: Duration = Duration::from_millis(4_000);

/// Answers one request.
pub(super) async fn answer(shared: Arc<Shared>, request: Request) -> Response {
    if is_down(&shared) {
        return hang_up();
    }
    let (parts, body) = request.into_parts();
    let Some(place) = Place::parse(parts.uri.path()) else {
        return (StatusCode::NOT_FOUND, "404 Not Found").into_response();
    };
    if !place.allows(&parts.method) {
        return reply::not_allowed(place.allow());
    }
    let Ok(body) = to_bytes(body, 1 << 20).await else { return StatusCode::BAD_REQUEST.into_response() };
    let query =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let call = Call { shared: shared.clone(), place, method: parts.method, query, body };
    let fault = shared.faults.take(call.operation());
    let refusal = |status| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        says(status, "refused by the simulator")
    };
    let effect = async move { call.act().await.unwrap_or_else(lost) };
    perform(fault, &shared.tasks, refusal, effect).await
}

/// `POST /_sim/devices/{id}`.
pub(super) async fn change(shared: Arc<Shared>, device: String, body: Bytes) -> Response {
    let change: Change = match serde_json::from_slice(&body) {
        Ok(change) => change,
        Err(e) => return (StatusCode::BAD_REQUEST, e.to_string()).into_response(),
    };
    match session::change(&shared, &device, change) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(e) => (StatusCode::NOT_FOUND, e.to_string()).into_response(),
    }
}

struct Call {
    shared: Arc<Shared>,
    place: Place,
    method: Method,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    fn operation(&self) -> &'static str {
        let task = || {
            let body = serde_json::from_slice(&self.body).ok()?;
            Task::parse(String::new(), String::new(), &body, jiff::Timestamp::UNIX_EPOCH)
        };
        match self.place {
            Place::DeviceTasks(_) => task().map_or("task", |task| task.operation()),
            _ => self.place.operation(),
        }
    }

    async fn act(&self) -> io::Result<Response> {
        match &self.place {
            Place::Devices | Place::Tasks | Place::Faults => Ok(self.list()),
            Place::DeviceTasks(device) => self.add_task(device).await,
            Place::DeviceTag(device, tag) => {
                if !self.shared.world(|kept| kept.world().devices.contains_key(device)) {
                    return Ok(says(StatusCode::NOT_FOUND, "No such device"));
                }
                let (device, tag) = (device.clone(), tag.clone());
                let tagged = self.method == Method::POST;
                self.commit(if tagged { Event::Tagged(device, tag) } else { Event::Untagged(device, tag) })
            }
            Place::Device(device) if session::busy(&self.shared, device) => Ok(in_session()),
            Place::Device(device) => self.commit(Event::DeviceDeleted(device.clone())),
            Place::Task(id) | Place::TaskRetry(id) => self.settle_task(id),
            Place::Fault(id) => self.forget_fault(id),
        }
    }

    fn list(&self) -> Response {
        let dialect = if self.place == Place::Devices { Dialect::Devices } else { Dialect::Plain };
        let query = match self.parameter("query").map(|text| Query::parse(text, dialect)).transpose() {
            Ok(query) => query,
            Err(reason) => return (StatusCode::BAD_REQUEST, reason).into_response(),
        };
        let wanted = |document: &dyn Document| query.as_ref().is_none_or(|query| query.matches(document));
        let plain = |documents: Vec<Value>| documents.into_iter().filter(|d| wanted(d)).collect::<Vec<_>>();
        let found: Vec<Value> = self.shared.world(|kept| match self.place {
            Place::Tasks => plain(kept.world().tasks.values().map(Task::document).collect()),
            Place::Faults => plain(kept.world().faults.values().cloned().collect()),
            _ => {
                let devices = kept.world().devices.values().filter(|device| wanted(*device));
                devices.map(|device| device.document()).collect()
            }
        });
        let total = found.len();
        if self.method == Method::HEAD {
            return reply::list(total, &[]);
        }
        let number = |name: &str| self.parameter(name).and_then(|text| text.parse().ok());
        let page = found.iter().skip(number("skip").unwrap_or(0)).take(number("limit").unwrap_or(usize::MAX));
        let projection = self.parameter("projection");
        reply::list(total, &page.map(|document| project(document, projection)).collect::<Vec<_>>())
    }

    async fn add_task(&self, device: &str) -> io::Result<Response> {
        let connect = self.parameter("connection_request").is_some();
        let known = self.shared.world(|kept| kept.world().devices.get(device).map(|known| known.online));
        let Some(online) = known else { return Ok(says(StatusCode::NOT_FOUND, "No such device")) };
        if self.body.is_empty() && connect {
            let answer = says(StatusCode::GATEWAY_TIMEOUT, "Device is offline");
            return Ok(if online { StatusCode::OK.into_response() } else { answer });
        }
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else {
            return Ok((StatusCode::BAD_REQUEST, "SyntaxError: Unexpected end of JSON input").into_response());
        };
        let queued = self.shared.world(|kept| {
            let id = kept.world().next_task_id();
            let task = Task::parse(id, device.to_owned(), &body, jiff::Timestamp::now());
            task.map(|task| kept.commit(&Event::Queued(task.clone())).map(|()| task)).transpose()
        })?;
        let Some(task) = queued else { return Ok(self.crash()) };
        let fate = match connect {
            false => Fate::Queued,
            true => {
                let patience = self.parameter("timeout").and_then(|ms| ms.parse().ok());
                let patience = patience.map_or(PATIENCE, Duration::from_millis);
                session::run(&self.shared, device, &task.id, patience).await?
            }
        };
        Ok(reply::task(fate, task.document()))
    }

    fn settle_task(&self, id: &str) -> io::Result<Response> {
        if id.len() != 24 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(self.crash());
        }
        let Some(task) = self.shared.world(|kept| kept.world().tasks.get(id).cloned()) else {
            return Ok(says(StatusCode::NOT_FOUND, "Task not found"));
        };
        if session::busy(&self.shared, &task.device) {
            return Ok(in_session());
        }
        self.commit(match self.place {
            Place::TaskRetry(_) => Event::FaultForgotten(task.fault_id()),
            _ => Event::Withdrawn(id.to_owned()),
        })
    }

    /// The fault of a task takes the task with it.
    fn forget_fault(&self, id: &str) -> io::Result<Response> {
        let (device, task) = id.split_once(":task_").unwrap_or((id, ""));
        if session::busy(&self.shared, device) {
            return Ok(in_session());
        }
        let known = self.shared.world(|kept| kept.world().faults.contains_key(id));
        self.commit(match known && !task.is_empty() {
            true => Event::Withdrawn(task.to_owned()),
            false => Event::FaultForgotten(id.to_owned()),
        })
    }

    /// The real server's process dies of this request, and takes a while to come back.
    fn crash(&self) -> Response {
        let until = Instant::now() + self.shared.config.crash;
        *self.shared.down_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        hang_up()
    }

    fn commit(&self, event: Event) -> io::Result<Response> {
        self.shared.world(|kept| kept.commit(&event)).map(|()| StatusCode::OK.into_response())
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn in_session() -> Response {
    says(StatusCode::SERVICE_UNAVAILABLE, "Device is in session")
}

fn is_down(shared: &Shared) -> bool {
    let until = *shared.down_until.lock().unwrap_or_else(PoisonError::into_inner);
    until.is_some_and(|until| Instant::now() < until)
}

fn lost(error: io::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("journal: {error}")).into_response()
}
