//! `GET workflows/{workflow_id}/events`: what happened that the steps do not show, and who did it.

use axum::Json;
use axum::extract::{RawQuery, State};
use saga::Timestamp;
use saga::store::{AuditEvent, AuditKind, TrailPart};
use serde::Serialize;

use super::cursor;
use super::parameters::Parameters;
use super::path::Path;
use super::problem::Problem;
use super::state::Api;
use super::workflows::workflow_id;

/// A page of an audit trail.
#[derive(Debug, Serialize)]
pub(super) struct EventsAnswer {
    events: Vec<EventAnswer>,
    total: u64,
    limit: u64,
    offset: u64,
    next_cursor: Option<String>,
}

/// One line of it.
#[derive(Debug, Serialize)]
struct EventAnswer {
    at: Timestamp,
    run: u32,
    kind: AuditKind,
    node: Option<String>,
    attempt: Option<u32>,
    message: String,
    actor: Option<String>,
}

/// Oldest first, over all runs.
pub(super) async fn list(
    State(api): State<Api>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<EventsAnswer>, Problem> {
    let mut p = Parameters::new(query.as_deref(), &["limit", "offset", "cursor"]);
    let (limit, offset) = (p.number("limit", 1, 200, 50), p.number("offset", 0, 1_000_000_000, 0));
    let after = p.cursor();
    p.finish()?;
    let id = workflow_id(&id)?;
    let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let part = TrailPart { after, offset: index(offset), limit: index(limit) };
    let trail = api.client.history(&api.tenant, &id, part).await?;
    let (total, next_cursor) = (trail.total, trail.next.map(|place| cursor::write(&place)));
    let events = trail.events.into_iter().map(EventAnswer::of).collect();
    Ok(Json(EventsAnswer { events, total, limit, offset, next_cursor }))
}

impl EventAnswer {
    fn of(event: AuditEvent) -> Self {
        Self {
            at: event.at,
            run: event.run,
            kind: event.kind,
            node: event.node.as_deref().map(ToOwned::to_owned),
            attempt: event.attempt,
            message: event.message,
            actor: event.actor.as_deref().map(ToOwned::to_owned),
        }
    }
}
