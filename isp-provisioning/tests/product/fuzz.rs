//! The document as a source of mistakes: its example requests, each spoilt in a few places. Whatever is sent, the
//! answer is a documented one and the server's own fault it never is.

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde_json::{Map, Value, json};

use crate::dice::{Dice, run_of};
use crate::document::Document;
use crate::harness::Product;

const SEED: u64 = 2025;
const REQUESTS: u32 = 1_500;

#[tokio::test]
async fn no_request_is_answered_with_a_fault_of_the_server() {
    let product = Product::start().await;
    let document = Document::load();
    let (seed, requests) = run_of(SEED, REQUESTS);
    let mut dice = Dice::new(seed);
    let mut counts = std::collections::BTreeMap::<u16, u32>::new();
    for n in 0..requests {
        // What a workflow is called is known only when there are some.
        let known = if n < 50 { json!({"workflows": []}) } else { product.get("workflows?limit=20").await };
        let request = spoilt(&document, &product, &known, &mut dice);
        let Some(request) = request else { continue };
        let answer = document.ask(&product.http, request).await;
        assert!(answer.status < StatusCode::INTERNAL_SERVER_ERROR, "seed {seed}, request {n}");
        *counts.entry(answer.status.as_u16()).or_default() += 1;
    }
    // It was not all refused at the door.
    for status in [200, 202, 400, 404, 422] {
        assert!(counts.get(&status).is_some_and(|n| *n >= 10), "{counts:?}");
    }
    let ready = format!("http://{}/health/ready", product.server.address);
    assert_eq!(product.http.get(ready).send().await.unwrap().status(), StatusCode::OK);
    let owing = product.get("workflows?status=failed").await;
    assert_eq!(owing["total"], 0, "{owing}");
    product.server.stop().await.unwrap();
}

/// An example request of the document, spoilt. `None` where it cannot even be put into HTTP.
fn spoilt(
    document: &Document,
    product: &Product,
    known: &Value,
    dice: &mut Dice,
) -> Option<reqwest::RequestBuilder> {
    let operations = document.operations();
    let (path, method, operation) = *dice.of(&operations);
    let mut url = Url::parse(&format!("http://{}", product.server.address)).unwrap();
    let mut headers = vec![];
    let mut in_path = Map::new();
    for parameter in document.parameters(operation) {
        let name = parameter["name"].as_str().unwrap();
        let example = match parameter.get("example") {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let value = if dice.one_in(3) { dice.text() } else { example };
        match parameter["in"].as_str().unwrap() {
            "path" if dice.one_in(3) => in_path.insert(name.to_owned(), json!(value)),
            "path" => in_path.insert(name.to_owned(), json!(living(known, name, dice).unwrap_or(value))),
            "query" if dice.one_in(3) => {
                url.query_pairs_mut().append_pair(name, &value);
                None
            }
            "header" if dice.one_in(3) => {
                headers.push((name.to_owned(), value));
                None
            }
            _ => None,
        };
    }
    for part in path.split('/').skip(1) {
        let part =
            part.strip_prefix('{').and_then(|p| in_path.get(p.strip_suffix('}')?)?.as_str()).unwrap_or(part);
        // An empty part, or one of dots, is another path.
        if part.is_empty() || part.chars().all(|c| c == '.') {
            return None;
        }
        url.path_segments_mut().unwrap().pop_if_empty().push(part);
    }
    if operation["operationId"] == "provisionSubscriber" {
        url.query_pairs_mut().append_pair("wait", if dice.one_in(4) { "1" } else { "0" });
    }
    if dice.one_in(20) {
        url.query_pairs_mut().append_pair(&dice.text(), &dice.text());
    }
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let mut request = product.http.request(method, url);
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        request = request.header(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    let bodies = document.bodies(operation);
    if bodies.is_empty() {
        return Some(request);
    }
    let media_type = if dice.one_in(25) { "text/plain" } else { "application/json; charset=utf-8" };
    Some(request.header("content-type", media_type).body(body(dice.of(&bodies).clone(), dice)))
}

/// The name of something that there is.
fn living(known: &Value, parameter: &str, dice: &mut Dice) -> Option<String> {
    let workflows = known["workflows"].as_array()?;
    if workflows.is_empty() || parameter != "workflow_id" {
        return None;
    }
    Some(dice.of(workflows)["workflow_id"].as_str()?.to_owned())
}

fn body(mut body: Value, dice: &mut Dice) -> Vec<u8> {
    for (field, digits) in [("email", 0), ("onu_serial", 7), ("cpe_mac", 2)] {
        // Else they would all be after the same line.
        let n = dice.roll(200) + 1;
        match (body.get_mut(field), digits) {
            (Some(value), 0) => *value = json!(format!("subscriber.{n}@example.com")),
            (Some(value), 7) => *value = json!(format!("ALCL1{n:07X}")),
            (Some(value), _) => *value = json!(format!("00:11:22:33:45:{n:02x}")),
            (None, _) => {}
        }
    }
    for _ in 0..dice.roll(3) {
        let Some(fields) = body.as_object_mut() else { break };
        let names: Vec<String> = fields.keys().cloned().collect();
        let name = if names.is_empty() { String::new() } else { dice.of(&names).clone() };
        match dice.roll(8) {
            0 => drop(fields.remove(&name)),
            1 => drop(fields.insert(dice.text(), dice.value())),
            2 => {
                let value = fields.remove(&name).unwrap_or_default();
                fields.insert(name.to_uppercase(), value);
            }
            3 if dice.one_in(4) => body = dice.value(),
            _ => drop(fields.insert(name, dice.value())),
        }
    }
    let mut text = body.to_string().into_bytes();
    match dice.roll(20) {
        0 => text.truncate(dice.below(text.len() + 1)),
        1 if !text.is_empty() => {
            let place = dice.below(text.len());
            text[place] = u8::try_from(dice.roll(256)).unwrap();
        }
        2 => text.extend_from_slice(b"{}"),
        3 => text.splice(..0, *b" \n\t").for_each(drop),
        _ => {}
    }
    text
}
