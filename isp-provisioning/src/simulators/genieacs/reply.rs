//! GenieACS's answers: most of them are a status and a text, and the four kinds of 202 differ in nothing but
//! the reason phrase.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use hyper::ext::ReasonPhrase;
use serde_json::Value;

/// How a new task fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    Queued,
    Offline,
    NotProcessed,
    Faulted,
}

/// The answer to a new task: the task, and how it fared.
pub(super) fn task(fate: Fate, document: Value) -> Response {
    let phrase = match fate {
        Fate::Done => return Json(document).into_response(),
        Fate::Queued => "Accepted",
        Fate::Offline => "Device is offline",
        Fate::NotProcessed => "Task queued but not processed",
        Fate::Faulted => "Task faulted",
    };
    let mut response = (StatusCode::ACCEPTED, Json(document)).into_response();
    response.extensions_mut().insert(ReasonPhrase::from_static(phrase.as_bytes()));
    response
}

/// A status with a text that is also the reason phrase.
pub(super) fn says(status: StatusCode, text: &'static str) -> Response {
    let mut response = (status, text).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    response.extensions_mut().insert(ReasonPhrase::from_static(text.as_bytes()));
    response
}

/// A list: one object a line, the number of all of them in `total`.
pub(super) fn list(total: usize, objects: &[Value]) -> Response {
    let lines = objects.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
    let body = if objects.is_empty() { "[\n\n]".to_owned() } else { format!("[\n{lines}\n]") };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::HeaderName::from_static("total"), HeaderValue::from(total)),
    ];
    (headers, Body::from(body)).into_response()
}

/// A method that a place does not have.
pub(super) fn not_allowed(allow: &'static str) -> Response {
    let headers = [(header::ALLOW, HeaderValue::from_static(allow))];
    (StatusCode::METHOD_NOT_ALLOWED, headers, "405 Method Not Allowed").into_response()
}
