//! The ten defects of the service that did this job before, each as the test that would fall if it came back.

use std::time::{Duration, Instant};

use isp_provisioning::workflow::provision_subscriber;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::failures::refuses;
use crate::harness::{Product, answer, john, other};

const NO_ROUTER: &str = "aa:bb:cc:dd:ee:ff";

/// Starts it without waiting; its id.
async fn begun(product: &Product, request: &Value) -> String {
    let (status, body) = answer(product.provision(request).query(&[("wait", "0")])).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    body["workflow_id"].as_str().unwrap().to_owned()
}
/// Returns when a simulator's fault has been met.
async fn met(product: &Product, system: &str) {
    let began = Instant::now();
    while !product.waiting_faults(system).await.is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "{system} was never asked");
        sleep(Duration::from_millis(5)).await;
    }
}
fn statuses(workflow: &Value) -> Vec<&str> {
    workflow["steps"].as_array().unwrap().iter().map(|step| step["status"].as_str().unwrap()).collect()
}
fn debts(workflow: &Value) -> Vec<&str> {
    workflow["debts"].as_array().unwrap().iter().map(|debt| debt["step_name"].as_str().unwrap()).collect()
}

/// There was no recovery: a crash left the workflow `RUNNING` for ever.
#[test]
fn defect_01_a_crash_leaves_nothing_running_for_ever() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let first = runtime();
    let (product, id) = first.block_on(async {
        let product = Product::start().await;
        product.fault("genieacs", json!({"op":"set","mode":"hold_answer"})).await;
        let id = begun(&product, &john()).await;
        met(&product, "genieacs").await;
        (product, id)
    });
    // Whatever runs is dropped where it stands, and nobody says good-bye to the store.
    first.shutdown_timeout(Duration::from_secs(5));
    runtime().block_on(async {
        let Product { server, folder, .. } = product;
        drop(server);
        let product = Product::start_in(folder).await;
        let workflow = product.ended(&id).await;
        assert_eq!(workflow["status"], "completed", "{workflow}");
        let left = product.left().await;
        assert_eq!((left.customers.len(), left.subscribers.len(), left.services.len()), (1, 1, 1));
        product.server.stop().await.unwrap();
    });
}

/// A retry started again at step 0 and made a second subscriber.
#[tokio::test]
async fn defect_02_a_retry_goes_on_from_the_failed_step_and_makes_no_second_subscriber() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"refuse","status":403})).await;
    let (_, body) = answer(product.provision(&john())).await;
    assert_eq!(body["status"], "failed", "{body}");
    let path = format!("workflows/{}", body["workflow_id"].as_str().unwrap());
    let before = product.get(&path).await["steps"].clone();
    assert_eq!(product.post(&format!("{path}/retry")).await.status(), StatusCode::ACCEPTED);
    let after = product.ended(body["workflow_id"].as_str().unwrap()).await;
    assert_eq!(after["status"], "completed", "{after}");
    for step in 0..3 {
        assert_eq!(after["steps"][step], before[step], "it was touched again");
    }
    let left = product.left().await;
    assert_eq!((left.customers.len(), left.subscribers.len()), (1, 1));
    product.server.stop().await.unwrap();
}

/// `timeout_seconds` was stored and never read.
#[tokio::test]
async fn defect_03_every_step_has_its_time_out_and_silence_is_not_waited_out() {
    let definition = provision_subscriber::definition::<isp_provisioning::server::Systems>();
    let patience: Vec<_> = definition
        .plan()
        .steps()
        .map(|(_, _, step)| (step.policy.timeout.unwrap().as_secs(), step.policy.retry.max_attempts))
        .collect();
    assert_eq!(patience, [(10, 3), (10, 3), (30, 3), (30, 3), (60, 6), (45, 3), (20, 3)]);
    let product = Product::start_with(tempfile::tempdir().unwrap(), |c| c.netbox.timeout_ms = 300).await;
    product.fault("netbox", json!({"op":"allocate","mode":"hang"})).await;
    let began = Instant::now();
    let (status, body) = answer(product.provision(&john())).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert!(began.elapsed() < Duration::from_secs(10), "the system is silent for ten minutes");
    let workflow = product.get(&format!("workflows/{}", body["workflow_id"].as_str().unwrap())).await;
    assert_eq!(workflow["steps"][3]["retry_count"], 1, "{workflow}");
    product.server.stop().await.unwrap();
}

/// `required=False` was never read: what was optional had to be done, or everything was undone.
#[tokio::test]
async fn defect_04_what_is_left_out_is_skipped_and_its_system_not_even_asked() {
    let product = Product::start().await;
    for system in ["netbox", "genieacs", "voltha-control"] {
        product.fault(system, json!({"op":"*","mode":"refuse","status":16})).await;
    }
    let mut request = john();
    for flag in ["allocate_ip_from_netbox", "configure_genieacs", "configure_voltha"] {
        request[flag] = json!(false);
    }
    let (status, body) = answer(product.provision(&request)).await;
    assert_eq!((status, &body["steps_completed"]), (StatusCode::CREATED, &json!(7)), "{body}");
    let workflow = product.get(&format!("workflows/{}", body["workflow_id"].as_str().unwrap())).await;
    let wanted = ["completed", "completed", "completed", "skipped", "skipped", "skipped", "completed"];
    assert_eq!(statuses(&workflow), wanted);
    for system in ["netbox", "genieacs", "voltha-control"] {
        assert_eq!(product.waiting_faults(system).await.len(), 1, "{system} was asked");
    }
    product.server.stop().await.unwrap();
}

/// Retries followed one another without a pause. (How pauses grow and are spread is tested with the policy.)
#[tokio::test]
async fn defect_05_between_two_attempts_there_is_the_pause_that_was_asked_for() {
    let product = Product::start().await;
    let busy = json!({"op":"allocate","mode":"refuse","status":429,"ms":1000,"times":2});
    product.fault("netbox", busy).await;
    let began = Instant::now();
    let (status, body) = answer(product.provision(&john())).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert!(began.elapsed() >= Duration::from_secs(2), "twice a second: {:?}", began.elapsed());
    product.server.stop().await.unwrap();
}

/// The rows of a failed attempt were committed.
#[tokio::test]
async fn defect_06_a_failed_attempt_leaves_no_rows() {
    let product = Product::start().await;
    // The service is in the table by the time its subscriber cannot become active.
    refuses("saga.db", "UPDATE ON subscribers").make(&product).await;
    let (_, body) = answer(product.provision(&john())).await;
    assert_eq!(body["status"], "rolled_back", "{body}");
    let workflow = product.get(&format!("workflows/{}", body["workflow_id"].as_str().unwrap())).await;
    assert_eq!(statuses(&workflow).last(), Some(&"failed"), "its undo is not what took the row out");
    assert_eq!(product.left().await.services, Vec::<String>::new());
    product.server.stop().await.unwrap();
}

/// The failing step itself was never undone: whatever its lost request had done stayed.
#[tokio::test]
async fn defect_07_the_failing_step_is_undone_when_nobody_knows_what_it_did() {
    let product = Product::start().await;
    let before = product.left().await;
    product.fault("netbox", json!({"op":"allocate","mode":"drop_answer","times":3})).await;
    let (_, body) = answer(product.provision(&john())).await;
    assert_eq!(body["status"], "rolled_back", "{body}");
    assert_eq!(product.left().await, before);
    let effects = product.world("netbox").await["effects"].clone();
    let done = |what: &str| effects.as_object().unwrap().keys().filter(|key| key.starts_with(what)).count();
    assert_eq!((done("allocate:"), done("release:")), (1, 1), "{effects}");
    product.server.stop().await.unwrap();
}

/// To undo a step that a flag had skipped was a crash.
#[tokio::test]
async fn defect_08_what_was_skipped_is_not_undone_and_stops_no_rollback() {
    let product = Product::start().await;
    let before = product.left().await;
    let mut request = john();
    for flag in ["create_radius_account", "allocate_ip_from_netbox", "configure_voltha"] {
        request[flag] = json!(false);
    }
    request["cpe_mac"] = json!(NO_ROUTER);
    let (_, body) = answer(product.provision(&request)).await;
    assert_eq!(body["status"], "rolled_back", "{body}");
    let workflow = product.get(&format!("workflows/{}", body["workflow_id"].as_str().unwrap())).await;
    let wanted = ["compensated", "compensated", "skipped", "skipped", "skipped", "failed"];
    assert_eq!((statuses(&workflow), debts(&workflow)), (wanted.to_vec(), vec![]));
    assert_eq!(product.left().await, before);
    product.server.stop().await.unwrap();
}

/// A cancel raced with what ran, and wrote `rolled_back` over an undo that had failed.
#[tokio::test]
async fn defect_09_a_cancel_waits_for_what_runs_and_hides_no_failed_undo() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":400})).await;
    product.fault("netbox", json!({"op":"release","mode":"refuse","status":400})).await;
    let id = begun(&product, &john()).await;
    while product.waiting_faults("netbox").await.len() > 1 {
        sleep(Duration::from_millis(5)).await;
    }
    let path = format!("workflows/{id}/cancel");
    let cancel = || product.post(&path);
    assert_eq!(cancel().await.status(), StatusCode::ACCEPTED);
    assert_eq!(cancel().await.status(), StatusCode::ACCEPTED, "a second one changes nothing");
    let workflow = product.ended(&id).await;
    let end = (&workflow["status"], &workflow["failure_reason"], &workflow["error_message"]);
    assert_eq!(end, (&json!("failed"), &json!("debts"), &json!("cancelled by operator")), "{workflow}");
    assert_eq!(debts(&workflow), ["allocate_ip"]);
    assert_eq!(cancel().await.status(), StatusCode::CONFLICT);
    assert_eq!(product.get(&format!("workflows/{id}")).await, workflow);
    product.server.stop().await.unwrap();
}

/// A rollback deleted records that it had only adopted.
#[tokio::test]
async fn defect_10_a_rollback_leaves_what_it_had_only_adopted() {
    let product = Product::start().await;
    let (status, first) = answer(product.provision(&other(1))).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let before = product.left().await;
    let by_id = json!({"customer_id":first["customer_id"],"username":"second","service_plan_id":"plan_basic_100",
        "cpe_mac":NO_ROUTER});
    let by_email = json!({"email":other(1)["email"],"username":"third","service_plan_id":"plan_basic_100",
        "service_address":"1 Side St","cpe_mac":NO_ROUTER});
    for request in [by_id, by_email] {
        let (_, body) = answer(product.provision(&request)).await;
        assert_eq!(body["status"], "rolled_back", "{body}");
        assert_eq!(body["customer_id"], first["customer_id"], "it was adopted");
        let workflow = product.get(&format!("workflows/{}", body["workflow_id"].as_str().unwrap())).await;
        assert_eq!(statuses(&workflow)[..2], ["completed", "compensated"], "its undo was not even called");
        assert_eq!(product.left().await, before);
    }
    product.server.stop().await.unwrap();
}
