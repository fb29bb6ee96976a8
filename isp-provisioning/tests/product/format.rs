//! A folder that an earlier version of the product left in the middle of its work: today's opens it and goes on.
//!
//! `tests/fixtures/folder-*` are such folders, made by the code of their time; `orders.json` in them is what was answered
//! then. `scripts/format NAME` adds that of today.

use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dump::{dump, load, schema};
use crate::harness::{Product, answer, john, other};

const DATABASES: [&str; 2] = ["saga", "radius"];
const FILES: [&str; 4] = ["netbox.simulator", "voltha.simulator", "genieacs.simulator", "secret"];

async fn start(folder: TempDir) -> Product {
    // Nobody waits for calls that are never answered.
    Product::start_with(folder, |c| c.grace_ms = 100).await
}

/// A product that stands in the middle of everything, and what it says of its orders.
async fn make(product: &Product) -> Value {
    let (status, completed) = answer(product.provision(&john()).header("Idempotency-Key", "first")).await;
    assert_eq!(status, StatusCode::CREATED, "{completed}");

    let mut nowhere = other(1);
    nowhere["onu_serial"] = json!("HWTC00000000");
    let (_, rolled_back) = answer(product.provision(&nowhere)).await;
    assert_eq!(rolled_back["status"], "rolled_back");

    product.fault("netbox", json!({"op":"release","mode":"refuse","status":403})).await;
    nowhere["email"] = json!("owed@example.com");
    let (_, owed) = answer(product.provision(&nowhere)).await;
    assert_eq!(owed["status"], "failed");

    // Done, and its answer never comes; not done, and its answer never comes.
    let mut under_way = vec![];
    for (n, system, mode) in [(2, "genieacs", "hold_answer"), (3, "voltha-control", "hang")] {
        product.fault(system, json!({"op":"*","mode":mode})).await;
        let (status, body) = answer(product.provision(&other(n)).query(&[("wait", "1")])).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
        assert_eq!(product.waiting_faults(system).await, Vec::<Value>::new());
        under_way.push(body["workflow_id"].clone());
    }
    let mut orders = json!({"first": completed, "under_way": under_way});
    for (name, body) in [("completed", &completed), ("rolled_back", &rolled_back), ("owed", &owed)] {
        orders[name] = product.get(&format!("workflows/{}", body["workflow_id"].as_str().unwrap())).await;
    }
    orders
}

/// Copies what lies in a folder at this moment.
async fn keep(folder: &Path, orders: &Value, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in DATABASES {
        std::fs::write(to.join(format!("{name}.sql")), dump(&folder.join(format!("{name}.db"))).await)
            .unwrap();
    }
    for name in FILES {
        std::fs::copy(folder.join(name), to.join(name)).unwrap();
    }
    std::fs::write(to.join("orders.json"), format!("{orders:#}\n")).unwrap();
}

/// Opens a copy of it with the product of today: what had ended is told as it was then, what was under way ends, and
/// whoever asks again is answered the same.
async fn go_on(kept: &Path) {
    let folder = tempfile::tempdir().unwrap();
    for name in DATABASES {
        let sql = std::fs::read_to_string(kept.join(format!("{name}.sql"))).unwrap();
        load(&sql, &folder.path().join(format!("{name}.db"))).await;
    }
    for name in FILES {
        std::fs::copy(kept.join(name), folder.path().join(name)).unwrap();
    }
    let orders: Value =
        serde_json::from_str(&std::fs::read_to_string(kept.join("orders.json")).unwrap()).unwrap();
    let product = start(folder).await;

    for name in ["completed", "rolled_back", "owed"] {
        let id = orders[name]["workflow_id"].as_str().unwrap();
        assert_eq!(product.get(&format!("workflows/{id}")).await, orders[name], "{name}");
    }
    let again = product.provision(&john()).header("Idempotency-Key", "first").send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), orders["first"]);

    let owed = orders["owed"]["workflow_id"].as_str().unwrap();
    let url = product.url(&format!("workflows/{owed}/debts/allocate_ip"));
    let (status, body) = answer(product.http.post(url).json(&json!({"action":"retry"}))).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    assert_eq!(product.ended(owed).await["status"], "rolled_back");

    for id in orders["under_way"].as_array().unwrap() {
        let ended = product.ended(id.as_str().unwrap()).await;
        assert_eq!(ended["status"], "completed", "{ended}");
    }
    let left = product.left().await;
    let ours: Vec<_> = left.onus_enabled.iter().filter(|serial| serial.starts_with("ALCL")).collect();
    assert_eq!(ours, ["ALCL10000002", "ALCL10000003", "ALCL12345678"]);
    let accounts = left.radius.iter().filter(|(table, ..)| table == "radcheck").count();
    let addresses =
        left.addresses.iter().filter(|a| a["custom_fields"]["provisioning_ref"].is_string()).count();
    let rows = [left.customers.len(), left.subscribers.len(), left.services.len()];
    assert_eq!((rows, accounts, addresses), ([3; 3], 3, 3), "{left:?}");
    assert_eq!(product.get("statistics").await["debts_open"], 0);
    product.server.stop().await.unwrap();
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// With `SAGA_KEEP_FORMAT` it is kept as a fixture of that name.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_today_is_opened_today() {
    let product = start(tempfile::tempdir().unwrap()).await;
    let orders = make(&product).await;
    let kept = tempfile::tempdir().unwrap();
    keep(product.folder.path(), &orders, kept.path()).await;
    go_on(kept.path()).await;
    if let Ok(name) = std::env::var("SAGA_KEEP_FORMAT") {
        keep(product.folder.path(), &orders, &fixtures().join(format!("folder-{name}"))).await;
    } else {
        let of = |folder: &Path| std::fs::read_to_string(folder.join("saga.sql")).unwrap();
        let (today, newest) = (of(kept.path()), of(&fixtures().join("folder-2026-11-23")));
        assert_eq!(
            schema(&today).await,
            schema(&newest).await,
            "the format has changed: `scripts/format DAY` keeps it"
        );
    }
    product.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_2026_11_23_is_opened() {
    go_on(&fixtures().join("folder-2026-11-23")).await;
}
