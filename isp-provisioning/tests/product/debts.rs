//! What could not be undone: shown, tried again, settled, forgiven, and who did it.

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Product, answer, john};

/// Step 5 fails and the address cannot be released: a debt.
async fn indebted(product: &Product) -> String {
    product.fault("netbox", json!({"op":"release","mode":"refuse","status":403,"times":1})).await;
    let mut request = john();
    request["onu_serial"] = json!("HWTC00000000");
    let (status, body) = answer(product.provision(&request)).await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &json!("failed")), "{body}");
    body["workflow_id"].as_str().unwrap().to_owned()
}

fn change(product: &Product, id: &str, step: &str, body: &Value) -> RequestBuilder {
    let url = product.url(&format!("workflows/{id}/debts/{step}"));
    product.http.post(url).header("X-Initiator", "ada").json(body)
}

async fn kinds(product: &Product, id: &str) -> Vec<(String, Option<String>)> {
    let trail = product.get(&format!("workflows/{id}/events?limit=200")).await;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let events = trail["events"].as_array().unwrap();
    assert_eq!(trail["total"], events.len());
    events.iter().map(|e| (text(&e["kind"]).unwrap(), text(&e["actor"]))).collect()
}

#[tokio::test]
async fn a_debt_is_shown_and_settled_by_a_person() {
    let product = Product::start().await;
    let id = indebted(&product).await;
    let shown = product.get(&format!("workflows/{id}")).await;
    let debt = &shown["debts"][0];
    assert_eq!(shown["debts"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(debt["step_id"], json!(format!("{id}_step_3")));
    assert_eq!((&debt["step_name"], &debt["target_system"]), (&json!("allocate_ip"), &json!("netbox")));
    assert_eq!((&debt["debt"], &debt["note"]), (&json!("open"), &Value::Null));
    assert!(debt["error_message"].is_string(), "{debt}");
    assert_eq!(product.get("statistics").await["debts_open"], 1);

    let settle = json!({"action":"settle","note":"released by hand"});
    let (status, body) = answer(change(&product, &id, &format!("{id}_step_3"), &settle)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    assert_eq!(body["status"], "rolled_back");
    assert_eq!((&body["debts"][0]["debt"], &body["debts"][0]["note"]), (&json!("settled"), &settle["note"]));
    assert_eq!(product.get("statistics").await["debts_open"], 0);
    let settled = ("debt_settled".to_owned(), Some("ada".to_owned()));
    assert!(kinds(&product, &id).await.contains(&settled));
    let (status, problem) = answer(change(&product, &id, "allocate_ip", &settle)).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_compensation_is_tried_again_and_pays() {
    let product = Product::start().await;
    let before = product.left().await;
    let id = indebted(&product).await;
    let (status, body) = answer(change(&product, &id, "allocate_ip", &json!({"action":"retry"}))).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    let workflow = product.ended(&id).await;
    assert_eq!((&workflow["status"], &workflow["debts"]), (&json!("rolled_back"), &json!([])), "{workflow}");
    assert_eq!(product.left().await, before);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn of_two_operators_one_settles() {
    let product = Product::start().await;
    let id = indebted(&product).await;
    let wishes = ["settle", "forgive"].map(|action| json!({"action":action,"note":"agreed"}));
    let both = wishes.iter().map(|wish| answer(change(&product, &id, "allocate_ip", wish)));
    let mut statuses: Vec<_> =
        futures_util::future::join_all(both).await.into_iter().map(|(s, _)| s).collect();
    statuses.sort();
    assert_eq!(statuses, [StatusCode::ACCEPTED, StatusCode::CONFLICT]);
    let done = kinds(&product, &id).await;
    assert_eq!(done.iter().filter(|(kind, _)| kind.starts_with("debt_")).count(), 1, "{done:?}");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_wish_that_cannot_be_granted_changes_nothing() {
    let product = Product::start().await;
    let id = indebted(&product).await;
    let before = (product.get(&format!("workflows/{id}")).await, kinds(&product, &id).await);
    let forgive = json!({"action":"forgive","note":"x"});
    let unprocessable = [
        (json!({"action":"settle"}), vec!["note"]),
        (json!({"action":"forgive","note":"  "}), vec!["note"]),
        (json!({"action":"forgive","note":"x".repeat(201)}), vec!["note"]),
        (json!({"action":"forgive","note":"a\u{1b}[31m"}), vec!["note"]),
        (json!({"action":"forgive","note":7}), vec!["note"]),
        (json!({"action":"pay","note":"a\nb"}), vec!["action", "note"]),
        (json!({"note":"x","who":"me"}), vec!["who", "action"]),
        (json!({"action":["retry"]}), vec!["action"]),
        (json!([]), vec!["", "action"]),
    ];
    for (body, fields) in unprocessable {
        let (status, problem) = answer(change(&product, &id, "allocate_ip", &body)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body} {problem}");
        let named: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| &e["field"]).collect();
        assert_eq!(json!(named), json!(fields), "{body}");
    }
    for (step, status) in [
        (format!("{id}_step_99"), StatusCode::NOT_FOUND),
        (format!("{id}_r2_step_3"), StatusCode::NOT_FOUND),
        ("no_such_step".to_owned(), StatusCode::NOT_FOUND),
        ("3".to_owned(), StatusCode::NOT_FOUND),
        ("%00".to_owned(), StatusCode::NOT_FOUND),
        ("create_customer".to_owned(), StatusCode::CONFLICT),
    ] {
        let (found, problem) = answer(change(&product, &id, &step, &forgive)).await;
        assert_eq!(found, status, "{step} {problem}");
    }
    let (status, _) = answer(change(&product, "wf_unknown", "allocate_ip", &forgive)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!((product.get(&format!("workflows/{id}")).await, kinds(&product, &id).await), before);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_audit_trail_is_paged_oldest_first() {
    let product = Product::start().await;
    let id = indebted(&product).await;
    let all = kinds(&product, &id).await;
    assert!(all.len() >= 3, "{all:?}");
    let page = product.get(&format!("workflows/{id}/events?limit=2&offset=1")).await;
    assert_eq!((&page["limit"], &page["offset"]), (&json!(2), &json!(1)));
    let shown = |page: &Value| {
        page["events"].as_array().unwrap().iter().map(|e| e["kind"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(json!(shown(&page)), json!([all[1].0, all[2].0]));
    // By cursor: from page to page until there is none.
    let (mut read, mut cursor) = (vec![], String::new());
    loop {
        let page = product.get(&format!("workflows/{id}/events?limit=2{cursor}")).await;
        assert_eq!(page["total"], all.len());
        read.extend(shown(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(json!(read), json!(all.iter().map(|(kind, _)| kind).collect::<Vec<_>>()));
    for query in ["limit=0", "limit=201", "offset=-1", "order=asc", "cursor=x", "cursor=", "limit=1&limit=2"]
    {
        let url = product.url(&format!("workflows/{id}/events?{query}"));
        assert_eq!(product.http.get(url).send().await.unwrap().status(), StatusCode::BAD_REQUEST, "{query}");
    }
    let unknown = product.http.get(product.url("workflows/wf_unknown/events")).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    product.server.stop().await.unwrap();
}
