//! The GenieACS simulator itself, as the real one was seen to answer: statuses, reason phrases, traps.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::ext::ReasonPhrase;
use isp_provisioning::simulators::genieacs::Change;
use isp_provisioning::simulators::{GenieacsConfig, GenieacsSimulator};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

const DEVICE: &str = "001122-HG8245-SN001122334455";
const SSID: &str = "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.SSID";

struct Wire {
    genieacs: GenieacsSimulator,
    client: Client,
}

impl Wire {
    async fn start() -> Self {
        let config = GenieacsConfig { crash: Duration::from_millis(50), ..GenieacsConfig::with_routers(1) };
        let genieacs =
            GenieacsSimulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), config, None).await.unwrap();
        Self { genieacs, client: Client::new() }
    }
    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Result<Response> {
        let request = self.client.request(method, format!("{}/{path}", self.genieacs.simulator.url()));
        let body = body.map(|body| body.as_str().map_or_else(|| body.to_string(), str::to_owned));
        request.body(body.unwrap_or_default()).send().await
    }
    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await.unwrap().json().await.unwrap()
    }
    /// Posts a task; answers status, reason phrase and the task.
    async fn task(&self, query: &str, task: Value) -> (u16, String, Value) {
        let path = format!("devices/{DEVICE}/tasks{query}");
        let response = self.send(Method::POST, &path, Some(task)).await.unwrap();
        let (status, phrase) = (response.status().as_u16(), phrase(&response));
        (status, phrase, response.json().await.unwrap_or_default())
    }
    fn change(&self, change: Change) {
        self.genieacs.change(DEVICE, change).unwrap();
    }
}

fn phrase(response: &Response) -> String {
    let own = response.extensions().get::<ReasonPhrase>();
    let own = own.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned());
    own.unwrap_or_else(|| response.status().canonical_reason().unwrap_or_default().to_owned())
}

fn set(value: &str, key: &str) -> Value {
    json!({ "name": "setParameterValues", "parameterValues": [[SSID, value, "xsd:string"]], "uniqueKey": key })
}

#[tokio::test]
async fn the_fates_of_a_task_differ_in_status_and_phrase() {
    let wire = Wire::start().await;
    let connect = "?connection_request&timeout=10";
    let (status, phrase, task) = wire.task(connect, set("a", "k")).await;
    assert_eq!((status, phrase.as_str(), task["_id"].as_str().unwrap().len()), (200, "OK", 24));

    let (status, phrase, _) = wire.task("", set("b", "k")).await;
    assert_eq!((status, phrase.as_str()), (202, "Accepted"));

    wire.change(Change { online: Some(false), ..Change::default() });
    let (status, phrase, _) = wire.task(connect, set("c", "k")).await;
    assert_eq!((status, phrase.as_str()), (202, "Device is offline"));
    let bare = wire.send(Method::POST, &format!("devices/{DEVICE}/tasks{connect}"), None).await.unwrap();
    assert_eq!(bare.status(), 504);

    wire.change(Change { online: Some(true), in_session: Some(true), ..Change::default() });
    let (status, phrase, _) = wire.task(connect, set("d", "k")).await;
    assert_eq!((status, phrase.as_str()), (202, "Task queued but not processed"));

    let reject = [(SSID.to_owned(), "9007".to_owned())].into();
    wire.change(Change { in_session: Some(false), reject, ..Change::default() });
    let (status, phrase, task) = wire.task(connect, set("e", "k")).await;
    assert_eq!((status, phrase.as_str()), (202, "Task faulted"));
    let id = format!("{DEVICE}:task_{}", task["_id"].as_str().unwrap());
    let faults = wire.get(&format!("faults/?query={{\"_id\":\"{id}\"}}")).await;
    assert_eq!(faults[0]["code"], "cwmp.9003");
    assert_eq!(faults[0]["detail"]["setParameterValuesFault"][0]["faultCode"], "9007");
    assert_eq!(wire.get("tasks/?query={\"uniqueKey\":\"k\"}").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_task_takes_the_place_of_the_queued_one_with_its_key() {
    let wire = Wire::start().await;
    for value in ["a", "b"] {
        wire.task("", set(value, "k")).await;
    }
    wire.task("", set("c", "other")).await;
    let queued = wire.get("tasks/").await;
    assert_eq!(queued.as_array().unwrap().len(), 2);
    assert_eq!(queued[0]["parameterValues"][0][1], "b");
}

#[tokio::test]
async fn what_cannot_be_set_is_dropped_without_a_word() {
    let wire = Wire::start().await;
    let mac = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.MACAddress";
    let values = json!([["No.Such", "x", "xsd:string"], [mac, "x", "xsd:string"]]);
    let task = json!({ "name": "setParameterValues", "parameterValues": values });
    let before = wire.genieacs.state()["devices"].clone();
    assert_eq!(wire.task("?connection_request", task).await.0, 200);
    assert_eq!(wire.genieacs.state()["devices"], before);
}

#[tokio::test]
async fn a_fault_does_not_block_later_tasks_and_takes_its_task_along() {
    let wire = Wire::start().await;
    wire.change(Change { reject: [(SSID.to_owned(), "9007".to_owned())].into(), ..Change::default() });
    let (_, _, faulted) = wire.task("?connection_request", set("x", "k")).await;
    let read = json!({ "name": "getParameterValues", "parameterNames": [SSID] });
    assert_eq!(wire.task("?connection_request", read).await.0, 200);
    let fault = format!("faults/{DEVICE}:task_{}", faulted["_id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(wire.send(Method::DELETE, &fault, None).await.unwrap().status(), 200);
    }
    assert_eq!(wire.get("tasks/").await, json!([]));
}

#[tokio::test]
async fn places_have_their_methods_and_deletes_can_be_repeated() {
    let wire = Wire::start().await;
    let device = format!("devices/{DEVICE}");
    let refused = wire.send(Method::GET, &device, None).await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["allow"]), (405, &"DELETE".parse().unwrap()));
    assert_eq!(wire.send(Method::PATCH, &device, None).await.unwrap().status(), 405);
    assert_eq!(wire.send(Method::GET, "nowhere", None).await.unwrap().status(), 404);
    for _ in 0..2 {
        let tag = format!("{device}/tags/sub_1");
        assert_eq!(wire.send(Method::POST, &tag, None).await.unwrap().status(), 200);
    }
    let tagged = wire.get("devices/?query={\"_tags\":\"sub_1\"}&projection=_tags").await;
    assert_eq!(tagged, json!([{ "_id": DEVICE, "_tags": ["sub_1"] }]));
    let gone = wire.send(Method::DELETE, "tasks/000000000000000000000009", None).await.unwrap();
    assert_eq!((gone.status().as_u16(), gone.text().await.unwrap().as_str()), (404, "Task not found"));
    for _ in 0..2 {
        assert_eq!(wire.send(Method::DELETE, &device, None).await.unwrap().status(), 200);
    }
    let (status, phrase, _) = wire.task("", set("x", "k")).await;
    assert_eq!((status, phrase.as_str()), (404, "No such device"));
}

#[tokio::test]
async fn a_device_in_a_session_cannot_be_deleted() {
    let wire = Wire::start().await;
    wire.change(Change { in_session: Some(true), ..Change::default() });
    let refused = wire.send(Method::DELETE, &format!("devices/{DEVICE}"), None).await.unwrap();
    assert_eq!((refused.status().as_u16(), phrase(&refused).as_str()), (503, "Device is in session"));
}

#[tokio::test]
async fn lists_count_cut_and_refuse_what_is_no_json() {
    let wire = Wire::start().await;
    let head = wire.send(Method::HEAD, "devices/", None).await.unwrap();
    assert_eq!(head.headers()["total"], "2");
    let page = wire.send(Method::GET, "devices/?limit=1&projection=_id", None).await.unwrap();
    assert_eq!(page.headers()["total"], "2");
    assert_eq!(page.json::<Value>().await.unwrap().as_array().unwrap().len(), 1);
    let query = "devices/?query={\"_id\":\"001122-*4455\"}&projection=_id";
    assert_eq!(wire.get(query).await, json!([{ "_id": DEVICE }]));
    let broken = wire.send(Method::GET, "devices/?query={", None).await.unwrap();
    assert_eq!(broken.status(), 400);
    assert!(broken.text().await.unwrap().starts_with("SyntaxError: "));
}

#[tokio::test]
async fn a_task_that_cannot_be_digested_brings_the_server_down_for_a_while() {
    let wire = Wire::start().await;
    let path = format!("devices/{DEVICE}/tasks");
    for task in [
        json!({ "name": "nope" }),
        json!({ "name": "setParameterValues" }),
        json!({ "name": "setParameterValues", "parameterValues": [[SSID, { "a": 1 }]] }),
    ] {
        assert!(wire.send(Method::POST, &path, Some(task)).await.is_err());
        assert!(wire.send(Method::GET, "devices/", None).await.is_err());
        let since = Instant::now();
        while wire.send(Method::GET, "devices/", None).await.is_err() {
            assert!(since.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert_eq!(wire.send(Method::POST, &path, Some(json!("{"))).await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_task_past_its_expiry_is_forgotten() {
    let wire = Wire::start().await;
    let mut task = set("late", "k");
    task["expiry"] = json!(0);
    wire.task("", task).await;
    wire.change(Change { online: Some(true), ..Change::default() });
    assert_eq!(wire.get("tasks/").await, json!([]));
    assert_eq!(wire.genieacs.effects("set", "k"), 0);
}

#[tokio::test]
async fn the_world_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("genieacs");
    let start = || {
        let config = GenieacsConfig::with_routers(1);
        GenieacsSimulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), config, Some(&journal))
    };
    let mut wire = Wire { genieacs: start().await.unwrap(), client: Client::new() };
    wire.task("?connection_request", set("kept", "k")).await;
    wire.task("", set("queued", "k")).await;
    let before = wire.genieacs.state();
    wire.genieacs = start().await.unwrap();
    assert_eq!(wire.genieacs.state(), before);
    wire.task("", set("queued too", "k2")).await;
    assert_eq!(wire.get("tasks/").await.as_array().unwrap().len(), 2, "ids are not used again");
}
