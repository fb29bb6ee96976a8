//! What operators do: look, retry, cancel.

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Product, answer, john, other};

#[tokio::test]
async fn a_rolled_back_workflow_can_be_tried_again() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"refuse","times":1})).await;
    let (_, body) = answer(product.provision(&john())).await;
    assert_eq!(body["status"], "rolled_back", "{body}");
    let id = body["workflow_id"].as_str().unwrap();
    let retried = product.post(&format!("workflows/{id}/retry")).await;
    assert_eq!(retried.status(), StatusCode::ACCEPTED);
    let retried: serde_json::Value = retried.json().await.unwrap();
    assert_eq!(retried["retry_count"], 1);
    assert!(["running", "completed"].contains(&retried["status"].as_str().unwrap()), "{retried}");
    let workflow = product.ended(id).await;
    assert_eq!(workflow["status"], "completed", "{workflow}");
    assert_eq!(workflow["steps"][3]["step_id"], json!(format!("{id}_r2_step_3")));
    assert_eq!(product.left().await.subscribers.len(), 1);
    let again = product.post(&format!("workflows/{id}/retry")).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_workflow_is_rolled_back() {
    let product = Product::start().await;
    let before = product.left().await;
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":300})).await;
    let (_, body) = answer(product.provision(&john()).query(&[("wait", "0")])).await;
    let id = body["workflow_id"].as_str().unwrap();
    let cancel =
        product.http.post(product.url(&format!("workflows/{id}/cancel"))).header("X-Initiator", "ada");
    assert_eq!(cancel.send().await.unwrap().status(), StatusCode::ACCEPTED);
    let workflow = product.ended(id).await;
    assert_eq!(workflow["status"], "rolled_back", "{workflow}");
    assert_eq!(workflow["error_message"], "cancelled by ada");
    assert_eq!(product.left().await, before);
    assert_eq!(product.post(&format!("workflows/{id}/cancel")).await.status(), StatusCode::CONFLICT);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_settled() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"drop_answer","times":1})).await;
    let (status, body) = answer(product.provision(&john())).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let ours =
        |address: &&serde_json::Value| address.to_string().contains(body["workflow_id"].as_str().unwrap());
    assert_eq!(product.left().await.addresses.iter().filter(ours).count(), 1);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn lists_and_statistics_tell_what_happened() {
    let product = Product::start().await;
    for n in 1..=3 {
        let (status, body) = answer(product.provision(&other(n))).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }
    let mut unknown = other(4);
    unknown["onu_serial"] = json!("HWTC00000000");
    answer(product.provision(&unknown)).await;

    let page = product.get("workflows?limit=2").await;
    assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&json!(4), &json!(2), &json!(0)));
    assert_eq!(page["workflows"].as_array().unwrap().len(), 2);
    assert_eq!(page["workflows"][0]["status"], "rolled_back");
    let next =
        product.get(&format!("workflows?limit=2&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!(next["workflows"].as_array().unwrap().len(), 2);
    assert_ne!(next["workflows"][0], page["workflows"][1]);
    let failed = product.get("workflows?status=rolled_back&step=activate_onu&target_system=voltha").await;
    assert_eq!(failed["total"], 1);
    let found = product.get("workflows?q=Subscriber.2%40Example.com").await;
    assert_eq!(found["total"], 1);

    let statistics = product.get("statistics").await;
    assert_eq!(statistics["total_workflows"], 4);
    assert_eq!(statistics["completed_workflows"], 3);
    assert_eq!(statistics["rolled_back_workflows"], 1);
    assert_eq!(statistics["success_rate"], 75.0);
    assert_eq!(statistics["total_compensations"], 1);
    assert_eq!(statistics["by_status"].as_object().unwrap().len(), 7);
    assert_eq!(statistics["by_type"], json!({"provision_subscriber": 4}));
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn it_says_that_it_is_healthy() {
    let product = Product::start().await;
    for path in ["health/live", "health/ready"] {
        let url = format!("http://{}/{path}", product.server.address);
        assert_eq!(product.http.get(url).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
    product.server.stop().await.unwrap();
}
