//! `GET workflows`.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::extract::{RawQuery, State};
use saga::store::{Listing, Status};
use saga::{Timestamp, WorkflowId};
use serde::Serialize;

use super::answers::WorkflowAnswer;
use super::cursor;
use super::parameters::Parameters;
use super::problem::Problem;
use super::state::Api;
use crate::domain::formats;

const KNOWN: &[&str] = &[
    "status",
    "workflow_type",
    "created_after",
    "created_before",
    "step",
    "target_system",
    "q",
    "limit",
    "offset",
    "cursor",
];
const TIME: &str = "a time as in 2025-10-15T12:00:00Z";

/// A page of workflows.
#[derive(Debug, Serialize)]
pub(super) struct ListAnswer {
    workflows: Vec<WorkflowAnswer>,
    total: u64,
    total_is_exact: bool,
    limit: u64,
    offset: u64,
    /// Where the list goes on, if it may.
    next_cursor: Option<String>,
}

/// Newest first.
pub(super) async fn list(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
) -> Result<Json<ListAnswer>, Problem> {
    let mut p = Parameters::new(query.as_deref(), KNOWN);
    let statuses = Status::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ");
    let (limit, offset) = (p.number("limit", 1, 200, 50), p.number("offset", 0, 1_000_000_000, 0));
    let listing = Listing {
        tenant: api.tenant.to_string(),
        status: p.read("status", statuses),
        workflow_type: p.text("workflow_type").map(ToOwned::to_owned),
        created_after: time(&mut p, "created_after"),
        created_before: time(&mut p, "created_before"),
        search_key: p.text("q").map(search_key),
        step: p.text("step").map(ToOwned::to_owned),
        target_system: p.text("target_system").map(ToOwned::to_owned),
        after: p.cursor::<Place>().map(|place| (place.0, place.1)),
        offset: usize::try_from(offset).unwrap_or(usize::MAX),
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
    };
    p.finish()?;
    let page = api.client.list(listing).await?;
    // A page may be short and go on all the same: where filters meet in few of many workflows.
    let next_cursor = page.next.map(|(time, id)| cursor::write(&Place(time, id)));
    let (total, total_is_exact) = (page.total, page.total_is_exact);
    let workflows = page.headers.iter().map(WorkflowAnswer::of_header).collect();
    Ok(Json(ListAnswer { workflows, total, total_is_exact, limit, offset, next_cursor }))
}

/// As business keys are kept: a MAC in its one spelling, everything in lower case.
pub(super) fn search_key(text: &str) -> String {
    let text = text.trim();
    formats::mac(text).unwrap_or_else(|| text.to_lowercase())
}

fn time(p: &mut Parameters, name: &str) -> Option<Timestamp> {
    let text = p.text(name)?.to_owned();
    let time = Timestamp::parse(&text);
    if time.is_none() {
        p.fault(name, TIME);
    }
    time
}

/// Behind which workflow a page begins.
struct Place(Timestamp, WorkflowId);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.as_micros(), self.1)
    }
}

impl FromStr for Place {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (micros, id) = text.split_once(' ').ok_or(())?;
        let micros = micros.parse().map_err(|_| ())?;
        Ok(Self(Timestamp::from_micros(micros), WorkflowId::new(id).map_err(|_| ())?))
    }
}
