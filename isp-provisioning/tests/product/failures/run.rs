//! Makes a failure, and asks the API and the systems what became of it.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::held::{Before, held};
use super::spoil::{Spoil, Until, When, fault, open};
use super::table::{Case, Cell, End, Person, Way, letter};
use crate::harness::{Product, answer, john};

/// Longer than any request needs, shorter than any that is spoilt.
pub const TIMEOUT_MS: u64 = 700;
/// How long the search for the router lasts when something is to be spoilt meanwhile.
pub const PAUSE_MS: u64 = 500;

/// Runs the case, asserts its outcome.
pub async fn run(step: &str, cell: &Cell, case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let product = Product::start_with(folder, |c| {
        c.settle_after_ms = Some(case.settle_ms);
        (c.simulators.onus, c.simulators.routers) = (0, 0);
        (c.netbox.timeout_ms, c.voltha.timeout_ms, c.genieacs.timeout_ms) =
            (TIMEOUT_MS, TIMEOUT_MS, TIMEOUT_MS);
        c.radius.patience_ms = 250;
    })
    .await;
    let before = Before::look(&product).await;
    let place = format!("{step} {:?}: {}", cell.way, cell.failure);
    let id = under_way(&product, case).await;
    if cell.way == Way::Do {
        for spoil in &case.spoils {
            landed_after_its_undo(&product, &id, step, spoil).await;
        }
    }
    let mut workflow = product.ended(&id).await;
    if case.spoils.iter().any(|spoil| matches!(spoil, Spoil::TakenBack)) {
        assert_eq!(workflow["status"], "completed", "{place}: {workflow}");
        workflow = taken_back(&product, &id, case).await;
    }
    all_have_landed(case).await;
    for spoil in &case.spoils {
        spoil.mend(&product).await;
    }
    assert_eq!(look(&product, &before, &workflow).await, case.end, "{place}: {workflow}");
    tried_as_often(step, case, &workflow, &place);
    was_spoilt(&product, &id, cell, case, &place).await;
    if let Some((person, end)) = &case.person {
        let workflow = act(&product, *person, &workflow, &case.end.debts).await;
        assert_eq!(look(&product, &before, &workflow).await, *end, "{place}, {person}: {workflow}");
    }
    let open = product.get("statistics").await["debts_open"].as_u64();
    let still = if case.person.is_some() { 0 } else { case.end.debts.len() };
    assert_eq!(open, Some(still as u64), "{place}");
    product.server.stop().await.unwrap();
}

/// Starts it, with everything spoilt in time; answers its id when all locks are gone.
async fn under_way(product: &Product, case: &Case) -> String {
    let mut request = john();
    for (field, value) in &case.request {
        request[*field] = value.clone();
    }
    let (early, late): (Vec<_>, Vec<_>) = case.spoils.iter().partition(|s| s.when() == When::Before);
    let taken_back = case.spoils.iter().any(|spoil| matches!(spoil, Spoil::TakenBack));
    let pause = late.iter().any(|s| s.when() == When::BeforeTheUndo) && !taken_back;
    if pause {
        fault("genieacs", "find", "delay").ms(PAUSE_MS).make(product).await;
    }
    let mut locks = vec![];
    for spoil in early {
        locks.extend(spoil.make(product).await.map(|lock| (lock, spoil)));
    }
    let start = async { answer(product.provision(&request).query(&[("wait", "0")])).await };
    let rest = async {
        for spoil in late.into_iter().filter(|_| !taken_back) {
            let asked = if let When::WhileAsked(system) = spoil.when() { system } else { "genieacs" };
            while spoilt(product, asked).await > 0 {
                sleep(Duration::from_millis(5)).await;
            }
            locks.extend(spoil.make(product).await.map(|lock| (lock, spoil)));
        }
        for (lock, spoil) in locks {
            release(product, spoil).await;
            drop(lock);
        }
    };
    let ((status, body), ()) = tokio::join!(start, rest);
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    body["workflow_id"].as_str().unwrap().to_owned()
}

/// Returns when the lock may go.
async fn release(product: &Product, spoil: &Spoil) {
    let Spoil::Lock { until, .. } = spoil else { return };
    let began = Instant::now();
    loop {
        let latest = &product.get("workflows?limit=1").await["workflows"][0];
        let over = match until {
            Until::Passed(ms) => began.elapsed() >= Duration::from_millis(*ms),
            Until::Ended => latest["status"] == "rolled_back",
            Until::Again(step) => match latest["workflow_id"].as_str() {
                Some(id) => tries(&product.get(&format!("workflows/{id}")).await, step) > 1,
                None => false,
            },
        };
        if over {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{latest}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// A request that is late lands when the first pass of its undo is over, and the second is still to come.
async fn landed_after_its_undo(product: &Product, id: &str, step: &str, spoil: &Spoil) {
    let Spoil::Fault { system, op, mode: "late", .. } = spoil else { return };
    until(product, id, |workflow| status(workflow, step) == "compensating").await;
    assert_eq!(effects(product, system, op).await, 0, "it has landed too early to prove anything");
    while effects(product, system, op).await == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let workflow = product.get(&format!("workflows/{id}")).await;
    assert_eq!(workflow["status"], "rolling_back", "it ended before the last request could land: {workflow}");
}

/// What is still under way when the workflow has ended lands without being seen, so it is waited for.
async fn all_have_landed(case: &Case) {
    for spoil in &case.spoils {
        if let Spoil::Fault { mode: "delay" | "late", ms, .. } = spoil {
            sleep(Duration::from_millis(*ms)).await;
        }
    }
}

/// Stops a completed workflow by hand and cancels it: the one way to undo its last step.
async fn taken_back(product: &Product, id: &str, case: &Case) -> Value {
    let mut locks = vec![];
    for spoil in case.spoils.iter().filter(|spoil| spoil.when() == When::BeforeTheUndo) {
        if !matches!(spoil, Spoil::Lock { .. }) {
            spoil.make(product).await;
        }
    }
    let text = "UPDATE orchestration_workflows SET status = 'failed', failed_at = datetime('now') WHERE workflow_id = ?";
    let mut database = open(product, "saga.db").await;
    sqlx::query(text).bind(id).execute(&mut database).await.unwrap();
    for spoil in case.spoils.iter().filter(|spoil| spoil.when() == When::BeforeTheUndo) {
        locks.extend(spoil.make_lock(product).await.map(|lock| (lock, spoil)));
    }
    let path = format!("workflows/{id}/cancel");
    let rest = async {
        for (lock, spoil) in locks {
            release(product, spoil).await;
            drop(lock);
        }
    };
    let (answer, ()) = tokio::join!(product.post(&path), rest);
    assert_eq!(answer.status(), StatusCode::ACCEPTED, "{}", answer.text().await.unwrap());
    product.ended(id).await
}

async fn look(product: &Product, before: &Before, workflow: &Value) -> End {
    let status = match (workflow["status"].as_str().unwrap(), workflow["failure_reason"].as_str()) {
        (status, None) => status.to_owned(),
        (status, Some(reason)) => format!("{status} ({reason})"),
    };
    let all =
        product.get(&format!("workflows/{}?steps=all", workflow["workflow_id"].as_str().unwrap())).await;
    let steps = all["steps"].as_array().unwrap();
    let open = workflow["debts"].as_array().unwrap().iter().filter(|debt| debt["debt"] == "open");
    End {
        status,
        steps: steps.iter().map(|step| letter(step["status"].as_str().unwrap())).collect(),
        held: held(product, before).await,
        debts: open.map(|debt| debt["step_name"].as_str().unwrap().to_owned()).collect(),
    }
}

fn tried_as_often(step: &str, case: &Case, workflow: &Value, place: &str) {
    let tried = tries(workflow, step);
    match case.attempts {
        0 => assert!(tried > 1, "{place}: {workflow}"),
        attempts => assert_eq!(tried, u64::from(attempts), "{place}: {workflow}"),
    }
}

/// A cell whose failure never came would prove nothing.
async fn was_spoilt(product: &Product, id: &str, cell: &Cell, case: &Case, place: &str) {
    for system in ["netbox", "voltha-control", "genieacs"] {
        assert_eq!(spoilt(product, system).await, 0, "{place}: a fault of {system} was never met");
    }
    let spoilt = case.spoils.iter().any(|spoil| match spoil {
        Spoil::Fault { ms, .. } => *ms > 0,
        Spoil::Lock { file, .. } => *file == "radius.db",
        Spoil::Sql { .. } => true,
        Spoil::TakenBack => false,
    });
    if cell.way == Way::Undo && spoilt {
        let trail = product.get(&format!("workflows/{id}/events?limit=200")).await.to_string();
        assert!(trail.contains("compensation_attempt_failed"), "{place}: {trail}");
    }
}

async fn act(product: &Product, person: Person, workflow: &Value, debts: &[String]) -> Value {
    let id = workflow["workflow_id"].as_str().unwrap();
    if person == Person::Retries {
        let answer = product.post(&format!("workflows/{id}/retry")).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        return product.ended(id).await;
    }
    let wish = match person {
        Person::SettlesDebts => json!({"action":"settle","note":"undone by hand"}),
        Person::ForgivesDebts => json!({"action":"forgive","note":"it may stay"}),
        Person::Retries | Person::RetriesDebts => json!({"action":"retry"}),
    };
    // The last step first, as in a rollback: what it made stands in the way of the others.
    for step in debts.iter().rev() {
        let url = product.url(&format!("workflows/{id}/debts/{step}"));
        let (status, body) = answer(product.http.post(url).json(&wish)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
        product.ended(id).await;
    }
    product.ended(id).await
}

async fn until(product: &Product, id: &str, holds: impl Fn(&Value) -> bool) {
    let began = Instant::now();
    loop {
        let workflow = product.get(&format!("workflows/{id}")).await;
        if holds(&workflow) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{workflow}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn spoilt(product: &Product, system: &str) -> usize {
    product.waiting_faults(system).await.len()
}

/// How often a simulator did what the step, not its undo, asked for.
async fn effects(product: &Product, system: &str, op: &str) -> u64 {
    let effects = product.world(door(system)).await["effects"].clone();
    let ours = effects
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.starts_with(&format!("{op}:")) && !name.contains("undo"));
    ours.filter_map(|(_, times)| times.as_u64()).sum()
}

fn row<'a>(workflow: &'a Value, step: &str) -> &'a Value {
    let mut steps = workflow["steps"].as_array().unwrap().iter();
    steps.find(|row| row["step_name"] == step).unwrap_or(&Value::Null)
}
fn status<'a>(workflow: &'a Value, step: &str) -> &'a str {
    row(workflow, step)["status"].as_str().unwrap_or_default()
}
fn tries(workflow: &Value, step: &str) -> u64 {
    row(workflow, step)["retry_count"].as_u64().map_or(0, |n| n + 1)
}
/// Where a simulator is controlled.
pub fn door(system: &str) -> &str {
    if system == "voltha" { "voltha-control" } else { system }
}
