//! `GET subscribers/{subscriber_id}/credentials`: handed out once.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use saga::WorkflowId;
use saga::engine::ClientError;
use saga::store::StepStatus;
use serde::Serialize;

use super::parameters::Parameters;
use super::path::Path;
use super::problem::Problem;
use super::router::wrong_method;
use super::state::{self, Api};
use crate::ports::{PortError, Taken};

/// The step that makes the account.
const ACCOUNT: &str = "create_radius_account";

/// With what the subscriber's router logs in.
#[derive(Serialize)]
struct CredentialsAnswer<'a> {
    subscriber_id: &'a str,
    username: &'a str,
    secret: &'a str,
}

/// Answers once and never again. A caller who does not get the answer has lost it: the account stays as it is.
pub(super) async fn take(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::new(query.as_deref(), &[]).finish()?;
    let by = state::initiator(&headers)?;
    let nobody = || Problem::not_found("there is no subscriber of this id with an account");
    let subscriber = api.credentials.find(&api.tenant, &id).await.map_err(failed)?.ok_or_else(nobody)?;
    if !has_account(&api, &subscriber.workflow_id).await? {
        return Err(nobody());
    }
    match api.credentials.take(&api.tenant, &id).await.map_err(failed)? {
        Taken::Granted(credentials) => {
            tracing::info!(subscriber_id = id, by, "Handed out the credentials of a subscriber");
            let (username, secret) = (&*credentials.username, &*credentials.secret);
            let mut answer = Json(CredentialsAnswer { subscriber_id: &id, username, secret }).into_response();
            answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            Ok(answer)
        }
        Taken::Before => {
            let detail = "these credentials were handed out before; they are handed out once";
            Err(Problem::new(StatusCode::GONE, "Gone", detail))
        }
        Taken::Nobody => Err(nobody()),
    }
}

/// Is the account there at this moment: made by the subscriber's workflow, and not undone?
async fn has_account(api: &Api, workflow: &str) -> Result<bool, Problem> {
    let Ok(workflow) = WorkflowId::new(workflow) else { return Ok(false) };
    match api.client.workflow(&api.tenant, &workflow).await {
        Ok(view) => {
            let made = view.steps.iter().find(|row| *row.step_name == *ACCOUNT);
            Ok(made.is_some_and(|row| row.status == StepStatus::Completed))
        }
        Err(ClientError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Asking for the headers alone would use the one time up.
pub(super) async fn not_head(method: Method, uri: Uri) -> Response {
    let mut response = wrong_method(method, uri).await.into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    response
}

fn failed(error: PortError) -> Problem {
    Problem::unavailable(error.message)
}
