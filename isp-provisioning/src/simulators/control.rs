//! The door for tests: `/_sim/faults` and `/_sim/state`, beside the simulated system's own endpoints.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::faults::{Fault, Faults};

/// The control endpoints of a simulator, to be merged into its router or served on a port of their own.
///
/// `POST /_sim/faults` adds a [`Fault`], `GET` lists those that wait, `DELETE` forgets them.
/// `GET /_sim/state` answers what `state` makes of the world, with `effects` among it.
pub fn router(faults: Faults, state: impl Fn() -> Value + Send + Sync + 'static) -> Router {
    let (list, add, clear) = (faults.clone(), faults.clone(), faults);
    let state = Arc::new(state);
    Router::new()
        .route(
            "/_sim/faults",
            get(move || async move { Json(list.list()) })
                .post(move |body: Bytes| async move { added(&add, &body) })
                .delete(move || async move {
                    clear.clear();
                    StatusCode::NO_CONTENT
                }),
        )
        .route("/_sim/state", get(move || async move { Json(state()) }))
}

fn added(faults: &Faults, body: &[u8]) -> Response {
    let fault = serde_json::from_slice::<Fault>(body).map_err(|e| e.to_string());
    match fault.and_then(|fault| faults.add(fault)) {
        Ok(()) => StatusCode::CREATED.into_response(),
        Err(reason) => (StatusCode::BAD_REQUEST, Json(json!({ "error": reason }))).into_response(),
    }
}
