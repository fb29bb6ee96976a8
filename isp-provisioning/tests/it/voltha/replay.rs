//! The simulator answers as another implementation did: the exchanges in `fixtures/voltha` were recorded by
//! `scripts/systems/voltha_record.py`, and each is put to the simulator again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use isp_provisioning::adapters::voltha::client::VolthaClient;
use isp_provisioning::adapters::voltha::wire::{Device, Devices, Id, OperStatus, Ports, Version};
use isp_provisioning::simulators::voltha::VolthaConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{config, start_with};
use crate::voltha_suite::client;

#[derive(Deserialize)]
struct Scenario {
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Exchange {
    method: String,
    request: Value,
    code: String,
    message: String,
    response: Option<Value>,
    #[serde(default)]
    settled: bool,
}

#[tokio::test]
async fn the_inventory_is_as_recorded() {
    replay("inventory").await;
}

#[tokio::test]
async fn activation_is_as_recorded() {
    replay("activation").await;
}

#[tokio::test]
async fn failure_is_as_recorded() {
    replay("failure").await;
}

#[tokio::test]
async fn refusals_are_as_recorded() {
    replay("refusals").await;
}

#[tokio::test]
async fn deletion_is_as_recorded() {
    replay("deletion").await;
}

#[test]
fn every_recorded_scenario_is_replayed() {
    let mut names: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["activation", "deletion", "failure", "inventory", "refusals"]);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/voltha")
}

async fn replay(name: &str) {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    let scenario: Scenario = serde_json::from_str(&text).unwrap();
    // Long enough for the recorded looks in between to see it activating.
    let simulator =
        start_with(VolthaConfig { activation: Duration::from_millis(600), ..config() }, None).await;
    let mut replayer = Replayer { client: client(&simulator.url()), names: BTreeMap::new() };
    for device in replayer.client.list_devices().await.unwrap().items {
        replayer.learn(&device);
    }
    for (index, exchange) in scenario.exchanges.iter().enumerate() {
        let context = format!("{name}, exchange {index}: {} {}", exchange.method, exchange.request);
        let (code, message, response) = replayer.exchange(exchange).await;
        assert_eq!(
            (code, message.as_str()),
            (exchange.code.as_str(), exchange.message.as_str()),
            "{context}"
        );
        assert_eq!(response, exchange.response.as_ref().map(|r| whole(&exchange.method, r)), "{context}");
    }
}

struct Replayer {
    client: VolthaClient,
    /// The recorded name of each id.
    names: BTreeMap<String, String>,
}

impl Replayer {
    fn learn(&mut self, device: &Device) {
        self.names.insert(device.id.clone(), format!("<{}>", device.serial_number));
        if device.root && !device.parent_id.is_empty() {
            self.names.insert(device.parent_id.clone(), format!("<logical:{}>", device.serial_number));
        }
    }

    async fn exchange(&mut self, exchange: &Exchange) -> (&'static str, String, Option<Value>) {
        let began = Instant::now();
        let answer = loop {
            let answer = self.call(&exchange.method, &exchange.request).await;
            let activating =
                matches!(&answer, Ok(value) if value["oper_status"] == OperStatus::Activating as i32);
            if !exchange.settled || !activating || began.elapsed() > Duration::from_secs(10) {
                break answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        match answer {
            Ok(response) => ("OK", String::new(), Some(self.normal(response))),
            Err(status) => {
                (name(status.code()), self.normal(json!(status.message())).as_str().unwrap().into(), None)
            }
        }
    }

    async fn call(&mut self, method: &str, request: &Value) -> Result<Value, Status> {
        let id = Id { id: self.id(request["id"].as_str().unwrap_or_default()) };
        let client = self.client.clone();
        Ok(match method {
            "GetVoltha" => {
                client.get_voltha().await?;
                json!(Version { version: "<version>".into() })
            }
            "ListDevices" => {
                let mut devices = client.list_devices().await?;
                devices.items.sort_by(|a, b| a.serial_number.cmp(&b.serial_number));
                json!(devices)
            }
            "GetDevice" => json!(client.get_device(&id.id).await?),
            "ListDevicePorts" => json!(client.list_device_ports(&id.id).await?),
            "EnableDevice" => json_empty(client.enable_device(&id.id).await?),
            "DisableDevice" => json_empty(client.disable_device(&id.id).await?),
            "DeleteDevice" => json_empty(client.delete_device(&id.id).await?),
            "CreateDevice" => {
                let new: Device = serde_json::from_value(request.clone()).unwrap();
                let device: Device = client.call("/voltha.VolthaService/CreateDevice", new).await?;
                self.learn(&device);
                json!(device)
            }
            "SelfTest" => json_empty(client.call("/voltha.VolthaService/SelfTest", id).await?),
            "NoSuchMethod" => json_empty(client.call("/voltha.VolthaService/NoSuchMethod", id).await?),
            other => panic!("the replay does not know {other}"),
        })
    }

    fn id(&self, recorded: &str) -> String {
        let known = self.names.iter().find(|(_, name)| *name == recorded);
        known.map_or_else(|| recorded.to_owned(), |(id, _)| id.clone())
    }

    /// Replaces ids by their recorded names, wherever they stand.
    fn normal(&self, value: Value) -> Value {
        let text = self.names.iter().fold(value.to_string(), |text, (id, name)| text.replace(id, name));
        serde_json::from_str(&text).unwrap()
    }
}

fn json_empty((): ()) -> Value {
    json!({})
}

/// The recorded answer with its defaults written out; a field that we do not know would fail here.
fn whole(method: &str, response: &Value) -> Value {
    let response = response.clone();
    match method {
        "GetVoltha" => json!(serde_json::from_value::<Version>(response).unwrap()),
        "ListDevices" => json!(serde_json::from_value::<Devices>(response).unwrap()),
        "GetDevice" | "CreateDevice" => json!(serde_json::from_value::<Device>(response).unwrap()),
        "ListDevicePorts" => json!(serde_json::from_value::<Ports>(response).unwrap()),
        _ => response,
    }
}

fn name(code: Code) -> &'static str {
    match code {
        Code::NotFound => "NOT_FOUND",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Unknown => "UNKNOWN",
        other => panic!("the replay does not know {other:?}"),
    }
}
