//! What tests may rely on about the simulator itself.

use isp_provisioning::adapters::voltha::wire::Id;
use isp_provisioning::simulators::voltha::VolthaConfig;
use serde_json::{Value, json};
use tonic::Code;

use super::{config, start, start_with};
use crate::voltha_suite::client;

async fn get(url: String) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_default_world_has_more_than_250_disabled_onus() {
    let simulator = start_with(VolthaConfig::default(), None).await;
    let state = simulator.state();
    let disabled = |serial: &str| state["devices"][serial]["admin_state"] == "DISABLED";
    assert!(disabled("ALCL12345678") && disabled("ALCL10000000") && disabled("ALCL10000249"));
    assert!(state["devices"]["ALCL10000250"].is_null());
    assert_eq!(state["devices"]["BBSIM_OLT_0"]["oper_status"], "ACTIVE");
}

#[tokio::test]
async fn the_state_counts_changes_not_calls() {
    let simulator = start().await;
    let client = client(&simulator.url());
    let devices = client.list_devices().await.unwrap().items;
    let id = &devices.iter().find(|device| device.serial_number == "ALCL12345678").unwrap().id;
    client.enable_device(id).await.unwrap();
    assert_eq!(client.enable_device(id).await.unwrap_err().code(), Code::FailedPrecondition);
    client.disable_device(id).await.unwrap();
    client.disable_device(id).await.unwrap();
    let state = get(format!("{}/_sim/state", simulator.control.url())).await;
    assert_eq!(state["effects"], json!({ "enable:ALCL12345678": 1, "disable:ALCL12345678": 1 }));
    assert_eq!(state["devices"]["ALCL12345678"]["enabled"], 1);
}

#[tokio::test]
async fn light_comes_on_by_the_control_door() {
    let simulator = start().await;
    let post = |body: &'static str| {
        reqwest::Client::new().post(format!("{}/_sim/onus", simulator.control.url())).body(body).send()
    };
    assert_eq!(post(r#"{"serial":"NEWX00000001","state":"preprovisioned"}"#).await.unwrap().status(), 201);
    assert_eq!(post(r#"{"serial":"NEWX00000001","state":"lit"}"#).await.unwrap().status(), 400);
    assert_eq!(simulator.state()["devices"]["NEWX00000001"]["admin_state"], "PREPROVISIONED");
}

#[tokio::test]
async fn the_world_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("voltha");
    let first = start_with(config(), Some(&journal)).await;
    let client = client(&first.url());
    let devices = client.list_devices().await.unwrap().items;
    let id = |serial: &str| devices.iter().find(|device| device.serial_number == serial).unwrap().id.clone();
    client.enable_device(&id("ALCL12345678")).await.unwrap();
    client.disable_device(&id("BBSM00000001")).await.unwrap();
    client.delete_device(&id("ALCL12345679")).await.unwrap();
    first.find("NEWX00000001", isp_provisioning::simulators::voltha::Found::Enabled).unwrap();
    tokio::time::sleep(config().activation).await;
    let before = first.state();
    first.stop().await;
    let second = start_with(config(), Some(&journal)).await;
    assert_eq!(second.state(), before);
}

#[tokio::test]
async fn calls_that_do_not_exist_are_unimplemented() {
    let simulator = start().await;
    let client = client(&simulator.url());
    let id = Id { id: "x".into() };
    let answer: Result<(), _> = client.call("/voltha.VolthaService/NoSuchMethod", id.clone()).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
    let answer: Result<(), _> = client.call("/other.Service/GetDevice", id).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
}
