//! Reading a request's body, with the right answer to everything that can be wrong with it.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::problem::Problem;
use super::strict;

/// The longest body, in bytes.
const LONGEST: usize = 64 * 1024;

/// Reads a JSON body, which has to come within `patience`.
pub(super) async fn json(headers: &HeaderMap, body: Body, patience: Duration) -> Result<Value, Problem> {
    if !is_json(headers) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            "send the body as content-type: application/json",
        ));
    }
    let too_large = || {
        let detail = format!("the body may have at most {LONGEST} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Body too large", detail)
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LONGEST) {
        return Err(too_large());
    }
    let too_slow = |_| {
        let detail = format!("the body has to come within {} seconds", patience.as_secs_f64());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "Request timeout", detail)
    };
    let read = tokio::time::timeout(patience, to_bytes(body, LONGEST)).await.map_err(too_slow)?;
    let bytes = read.map_err(|_| too_large())?;
    strict::from_slice(&bytes).map_err(|e| Problem::bad_request(format!("the body is not JSON: {e}")))
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    media_type
        .and_then(|m| m.split(';').next())
        .is_some_and(|m| m.trim().eq_ignore_ascii_case("application/json"))
}
