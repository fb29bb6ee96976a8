//! What went wrong in other engines where only the whole product shows that it does not here.

use std::time::Duration;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use tokio::time::sleep;

use crate::harness::{Product, answer, john};

#[tokio::test]
async fn no_transaction_is_open_while_a_system_is_asked() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":1500})).await;
    let (_, body) = answer(product.provision(&john()).query(&[("wait", "0")])).await;
    while !product.waiting_faults("netbox").await.is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    for file in ["saga.db", "radius.db"] {
        let options = SqliteConnectOptions::new().filename(product.folder.path().join(file));
        let mut writer = options.busy_timeout(Duration::from_millis(700)).connect().await.unwrap();
        writer.execute("BEGIN IMMEDIATE").await.expect(file);
        writer.execute("ROLLBACK").await.unwrap();
    }
    let id = body["workflow_id"].as_str().unwrap();
    let workflow = product.get(&format!("workflows/{id}")).await;
    assert_eq!(workflow["steps"][3]["status"], "running", "it was asked all the time: {workflow}");
    assert_eq!(product.ended(id).await["status"], "completed");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_workflow_whose_undo_gave_up_does_not_run_for_ever_and_is_not_called_rolled_back() {
    let product = Product::start().await;
    product.fault("voltha-control", json!({"op":"disable","mode":"refuse","status":3})).await;
    let mut request = john();
    request["cpe_mac"] = json!("aa:bb:cc:dd:ee:ff");
    let (_, body) = answer(product.provision(&request)).await;
    assert_eq!(body["status"], "failed", "{body}");
    let counts = product.get("statistics").await;
    assert_eq!((&counts["failed_workflows"], &counts["rolled_back_workflows"]), (&json!(1), &json!(0)));
    assert_eq!((&counts["running_workflows"], &counts["debts_open"]), (&json!(0), &json!(1)));
    let listed = product.get("workflows?status=failed").await;
    assert_eq!(listed["workflows"][0]["failure_reason"], "debts");
    assert!(listed["workflows"][0]["compensation_error"].as_str().unwrap().contains("activate_onu"));
    product.server.stop().await.unwrap();
}

/// The request is lost, repeated and answered; if the workflow ended then, its ONU could be provisioned anew before
/// the lost request lands, and would be switched off.
#[tokio::test]
async fn an_undo_that_lands_late_does_not_hit_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let product = Product::start_with(folder, |c| c.settle_after_ms = Some(2_000)).await;
    product.fault("genieacs", json!({"op":"set","mode":"refuse","status":400})).await;
    product.fault("voltha-control", json!({"op":"disable","mode":"late","ms":1200})).await;
    let began = std::time::Instant::now();
    let (_, body) = answer(product.provision(&john())).await;
    assert_eq!(body["status"], "rolled_back", "{body}");
    let id = body["workflow_id"].as_str().unwrap();
    product.post(&format!("workflows/{id}/retry")).await;
    assert_eq!(product.ended(id).await["status"], "completed");
    // Whenever it lands, it has landed by then.
    sleep(Duration::from_millis(1_500).saturating_sub(began.elapsed())).await;
    assert_eq!(product.left().await.onus_enabled.iter().filter(|onu| *onu == "ALCL12345678").count(), 1);
    product.server.stop().await.unwrap();
}
