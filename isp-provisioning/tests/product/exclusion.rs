//! No two live workflows work on one ONU, router or user name.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Product, answer, john, other};

#[tokio::test]
async fn whoever_comes_second_learns_who_holds_it() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":2000})).await;
    let (status, first) = answer(product.provision(&john()).query(&[("wait", "0")])).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let holder = first["workflow_id"].as_str().unwrap();
    let cases: [(&str, Value); 3] = [
        ("onu_serial", json!("alcl12345678")),
        ("cpe_mac", json!("00-11-22-33-44-55")),
        ("email", json!("JOHN.DOE@example.com")),
    ];
    for (field, value) in cases {
        let mut request = other(3);
        request[field] = value;
        let (status, problem) = answer(product.provision(&request)).await;
        assert_eq!(status, StatusCode::CONFLICT, "{field}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(holder), "{field}: {problem}");
    }
    product.server.stop().await.unwrap();
}
