//! `GET /health/live` and `/health/ready`.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::problem::Problem;
use super::state::Api;

/// The process runs.
pub(super) async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

/// It can take requests.
pub(super) async fn ready(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    match (api.ready)().await {
        Ok(()) => Ok(Json(json!({"status": "ready"}))),
        Err(why) => Err(Problem::unavailable(why)),
    }
}
