//! The document says what there is, all of it, and it is so.

use std::collections::BTreeSet;

use isp_provisioning::domain::ProvisionRequest;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::document::{Answer, Document};
use crate::harness::{Product, other};
use crate::schema;

#[test]
fn the_document_holds_together() {
    let document = Document::load();
    assert_eq!(document.0["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut names = BTreeSet::new();
    for (path, method, operation) in document.operations() {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name) && operation["summary"].is_string(), "{method} {path}");
        let parameters = document.parameters(operation);
        for parameter in &parameters {
            let required = parameter["in"] == "path";
            assert!(parameter["description"].is_string(), "{name} {parameter}");
            assert_eq!(parameter["required"] == true, required, "{name} {parameter}");
            if let Some(example) = parameter.get("example") {
                schema::check(&document.0, &parameter["schema"], example).unwrap();
            }
            let place = format!("{{{}}}", parameter["name"].as_str().unwrap());
            assert_eq!(path.contains(&place), required, "{name} {parameter}");
        }
        let in_path = parameters.iter().filter(|p| p["in"] == "path").count();
        assert_eq!(path.matches('{').count(), in_path, "{path}");
        for body in document.bodies(operation) {
            let rules = &operation["requestBody"]["content"]["application/json"]["schema"];
            schema::check(&document.0, rules, &body).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            for (media_type, media) in document.resolve(response)["content"].as_object().unwrap() {
                let example = media.get("example");
                assert!(example.is_some() || path.len() < 15, "{name} {status} {media_type} has no example");
                let kept = example.map_or(Ok(()), |e| schema::check(&document.0, &media["schema"], e));
                kept.unwrap_or_else(|e| panic!("{name} {status}: {e}"));
            }
        }
    }
}

#[test]
fn the_documented_fields_are_those_that_are_read() {
    let document = Document::load();
    let documented =
        document.0["components"]["schemas"]["ProvisionRequest"]["properties"].as_object().unwrap();
    let Value::Object(read) = serde_json::to_value(ProvisionRequest::default()).unwrap() else { panic!() };
    let names = |fields: &serde_json::Map<String, Value>| fields.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(documented), names(&read));
}

/// The router says what there is in a form that a test can read.
#[test]
fn every_route_is_documented_and_nothing_else() {
    let prefix = "/api/v1/orchestration";
    let source = include_str!("../../src/api/router.rs");
    let route = regex::Regex::new(r#"\.route\(\s*"([^"]+)",\s*(get|post)\("#).unwrap();
    let routes = route.captures_iter(source).map(|found| (found[1].to_owned(), found[2].to_owned()));
    // What the page is made of is no part of the API.
    let routes = routes.filter(|(path, _)| !path.starts_with("/docs/"));
    let top = ["/health", "/openapi", "/docs"];
    let full = |path: String| match top.iter().any(|top| path.starts_with(top)) {
        true => path,
        false => format!("{prefix}{path}"),
    };
    let routes: BTreeSet<_> = routes.map(|(path, method)| (full(path), method)).collect();
    assert_eq!(routes.len(), source.matches(".route(").count() - 2);
    let document = Document::load();
    let documented = document.operations().into_iter().map(|(p, m, _)| (p.to_owned(), m.to_owned()));
    assert_eq!(documented.collect::<BTreeSet<_>>(), routes);
}

/// Every documented answer is brought about, but for two that `hostile` sees to; each is as documented.
#[tokio::test]
async fn every_documented_answer_can_be_had() {
    let product = Product::start().await;
    let document = Document::load();
    let mut seen = BTreeSet::new();
    let http = product.http.clone();
    let mut note = |answer: &Answer| {
        seen.insert((answer.path.clone(), answer.method.clone(), answer.status.as_u16()));
    };
    macro_rules! ask {
        ($request:expr) => {{
            let answer = document.ask(&http, $request).await;
            note(&answer);
            answer.body
        }};
    }
    let get = |path: &str| product.http.get(product.url(path));
    let post = |path: &str| product.http.post(product.url(path));
    let json_text =
        |path: &str, text: String| post(path).header("content-type", "application/json").body(text);

    // As it is documented, on an empty server: every operation with every example.
    for (path, method, operation) in document.operations() {
        let mut path = path.to_owned();
        for parameter in document.parameters(operation).iter().filter(|p| p["in"] == "path") {
            let place = format!("{{{}}}", parameter["name"].as_str().unwrap());
            path = path.replace(&place, parameter["example"].as_str().unwrap_or("x"));
        }
        let url = format!("http://{}{path}", product.server.address);
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let bodies = document.bodies(operation);
        let crowded = (0..70).fold(product.http.request(method.clone(), &url), |request, n| {
            request.header(format!("x-{n}"), "y")
        });
        ask!(crowded);
        if bodies.is_empty() {
            ask!(product.http.request(method.clone(), &url));
        }
        for body in bodies {
            ask!(product.http.request(method.clone(), &url).json(&body));
        }
    }

    let done = ask!(product.provision(&other(1)));
    let subscriber = done["subscriber_id"].as_str().unwrap();
    let done = done["workflow_id"].as_str().unwrap();
    let mut hopeless = other(2);
    hopeless["onu_serial"] = json!("HWTC00000000");
    let rolled_back = ask!(product.provision(&hopeless));
    let rolled_back = rolled_back["workflow_id"].as_str().unwrap();
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":1500,"times":2})).await;
    let live = ask!(product.provision(&other(3)).query(&[("wait", "0")]));
    let live = live["workflow_id"].as_str().unwrap();
    ask!(product.provision(&other(3)));
    ask!(post(&format!("workflows/{live}/cancel")));

    for bodied in ["provision-subscriber", "events/x", &format!("workflows/{done}/debts/allocate_ip")] {
        ask!(json_text(bodied, "{".to_owned()));
        ask!(json_text(bodied, "{}".to_owned()));
        ask!(json_text(bodied, format!("\"{}\"", "x".repeat(70_000))));
        ask!(post(bodied).body("{}"));
    }
    let forgive = json!({"action":"forgive","note":"x"});
    ask!(post(&format!("workflows/{done}/debts/allocate_ip")).json(&forgive));
    for (path, query) in [("workflows", "limit=0"), ("statistics", "x=1")] {
        ask!(get(path));
        ask!(get(&format!("{path}?{query}")));
    }
    for id in [done, "wf_unknown"] {
        ask!(get(&format!("workflows/{id}")));
        ask!(get(&format!("workflows/{id}?steps=some")));
        ask!(get(&format!("workflows/{id}?steps=all")));
        ask!(get(&format!("workflows/{id}/events?limit=1")));
        ask!(get(&format!("workflows/{id}/events?limit=x")));
        ask!(post(&format!("workflows/{id}/retry?force=perhaps")));
        ask!(post(&format!("workflows/{id}/retry")));
        ask!(post(&format!("workflows/{id}/cancel?now=1")));
        ask!(post(&format!("workflows/{id}/cancel")));
    }
    for _ in 0..2 {
        ask!(get(&format!("subscribers/{subscriber}/credentials")));
    }
    ask!(get(&format!("subscribers/{subscriber}/credentials?x=1")));
    ask!(post(&format!("workflows/{rolled_back}/retry")));
    product.ended(rolled_back).await;
    product.fault("netbox", json!({"op":"release","mode":"refuse","status":403,"times":1})).await;
    let owing = ask!(product.provision(&hopeless).header("Idempotency-Key", "k"));
    let owing = owing["workflow_id"].as_str().unwrap();
    ask!(get(&format!("workflows/{owing}")));
    ask!(post(&format!("workflows/{owing}/debts/allocate_ip")).json(&forgive));
    ask!(get(&format!("workflows/{owing}/events")));
    ask!(get("workflows"));

    let hard = [StatusCode::REQUEST_TIMEOUT, StatusCode::SERVICE_UNAVAILABLE].map(|status| status.as_u16());
    for (path, method, operation) in document.operations() {
        for status in document.statuses(operation).into_iter().filter(|status| !hard.contains(status)) {
            let answer = (path.to_owned(), method.to_owned(), status);
            assert!(seen.contains(&answer), "never seen: {answer:?}");
        }
    }
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let product = Product::start().await;
    let get = |path: &str| product.http.get(format!("http://{}{path}", product.server.address)).send();
    let page = get("/docs").await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let page = page.text().await.unwrap();
    let link = regex::Regex::new(r#"(?:src|href)="([^"]+)""#).unwrap();
    let links: Vec<_> = link.captures_iter(&page).map(|found| found[1].to_owned()).collect();
    assert!(links.len() >= 3, "{links:?}");
    let mut texts = vec![page.clone()];
    for link in &links {
        let answer = get(link).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{link}");
        texts.push(answer.text().await.unwrap());
    }
    for text in texts {
        assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
    }
    // What a reader with a screen reader needs: a language, headings, labels, announced answers.
    let script = include_str!("../../pages/docs.js");
    assert!(page.contains("<html lang=\"en\">") && page.contains("<h1>"));
    assert!(script.contains("make(\"label\", { for:") && script.contains("role: \"status\""));
    assert!(!script.contains("innerHTML"));
    product.server.stop().await.unwrap();
}
