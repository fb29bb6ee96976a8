//! Callers who take their time, and callers who come in crowds.

use std::time::Duration;

use isp_provisioning::config::Configuration;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::document::Document;
use crate::harness::{Product, answer, john};

const PATIENCE: Duration = Duration::from_millis(500);
/// Longer than the server's patience, with room for a busy machine.
const LONG: Duration = Duration::from_secs(20);

async fn start(change: impl FnOnce(&mut Configuration)) -> Product {
    let folder = tempfile::tempdir().unwrap();
    Product::start_with(folder, |c| {
        c.limits.patience_ms = u64::try_from(PATIENCE.as_millis()).unwrap();
        change(c);
    })
    .await
}

async fn connect(product: &Product) -> TcpStream {
    TcpStream::connect(product.server.address).await.unwrap()
}

/// Everything until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = vec![];
    // A reset is an end, too.
    let _ = timeout(LONG, stream.read_to_end(&mut text)).await.expect("the server closes");
    String::from_utf8_lossy(&text).into_owned()
}

/// The status of a raw answer, after its problem has been held against the document.
fn status(text: &str) -> u16 {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    if head.contains("application/problem+json") {
        let document = Document::load();
        let rules = &document.0["components"]["schemas"]["Problem"];
        let body: Value = serde_json::from_str(body).unwrap();
        crate::schema::check(&document.0, rules, &body).unwrap();
        assert_eq!(body["status"], status);
    }
    status
}

async fn is_well(product: &Product) {
    let (status, body) = answer(product.provision(&john())).await;
    assert_eq!(status, 201, "{body}");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let product = start(|_| {}).await;
    let mut silent = connect(&product).await;
    let mut halfway = connect(&product).await;
    halfway.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-a: ").await.unwrap();
    let mut trickling = connect(&product).await;
    let trickle = async {
        for byte in b"GET /health/live HTTP/1.1\r\nhost: x\r\n".iter().cycle() {
            if trickling.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(PATIENCE / 10).await;
        }
    };
    timeout(LONG, trickle).await.expect("the server hangs up");
    assert_eq!(rest(&mut silent).await, "");
    rest(&mut halfway).await;
    is_well(&product).await;
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_does_not_come_is_a_timeout_and_writes_nothing() {
    let product = start(|_| {}).await;
    let before = product.left().await;
    for path in ["provision-subscriber", "events/x", "workflows/wf_unknown/debts/allocate_ip"] {
        let mut stream = connect(&product).await;
        let head = format!(
            "POST /api/v1/orchestration/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 200\r\n\r\n{{\"first_name\":"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(status(&rest(&mut stream).await), 408, "{path}");
    }
    assert_eq!(product.left().await, before);
    assert_eq!(product.get("statistics").await["total_workflows"], 0);
    is_well(&product).await;
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_does_not_read_is_hung_up_on() {
    let product = start(|_| {}).await;
    let mut stream = connect(&product).await;
    let ask = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n";
    // Until neither side takes any more.
    let mut asked = 0;
    while asked < 20_000 && matches!(timeout(PATIENCE / 2, stream.write_all(ask)).await, Ok(Ok(()))) {
        asked += 1;
    }
    sleep(PATIENCE * 4).await;
    let answered = rest(&mut stream).await.matches("HTTP/1.1 200").count();
    assert!(answered < asked, "{answered} of {asked}");
    is_well(&product).await;
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn whoever_comes_beyond_the_limit_is_told_so_and_comes_in_later() {
    let product = start(|c| c.limits.connections = 20).await;
    let mut idle = vec![];
    for _ in 0..20 {
        idle.push(connect(&product).await);
    }
    let mut late = connect(&product).await;
    late.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let told = rest(&mut late).await;
    assert_eq!(status(&told), 503);
    assert!(told.contains("retry-after: 1\r\n"), "{told}");
    drop(idle);
    sleep(PATIENCE).await;
    is_well(&product).await;
    product.server.stop().await.unwrap();
}
