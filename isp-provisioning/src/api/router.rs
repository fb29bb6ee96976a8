//! Every route.

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::{get, post};

use super::problem::Problem;
use super::state::Api;
use super::{
    credentials, debts, document, events, health, listing, operate, provision, publish, statistics, workflows,
};

/// The API.
pub fn router(api: Api) -> Router {
    let orchestration = Router::new()
        .route("/provision-subscriber", post(provision::provision))
        .route("/workflows", get(listing::list))
        .route("/workflows/{workflow_id}", get(workflows::get))
        .route("/workflows/{workflow_id}/retry", post(operate::retry))
        .route("/workflows/{workflow_id}/cancel", post(operate::cancel))
        .route("/workflows/{workflow_id}/debts/{step_id}", post(debts::change))
        .route("/workflows/{workflow_id}/events", get(events::list))
        // A HEAD request must not use the one time up.
        .route("/subscribers/{subscriber_id}/credentials", get(credentials::take).head(credentials::not_head))
        .route("/events/{name}", post(publish::publish))
        .route("/statistics", get(statistics::get));
    Router::new()
        .nest("/api/v1/orchestration", orchestration)
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/openapi.json", get(document::openapi))
        .route("/docs", get(document::page))
        .route("/docs/docs.js", get(document::script))
        .route("/docs/docs.css", get(document::style))
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(api)
}

async fn no_such_route(uri: Uri) -> Problem {
    Problem::not_found(format!("there is nothing at {}", uri.path()))
}

pub(super) async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} cannot be asked with {method}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", detail)
}
