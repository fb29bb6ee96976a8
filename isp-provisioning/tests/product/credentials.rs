//! A subscriber's credentials are handed out once.

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Product, answer, john};

async fn provisioned(product: &Product, request: &serde_json::Value) -> String {
    let (status, body) = answer(product.provision(request)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    body["subscriber_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn they_are_those_of_the_account_and_come_once() {
    let product = Product::start().await;
    let id = provisioned(&product, &john()).await;
    let url = product.url(&format!("subscribers/{id}/credentials"));
    let head = product.http.head(&url).send().await.unwrap();
    assert_eq!(
        (head.status(), &head.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"GET".parse().unwrap())
    );
    let first = product.http.get(&url).send().await.unwrap();
    assert_eq!(
        (first.status(), &first.headers()["cache-control"]),
        (StatusCode::OK, &"no-store".parse().unwrap())
    );
    let first: serde_json::Value = first.json().await.unwrap();
    assert_eq!((&first["subscriber_id"], &first["username"]), (&json!(id), &json!("john.doe@example.com")));
    let secret = first["secret"].as_str().unwrap();
    let left = product.left().await;
    assert!(left.radius.iter().any(|row| row.3 == secret), "{:?}", left.radius);

    let (status, problem) = answer(product.http.get(&url)).await;
    assert_eq!(status, StatusCode::GONE, "{problem}");
    let product = product.restart().await;
    let url = product.url(&format!("subscribers/{id}/credentials"));
    assert_eq!(answer(product.http.get(&url)).await.0, StatusCode::GONE);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn of_twenty_who_ask_at_once_one_gets_them() {
    let product = Product::start().await;
    let id = provisioned(&product, &john()).await;
    let url = product.url(&format!("subscribers/{id}/credentials"));
    let asked = futures_util::future::join_all((0..20).map(|_| answer(product.http.get(&url)))).await;
    let granted = asked.iter().filter(|(status, _)| *status == StatusCode::OK).count();
    let gone = asked.iter().filter(|(status, _)| *status == StatusCode::GONE).count();
    assert_eq!((granted, gone), (1, 19));
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn without_an_account_there_are_none() {
    let product = Product::start().await;
    let mut request = john();
    request["create_radius_account"] = json!(false);
    let id = provisioned(&product, &request).await;
    for id in [&*id, "sub_unknown", "..%2f", "%27%20OR%201=1", "%00", "%ff"] {
        let (status, problem) =
            answer(product.http.get(product.url(&format!("subscribers/{id}/credentials")))).await;
        let wanted = if id == "%ff" { StatusCode::BAD_REQUEST } else { StatusCode::NOT_FOUND };
        assert_eq!(status, wanted, "{id} {problem}");
    }
    let url = product.url(&format!("subscribers/{id}/credentials?again=true"));
    assert_eq!(answer(product.http.get(url)).await.0, StatusCode::BAD_REQUEST);
    product.server.stop().await.unwrap();
}
