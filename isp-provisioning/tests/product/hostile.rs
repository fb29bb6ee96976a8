//! What no honest caller sends. Each gets its status, nothing is written, the server goes on.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Product, answer, john};

/// The status of the first answer to raw bytes; 0 if the server hangs up without one.
async fn raw(product: &Product, bytes: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(product.server.address).await.unwrap();
    // The server may answer, and hang up, before it has got everything.
    let _ = stream.write_all(bytes).await;
    let mut begin = [0; 32];
    let length = stream.read(&mut begin).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&begin[..length]);
    text.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

async fn nothing_was_written(product: Product) {
    let left = product.left().await;
    assert!(left.customers.is_empty() && left.subscribers.is_empty() && left.radius.is_empty());
    assert_eq!(product.get("statistics").await["total_workflows"], 0);
    let (status, body) = answer(product.provision(&john())).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn heads_have_an_end() {
    let product = Product::start().await;
    let head = |more: String| format!("GET /health/live HTTP/1.1\r\nhost: x\r\n{more}\r\n").into_bytes();
    let many = (0..10_000).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let sixty_five = (0..65).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1 << 20)).into_bytes();
    for bomb in [head(format!("x: {}\r\n", "y".repeat(10 << 20))), head(many), head(sixty_five), path] {
        let status = raw(&product, &bomb).await;
        // Whoever sends more than is read may lose the answer with the connection.
        assert!([431, 414, 0].contains(&status), "{status}");
    }
    assert_eq!(raw(&product, &head(String::new())).await, 200);
    nothing_was_written(product).await;
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let product = Product::start().await;
    let garbage: Vec<u8> = (0..4096_u32).map(|n| (n * 7919 % 251) as u8).collect();
    let two_lengths = b"POST /api/v1/orchestration/provision-subscriber HTTP/1.1\r\nhost: x\r\n\
        content-type: application/json\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}";
    let smuggled = b"GET /health/live HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\
        transfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    for (bytes, allowed) in [
        (garbage.as_slice(), vec![400, 0]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", vec![400, 0]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", vec![400, 505, 0]),
        (b"GET /health/live HTTP/9.9\r\n\r\n", vec![400, 505]),
        (b"GET /health/live HTTP/1.1\r\nhost: x\r\na b: c\r\n\r\n", vec![400]),
        (b"GET /health/live HTTP/1.1\r\nhost: x\r\nx: \x00\r\n\r\n", vec![400]),
        (two_lengths.as_slice(), vec![400]),
        // The length is taken out and the chunks count.
        (smuggled.as_slice(), vec![400, 200]),
    ] {
        let status = raw(&product, bytes).await;
        assert!(allowed.contains(&status), "{status}: {}", String::from_utf8_lossy(bytes));
    }
    nothing_was_written(product).await;
}

#[tokio::test]
async fn strange_json_is_refused_where_it_is_strange() {
    let product = Product::start().await;
    let url = product.url("provision-subscriber");
    let send = |text: Vec<u8>| product.http.post(&url).header("content-type", "application/json").body(text);
    let with = |field: &str, value: &str| {
        let mut text = john().to_string();
        text.truncate(text.len() - 1);
        format!("{text},\"{field}\":{value}}}").into_bytes()
    };
    let instead = |field: &str, value: Value| {
        let mut body = john();
        body[field] = value;
        body.to_string().into_bytes()
    };
    let nested = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
    let unreadable = [
        vec![],
        b"\xff\xfe{\x00}\x00".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"email\":\"\xc3\x28\"}".to_vec(),
        b"{} {}".to_vec(),
        b"{\"a\":NaN}".to_vec(),
        b"{\"a\":1e999}".to_vec(),
        b"{'a':1}".to_vec(),
        with("email", "\"other@example.com\""),
        with("tags", "{\"a\":1,\"a\":2}"),
        with("tags", &nested(200)),
        with("notes", "\"\\ud800\""),
        with("notes", "\"a\u{0}b\""),
    ];
    for text in unreadable {
        let shown = String::from_utf8_lossy(&text).chars().take(80).collect::<String>();
        let (status, problem) = answer(send(text)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{shown} {problem}");
    }
    let faulty = [
        (instead("first_name", json!("a\u{0}b")), "first_name"),
        (instead("first_name", json!("a\u{1b}[31m")), "first_name"),
        (instead("service_city", json!("a\u{85}b")), "service_city"),
        (instead("phone", json!("1\r\nX: y")), "phone"),
        (instead("notes", json!("é".repeat(201))), "notes"),
        (instead("bandwidth_mbps", json!(9_223_372_036_854_775_807_i64)), "bandwidth_mbps"),
        (instead("bandwidth_mbps", json!(18_446_744_073_709_551_615_u64)), "bandwidth_mbps"),
        (instead("bandwidth_mbps", json!(1e300)), "bandwidth_mbps"),
        (instead("vlan_id", json!(-1)), "vlan_id"),
        (instead("auto_activate", json!("true")), "auto_activate"),
        (instead("email", json!("a@b\u{202e}.com")), "email"),
        (instead("onu_serial", json!("ALCL１２３４５６７８")), "onu_serial"),
        (instead("tags", json!({"a\u{7}": 1})), "tags.a"),
        (instead("tags", json!({"a": ["x", {"b": "\u{0}"}]})), "tags.a"),
        (with("__proto__", "{}"), "__proto__"),
        (with("tags", &nested(124)), ""),
    ];
    for (text, field) in faulty {
        let shown = String::from_utf8_lossy(&text).chars().rev().take(80).collect::<String>();
        let (status, problem) = answer(send(text)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{shown} {problem}");
        let named = problem["errors"].as_array().is_some_and(|all| all.iter().any(|e| e["field"] == field));
        assert!(named || field.is_empty(), "{field}: {problem}");
    }
    nothing_was_written(product).await;
}

/// Odd, and a person's own name all the same: kept as it was sent.
#[tokio::test]
async fn odd_unicode_is_kept() {
    let product = Product::start().await;
    let names = [
        "Łukasz 🦀",
        "名前 太郎",
        "أحمد",
        "O'Brien; DROP TABLE customers--",
        "<script>alert(1)</script>",
        "e\u{301}",
    ];
    for (n, name) in names.into_iter().enumerate() {
        let mut request = crate::harness::other(u32::try_from(n).unwrap() + 1);
        request["first_name"] = json!(name);
        request["tags"] = json!({name: [name]});
        let (status, body) = answer(product.provision(&request)).await;
        assert_eq!(status, StatusCode::CREATED, "{name}: {body}");
    }
    assert_eq!(product.left().await.customers.len(), names.len());
    product.server.stop().await.unwrap();
}

#[tokio::test]
async fn forged_names_name_nothing() {
    let product = Product::start().await;
    let long = "x".repeat(5_000);
    let names = [
        "wf_%00",
        "wf_%F0%9F%A6%80",
        "..",
        "%2e%2e%2f",
        "'%20OR%201=1--",
        "%0d%0aX:%20y",
        "wf_1;x=y",
        &*long,
        "wf_%ff",
    ];
    for name in names {
        for (method, path) in [
            ("GET", format!("workflows/{name}")),
            ("GET", format!("workflows/{name}/events")),
            ("POST", format!("workflows/{name}/retry")),
            ("POST", format!("workflows/{name}/cancel")),
            ("POST", format!("workflows/{name}/debts/{name}")),
            ("GET", format!("subscribers/{name}/credentials")),
        ] {
            let head = format!("{method} /api/v1/orchestration/{path} HTTP/1.1\r\nhost: x\r\n");
            let body = "{\"action\":\"retry\"}";
            let more =
                format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let status = raw(&product, format!("{head}{more}").as_bytes()).await;
            assert!([400, 404].contains(&status), "{status} {method} {path}");
        }
    }
    let long = format!("x-initiator: {}", "x".repeat(201));
    for header in ["x-initiator: \u{e9}", "x-initiator:  ", "x-initiator: a\tb", &long] {
        let head =
            "POST /api/v1/orchestration/workflows/wf_1/cancel HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n";
        assert_eq!(raw(&product, format!("{head}{header}\r\n\r\n").as_bytes()).await, 400, "{header}");
    }
    nothing_was_written(product).await;
}
