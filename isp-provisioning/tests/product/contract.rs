//! Sentences of the API's contract, one test each, beside those that have a file of their own.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Product, answer, john, other};

fn id(answer: &Value) -> String {
    answer["workflow_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Asks until it is so.
async fn until(product: &Product, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut answer = Value::Null;
    for _ in 0..1_000 {
        answer = product.get(path).await;
        if is_so(&answer) {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it never was so: {answer}");
}

#[tokio::test]
async fn a_caller_who_hangs_up_changes_nothing() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":500,"times":1})).await;
    let body = john().to_string();
    let head = format!(
        "POST /api/v1/orchestration/provision-subscriber HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut caller = TcpStream::connect(product.server.address).await.unwrap();
    caller.write_all(head.as_bytes()).await.unwrap();
    until(&product, "statistics", |s| s["total_workflows"] == 1).await;
    drop(caller);
    let done = until(&product, "statistics", |s| s["completed_workflows"] == 1).await;
    assert_eq!(done["total_workflows"], 1);
    assert_eq!(product.left().await.subscribers.len(), 1);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_waits_too_short_gets_the_state_so_far() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":4000,"times":1})).await;
    let sent = product.provision(&john()).query(&[("wait", "1")]).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::ACCEPTED);
    let place = sent.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = sent.json().await.unwrap();
    assert_eq!((&body["status"], &body["steps_completed"]), (&json!("running"), &json!(3)), "{body}");
    assert_eq!(
        (&body["radius_username"], &body["ipv4_address"]),
        (&json!("john.doe@example.com"), &Value::Null)
    );
    assert_eq!(place, format!("/api/v1/orchestration/workflows/{}", id(&body)));

    // What runs right now is shown, what was not reached only to those who ask.
    let path = format!("workflows/{}", id(&body));
    let shown = |workflow: &Value| {
        let steps = workflow["steps"].as_array().unwrap();
        json!(steps.iter().map(|step| step["status"].clone()).collect::<Vec<_>>())
    };
    let reached = json!(["completed", "completed", "completed", "running"]);
    assert_eq!(shown(&product.get(&path).await), reached);
    let all = json!(["completed", "completed", "completed", "running", "pending", "pending", "pending"]);
    assert_eq!(shown(&product.get(&format!("{path}?steps=all")).await), all);
    assert_eq!(product.ended(&id(&body)).await["status"], "completed");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_step_counts_its_attempts_and_a_workflow_the_retries_of_people() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"allocate","mode":"refuse","status":503,"times":2})).await;
    let (status, body) = answer(product.provision(&john())).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let workflow = product.get(&format!("workflows/{}", id(&body))).await;
    assert_eq!(workflow["steps"][3]["retry_count"], 2, "{workflow}");
    assert_eq!((&workflow["steps"][2]["retry_count"], &workflow["retry_count"]), (&json!(0), &json!(0)));
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn retries_have_an_end_unless_they_are_forced() {
    let product = Product::start().await;
    let mut hopeless = john();
    hopeless["onu_serial"] = json!("HWTC00000000");
    let (_, body) = answer(product.provision(&hopeless)).await;
    let id = id(&body);
    let retry = |query: &str| answer(product.http.post(product.url(&format!("workflows/{id}/retry{query}"))));
    for n in 1..=3 {
        let (status, body) = retry("").await;
        assert_eq!((status, &body["retry_count"]), (StatusCode::ACCEPTED, &json!(n)), "{body}");
        assert_eq!(product.ended(&id).await["status"], "rolled_back");
    }
    let (status, problem) = retry("").await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains('3'), "{problem}");
    assert_eq!(retry("?force=false").await.0, StatusCode::CONFLICT);
    assert_eq!(retry("?force=true").await.0, StatusCode::ACCEPTED);
    let ended = product.ended(&id).await;
    assert_eq!((&ended["retry_count"], &ended["run"]), (&json!(4), &json!(5)), "{ended}");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_retry_of_what_owes_something_undoes_it() {
    let product = Product::start().await;
    let before = product.left().await;
    product.fault("netbox", json!({"op":"release","mode":"refuse","status":403,"times":1})).await;
    let mut hopeless = john();
    hopeless["onu_serial"] = json!("HWTC00000000");
    let (_, body) = answer(product.provision(&hopeless)).await;
    assert_eq!(body["status"], "failed", "{body}");
    assert_ne!(product.left().await.addresses, before.addresses);
    assert_eq!(product.post(&format!("workflows/{}/retry", id(&body))).await.status(), StatusCode::ACCEPTED);
    let ended = product.ended(&id(&body)).await;
    assert_eq!((&ended["status"], &ended["run"]), (&json!("rolled_back"), &json!(1)), "{ended}");
    assert_eq!(product.left().await, before);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_cancel_while_it_is_undone_changes_nothing() {
    let product = Product::start().await;
    product.fault("netbox", json!({"op":"release","mode":"delay","ms":1000,"times":1})).await;
    let mut hopeless = john();
    hopeless["onu_serial"] = json!("HWTC00000000");
    let (_, body) = answer(product.provision(&hopeless).query(&[("wait", "0")])).await;
    let path = format!("workflows/{}", id(&body));
    let undoing = until(&product, &path, |w| w["status"] == "rolling_back").await;
    let cancelled = product.post(&format!("{path}/cancel")).await;
    assert_eq!(cancelled.status(), StatusCode::ACCEPTED);
    assert_eq!(cancelled.json::<Value>().await.unwrap()["status"], "rolling_back");
    let ended = product.ended(&id(&body)).await;
    assert_eq!(
        (&ended["status"], &ended["error_message"]),
        (&json!("rolled_back"), &undoing["error_message"])
    );
    assert_eq!(ended["error_message"], "Step 5 (activate_onu) failed: ONU serial not found");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn lists_are_searched_by_every_business_key_in_any_spelling_and_by_time() {
    let product = Product::start().await;
    let (_, first) = answer(product.provision(&other(1))).await;
    let (_, second) = answer(product.provision(&other(2))).await;
    let mut named = other(3);
    named["username"] = json!("Second.Line");
    let (status, third) = answer(product.provision(&named)).await;
    assert_eq!(status, StatusCode::CREATED, "{third}");
    let first_at = first["created_at"].as_str().unwrap();
    let third_at = third["created_at"].as_str().unwrap();
    let [a, b, c] = [&first, &second, &third].map(id);
    for (query, wanted) in [
        ("q=subscriber.1@example.com", vec![&a]),
        ("q=%20SUBSCRIBER.2@Example.COM%20", vec![&b]),
        ("q=alcl10000001", vec![&a]),
        ("q=00-11-22-33-45-02", vec![&b]),
        ("q=00:11:22:33:45:02", vec![&b]),
        ("q=second.line", vec![&c]),
        ("q=SECOND.Line", vec![&c]),
        ("q=nobody", vec![]),
        ("workflow_type=provision_subscriber&status=completed", vec![&c, &b, &a]),
        ("workflow_type=other", vec![]),
        (&format!("created_before={third_at}"), vec![&b, &a]),
        (&format!("created_after={third_at}"), vec![&c]),
        (&format!("created_after={first_at}&created_before={third_at}&limit=1"), vec![&b]),
        (&format!("created_after={first_at}&created_before={third_at}&limit=1&offset=1"), vec![&a]),
        ("limit=2&offset=1", vec![&b, &a]),
        ("offset=3", vec![]),
        ("q=alcl10000001&status=failed", vec![]),
        (
            "q=alcl10000001&status=completed&workflow_type=provision_subscriber&created_after=2020-01-01T00:00:00Z",
            vec![&a],
        ),
    ] {
        let page = product.get(&format!("workflows?{query}")).await;
        let found: Vec<_> = page["workflows"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{query}");
        assert_eq!(page["total_is_exact"], true);
    }
    // Page by page, there is each of them once.
    let (mut found, mut cursor) = (vec![], String::new());
    while let page = product.get(&format!("workflows?limit=1{cursor}")).await
        && let Some(next) = page["next_cursor"].as_str()
    {
        found.extend(page["workflows"].as_array().unwrap().iter().map(id));
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, [c, b, a]);
    let wrong = product.http.get(product.url("workflows?status=done")).send().await.unwrap();
    let problem: Value = wrong.json().await.unwrap();
    let message = problem["errors"][0]["message"].as_str().unwrap();
    assert!(["pending", "rolling_back", "failed"].iter().all(|status| message.contains(status)), "{problem}");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn what_belongs_to_another_tenant_is_not_there() {
    let product = Product::start().await;
    let (_, body) = answer(product.provision(&john()).header("Idempotency-Key", "order-42")).await;
    let (id, subscriber) = (id(&body), body["subscriber_id"].as_str().unwrap().to_owned());
    product.server.stop().await.unwrap();
    let product = Product::start_with(product.folder, |c| c.tenant = "south".to_owned()).await;
    let before = product.left().await;
    for path in [
        format!("workflows/{id}"),
        format!("workflows/{id}/events"),
        format!("subscribers/{subscriber}/credentials"),
    ] {
        let (status, problem) = answer(product.http.get(product.url(&path))).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} {problem}");
    }
    for path in [
        format!("workflows/{id}/retry"),
        format!("workflows/{id}/cancel"),
        format!("workflows/{id}/debts/allocate_ip"),
    ] {
        let sent = product.http.post(product.url(&path)).json(&json!({"action":"retry"}));
        let (status, problem) = answer(sent).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} {problem}");
    }
    for query in ["", "?q=john.doe@example.com", "?status=completed", "?created_after=2020-01-01T00:00:00Z"] {
        assert_eq!(product.get(&format!("workflows{query}")).await["total"], 0, "{query}");
    }
    assert_eq!(product.get("statistics").await["total_workflows"], 0);
    let known = json!({"customer_id": body["customer_id"], "service_plan_id": "plan_basic_100"});
    assert_eq!(answer(product.provision(&known)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(product.left().await, before);
    // Its keys are its own, too.
    let mine = other(2);
    let (status, body) = answer(product.provision(&mine).header("Idempotency-Key", "order-42")).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    product.server.stop().await.unwrap();
}
