//! `GET /health/live` and `/health/ready`.

use axum::Json;
use axum::extract::State;
use saga::engine::Unreadable;
use serde_json::{Value, json};

use super::problem::Problem;
use super::state::Api;

/// The process runs.
pub(super) async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

/// It can take requests. Workflows that stand still because a row of them cannot be read are named; the others go on.
pub(super) async fn ready(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    match (api.ready)().await {
        Ok(()) => {
            let unreadable: Vec<_> = api.client.unreadable().into_iter().map(entry).collect();
            Ok(Json(match unreadable[..] {
                [] => json!({"status": "ready"}),
                _ => json!({"status": "ready", "unreadable_workflows": unreadable}),
            }))
        }
        Err(why) => Err(Problem::unavailable(why)),
    }
}

fn entry(unreadable: Unreadable) -> Value {
    let Unreadable { workflow_id, since, error } = unreadable;
    json!({"workflow_id": workflow_id.to_string(), "since": since.to_string(), "error": error})
}
