//! `GET workflows/{workflow_id}`.

use axum::Json;
use axum::extract::{RawQuery, State};
use saga::WorkflowId;

use super::answers::WorkflowAnswer;
use super::parameters::Parameters;
use super::path::Path;
use super::problem::Problem;
use super::state::Api;

/// One workflow with its steps.
pub(super) async fn get(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<WorkflowAnswer>, Problem> {
    let mut parameters = Parameters::new(query.as_deref(), &["steps"]);
    let all = match parameters.text("steps") {
        None | Some("reached") => false,
        Some("all") => true,
        Some(_) => {
            parameters.fault("steps", "all, reached");
            false
        }
    };
    parameters.finish()?;
    let id = workflow_id(&id)?;
    let view = api.client.workflow(&api.tenant, &id).await?;
    Ok(Json(WorkflowAnswer::of_view(&view, all)))
}

/// What cannot be a workflow's name names none.
pub(super) fn workflow_id(text: &str) -> Result<WorkflowId, Problem> {
    WorkflowId::new(text).map_err(|_| Problem::not_found("there is no workflow of this name"))
}
