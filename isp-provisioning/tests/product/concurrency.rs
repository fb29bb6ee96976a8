//! Many at once. What the answers say is held against the systems: who was served is there, once, and nobody else.

use std::collections::BTreeSet;
use std::time::Instant;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Product, answer, john, other};

/// A name in an answer.
fn text(answer: &Value, field: &str) -> String {
    answer[field].as_str().unwrap_or_else(|| panic!("{field} in {answer}")).to_owned()
}

fn set(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().collect()
}

/// Exactly these subscribers are served, each by every system; `lines` are the ONUs that were off before.
async fn served_are(product: &Product, answers: &[Value], lines: usize) {
    let of = |field: &str| set(answers.iter().map(|answer| text(answer, field)));
    let left = product.left().await;
    assert!(left.subscribers.iter().all(|(_, status)| status == "active"), "{:?}", left.subscribers);
    assert_eq!(set(left.subscribers.into_iter().map(|(id, _)| id)), of("subscriber_id"));
    assert_eq!(set(left.customers), of("customer_id"));
    assert_eq!(set(left.services), of("service_id"));
    let ours = left.addresses.iter().filter(|address| address.to_string().contains("wf_"));
    let ours: Vec<_> =
        ours.map(|address| text(address, "address").split('/').next().unwrap().to_owned()).collect();
    assert_eq!(ours.len(), answers.len(), "an address each");
    assert_eq!(set(ours), of("ipv4_address"));
    assert_eq!(set(left.radius.into_iter().map(|row| row.1)), of("radius_username"));
    assert_eq!(left.onus_enabled.len(), lines);
}

/// The n-th who wants the line of the contract's example.
fn rival(n: u32) -> Value {
    let mut request = other(n);
    request["onu_serial"] = john()["onu_serial"].clone();
    request
}

#[tokio::test]
async fn two_hundred_subscribers_at_once_are_all_served() {
    let product = Product::start().await;
    let enabled = product.left().await.onus_enabled.len();
    let asked =
        join_all((1..=200).map(|n| answer(product.provision(&other(n)).query(&[("wait", "300")])))).await;
    for (status, body) in &asked {
        assert_eq!((*status, &body["steps_completed"]), (StatusCode::CREATED, &json!(7)), "{body}");
    }
    let answers: Vec<_> = asked.into_iter().map(|(_, body)| body).collect();
    served_are(&product, &answers, enabled + 200).await;
    let statistics = product.get("statistics").await;
    assert_eq!(
        (&statistics["completed_workflows"], &statistics["total_workflows"]),
        (&json!(200), &json!(200))
    );
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn of_twenty_who_want_one_line_at_once_one_gets_it() {
    let product = Product::start().await;
    let enabled = product.left().await.onus_enabled.len();
    // So that nobody is done before the last one has asked.
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":2000,"times":1})).await;
    let asked = join_all((1..=20).map(|n| answer(product.provision(&rival(n))))).await;
    let (got, refused): (Vec<_>, Vec<_>) =
        asked.into_iter().partition(|(status, _)| *status == StatusCode::CREATED);
    assert_eq!((got.len(), refused.len()), (1, 19));
    let holder = text(&got[0].1, "workflow_id");
    for (status, problem) in refused {
        assert_eq!(status, StatusCode::CONFLICT, "{problem}");
        assert!(text(&problem, "detail").contains(&holder), "{problem}");
    }
    served_are(&product, &[got[0].1.clone()], enabled + 1).await;
    assert_eq!(product.get("statistics").await["total_workflows"], 1);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn one_key_twenty_times_at_once_is_one_subscriber_in_every_system() {
    let product = Product::start().await;
    let enabled = product.left().await.onus_enabled.len();
    let send = || product.provision(&john()).header("Idempotency-Key", "order-42").send();
    let mut replayed = 0;
    let mut bodies = vec![];
    for sent in join_all((0..20).map(|_| send())).await {
        let sent = sent.unwrap();
        assert_eq!(sent.status(), StatusCode::CREATED);
        replayed += usize::from(sent.headers().contains_key("idempotency-replayed"));
        bodies.push(sent.json::<Value>().await.unwrap());
    }
    assert_eq!(replayed, 19);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    served_are(&product, &bodies[..1], enabled + 1).await;
    // No system was asked twice for the effect.
    let workflow = text(&bodies[0], "workflow_id");
    for (system, effects) in [("netbox", 1), ("voltha-control", 1)] {
        let counts = product.world(system).await["effects"].clone();
        let counts = counts
            .as_object()
            .unwrap()
            .iter()
            .filter(|(what, _)| system != "netbox" || what.contains(&workflow));
        let counts: Vec<_> = counts.map(|(_, n)| n.as_u64().unwrap()).collect();
        assert_eq!(counts, vec![1; effects], "{system}");
    }
    product.server.stop().await.unwrap();
}

/// Whoever is told that it was cancelled finds nothing of it; whoever is told that it is too late finds all of it.
#[tokio::test]
async fn a_cancel_against_the_end_is_one_or_the_other() {
    let product = Product::start().await;
    let enabled = product.left().await.onus_enabled.len();
    let begun = Instant::now();
    let (status, body) = answer(product.provision(&other(1))).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let usual = begun.elapsed();
    let (mut served, mut cancelled) = (vec![body], 0);
    let start = |n: u32| product.provision(&other(n)).header("Idempotency-Key", format!("order-{n}"));
    for n in 2..=31 {
        let (_, started) = answer(start(n).query(&[("wait", "0")])).await;
        let id = text(&started, "workflow_id");
        // From the first step to after the last one.
        tokio::time::sleep(usual * (n - 2) / 24).await;
        let cancel = product.post(&format!("workflows/{id}/cancel")).await.status();
        let ended = product.ended(&id).await;
        let wanted = if cancel == StatusCode::ACCEPTED { "rolled_back" } else { "completed" };
        assert_eq!(ended["status"], wanted, "{cancel} {ended}");
        assert!([StatusCode::ACCEPTED, StatusCode::CONFLICT].contains(&cancel));
        if wanted == "completed" {
            // The same key is the same workflow: its answer, now that it has ended.
            served.push(answer(start(n)).await.1);
        } else {
            cancelled += 1;
        }
    }
    // Both happened, or it was no race.
    assert!(cancelled > 0 && served.len() > 1, "{cancelled} cancelled, {} served", served.len());
    served_are(&product, &served, enabled + served.len()).await;
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn of_twenty_retries_at_once_one_begins_a_run() {
    let product = Product::start().await;
    let enabled = product.left().await.onus_enabled.len();
    product.fault("netbox", json!({"op":"allocate","mode":"refuse","times":1})).await;
    let (_, body) = answer(product.provision(&john())).await;
    assert_eq!(body["status"], "rolled_back", "{body}");
    let id = text(&body, "workflow_id");
    let retry = || answer(product.http.post(product.url(&format!("workflows/{id}/retry?force=true"))));
    let asked = join_all((0..20).map(|_| retry())).await;
    let accepted = asked.iter().filter(|(status, _)| *status == StatusCode::ACCEPTED).count();
    let refused = asked.iter().filter(|(status, _)| *status == StatusCode::CONFLICT).count();
    assert_eq!((accepted, refused), (1, 19), "{asked:?}");
    let ended = product.ended(&id).await;
    assert_eq!(
        (&ended["status"], &ended["run"], &ended["retry_count"]),
        (&json!("completed"), &json!(2), &json!(1))
    );
    let trail = product.get(&format!("workflows/{id}/events")).await;
    let retried =
        trail["events"].as_array().unwrap().iter().filter(|event| event["kind"] == "retried").count();
    assert_eq!(retried, 1, "{trail}");
    let of = |step: usize, field: &str| ended["steps"][step]["output_data"][field].clone();
    let served = json!({
        "customer_id": of(0, "customer_id"), "subscriber_id": of(1, "subscriber_id"),
        "radius_username": of(2, "username"), "ipv4_address": of(3, "ipv4_address"), "service_id": of(6, "service_id"),
    });
    served_are(&product, &[served], enabled + 1).await;
    product.server.stop().await.unwrap();
}

/// Step 5 fails and the address cannot be released.
async fn indebted(product: &Product, n: u32) -> String {
    product.fault("netbox", json!({"op":"release","mode":"refuse","status":403,"times":1})).await;
    let mut request = other(n);
    request["onu_serial"] = json!("HWTC00000000");
    let (status, body) = answer(product.provision(&request)).await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("failed")), "{body}");
    text(&body, "workflow_id")
}

/// One settles, the other lets it be undone. Either way the debt is dealt with once, and NetBox agrees with the page.
#[tokio::test]
async fn two_operators_deal_with_a_debt_once() {
    let product = Product::start().await;
    let before = product.left().await;
    let mut settled = BTreeSet::new();
    for n in 1..=10 {
        let id = indebted(&product, n).await;
        let change = |operator: &str, body: Value| {
            let url = product.url(&format!("workflows/{id}/debts/allocate_ip"));
            answer(product.http.post(url).header("X-Initiator", operator).json(&body))
        };
        let settle = change("ada", json!({"action":"settle","note":"released by hand"}));
        let retry = change("bob", json!({"action":"retry"}));
        // Whoever is first in the program is not always the first to arrive.
        let (settle, retry) = match n % 2 {
            0 => tokio::join!(settle, retry),
            _ => {
                let (retry, settle) = tokio::join!(retry, settle);
                (settle, retry)
            }
        };
        let statuses = [settle.0, retry.0];
        assert!(
            statuses.contains(&StatusCode::ACCEPTED) && statuses.contains(&StatusCode::CONFLICT),
            "{settle:?} {retry:?}"
        );
        let ended = product.ended(&id).await;
        assert_eq!(ended["status"], "rolled_back", "{ended}");
        let trail = product.get(&format!("workflows/{id}/events")).await;
        let by_people = trail["events"].as_array().unwrap().iter().filter_map(|e| e["actor"].as_str());
        let by_people: BTreeSet<_> = by_people.collect();
        let winner = if settle.0 == StatusCode::ACCEPTED { "ada" } else { "bob" };
        assert_eq!(by_people, [winner].into(), "{trail}");
        if winner == "ada" {
            settled.insert(id);
        }
    }
    // What ada settled nobody undid; what bob retried is undone.
    let left = product.left().await;
    let standing = left.addresses.iter().filter_map(|address| {
        address.to_string().split("wf_").nth(1).map(|rest| format!("wf_{}", &rest[..32]))
    });
    assert_eq!(set(standing), settled);
    assert_eq!(
        (left.subscribers, left.radius, left.onus_enabled),
        (before.subscribers, before.radius, before.onus_enabled)
    );
    assert_eq!(product.get("statistics").await["debts_open"], 0);
    product.server.stop().await.unwrap();
}
