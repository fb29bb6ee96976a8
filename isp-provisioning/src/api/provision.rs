//! `POST provision-subscriber`.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use saga::WorkflowId;
use saga::engine::StartError;
use saga::store::Status;

use super::answers::ProvisionAnswer;
use super::body;
use super::listing::search_key;
use super::parameters::Parameters;
use super::problem::Problem;
use super::state::{self, Api};
use crate::domain::{FieldError, ValidRequest, read};
use crate::workflow::provision_subscriber;

/// How long a caller waits if he does not say, and at most, in seconds.
const WAIT: (u64, u64) = (60, 300);

/// How long a start may take to become durable.
const START: Duration = Duration::from_secs(10);
/// How long, while nothing can be written.
const UNREADY: Duration = Duration::from_secs(1);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(100);

fn not_durable(why: &str) -> Problem {
    Problem::unavailable(format!(
        "the start has not become durable{why} and may still do so; send it again with the same idempotency key"
    ))
}

/// Resolves with the reason when nothing could be written for a while.
async fn unready(api: &Api) -> String {
    let mut since = None;
    loop {
        tokio::time::sleep(LOOK).await;
        match (api.ready)().await {
            Ok(()) => since = None,
            Err(why) if since.get_or_insert_with(Instant::now).elapsed() >= UNREADY => return why,
            Err(_) => {}
        }
    }
}

/// Starts it; where that takes too long nobody knows whether it was.
async fn begin<T>(api: &Api, start: impl Future<Output = Result<T, StartError>>) -> Result<T, Problem> {
    tokio::select! {
        started = tokio::time::timeout(START, start) => Ok(started.map_err(|_| not_durable(" in time"))??),
        why = unready(api) => Err(not_durable(&format!(" ({why})"))),
    }
}

/// Starts a workflow and waits a while for its end. A caller who hangs up changes nothing.
pub(super) async fn provision(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wait = wait(query.as_deref(), &headers)?;
    let initiator = state::initiator(&headers)?;
    let header_key = state::header(&headers, "idempotency-key", 255)?;
    let mut request = read::read(body::json(&headers, body, api.patience).await?).map_err(Problem::fields)?;
    let key = header_key.or(request.idempotency_key.take());
    complete(&api, &mut request).await?;

    let mut start = api.client.start(provision_subscriber(request.clone())).tenant(&*api.tenant);
    for key in exclusions(&request) {
        start = start.exclusive(key);
    }
    for key in search_keys(&request) {
        start = start.search_key(key);
    }
    if let Some(initiator) = initiator {
        start = start.initiator(initiator);
    }
    if let Some(key) = key {
        start = start.idempotency_key(key);
    }
    // Where nothing can be made durable nobody is kept waiting for it.
    (api.ready)().await.map_err(Problem::unavailable)?;
    let started = begin(&api, start.into_future()).await?;
    let workflow = started.handle.id().clone();
    let ended = !wait.is_zero() && tokio::time::timeout(wait, api.client.ended(&workflow)).await.is_ok();
    answer(&api, &workflow, ended, started.replayed).await
}

async fn answer(api: &Api, workflow: &WorkflowId, waited: bool, replayed: bool) -> Result<Response, Problem> {
    let view = api.client.workflow(&api.tenant, workflow).await?;
    let status = match view.header.state.status {
        Status::Completed if waited => StatusCode::CREATED,
        status if status.is_ended() && waited => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    };
    let mut response = (status, axum::Json(ProvisionAnswer::of(&view))).into_response();
    let headers = response.headers_mut();
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/orchestration/workflows/{workflow}")) {
        headers.insert(header::LOCATION, place);
    }
    if replayed {
        headers.insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn wait(query: Option<&str>, headers: &HeaderMap) -> Result<Duration, Problem> {
    let mut parameters = Parameters::new(query, &["wait"]);
    let seconds = parameters.number("wait", 0, WAIT.1, WAIT.0);
    parameters.finish()?;
    let prefers_not =
        headers.get_all("prefer").iter().filter_map(|v| v.to_str().ok()).any(|preferences| {
            preferences.split(',').any(|p| p.trim().eq_ignore_ascii_case("respond-async"))
        });
    Ok(Duration::from_secs(if prefers_not { 0 } else { seconds }))
}

/// What only the configuration and the business rows can say about a request.
async fn complete(api: &Api, request: &mut ValidRequest) -> Result<(), Problem> {
    let mut faults = vec![];
    if !api.plans.contains(&request.service_plan_id) {
        let known: Vec<_> = api.plans.iter().map(String::as_str).collect();
        let words = format!("no such plan; there are {}", known.join(", "));
        faults.push(FieldError::new("service_plan_id", words));
    }
    if let Some(id) = &request.customer_id {
        match api.customers.find(&api.tenant, id).await {
            Ok(Some(customer)) => request.username = request.username.take().or(customer.email),
            Ok(None) => {
                faults.push(FieldError::new("customer_id", "no such customer; leave it out to create one"))
            }
            Err(error) => return Err(Problem::unavailable(error.to_string())),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::fields(faults)) }
}

/// No two live workflows may work on one of these.
fn exclusions(request: &ValidRequest) -> Vec<String> {
    let onu = request.onu_serial.as_ref().filter(|_| request.configure_voltha);
    let cpe = request.cpe_mac.as_ref().filter(|_| request.configure_genieacs);
    let account = request.username.as_ref().filter(|_| request.create_radius_account);
    [("ONU", onu), ("CPE", cpe), ("username", account)]
        .into_iter()
        .filter_map(|(what, value)| value.map(|value| format!("{what} {value}")))
        .collect()
}

/// By which people look for the workflow.
fn search_keys(request: &ValidRequest) -> Vec<String> {
    let keys =
        [&request.email, &request.username, &request.onu_serial, &request.cpe_mac, &request.customer_id];
    let mut keys: Vec<String> = keys.into_iter().flatten().map(|key| search_key(key)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
