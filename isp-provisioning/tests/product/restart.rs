//! What a stop and a start in between change: nothing.

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Product, answer, john, other};

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let product = Product::start().await;
    let (_, body) = answer(product.provision(&john()).header("Idempotency-Key", "k")).await;
    let before = product.left().await;
    let product = product.restart().await;
    assert_eq!(product.left().await, before);
    let again = product.provision(&john()).header("Idempotency-Key", "k").send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.json::<serde_json::Value>().await.unwrap(), body);
    let (status, _) = answer(product.provision(&other(5))).await;
    assert_eq!(status, StatusCode::CREATED);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_under_way_goes_on_after_a_restart() {
    let product = Product::start().await;
    product.fault("genieacs", json!({"op":"set","mode":"refuse","status":503,"times":1,"ms":3000})).await;
    let (status, body) = answer(product.provision(&john()).query(&[("wait", "1")])).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    let product = product.restart().await;
    let id = body["workflow_id"].as_str().unwrap();
    for _ in 0..1_000 {
        let workflow = product.get(&format!("workflows/{id}")).await;
        if workflow["status"] == "completed" {
            assert_eq!(product.left().await.subscribers.len(), 1);
            return product.server.stop().await.unwrap();
        }
        assert_eq!(workflow["status"], "running", "{workflow}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it did not end");
}

#[tokio::test]
async fn a_database_that_was_removed_is_told_at_once() {
    let product = Product::start().await;
    answer(product.provision(&john())).await;
    std::fs::remove_file(product.folder.path().join("saga.db")).unwrap();
    let ready = format!("http://{}/health/ready", product.server.address);
    for request in [product.http.get(ready), product.provision(&other(6))] {
        let (status, problem) = answer(request).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("removed"), "{problem}");
    }
}
