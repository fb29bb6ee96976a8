//! `GET statistics`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{RawQuery, State};
use saga::store::{Statistics, Status};
use serde::Serialize;

use super::parameters::Parameters;
use super::problem::Problem;
use super::state::Api;

/// Counts over all workflows.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct StatisticsAnswer {
    total_workflows: u64,
    pending_workflows: u64,
    running_workflows: u64,
    completed_workflows: u64,
    failed_workflows: u64,
    rolled_back_workflows: u64,
    success_rate: f64,
    average_duration_seconds: f64,
    total_compensations: u64,
    by_type: BTreeMap<String, u64>,
    by_status: BTreeMap<&'static str, u64>,
    debts_open: u64,
    /// They wait for a process that knows their version, and there is none.
    stranded_workflows: u64,
    /// This process cannot go on with them, because a row of them cannot be read; `/health/ready` names them.
    unreadable_workflows: usize,
}

/// Reading costs the same at a thousand and at ten million workflows.
pub(super) async fn get(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
) -> Result<Json<StatisticsAnswer>, Problem> {
    Parameters::new(query.as_deref(), &[]).finish()?;
    let stranded = api.client.stranded().await?.iter().map(|stranded| stranded.workflows).sum();
    let unreadable = api.client.unreadable().len();
    Ok(Json(answer(&api.client.statistics(&api.tenant).await?, stranded, unreadable)))
}

#[allow(clippy::cast_precision_loss, reason = "rates are rounded to one decimal")]
fn answer(counts: &Statistics, stranded_workflows: u64, unreadable_workflows: usize) -> StatisticsAnswer {
    let total = counts.total();
    let completed = counts.by_status(Status::Completed);
    let rate =
        |part: f64, whole: u64| if whole == 0 { 0.0 } else { (part / whole as f64 * 10.0).round() / 10.0 };
    let mut by_type = BTreeMap::new();
    for ((workflow_type, _), n) in &counts.workflows {
        *by_type.entry(workflow_type.clone()).or_insert(0) += n;
    }
    StatisticsAnswer {
        total_workflows: total,
        pending_workflows: counts.by_status(Status::Pending),
        running_workflows: counts.by_status(Status::Running),
        completed_workflows: completed,
        failed_workflows: counts.by_status(Status::Failed),
        rolled_back_workflows: counts.by_status(Status::RolledBack),
        success_rate: rate(completed as f64 * 100.0, total),
        average_duration_seconds: rate(counts.completed_seconds, completed),
        total_compensations: counts.entered_rollback,
        by_type,
        by_status: Status::ALL.iter().map(|s| (s.as_str(), counts.by_status(*s))).collect(),
        debts_open: counts.open_debts,
        stranded_workflows,
        unreadable_workflows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_workflows_rates_are_zero() {
        let nothing = answer(&Statistics::default(), 0, 0);
        assert_eq!((nothing.success_rate, nothing.average_duration_seconds), (0.0, 0.0));
        assert_eq!(nothing.by_status.len(), 7);
    }

    #[test]
    fn the_contracts_example() {
        let count = |status, n| (("provision_subscriber".to_owned(), status), n);
        let counts = Statistics {
            workflows: [
                count(Status::Completed, 1420),
                count(Status::Failed, 45),
                count(Status::RolledBack, 41),
                count(Status::Running, 5),
                count(Status::Pending, 12),
            ]
            .into(),
            completed_seconds: 1420.0 * 42.5,
            entered_rollback: 41,
            open_debts: 0,
        };
        let answer = answer(&counts, 0, 0);
        assert_eq!(answer.total_workflows, 1523);
        assert_eq!((answer.success_rate, answer.average_duration_seconds), (93.2, 42.5));
        assert_eq!(answer.by_type, [("provision_subscriber".to_owned(), 1523)].into());
    }
}
