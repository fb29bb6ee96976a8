//! Bad input gets the right status, names the field, and changes nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Product, answer, john};

#[tokio::test]
async fn all_faults_come_at_once_each_with_its_field() {
    let product = Product::start().await;
    let before = product.left().await;
    let mut request = john();
    request["email"] = json!("not an address");
    request["onu_serial"] = json!("123");
    request["cpe_mac"] = json!("00:11");
    request["connection_type"] = json!("carrier pigeon");
    request["bandwidth_mbps"] = json!(0);
    request["vlan_id"] = json!(4095);
    request["first_name"] = json!("   ");
    request["unheard_of"] = json!(1);
    let (status, problem) = answer(product.provision(&request)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    for field in [
        "email",
        "onu_serial",
        "cpe_mac",
        "connection_type",
        "bandwidth_mbps",
        "vlan_id",
        "first_name",
        "unheard_of",
    ] {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
    assert_eq!(product.left().await, before);
    assert_eq!(product.get("statistics").await["total_workflows"], 0);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn unknown_plans_and_customers_are_named() {
    let product = Product::start().await;
    let request = json!({"customer_id":"cust_nobody","service_plan_id":"plan_of_dreams"});
    let (status, problem) = answer(product.provision(&request)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_gets_its_own_status() {
    let product = Product::start().await;
    let url = product.url("provision-subscriber");
    let json = |text: String| product.http.post(&url).header("content-type", "application/json").body(text);
    let long = format!("{{\"notes\":\"{}\"}}", "x".repeat(70_000));
    let cases = [
        (json("{".into()), StatusCode::BAD_REQUEST),
        (json("[".repeat(10_000)), StatusCode::BAD_REQUEST),
        (json("\"\\ud800\"".into()), StatusCode::BAD_REQUEST),
        (json("[]".into()), StatusCode::UNPROCESSABLE_ENTITY),
        (json(long), StatusCode::PAYLOAD_TOO_LARGE),
        (product.http.post(&url).body("{}"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            product.http.post(&url).header("content-type", "text/plain").body("{}"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (product.http.get(&url), StatusCode::METHOD_NOT_ALLOWED),
        (product.http.request(Method::DELETE, product.url("statistics")), StatusCode::METHOD_NOT_ALLOWED),
        (product.http.get(product.url("nothing-here")), StatusCode::NOT_FOUND),
        (product.http.get(product.url("workflows/wf_unknown")), StatusCode::NOT_FOUND),
        (product.http.get(product.url("workflows/..%2f..%2fetc")), StatusCode::NOT_FOUND),
        (product.http.post(product.url("workflows/wf_unknown/retry")), StatusCode::NOT_FOUND),
        (product.http.post(product.url("workflows/wf_unknown/cancel")), StatusCode::NOT_FOUND),
        (product.provision(&john()).query(&[("wait", "-1")]), StatusCode::BAD_REQUEST),
        (product.provision(&john()).query(&[("wait", "301")]), StatusCode::BAD_REQUEST),
        (product.http.get(product.url("workflows?status=done")), StatusCode::BAD_REQUEST),
        (product.http.get(product.url("workflows?limit=0")), StatusCode::BAD_REQUEST),
        (product.http.get(product.url("workflows?limit=201")), StatusCode::BAD_REQUEST),
        (product.http.get(product.url("workflows?created_after=yesterday")), StatusCode::BAD_REQUEST),
        (product.http.get(product.url("workflows?cursor=xyz")), StatusCode::BAD_REQUEST),
        (product.http.get(product.url("workflows?colour=red")), StatusCode::BAD_REQUEST),
    ];
    for (request, wanted) in cases {
        let asked = format!("{request:?}");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), wanted, "{asked}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{asked}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["status"], wanted.as_u16(), "{asked}");
        assert!(problem["title"].is_string() && problem["detail"].is_string() && problem["type"].is_string());
    }
    assert_eq!(product.get("statistics").await["total_workflows"], 0);
    product.server.stop().await.unwrap();
}
