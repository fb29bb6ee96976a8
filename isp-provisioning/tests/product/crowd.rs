//! Ten thousand requests over a thousand connections, good and bad ones mixed, and more starts than are taken on.

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::document::Document;
use crate::harness::{Product, answer, other};

const CONNECTIONS: usize = 1_000;
const EACH: usize = 10;

/// What is sent, and the status that it gets.
fn requests() -> Vec<(String, u16)> {
    let api = "/api/v1/orchestration";
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    let post = |path: &str, body: &str| {
        let length = body.len();
        format!(
            "POST {api}/{path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
    };
    vec![
        (get("/health/live"), 200),
        (get(&format!("{api}/statistics")), 200),
        (get(&format!("{api}/workflows?limit=200")), 200),
        (get(&format!("{api}/workflows?limit=many")), 400),
        (get(&format!("{api}/workflows/wf_{}", "0".repeat(32))), 404),
        (get(&format!("{api}/nowhere")), 404),
        (post("provision-subscriber", "{\"email\":\"nobody\"}"), 422),
        (post("provision-subscriber", "{\"email\""), 400),
        (post("workflows/wf_unknown/cancel", ""), 404),
        (post("statistics", ""), 405),
    ]
}

async fn caller(address: std::net::SocketAddr, first: usize) {
    let requests = requests();
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    for n in 0..EACH {
        let (request, wanted) = &requests[(first + n) % requests.len()];
        stream.get_mut().write_all(request.as_bytes()).await.unwrap();
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            match line.trim_end().to_lowercase().split_once(' ') {
                Some(("http/1.1", rest)) => status = rest[..3].parse().unwrap(),
                Some(("content-length:", text)) => length = text.parse().unwrap(),
                None if line == "\r\n" => break,
                None => panic!("the server hung up at request {n}: {line:?}"),
                Some(_) => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        assert_eq!(status, *wanted, "{request}\n{}", String::from_utf8_lossy(&body));
    }
}

/// The memory in use by this process, in bytes; what the system keeps to itself counts as nothing.
fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

#[tokio::test]
async fn ten_thousand_requests_are_answered_and_leave_nothing() {
    let product = Product::start().await;
    let before = (product.left().await, memory());
    join_all((0..CONNECTIONS).map(|n| caller(product.server.address, n))).await;
    assert_eq!(product.left().await, before.0);
    assert_eq!(product.get("statistics").await["total_workflows"], 0);
    let grown = memory().saturating_sub(before.1);
    // The callers live in the same process: 300 KiB for both ends of a connection.
    assert!(grown < CONNECTIONS * 300 * 1024, "{} MiB more", grown >> 20);
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn more_starts_than_are_taken_on_are_put_off() {
    let folder = tempfile::tempdir().unwrap();
    let product = Product::start_with(folder, |c| c.limits.workflows = 5).await;
    product.fault("netbox", json!({"op":"allocate","mode":"delay","ms":1500,"times":5})).await;
    let document = Document::load();
    let start = |n| document.ask(&product.http, product.provision(&other(n)).query(&[("wait", "0")]));
    let started = join_all((1..=40).map(start)).await;
    let (taken, put_off): (Vec<_>, Vec<_>) =
        started.iter().partition(|answer| answer.status == StatusCode::ACCEPTED);
    assert_eq!(taken.len(), 5);
    assert!(put_off.iter().all(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(product.get("statistics").await["total_workflows"], 5);
    for answer in &taken {
        let id = answer.body["workflow_id"].as_str().unwrap();
        assert_eq!(product.ended(id).await["status"], "completed");
    }
    // Whoever was put off comes again, and nothing stands in his way.
    let n = started.iter().position(|answer| answer.status != StatusCode::ACCEPTED).unwrap();
    let (status, body): (_, Value) = answer(product.provision(&other(u32::try_from(n).unwrap() + 1))).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(product.left().await.subscribers.len(), 6);
    product.server.stop().await.unwrap();
}
