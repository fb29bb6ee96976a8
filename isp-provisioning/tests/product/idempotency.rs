//! One key, one workflow.

use reqwest::StatusCode;

use crate::harness::{Product, answer, john, other};

#[tokio::test]
async fn the_same_key_and_body_give_the_same_answer() {
    let product = Product::start().await;
    let send = || product.provision(&john()).header("Idempotency-Key", "order-42");
    let (status, first) = answer(send()).await;
    assert_eq!(status, StatusCode::CREATED);
    let again = send().send().await.unwrap();
    assert_eq!(again.status(), StatusCode::CREATED);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.json::<serde_json::Value>().await.unwrap(), first);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let product = Product::start().await;
    answer(product.provision(&john()).header("Idempotency-Key", "order-42")).await;
    let before = product.left().await;
    let (status, problem) = answer(product.provision(&other(2)).header("Idempotency-Key", "order-42")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(product.left().await, before);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn one_key_twenty_times_at_once_is_one_workflow() {
    let product = Product::start().await;
    let mut body = john();
    body["idempotency_key"] = "once".into();
    let sends = (0..20).map(|_| answer(product.provision(&body)));
    let answers = futures_util::future::join_all(sends).await;
    let ids: std::collections::BTreeSet<_> =
        answers.iter().map(|(_, body)| body["workflow_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1, "{answers:?}");
    assert_eq!(product.left().await.subscribers.len(), 1);
    product.server.stop().await.unwrap();
}
