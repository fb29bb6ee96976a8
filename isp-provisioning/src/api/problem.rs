//! Errors as RFC 9457 problem details.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use saga::engine::{ClientError, StartError};
use serde::Serialize;

use crate::domain::FieldError;

/// An error as the caller gets it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// The workflow to ask for, where nobody knows whether it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_id: Option<String>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

impl Problem {
    /// A problem of the given status.
    pub(super) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: vec![],
            workflow_id: None,
            retry_after: None,
        }
    }
    /// Something in the request cannot be read.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad request", detail)
    }
    /// Query parameters are wrong.
    pub(super) fn parameters(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::bad_request("query parameters are wrong; see errors") }
    }
    /// Fields are wrong. Nothing was changed.
    pub(super) fn fields(errors: Vec<FieldError>) -> Self {
        let detail = "the request has faults; nothing was changed";
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid request", detail) }
    }
    /// No such workflow.
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }
    /// The present state does not allow it.
    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", detail)
    }
    /// Not now.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not available", detail);
        Self { retry_after: Some(1), ..problem }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Conflict { .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "Idempotency key was used before",
                error.to_string(),
            ),
            StartError::Excluded { key, holder } => {
                let (what, value) = key.split_once(' ').unwrap_or(("key", &key));
                Self::conflict(format!("another live workflow, {holder}, works on {what} {value}"))
            }
            StartError::Uncertain { ref workflow, .. } => Self {
                title: "Not known whether it was started",
                workflow_id: Some(workflow.to_string()),
                ..Self::unavailable(error.to_string())
            },
            StartError::Busy | StartError::Store(_) => Self::unavailable(error.to_string()),
            StartError::Input(_)
            | StartError::Misfit { .. }
            | StartError::Unstorable(_)
            | StartError::Id(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid request", error.to_string())
            }
            _ => internal(&error),
        }
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::NotFound(_) => Self::not_found(error.to_string()),
            ClientError::Refused(_) | ClientError::Changed(_) | ClientError::Excluded { .. } => {
                Self::conflict(error.to_string())
            }
            ClientError::Unstorable(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid request", error.to_string())
            }
            ClientError::Store(_) => Self::unavailable(error.to_string()),
            _ => internal(&error),
        }
    }
}

fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "a request failed in a way that nobody foresaw");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error", "the request failed; the log says why")
}
