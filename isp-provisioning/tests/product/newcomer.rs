//! What somebody sees who starts it for the first time.

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Product, answer, john, other};

#[tokio::test]
async fn every_thing_that_started_has_its_line() {
    let product = Product::start().await;
    let names: Vec<_> = product.server.lines.iter().filter_map(|line| line.split(' ').next()).collect();
    for name in ["api", "database", "netbox", "voltha", "genieacs", "radius"] {
        assert!(names.contains(&name), "{name}: {:?}", product.server.lines);
    }
    assert!(product.system("radius").starts_with("sqlite:"));
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_contracts_request_is_completed() {
    let product = Product::start().await;
    let (status, body) = answer(product.provision(&john())).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["status"], "completed");
    assert_eq!((&body["steps_completed"], &body["total_steps"]), (&json!(7), &json!(7)));
    assert_eq!(body["radius_username"], "john.doe@example.com");
    assert_eq!(body["vlan_id"], 100);
    assert!(body["ipv4_address"].as_str().unwrap().starts_with("10.0.1."));
    for (field, prefix) in [
        ("workflow_id", "wf_"),
        ("customer_id", "cust_"),
        ("subscriber_id", "sub_"),
        ("onu_id", "onu_"),
        ("cpe_id", "cpe_"),
        ("service_id", "svc_"),
    ] {
        let id = body[field].as_str().unwrap();
        assert!(id.starts_with(prefix) && id.len() == prefix.len() + 32, "{field}: {id}");
    }
    assert_eq!(body["error_message"], json!(null));
    assert!(body["completed_at"].as_str().unwrap().ends_with('Z'));

    let left = product.left().await;
    assert_eq!(left.subscribers, [(body["subscriber_id"].as_str().unwrap().to_owned(), "active".to_owned())]);
    assert!(left.onus_enabled.contains(&"ALCL12345678".to_owned()), "{:?}", left.onus_enabled);
    let in_reply = |value: &str| left.radius.iter().any(|(table, _, _, v)| table == "radreply" && v == value);
    assert!(in_reply(body["ipv4_address"].as_str().unwrap()) && in_reply("100"), "{:?}", left.radius);

    let workflow = product.get(&format!("workflows/{}", body["workflow_id"].as_str().unwrap())).await;
    let names: Vec<_> =
        workflow["steps"].as_array().unwrap().iter().map(|s| s["step_name"].clone()).collect();
    assert_eq!(
        names,
        [
            "create_customer",
            "create_subscriber",
            "create_radius_account",
            "allocate_ip",
            "activate_onu",
            "configure_cpe",
            "create_billing_service"
        ]
    );
    assert_eq!(
        workflow["steps"][0]["step_id"],
        json!(format!("{}_step_0", body["workflow_id"].as_str().unwrap()))
    );
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn an_unknown_onu_leaves_everything_as_it_was() {
    let product = Product::start().await;
    let (status, _) = answer(product.provision(&john())).await;
    assert_eq!(status, StatusCode::CREATED);
    let before = product.left().await;
    let mut request = other(1);
    request["onu_serial"] = json!("HWTC00000000");
    let (status, body) = answer(product.provision(&request)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["status"], "rolled_back");
    assert_eq!((&body["steps_completed"], &body["total_steps"]), (&json!(4), &json!(7)));
    assert_eq!(body["error_message"], "Step 5 (activate_onu) failed: ONU serial not found");
    assert_eq!(body["subscriber_id"], "");
    assert!(body["customer_id"].as_str().unwrap().starts_with("cust_"));
    for field in
        ["radius_username", "ipv4_address", "vlan_id", "onu_id", "cpe_id", "service_id", "completed_at"]
    {
        assert_eq!(body[field], json!(null), "{field}");
    }
    assert_eq!(product.left().await, before);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_same_subscriber_again_changes_nothing_of_the_first() {
    let product = Product::start().await;
    answer(product.provision(&john())).await;
    let before = product.left().await;
    let (status, body) = answer(product.provision(&john())).await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("rolled_back")), "{body}");
    assert_eq!(
        body["error_message"],
        "Step 3 (create_radius_account) failed: RADIUS username taken: john.doe@example.com"
    );
    assert_eq!(product.left().await, before);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn steps_without_their_input_are_skipped() {
    let product = Product::start().await;
    let request = json!({"email":"Ada@Example.com","service_address":"1 Side St","service_plan_id":"plan_basic_100",
        "allocate_ip_from_netbox":false,"auto_activate":false});
    let (status, body) = answer(product.provision(&request)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["steps_completed"], 7);
    assert_eq!(body["radius_username"], "ada@example.com");
    let workflow = product.get(&format!("workflows/{}", body["workflow_id"].as_str().unwrap())).await;
    let skipped = workflow["steps"].as_array().unwrap().iter().filter(|s| s["status"] == "skipped").count();
    assert_eq!(skipped, 3);
    assert_eq!(product.left().await.subscribers[0].1, "pending");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn an_existing_customer_gets_a_second_line() {
    let product = Product::start().await;
    let (_, first) = answer(product.provision(&john())).await;
    let request = json!({"customer_id": first["customer_id"], "service_plan_id":"plan_basic_100",
        "onu_serial":"alcl10000007","cpe_mac":"00-11-22-33-45-07","username":"second.line"});
    let (status, body) = answer(product.provision(&request)).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["customer_id"], first["customer_id"]);
    assert_eq!(product.left().await.customers.len(), 1);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_does_not_wait_gets_the_place_where_to_look() {
    let product = Product::start().await;
    let response = product.provision(&john()).header("Prefer", "respond-async").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let place = response.headers()["location"].to_str().unwrap().to_owned();
    let url = format!("http://{}{place}", product.server.address);
    for _ in 0..500 {
        let workflow: serde_json::Value = product.http.get(&url).send().await.unwrap().json().await.unwrap();
        if workflow["status"] == "completed" {
            return product.server.stop().await.unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it did not end");
}
