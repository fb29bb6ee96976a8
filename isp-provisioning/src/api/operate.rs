//! `POST workflows/{workflow_id}/retry` and `…/cancel`.

use std::time::Duration;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use saga::WorkflowId;
use saga::engine::WorkflowView;
use saga::store::Status;

use super::answers::WorkflowAnswer;
use super::parameters::Parameters;
use super::path::Path;
use super::problem::Problem;
use super::state::{self, Api};
use super::workflows::workflow_id;

pub(super) type Accepted = Result<(StatusCode, Json<WorkflowAnswer>), Problem>;

/// Goes on with a workflow that needs a person, or begins a rolled back one anew.
pub(super) async fn retry(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Accepted {
    let mut parameters = Parameters::new(query.as_deref(), &["force"]);
    let forced = parameters.read::<bool>("force", "true, false").unwrap_or(false);
    parameters.finish()?;
    let (id, by) = (workflow_id(&id)?, operator(&headers)?);
    api.client.retry(&api.tenant, &id, &by, forced).await?;
    let view = taken(&api, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(WorkflowAnswer::of_header(&view.header))))
}

/// Rolls a workflow back.
pub(super) async fn cancel(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Accepted {
    Parameters::new(query.as_deref(), &[]).finish()?;
    let (id, by) = (workflow_id(&id)?, operator(&headers)?);
    api.client.cancel(&api.tenant, &id, &by).await?;
    let view = api.client.workflow(&api.tenant, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(WorkflowAnswer::of_header(&view.header))))
}

/// Who does it, for the audit trail.
pub(super) fn operator(headers: &HeaderMap) -> Result<String, Problem> {
    Ok(state::initiator(headers)?.unwrap_or_else(|| "operator".to_owned()))
}

/// The workflow as it is once the worker in this process has taken it, which is a matter of milliseconds.
pub(super) async fn taken(api: &Api, id: &WorkflowId) -> Result<WorkflowView, Problem> {
    let mut view = api.client.workflow(&api.tenant, id).await?;
    for _ in 0..20 {
        if view.header.state.status != Status::Pending {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        view = api.client.workflow(&api.tenant, id).await?;
    }
    Ok(view)
}
