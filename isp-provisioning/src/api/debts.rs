//! `POST workflows/{workflow_id}/debts/{step_id}`: what could not be undone, and what a person does about it.

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use saga::WorkflowId;
use saga::engine::WorkflowView;
use saga::machine::DebtAction;
use serde_json::Value;

use super::answers::WorkflowAnswer;
use super::body;
use super::fields::Fields;
use super::operate::{Accepted, operator, taken};
use super::parameters::Parameters;
use super::path::Path;
use super::problem::Problem;
use super::state::Api;
use super::workflows::workflow_id;

const ACTIONS: &str = "has to be one of retry, settle, forgive";

/// What an operator wants.
struct Wish {
    action: DebtAction,
    note: String,
}

/// Tries a compensation again, or notes that a person undid it, or that it stays.
pub(super) async fn change(
    State(api): State<Api>,
    Path((id, step)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Accepted {
    Parameters::new(query.as_deref(), &[]).finish()?;
    let (id, by) = (workflow_id(&id)?, operator(&headers)?);
    let wish = read(body::json(&headers, body, api.patience).await?)?;
    let node = node(&api.client.workflow(&api.tenant, &id).await?, &id, &step)?;
    api.client.change_debt(&api.tenant, &id, &node, wish.action, &wish.note, &by).await?;
    let view = match wish.action {
        DebtAction::Retry => taken(&api, &id).await?,
        DebtAction::Settle | DebtAction::Forgive => api.client.workflow(&api.tenant, &id).await?,
    };
    Ok((StatusCode::ACCEPTED, Json(WorkflowAnswer::of_view(&view, false))))
}

fn read(body: Value) -> Result<Wish, Problem> {
    let mut fields = Fields::new(body, &["action", "note"]);
    let action = match fields.required("action", ACTIONS).as_deref() {
        Some("retry") => Some(DebtAction::Retry),
        Some("settle") => Some(DebtAction::Settle),
        Some("forgive") => Some(DebtAction::Forgive),
        Some(_) => {
            fields.fault("action", ACTIONS);
            None
        }
        None => None,
    };
    let note = match action {
        Some(DebtAction::Settle) => fields.required("note", "is required: say how it was undone"),
        Some(DebtAction::Forgive) => fields.required("note", "is required: say why it may stay"),
        Some(DebtAction::Retry) | None => fields.text("note").or(Some(String::new())),
    };
    fields.finish(action.zip(note).map(|(action, note)| Wish { action, note }))
}

/// The plan's name of a step: given as in answers (`…_step_3`), or by its own name.
fn node(view: &WorkflowView, id: &WorkflowId, step: &str) -> Result<String, Problem> {
    let rows = view.all_steps();
    let by_id = rows.iter().find(|row| row.step_id(id) == *step);
    let by_name = || rows.iter().find(|row| *row.node == *step || *row.step_name == *step);
    let row = by_id.or_else(by_name);
    row.map(|row| row.node.to_string()).ok_or_else(|| {
        Problem::not_found(format!("workflow {id} has no step of this name in its latest run"))
    })
}
