//! The GenieACS adapter against its simulator.

use std::net::SocketAddr;
use std::time::Duration;

use isp_provisioning::adapters::genieacs::{Genieacs, GenieacsSettings};
use isp_provisioning::ports::{CpeSettings, ErrorClass, PortResult, RouterConfig};
use isp_provisioning::simulators::genieacs::{Change, DataModel, SimulatedRouter};
use isp_provisioning::simulators::{Fault, FaultMode, GenieacsConfig, GenieacsSimulator};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const OLD: &str = "00:11:22:33:44:55";
const NEW: &str = "00:11:22:33:45:01";
const SSID: &str = "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.SSID";
const PASSWORD: &str = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.Password";
const TIMEOUT_MS: u64 = 300;

async fn start() -> (GenieacsSimulator, Genieacs) {
    start_with(GenieacsConfig::with_routers(4)).await
}

async fn start_with(config: GenieacsConfig) -> (GenieacsSimulator, Genieacs) {
    let simulator =
        GenieacsSimulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), config, None).await.unwrap();
    let adapter = adapter(&simulator.simulator.url(), 10_000);
    (simulator, adapter)
}

/// A GenieACS with one router of the older model, changed by `change`.
async fn start_one(change: impl FnOnce(&mut SimulatedRouter)) -> (GenieacsSimulator, Genieacs, String) {
    let mut config = GenieacsConfig::with_routers(0);
    change(&mut config.routers[0]);
    let id = config.routers[0].device_id();
    let (simulator, adapter) = start_with(config).await;
    (simulator, adapter, id)
}

fn adapter(url: &str, timeout_ms: u64) -> Genieacs {
    let settings = GenieacsSettings {
        timeout_ms,
        session_ms: 20,
        watch_ms: 0,
        poll_ms: 5,
        ..GenieacsSettings::new(url)
    };
    Genieacs::new(settings).unwrap()
}

fn settings() -> CpeSettings {
    CpeSettings {
        provisioning_code: Some("sub_1".into()),
        pppoe_username: Some("john@example.com".into()),
        pppoe_password: Some("hunter2".into()),
        ssid: Some("home".into()),
        vlan_id: Some(100),
    }
}

fn values(simulator: &GenieacsSimulator, device: &str) -> Value {
    simulator.state()["devices"][device]["values"].clone()
}

fn offline() -> Change {
    Change { online: Some(false), ..Change::default() }
}

fn class<T: std::fmt::Debug>(result: PortResult<T>) -> ErrorClass {
    result.unwrap_err().class
}

#[tokio::test]
async fn a_router_is_found_by_its_mac_in_any_spelling() {
    let (_simulator, genieacs) = start().await;
    genieacs.check().await.unwrap();
    for mac in [OLD, "00-11-22-33-44-55"] {
        assert_eq!(genieacs.find(mac).await.unwrap().device_id, "001122-HG8245-SN001122334455");
    }
    assert_eq!(genieacs.find(NEW).await.unwrap().device_id, "001122-EG8145-SN001122334501");
}

#[tokio::test]
async fn a_router_that_is_not_there_or_not_alone_is_refused_for_good() {
    let mut config = GenieacsConfig::with_routers(0);
    let mut twin = SimulatedRouter::new(OLD, DataModel::Tr181);
    twin.online = false;
    config.routers.push(twin);
    let (_simulator, genieacs) = start_with(config).await;
    for (mac, message) in [
        ("00:11:22:33:99:99", "CPE not found: 00:11:22:33:99:99"),
        (OLD, "CPE not found: several routers claim 00:11:22:33:44:55"),
        ("00:11:22:33:44:*", "CPE not found: 00:11:22:33:44:* is not a MAC address"),
    ] {
        let error = genieacs.find(mac).await.unwrap_err();
        assert_eq!((error.class, error.message.as_str()), (ErrorClass::Permanent, message));
    }
}

#[tokio::test]
async fn both_data_models_are_configured_and_restored() {
    for (mac, ssid, password) in
        [(OLD, SSID, PASSWORD), (NEW, "Device.WiFi.SSID.1.SSID", "Device.PPP.Interface.1.Password")]
    {
        let (simulator, genieacs) = start().await;
        let id = genieacs.find(mac).await.unwrap().device_id;
        let factory = values(&simulator, &id);
        let before = genieacs.snapshot(&id, &settings()).await.unwrap();
        assert_eq!(before.values.len(), 4, "{before:?}");
        assert_eq!(before.passwords, [password]);

        genieacs.configure("wf/5", &id, &settings()).await.unwrap();
        let set = values(&simulator, &id);
        assert_eq!((&set[ssid], &set[password]), (&json!("home"), &json!("hunter2")));
        assert_eq!(set.as_object().unwrap().values().filter(|value| **value == json!(100)).count(), 1);

        genieacs.restore("wf/5/undo", "wf/5", &id, &before).await.unwrap();
        let mut expected = factory.clone();
        expected[password] = json!("");
        assert_eq!(values(&simulator, &id), expected);
        genieacs.restore("wf/5/undo", "wf/5", &id, &before).await.unwrap();
        assert_eq!(simulator.state()["tasks"], json!([]));
    }
}

#[tokio::test]
async fn the_snapshot_is_what_the_router_has_now_not_what_the_server_remembers() {
    let (simulator, genieacs, id) = start_one(|_| {}).await;
    let changed = Change { values: [(SSID.to_owned(), json!("by hand"))].into(), ..Change::default() };
    simulator.change(&id, changed).unwrap();
    let only_ssid = CpeSettings { ssid: Some("home".into()), ..CpeSettings::default() };
    let before = genieacs.snapshot(&id, &only_ssid).await.unwrap();
    assert_eq!(before.values, [(SSID.to_owned(), json!("by hand"), "xsd:string".to_owned())]);
    assert!(before.passwords.is_empty());
}

#[tokio::test]
async fn what_the_model_does_not_have_or_cannot_write_is_left_out() {
    let (simulator, genieacs, id) = start_one(|router| {
        router.without = vec!["X_HW_VLAN".into()];
        router.read_only = vec!["ProvisioningCode".into()];
    })
    .await;
    assert_eq!(genieacs.snapshot(&id, &settings()).await.unwrap().values.len(), 2);
    genieacs.configure("wf/5", &id, &settings()).await.unwrap();
    assert_eq!(values(&simulator, &id)[SSID], "home");
}

#[tokio::test]
async fn a_router_that_was_never_explored_is_configured_too() {
    let (simulator, genieacs, id) = start_one(|router| router.explored = false).await;
    genieacs.configure("wf/5", &id, &settings()).await.unwrap();
    assert_eq!(values(&simulator, &id)[SSID], "home");
}

#[tokio::test]
async fn a_write_that_the_router_drops_is_noticed() {
    let (_simulator, genieacs, id) = start_one(|router| router.stubborn = vec!["SSID".into()]).await;
    let error = genieacs.configure("wf/5", &id, &settings()).await.unwrap_err();
    assert_eq!(error.message, format!("genieacs: {id} did not take {SSID}"));
    // The other values are set.
    assert_eq!(error.class, ErrorClass::Ambiguous);
}

#[tokio::test]
async fn a_router_that_refuses_is_final_and_leaves_neither_task_nor_fault() {
    let (simulator, genieacs, id) = start_one(|_| {}).await;
    let rejects = Change { reject: [(SSID.to_owned(), "9007".to_owned())].into(), ..Change::default() };
    let factory = values(&simulator, &id);
    simulator.change(&id, rejects).unwrap();
    let error = genieacs.configure("wf/5", &id, &settings()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert_eq!(
        error.message,
        format!("genieacs: {id} answered cwmp.9003: Invalid arguments; {SSID}: 9007 Invalid parameter value")
    );
    let state = simulator.state();
    assert_eq!((&state["tasks"], &state["faults"]), (&json!([]), &json!([])));
    assert_eq!(values(&simulator, &id), factory);
}

#[tokio::test]
async fn a_router_off_line_leaves_one_queued_task_which_undo_withdraws() {
    let (simulator, genieacs, id) = start_one(|_| {}).await;
    let before = genieacs.snapshot(&id, &settings()).await.unwrap();
    let factory = values(&simulator, &id);
    simulator.change(&id, offline()).unwrap();
    assert_eq!(class(genieacs.snapshot(&id, &settings()).await), ErrorClass::Transient);
    for _ in 0..3 {
        assert_eq!(class(genieacs.configure("wf/5", &id, &settings()).await), ErrorClass::Ambiguous);
    }
    let queued = |key: &str| {
        let state = simulator.state();
        state["tasks"].as_array().unwrap().iter().filter(|task| task["uniqueKey"] == key).count()
    };
    assert_eq!(queued("wf/5"), 1);
    assert_eq!(class(genieacs.restore("wf/5/undo", "wf/5", &id, &before).await), ErrorClass::Ambiguous);
    assert_eq!((queued("wf/5"), queued("wf/5/undo")), (0, 1));

    simulator.change(&id, Change { online: Some(true), ..Change::default() }).unwrap();
    assert_eq!(simulator.effects("set", "wf/5"), 0);
    genieacs.restore("wf/5/undo", "wf/5", &id, &before).await.unwrap();
    let mut expected = factory;
    expected[PASSWORD] = json!("");
    assert_eq!(values(&simulator, &id), expected);
}

#[tokio::test]
async fn a_router_that_comes_on_line_while_its_task_is_watched_is_configured() {
    let (simulator, _, id) = start_one(|_| {}).await;
    let url = simulator.simulator.url();
    let patient =
        GenieacsSettings { watch_ms: 10_000, poll_ms: 5, session_ms: 20, ..GenieacsSettings::new(url) };
    let genieacs = Genieacs::new(patient).unwrap();
    simulator.change(&id, offline()).unwrap();
    let settings = settings();
    let comes_back = async {
        while simulator.effects("queue", "wf/5") == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        simulator.change(&id, Change { online: Some(true), ..Change::default() }).unwrap();
    };
    let (configured, ()) = tokio::join!(genieacs.configure("wf/5", &id, &settings), comes_back);
    configured.unwrap();
    assert_eq!(simulator.effects("set", "wf/5"), 1);
}

#[tokio::test]
async fn a_router_kept_in_a_session_is_ambiguous_to_set_and_transient_to_withdraw() {
    let (simulator, genieacs, id) = start_one(|_| {}).await;
    let before = genieacs.snapshot(&id, &settings()).await.unwrap();
    simulator.change(&id, Change { in_session: Some(true), ..Change::default() }).unwrap();
    assert_eq!(class(genieacs.configure("wf/5", &id, &settings()).await), ErrorClass::Ambiguous);
    let error = genieacs.restore("wf/5/undo", "wf/5", &id, &before).await.unwrap_err();
    assert_eq!(
        (error.class, error.message),
        (ErrorClass::Transient, format!("genieacs: {id} is in a session"))
    );
}

#[tokio::test]
async fn each_refused_status_has_its_class() {
    use ErrorClass::*;
    let (simulator, genieacs, id) = start_one(|_| {}).await;
    for (status, setting, finding) in [
        (400, Permanent, Permanent),
        (401, Configuration, Configuration),
        (403, Configuration, Configuration),
        (404, Permanent, Configuration),
        (429, Transient, Transient),
        (500, Ambiguous, Transient),
        (502, Ambiguous, Transient),
        (503, Ambiguous, Transient),
        (504, Ambiguous, Transient),
    ] {
        simulator.faults.add(Fault::new("set", FaultMode::Refuse).status(status)).unwrap();
        assert_eq!(class(genieacs.configure("s", &id, &settings()).await), setting, "set, {status}");
        simulator.faults.add(Fault::new("find", FaultMode::Refuse).status(status)).unwrap();
        assert_eq!(class(genieacs.find(OLD).await), finding, "find, {status}");
    }
    assert_eq!(simulator.effects("set", "s"), 0);
}

#[tokio::test]
async fn a_lost_answer_is_ambiguous_and_repeating_it_ends_in_the_same_values() {
    for mode in [FaultMode::DropAnswer, FaultMode::HoldAnswer, FaultMode::Late, FaultMode::Delay] {
        let (simulator, _, id) = start_one(|_| {}).await;
        let genieacs = adapter(&simulator.simulator.url(), TIMEOUT_MS);
        simulator.faults.add(Fault::new("set", mode).ms(TIMEOUT_MS * 2)).unwrap();
        let error = genieacs.configure("wf/5", &id, &settings()).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Ambiguous, "{mode:?}");
        assert!(!error.message.contains("hunter2"), "{error}");
        let done = matches!(mode, FaultMode::DropAnswer | FaultMode::HoldAnswer);
        assert_eq!(simulator.effects("set", "wf/5"), u64::from(done), "{mode:?}");
        genieacs.configure("wf/5", &id, &settings()).await.unwrap();
        assert_eq!(values(&simulator, &id)[SSID], "home", "{mode:?}");
        while simulator.effects("set", "wf/5") < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(simulator.state()["tasks"], json!([]), "{mode:?}");
    }
}

#[tokio::test]
async fn a_failed_read_is_transient_before_the_effect_and_ambiguous_after_it() {
    let (simulator, _, id) = start_one(|_| {}).await;
    let genieacs = adapter(&simulator.simulator.url(), TIMEOUT_MS);
    for mode in [FaultMode::DropAnswer, FaultMode::HoldAnswer, FaultMode::Late] {
        simulator.faults.add(Fault::new("read", mode)).unwrap();
        assert_eq!(class(genieacs.snapshot(&id, &settings()).await), ErrorClass::Transient, "{mode:?}");
        simulator.faults.add(Fault::new("read", mode)).unwrap();
        assert_eq!(
            class(genieacs.configure("wf/5", &id, &settings()).await),
            ErrorClass::Ambiguous,
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn a_lost_withdrawal_is_ambiguous_and_can_be_repeated() {
    for op in ["withdraw", "forget"] {
        let (simulator, genieacs, id) = start_one(|_| {}).await;
        let before = genieacs.snapshot(&id, &settings()).await.unwrap();
        simulator.change(&id, offline()).unwrap();
        genieacs.configure("wf/5", &id, &settings()).await.unwrap_err();
        simulator.faults.add(Fault::new(op, FaultMode::DropAnswer)).unwrap();
        assert_eq!(
            class(genieacs.restore("undo", "wf/5", &id, &before).await),
            ErrorClass::Ambiguous,
            "{op}"
        );
        simulator.change(&id, Change { online: Some(true), ..Change::default() }).unwrap();
        genieacs.restore("undo", "wf/5", &id, &before).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_listening_is_transient() {
    let (simulator, genieacs, id) = start_one(|_| {}).await;
    simulator.simulator.stop().await;
    assert_eq!(class(genieacs.find(OLD).await), ErrorClass::Transient);
    assert_eq!(class(genieacs.configure("x", &id, &settings()).await), ErrorClass::Transient);
}

#[tokio::test]
async fn a_router_that_was_deleted_is_refused_forward_and_forgiven_backward() {
    let (simulator, genieacs, id) = start_one(|_| {}).await;
    let before = genieacs.snapshot(&id, &settings()).await.unwrap();
    let url = format!("{}/devices/{id}", simulator.simulator.url());
    assert_eq!(reqwest::Client::new().delete(url).send().await.unwrap().status(), 200);
    let error = genieacs.configure("wf/5", &id, &settings()).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert_eq!(error.message, format!("CPE not found: {id} is gone from genieacs"));
    genieacs.restore("undo", "wf/5", &id, &before).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_genieacs_is_a_fault_of_the_configuration() {
    let (simulator, _) = start().await;
    let elsewhere = adapter(&format!("{}/elsewhere", simulator.simulator.url()), 10_000);
    assert_eq!(class(elsewhere.check().await), ErrorClass::Configuration);
}

#[tokio::test]
async fn twenty_routers_at_once_and_one_router_twenty_times() {
    let mut config = GenieacsConfig::with_routers(20);
    config.session = Duration::from_millis(2);
    let (simulator, _) = start_with(config).await;
    let settings_of = |url: &str| GenieacsSettings { session_ms: 10_000, ..GenieacsSettings::new(url) };
    let genieacs = std::sync::Arc::new(Genieacs::new(settings_of(&simulator.simulator.url())).unwrap());
    let mut calls = JoinSet::new();
    for n in 0..20 {
        for (mac, reference) in
            [(format!("00:11:22:33:45:{n:02x}"), format!("own-{n}")), (OLD.into(), format!("same-{n}"))]
        {
            let genieacs = genieacs.clone();
            calls.spawn(async move {
                let id = genieacs.find(&mac).await.unwrap().device_id;
                genieacs.configure(&reference, &id, &settings()).await.unwrap();
            });
        }
    }
    calls.join_all().await;
    for n in 0..20 {
        assert_eq!(simulator.effects("set", &format!("own-{n}")), 1);
        assert_eq!(simulator.effects("set", &format!("same-{n}")), 1);
    }
}
