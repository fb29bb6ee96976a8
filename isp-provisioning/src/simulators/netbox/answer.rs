//! From a request to its answer, in NetBox's order: path, credentials, method, then the operation.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Response};
use serde_json::{Value, json};

use super::super::journal::Kept;
use super::super::perform::perform;
use super::list::ListQuery;
use super::request::{Resource, address, authorize, wanted};
use super::world::{Conflict, Event, NetboxWorld, Wanted};
use super::{Shared, render};

/// Answers one request.
pub(super) async fn answer(shared: Arc<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let Some(resource) = Resource::parse(path) else { return no_such_page(&parts.method, path) };
    if let Err(reason) = authorize(&shared.config, &parts.method, &parts.headers) {
        return detail(StatusCode::FORBIDDEN, reason).into_response();
    }
    let Some(operation) = resource.operation(&parts.method) else {
        let mut refused =
            detail(StatusCode::METHOD_NOT_ALLOWED, format!("Method \"{}\" not allowed.", parts.method))
                .into_response();
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static(resource.allow()));
        return refused;
    };
    let Ok(body) = to_bytes(body, 1 << 20).await else { return StatusCode::BAD_REQUEST.into_response() };
    let call = Call {
        resource,
        method: parts.method,
        base: base(&parts.headers),
        query: ListQuery::parse(parts.uri.query()),
        body,
    };
    let (fault, tasks) = (shared.faults.take(operation), shared.tasks.clone());
    let effect = async move { shared.world(|kept| call.act(kept)).unwrap_or_else(Refusal::into_response) };
    perform(fault, &tasks, refused, effect).await
}

/// A request that may be acted upon.
struct Call {
    resource: Resource,
    method: Method,
    base: String,
    query: ListQuery,
    body: Bytes,
}

/// NetBox says no: a status and its reasons.
struct Refusal(StatusCode, Value);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

type Answer = Result<Response, Refusal>;

impl Call {
    fn act(&self, kept: &mut Kept<NetboxWorld>) -> Answer {
        match (self.resource, self.method == Method::POST) {
            (Resource::CustomFields, _) => {
                let field = render::custom_field(&self.base, kept.world().reference_field);
                let named = field.into_iter().filter(|_| self.query.allows("name", &["provisioning_ref"]));
                Ok(self.page("extras/custom-fields", named.collect()))
            }
            (Resource::Prefixes, _) => Ok(self.prefixes(kept.world())),
            (Resource::Prefix(id), _) => {
                let id = number(id)?;
                let pool = kept.world().pool(id).ok_or_else(|| unknown("Prefix"))?;
                Ok(Json(render::prefix(&self.base, id, pool)).into_response())
            }
            (Resource::AvailableIps(id), false) => self.available(kept.world(), id),
            (Resource::AvailableIps(id), true) => self.allocate(kept, id),
            (Resource::Addresses, false) => Ok(self.find(kept.world())),
            (Resource::Addresses, true) => self.create(kept),
            (Resource::Address(id), _) if self.method == Method::DELETE => self.release(kept, number(id)?),
            (Resource::Address(id), _) => {
                let known = kept.world().addresses.get(&number(id)?).ok_or_else(|| unknown("IPAddress"))?;
                let object = render::address(&self.base, known, kept.world().reference_field);
                Ok(Json(object).into_response())
            }
        }
    }

    fn prefixes(&self, world: &NetboxWorld) -> Response {
        let named = (1..).zip(&world.pools).filter(|(id, known)| {
            self.query.allows("prefix", &[&known.pool.prefix]) && self.query.allows("id", &[&id.to_string()])
        });
        self.page("ipam/prefixes", named.map(|(id, known)| render::prefix(&self.base, id, known)).collect())
    }

    fn find(&self, world: &NetboxWorld) -> Response {
        let field = world.reference_field;
        let mut found: Vec<_> =
            world.addresses.values().filter(|address| self.query.allows_address(address, field)).collect();
        found.sort_by_key(|address| address.address);
        let objects = found.into_iter().map(|address| render::address(&self.base, address, field)).collect();
        self.page("ipam/ip-addresses", objects)
    }

    fn available(&self, world: &NetboxWorld, id: u64) -> Answer {
        let pool = world.pool(id).ok_or_else(|| unknown("Prefix"))?;
        let free = world.free(pool, self.query.limit());
        let free = free.iter().map(|free| json!({ "family": 4, "address": free.to_string(), "vrf": null }));
        Ok(Json(free.collect::<Vec<_>>()).into_response())
    }

    fn allocate(&self, kept: &mut Kept<NetboxWorld>, id: u64) -> Answer {
        let world = kept.world();
        let pool = world.pool(id).ok_or_else(|| unknown("Prefix"))?;
        let body = self.json()?;
        let (bodies, many) = match body {
            Value::Array(bodies) => (bodies, true),
            Value::Object(_) => (vec![body], false),
            // The real one makes a list of what is no object before it looks at it.
            other => (vec![other], true),
        };
        if world.free(pool, bodies.len()).len() < bodies.len() {
            return Err(conflict(Conflict::Exhausted, many));
        }
        let event = world
            .allocate(pool, self.wanted(world, &bodies, many)?, jiff::Timestamp::now())
            .map_err(|reason| conflict(reason, many))?;
        let mut made = self.make(kept, event)?;
        let answer = if many { Value::Array(made) } else { made.pop().unwrap_or_default() };
        Ok((StatusCode::CREATED, Json(answer)).into_response())
    }

    fn create(&self, kept: &mut Kept<NetboxWorld>) -> Answer {
        let body = self.json()?;
        let wished = wanted(&body, kept.world().reference_field).map_err(bad)?;
        let address = address(&body).map_err(bad)?;
        let event = kept
            .world()
            .create(address, wished, jiff::Timestamp::now())
            .map_err(|reason| conflict(reason, false))?;
        let made = self.make(kept, event)?.pop().unwrap_or_default();
        Ok((StatusCode::CREATED, Json(made)).into_response())
    }

    fn release(&self, kept: &mut Kept<NetboxWorld>, id: u64) -> Answer {
        kept.world().addresses.get(&id).ok_or_else(|| unknown("IPAddress"))?;
        commit(kept, &Event::Deleted(id))?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    fn wanted(&self, world: &NetboxWorld, bodies: &[Value], many: bool) -> Result<Vec<Wanted>, Refusal> {
        let read: Vec<_> = bodies.iter().map(|body| wanted(body, world.reference_field)).collect();
        if read.iter().all(Result::is_ok) {
            return Ok(read.into_iter().flatten().collect());
        }
        let mut faults: Vec<Value> =
            read.into_iter().map(|read| read.err().unwrap_or_else(|| json!({}))).collect();
        Err(bad(if many { Value::Array(faults) } else { faults.pop().unwrap_or_default() }))
    }

    fn make(&self, kept: &mut Kept<NetboxWorld>, event: Event) -> Result<Vec<Value>, Refusal> {
        commit(kept, &event)?;
        let Event::Created(made) = event else { return Ok(Vec::new()) };
        let field = kept.world().reference_field;
        Ok(made.iter().map(|address| render::address(&self.base, address, field)).collect())
    }

    fn json(&self) -> Result<Value, Refusal> {
        // The position in the text is Python's there; ours is serde's.
        serde_json::from_slice(&self.body)
            .map_err(|e| detail(StatusCode::BAD_REQUEST, format!("JSON parse error - {e}")))
    }

    fn page(&self, path: &str, objects: Vec<Value>) -> Response {
        Json(self.query.page(&format!("{}/api/{path}/", self.base), objects)).into_response()
    }
}

fn commit(kept: &mut Kept<NetboxWorld>, event: &Event) -> Result<(), Refusal> {
    let lost = |e: std::io::Error| detail(StatusCode::INTERNAL_SERVER_ERROR, format!("journal: {e}"));
    kept.commit(event).map_err(lost)
}

fn conflict(reason: Conflict, many: bool) -> Refusal {
    let fault = match reason {
        Conflict::Exhausted => {
            let text = "Insufficient resources are available to satisfy the request";
            return detail(StatusCode::CONFLICT, text.into());
        }
        Conflict::ReferenceTaken => {
            json!({ "__all__": ["Custom field 'provisioning_ref' must have a unique value."] })
        }
        Conflict::AddressTaken(address) => {
            json!({ "address": [format!("Duplicate IP address found in global table: {address}")] })
        }
    };
    bad(if many { json!([fault]) } else { fault })
}

/// What `refuse` means here. A failing NetBox, or the proxy before it, speaks HTML.
fn refused(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    if status.is_server_error() {
        return (status, Html("<!doctype html>\n<title>Server Error</title>\n")).into_response();
    }
    detail(status, "refused by the simulator".into()).into_response()
}

fn no_such_page(method: &Method, path: &str) -> Response {
    let slashed = format!("{path}/");
    if method == Method::GET && Resource::parse(&slashed).is_some() {
        return (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, slashed)], Html("")).into_response();
    }
    (StatusCode::NOT_FOUND, Html("<!DOCTYPE html>\n<title>Page Not Found | NetBox</title>\n")).into_response()
}

fn number(id: Option<u64>) -> Result<u64, Refusal> {
    id.ok_or_else(|| detail(StatusCode::NOT_FOUND, "Not found.".into()))
}

fn unknown(model: &str) -> Refusal {
    detail(StatusCode::NOT_FOUND, format!("No {model} matches the given query."))
}

fn bad(body: Value) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, body)
}

fn detail(status: StatusCode, text: String) -> Refusal {
    Refusal(status, json!({ "detail": text }))
}

fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
