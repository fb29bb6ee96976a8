//! The NetBox adapter against its simulator: the suite, then everything that can go wrong.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use isp_provisioning::adapters::netbox::{Netbox, NetboxSettings};
use isp_provisioning::ports::{AddressPool, ErrorClass, PortResult};
use isp_provisioning::simulators::netbox::ReferenceField;
use isp_provisioning::simulators::{Fault, FaultMode, NetboxConfig, NetboxSimulator};

use crate::suite::netbox::PREFIX;

crate::netbox_suite!(start());

/// Longer than the simulator needs, shorter than a test may wait.
const TIMEOUT_MS: u64 = 300;

async fn start() -> (NetboxSimulator, Arc<Netbox>) {
    start_with(NetboxConfig::default()).await
}

async fn start_with(config: NetboxConfig) -> (NetboxSimulator, Arc<Netbox>) {
    let token = config.token.clone();
    let simulator = NetboxSimulator::start(loopback(), config, None).await.unwrap();
    let adapter = adapter(&simulator.simulator.url(), &token, 10_000);
    (simulator, adapter)
}

/// As [`start`], with an adapter that soon loses patience and already knows its prefix.
async fn start_impatient() -> (NetboxSimulator, Arc<Netbox>) {
    let (simulator, _) = start().await;
    let adapter = adapter(&simulator.simulator.url(), &NetboxConfig::default().token, TIMEOUT_MS);
    adapter.check().await.unwrap();
    (simulator, adapter)
}

fn adapter(url: &str, token: &str, timeout_ms: u64) -> Arc<Netbox> {
    Arc::new(Netbox::new(NetboxSettings { timeout_ms, ..NetboxSettings::new(url, token, PREFIX) }).unwrap())
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn class<T: std::fmt::Debug>(result: PortResult<T>) -> ErrorClass {
    result.unwrap_err().class
}

fn allocated(simulator: &NetboxSimulator, reference: &str) -> u64 {
    simulator.effects("allocate", reference)
}

#[tokio::test]
async fn addresses_come_in_order_after_the_gateway() {
    let (_simulator, netbox) = start().await;
    for (reference, address) in [("a", "10.0.1.2"), ("b", "10.0.1.3")] {
        assert_eq!(netbox.allocate(reference, None, "").await.unwrap().ipv4_address, address);
    }
    netbox.release("a").await.unwrap();
    assert_eq!(netbox.allocate("c", None, "").await.unwrap().ipv4_address, "10.0.1.2");
}

#[tokio::test]
async fn a_refusal_is_permanent_and_leaves_nothing() {
    let (simulator, netbox) = start().await;
    simulator.faults.add(Fault::new("allocate", FaultMode::Refuse)).unwrap();
    let error = netbox.allocate("r", None, "").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert_eq!(error.message, "netbox: allocate an address: 400 refused by the simulator");
    assert_eq!(allocated(&simulator, "r"), 0);
}

#[tokio::test]
async fn each_refused_status_has_its_class() {
    use ErrorClass::*;
    let (simulator, netbox) = start().await;
    for (status, allocating, finding) in [
        (400, Permanent, Permanent),
        (401, Configuration, Configuration),
        (403, Configuration, Configuration),
        (404, Permanent, Permanent),
        (409, Permanent, Permanent),
        (429, Transient, Transient),
        (500, Ambiguous, Transient),
        (502, Ambiguous, Transient),
        (503, Ambiguous, Transient),
        (504, Ambiguous, Transient),
    ] {
        simulator.faults.add(Fault::new("allocate", FaultMode::Refuse).status(status)).unwrap();
        assert_eq!(class(netbox.allocate("s", None, "").await), allocating, "allocate, {status}");
        simulator.faults.add(Fault::new("find", FaultMode::Refuse).status(status)).unwrap();
        assert_eq!(class(netbox.find("s").await), finding, "find, {status}");
    }
    assert_eq!(allocated(&simulator, "s"), 0);
}

#[tokio::test]
async fn a_busy_netbox_says_when_to_come_back() {
    let (simulator, netbox) = start().await;
    simulator.faults.add(Fault::new("allocate", FaultMode::Refuse).status(429).ms(7_000)).unwrap();
    let error = netbox.allocate("busy", None, "").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient);
    assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(7));
}

#[tokio::test]
async fn an_answer_lost_after_the_effect_is_ambiguous_and_the_next_attempt_finds_it() {
    for mode in [FaultMode::DropAnswer, FaultMode::HoldAnswer] {
        let (simulator, netbox) = start_impatient().await;
        simulator.faults.add(Fault::new("allocate", mode)).unwrap();
        assert_eq!(class(netbox.allocate("lost", None, "").await), ErrorClass::Ambiguous, "{mode:?}");
        assert_eq!(allocated(&simulator, "lost"), 1);
        let found = netbox.find("lost").await.unwrap();
        assert_eq!(netbox.allocate("lost", None, "").await.ok(), found);
        assert_eq!(allocated(&simulator, "lost"), 1, "{mode:?}");
    }
}

#[tokio::test]
async fn an_effect_that_comes_late_makes_no_second_address() {
    for mode in [FaultMode::Late, FaultMode::Delay] {
        let (simulator, netbox) = start_impatient().await;
        simulator.faults.add(Fault::new("allocate", mode).ms(TIMEOUT_MS * 2)).unwrap();
        assert_eq!(class(netbox.allocate("late", None, "").await), ErrorClass::Ambiguous, "{mode:?}");
        assert_eq!(allocated(&simulator, "late"), 0, "{mode:?}");
        let first = netbox.allocate("late", None, "").await.unwrap();
        // The late one arrives and meets the unique reference; nothing to see but that it has gone by.
        tokio::time::sleep(std::time::Duration::from_millis(TIMEOUT_MS * 2)).await;
        assert_eq!(allocated(&simulator, "late"), 1, "{mode:?}");
        assert_eq!(netbox.find("late").await.unwrap(), Some(first));
    }
}

#[tokio::test]
async fn a_slow_answer_within_the_timeout_is_an_answer() {
    let (simulator, netbox) = start().await;
    simulator.faults.add(Fault::new("allocate", FaultMode::Delay).ms(50)).unwrap();
    netbox.allocate("slow", None, "").await.unwrap();
    assert_eq!(allocated(&simulator, "slow"), 1);
}

#[tokio::test]
async fn a_lost_release_is_ambiguous_and_can_be_repeated() {
    for mode in [FaultMode::DropAnswer, FaultMode::HoldAnswer, FaultMode::Late] {
        let (simulator, netbox) = start_impatient().await;
        netbox.allocate("gone", None, "").await.unwrap();
        simulator.faults.add(Fault::new("release", mode).ms(TIMEOUT_MS * 2)).unwrap();
        assert_eq!(class(netbox.release("gone").await), ErrorClass::Ambiguous, "{mode:?}");
        netbox.release("gone").await.unwrap();
        assert_eq!(simulator.effects("release", "gone"), 1, "{mode:?}");
        assert_eq!(netbox.find("gone").await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_look_up_that_fails_is_transient() {
    let (simulator, netbox) = start_impatient().await;
    for mode in [FaultMode::DropAnswer, FaultMode::HoldAnswer, FaultMode::Late] {
        simulator.faults.add(Fault::new("find", mode)).unwrap();
        assert_eq!(class(netbox.find("x").await), ErrorClass::Transient, "find, {mode:?}");
        simulator.faults.add(Fault::new("find", mode)).unwrap();
        assert_eq!(class(netbox.release("x").await), ErrorClass::Transient, "release, {mode:?}");
    }
}

#[tokio::test]
async fn a_look_up_that_fails_after_a_taken_reference_is_ambiguous() {
    let (simulator, netbox) = start_impatient().await;
    netbox.allocate("taken", None, "").await.unwrap();
    simulator.faults.add(Fault::new("find", FaultMode::DropAnswer)).unwrap();
    assert_eq!(class(netbox.allocate("taken", None, "").await), ErrorClass::Ambiguous);
}

#[tokio::test]
async fn nobody_listening_is_transient() {
    let (simulator, netbox) = start().await;
    netbox.check().await.unwrap();
    simulator.simulator.stop().await;
    assert_eq!(class(netbox.allocate("off", None, "").await), ErrorClass::Transient);
    assert_eq!(class(netbox.release("off").await), ErrorClass::Transient);
}

#[tokio::test]
async fn an_exhausted_pool_is_permanent_but_not_for_who_got_the_last_address() {
    let mut config = NetboxConfig::default();
    config.pools[0].capacity = Some(1);
    let (simulator, netbox) = start_with(config).await;
    simulator.faults.add(Fault::new("allocate", FaultMode::DropAnswer)).unwrap();
    assert_eq!(class(netbox.allocate("last", None, "").await), ErrorClass::Ambiguous);
    let error = netbox.allocate("none", None, "").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(error.message.ends_with("409 Insufficient resources are available to satisfy the request"));
    assert_eq!(netbox.allocate("last", None, "").await.unwrap().ipv4_address, "10.0.1.2");
}

#[tokio::test]
async fn wrong_credentials_are_a_fault_of_the_configuration() {
    let (simulator, _) = start().await;
    let url = simulator.simulator.url();
    for token in ["nbt_no.such", "0123456789012345678901234567890123456789"] {
        let error = adapter(&url, token, 10_000).check().await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Configuration);
        assert!(error.message.contains("403 Invalid v"), "{error}");
        assert!(!error.message.contains(token), "{error}");
    }
    let reader = adapter(&url, &NetboxConfig::default().token_readonly, 10_000);
    reader.check().await.unwrap();
    let error = reader.allocate("ro", None, "").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Configuration);
    assert!(error.message.contains("You do not have permission"), "{error}");
    let old = adapter(&url, &NetboxConfig::default().token_v1, 10_000);
    old.allocate("v1", None, "").await.unwrap();
}

#[tokio::test]
async fn a_missing_prefix_is_a_fault_of_the_configuration() {
    let mut config = NetboxConfig::default();
    config.pools[0].prefix = "10.9.0.0/16".into();
    config.pools[0].gateway = Some(Ipv4Addr::new(10, 9, 0, 1));
    let (_simulator, netbox) = start_with(config).await;
    let error = netbox.allocate("p", None, "").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Configuration);
    assert_eq!(error.message, "netbox: the prefix 10.0.1.0/24 is not there: create it, or name another one");
}

#[tokio::test]
async fn the_check_names_what_is_wrong_with_the_custom_field() {
    for (field, cure) in [
        (ReferenceField::Missing, "is missing"),
        (ReferenceField::NotUnique, "is not unique"),
        (ReferenceField::LooseFilter, "has a loose filter"),
    ] {
        let (_simulator, netbox) =
            start_with(NetboxConfig { reference_field: field, ..NetboxConfig::default() }).await;
        let error = netbox.check().await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Configuration);
        assert!(error.message.contains(cure), "{error}");
    }
}

#[tokio::test]
async fn an_ignored_filter_never_leads_to_somebody_elses_address() {
    for field in [ReferenceField::Missing, ReferenceField::LooseFilter] {
        let config = NetboxConfig { reference_field: field, ..NetboxConfig::default() };
        let (simulator, netbox) = start_with(config).await;
        if field == ReferenceField::LooseFilter {
            netbox.allocate("wf_10", None, "").await.unwrap();
        } else {
            assert_eq!(class(netbox.allocate("wf_1", None, "").await), ErrorClass::Configuration);
        }
        let before = simulator.state();
        assert_eq!(class(netbox.find("wf_1").await), ErrorClass::Configuration, "{field:?}");
        assert_eq!(class(netbox.release("wf_1").await), ErrorClass::Configuration, "{field:?}");
        assert_eq!(simulator.state(), before, "{field:?}");
    }
}

#[tokio::test]
async fn the_world_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("netbox");
    let config = NetboxConfig::default();
    let first = NetboxSimulator::start(loopback(), config.clone(), Some(&journal)).await.unwrap();
    let addr = first.simulator.addr;
    let netbox = adapter(&first.simulator.url(), &config.token, 10_000);
    let kept = netbox.allocate("kept", None, "").await.unwrap();
    netbox.allocate("gone", None, "").await.unwrap();
    netbox.release("gone").await.unwrap();
    let before = first.state();
    first.simulator.stop().await;
    let second = NetboxSimulator::start(addr, config, Some(&journal)).await.unwrap();
    assert_eq!(second.state(), before);
    assert_eq!(netbox.find("kept").await.unwrap(), Some(kept));
    assert_ne!(netbox.allocate("new", None, "").await.unwrap().netbox_id, 3, "ids are not used again");
}
