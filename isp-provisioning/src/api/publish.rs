//! `POST events/{name}`: something happened outside, for workflows that wait for it.

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use saga::Timestamp;
use saga::engine::ClientError;
use serde::Serialize;

use super::body;
use super::fields::Fields;
use super::parameters::Parameters;
use super::path::Path;
use super::problem::Problem;
use super::state::{self, Api};

/// The longest name of an event.
const LONGEST: usize = 128;

/// What was kept, and for how long.
#[derive(Debug, Serialize)]
pub(super) struct PublishedAnswer {
    name: String,
    key: String,
    published_at: Timestamp,
    kept_until: Timestamp,
}

/// Keeps the event. Sent twice it is two events.
pub(super) async fn publish(
    State(api): State<Api>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<PublishedAnswer>), Problem> {
    Parameters::new(query.as_deref(), &[]).finish()?;
    let by = state::initiator(&headers)?;
    let mut fields = Fields::new(body::json(&headers, body, api.patience).await?, &["key", "value"]);
    if !is_name(&name) {
        let words = format!("has to be 1 to {LONGEST} letters, digits, `_`, `-`, `.` or `:`");
        fields.fault("name", words);
    }
    let value = fields.value("value");
    let key = fields.required("key", "is required: say to what it happened");
    let key = fields.finish(key)?;
    let value = saga::Json::encode(&value).map_err(|e| ClientError::Unstorable(e.to_string()))?;
    let event = api.client.publish(&api.tenant, &name, &key, value, by.as_deref()).await?;
    let (published_at, kept_until) = (event.at, event.kept_until);
    Ok((StatusCode::ACCEPTED, Json(PublishedAnswer { name, key, published_at, kept_until })))
}

fn is_name(name: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    (1..=LONGEST).contains(&name.len()) && name.chars().all(safe)
}
