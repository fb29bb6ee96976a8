//! Every refusal is a problem that says what was wrong, whoever refuses: the router, a handler, or the server before
//! there is a request.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::document::Document;
use crate::harness::Product;
use crate::schema;

/// The whole answer to raw bytes: status, head, problem.
async fn refused(product: &Product, bytes: &[u8]) -> (u16, Value) {
    let (mut from, mut to) = TcpStream::connect(product.server.address).await.unwrap().into_split();
    // The server may have heard enough before it has got everything.
    let send = async {
        let _ = to.write_all(bytes).await;
        let _ = to.shutdown().await;
    };
    let mut answer = vec![];
    let (_, read) = tokio::join!(send, from.read_to_end(&mut answer));
    read.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    assert!(head.contains("content-type: application/problem+json"), "{text}");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn what_is_refused_before_it_is_a_request_is_told_why() {
    let product = Product::start().await;
    let document = Document::load();
    let head = |more: String| format!("GET /health/live HTTP/1.1\r\nhost: x\r\n{more}\r\n").into_bytes();
    let path = |n: usize| format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(n)).into_bytes();
    let after_another =
        [head(String::new()), head((0..65).map(|n| format!("x-{n}: y\r\n")).collect())].concat();
    for (bytes, wanted) in [
        (head(format!("x: {}\r\n", "y".repeat(10 << 20))), 431),
        (head((0..10_000).map(|n| format!("x-{n}: y\r\n")).collect()), 431),
        (head((0..65).map(|n| format!("x-{n}: y\r\n")).collect()), 431),
        (path(1 << 20), 431),
        (head("a b: c\r\n".to_owned()), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400),
        (b"GET /health/live HTTP/9.9\r\n\r\n".to_vec(), 400),
    ] {
        let (status, problem) = refused(&product, &bytes).await;
        assert_eq!(status, wanted, "{problem}");
        schema::check(&document.0, &document.0["components"]["schemas"]["Problem"], &problem).unwrap();
        assert_eq!(problem["status"], wanted);
    }
    // On a connection that served before, too.
    let mut stream = TcpStream::connect(product.server.address).await.unwrap();
    stream.write_all(&after_another).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.contains("HTTP/1.1 200") && text.contains("HTTP/1.1 431"), "{text}");
    product.server.stop().await.unwrap();
}

/// Every path with every method that it does not know.
#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let product = Product::start().await;
    let document = Document::load();
    let mut paths: Vec<_> = document.operations().iter().map(|(path, ..)| (*path).to_owned()).collect();
    paths.dedup();
    for path in paths {
        let known: Vec<String> = {
            let operations = document.operations();
            operations.iter().filter(|(p, ..)| *p == path).map(|(_, m, _)| m.to_uppercase()).collect()
        };
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
            if known.iter().any(|known| known == method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let url = format!("http://{}{path}", product.server.address);
            let answer = product.http.request(method.clone(), url).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            let allow = answer.headers()["allow"].to_str().unwrap().to_owned();
            assert!(known.iter().all(|known| allow.contains(known)), "{method} {path}: {allow}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            let problem: Value = answer.json().await.unwrap();
            schema::check(&document.0, &document.0["components"]["schemas"]["Problem"], &problem).unwrap();
            assert_eq!(problem["status"], 405);
        }
    }
    product.server.stop().await.unwrap();
}

/// Every body with every media type but the one.
#[tokio::test]
async fn a_wrong_media_type_is_told_the_right_one() {
    let product = Product::start().await;
    let types = [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "json",
        "",
    ];
    for path in ["provision-subscriber", "events/x", "workflows/wf_x/debts/y"] {
        for media_type in types {
            let request = product.http.post(product.url(path)).header("content-type", media_type).body("{}");
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {media_type}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            let problem: Value = answer.json().await.unwrap();
            assert!(problem["detail"].as_str().unwrap().contains("application/json"), "{problem}");
        }
    }
    assert_eq!(product.get("statistics").await["total_workflows"], 0);
    product.server.stop().await.unwrap();
}

/// A place in a list that nobody was ever given is refused or leads nowhere; it never breaks anything.
#[tokio::test]
async fn a_forged_cursor_leads_nowhere() {
    use base64::Engine as _;
    let product = Product::start().await;
    let forge = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    for (place, wanted) in [
        (forge(&format!("{} wf_x", i64::MAX)), StatusCode::OK),
        (forge(&format!("{} wf_x", i64::MIN)), StatusCode::OK),
        (forge("0 ' OR 1=1 --"), StatusCode::BAD_REQUEST),
        (forge("wf_x 0"), StatusCode::BAD_REQUEST),
        (forge("7"), StatusCode::BAD_REQUEST),
        (forge(&format!("0 {}", "x".repeat(5_000))), StatusCode::BAD_REQUEST),
        ("A".repeat(10_000), StatusCode::BAD_REQUEST),
        ("%00".to_owned(), StatusCode::BAD_REQUEST),
        (forge("0 wf_x") + "=", StatusCode::BAD_REQUEST),
    ] {
        let answer =
            product.http.get(product.url(&format!("workflows?cursor={place}"))).send().await.unwrap();
        assert_eq!(answer.status(), wanted, "{place}");
        let body: Value = answer.json().await.unwrap();
        if wanted == StatusCode::OK {
            assert_eq!(body["workflows"], json!([]));
        } else {
            assert_eq!(body["errors"][0]["field"], "cursor", "{body}");
        }
    }
    product.server.stop().await.unwrap();
}
