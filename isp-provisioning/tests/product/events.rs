//! Events from outside are kept for those who will wait for them.

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Row};

use crate::harness::{Product, answer};

async fn kept(product: &Product) -> Vec<(String, String, String, Option<String>)> {
    let path = product.folder.path().join("saga.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = options.connect().await.unwrap();
    let rows = "SELECT name, event_key, value, by FROM orchestration_published_events ORDER BY event_id";
    let rows = sqlx::query(rows).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

#[tokio::test]
async fn an_event_is_kept_for_a_day() {
    let product = Product::start().await;
    let url = product.url("events/onu_online");
    let body = json!({"key":" ALCL12345678 ","value":{"port":3}});
    let (status, published) =
        answer(product.http.post(&url).header("X-Initiator", "olt-7").json(&body)).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{published}");
    assert_eq!((&published["name"], &published["key"]), (&json!("onu_online"), &json!("ALCL12345678")));
    let time = |field: &str| saga::Timestamp::parse(published[field].as_str().unwrap()).unwrap();
    assert_eq!(time("kept_until").since(time("published_at")).as_secs(), 24 * 60 * 60);
    let (status, _) = answer(product.http.post(&url).json(&json!({"key":"x"}))).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let product = product.restart().await;
    let text = |text: &str| text.to_owned();
    let first = (text("onu_online"), text("ALCL12345678"), text("{\"port\":3}"), Some(text("olt-7")));
    assert_eq!(kept(&product).await, [first, (text("onu_online"), text("x"), text("null"), None)]);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn an_event_that_cannot_be_kept_names_its_faults() {
    let product = Product::start().await;
    let deep = (0..125).fold(json!(1), |inner, _| json!([inner]));
    let cases: [(&str, Value, Value); 8] = [
        ("onu_online", json!({}), json!(["key"])),
        ("onu_online", json!({"key":" "}), json!(["key"])),
        ("onu_online", json!({"key":7,"what":1}), json!(["what", "key"])),
        ("onu_online", json!({"key":"a\nb"}), json!(["key"])),
        ("onu_online", json!({"key":"x".repeat(201)}), json!(["key"])),
        ("onu%20online", json!({"key":"x"}), json!(["name"])),
        ("onu_online", json!({"key":"x","value":"\u{0}"}), json!([])),
        ("onu_online", json!({"key":"x","value":deep}), json!([])),
    ];
    for (name, body, fields) in cases {
        let sent = product.http.post(product.url(&format!("events/{name}"))).json(&body);
        let (status, problem) = answer(sent).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body} {problem}");
        let named = problem["errors"].as_array().into_iter().flatten();
        assert_eq!(json!(named.map(|e| &e["field"]).collect::<Vec<_>>()), fields, "{body}");
    }
    assert_eq!(kept(&product).await, []);
    product.server.stop().await.unwrap();
}
