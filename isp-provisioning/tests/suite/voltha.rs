//! What the adapter promises of any VOLTHA: the simulator and, in `real_voltha`, another implementation.
//!
//! A target has the OLT `BBSIM_OLT_0`, the active ONU `BBSM00000001` and the disabled ones `ALCL12345678`,
//! `FAIL00000001` (does not come up) and `SLOW00000001` (takes a minute).

use std::time::{Duration, Instant};

use isp_provisioning::adapters::voltha::client::VolthaClient;
use isp_provisioning::adapters::voltha::wire::{AdminState, Device, OperStatus};
use isp_provisioning::adapters::voltha::{Voltha, VolthaSettings};
use isp_provisioning::ports::{ErrorClass, OpticalLine};
use tonic::transport::Endpoint;

/// Gives every case a test of its own name. `$target` is an expression that makes a value with `url()`.
macro_rules! cases {
    ($target:expr) => {
        $crate::voltha_suite::cases!($target;
            it_tells_its_version,
            a_serial_is_found_in_any_case,
            an_olt_is_no_onu,
            an_unknown_serial_is_looked_for_and_then_refused_for_good,
            an_onu_is_enabled_and_disabled_and_both_can_be_repeated,
            an_active_onu_stays_as_it_is,
            an_onu_that_does_not_come_up_is_disabled_again,
            an_onu_that_takes_too_long_may_come_up_yet,
            an_onu_that_is_gone_cannot_be_enabled_and_need_not_be_disabled,
            a_preprovisioned_device_is_neither_enabled_nor_disabled,
        );
    };
    ($target:expr; $($case:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $case() {
            let target = $target;
            $crate::voltha_suite::$case(target.url().as_str()).await;
        })+
    };
}
pub(crate) use cases;

const ONU: &str = "ALCL12345678";

pub(crate) fn settings(url: &str) -> VolthaSettings {
    VolthaSettings {
        discovery_timeout_ms: 60,
        activation_timeout_ms: 5_000,
        poll_first_ms: 5,
        poll_most_ms: 50,
        ..VolthaSettings::new(url)
    }
}

pub(crate) fn adapter(url: &str) -> Voltha {
    Voltha::new(settings(url)).unwrap()
}

pub(crate) fn client(url: &str) -> VolthaClient {
    VolthaClient::new(Endpoint::from_shared(url.to_owned()).unwrap(), Duration::from_secs(5))
}

async fn states(url: &str, id: &str) -> (AdminState, OperStatus) {
    let device = client(url).get_device(id).await.unwrap();
    (device.admin_state(), device.oper_status())
}

pub(crate) async fn it_tells_its_version(url: &str) {
    assert!(!adapter(url).version().await.unwrap().is_empty());
}

pub(crate) async fn a_serial_is_found_in_any_case(url: &str) {
    let voltha = adapter(url);
    let onu = voltha.find("alcl12345678").await.unwrap();
    let listed = client(url).list_devices().await.unwrap().items;
    let device = listed.iter().find(|device| device.serial_number == ONU).unwrap();
    let olt = listed.iter().find(|device| device.root).unwrap();
    assert_eq!((onu.device_id.as_str(), onu.olt_id.as_str()), (device.id.as_str(), olt.id.as_str()));
    assert!(!onu.enabled);
    assert_eq!(voltha.find(ONU).await.unwrap(), onu, "the second time by its id");
    assert!(voltha.find("BBSM00000001").await.unwrap().enabled);
}

pub(crate) async fn an_olt_is_no_onu(url: &str) {
    let error = adapter(url).find("BBSIM_OLT_0").await.unwrap_err();
    assert_eq!(error.message, "ONU serial not found");
}

pub(crate) async fn an_unknown_serial_is_looked_for_and_then_refused_for_good(url: &str) {
    let began = Instant::now();
    let error = adapter(url).find("ALCLFFFFFFFF").await.unwrap_err();
    assert_eq!((error.class, error.message.as_str()), (ErrorClass::Permanent, "ONU serial not found"));
    assert!(began.elapsed().as_millis() >= 60);
}

pub(crate) async fn an_onu_is_enabled_and_disabled_and_both_can_be_repeated(url: &str) {
    let voltha = adapter(url);
    let id = voltha.find(ONU).await.unwrap().device_id;
    voltha.enable(&id).await.unwrap();
    assert_eq!(states(url, &id).await, (AdminState::Enabled, OperStatus::Active));
    voltha.enable(&id).await.unwrap();
    assert!(voltha.find(ONU).await.unwrap().enabled);
    voltha.disable(&id).await.unwrap();
    assert_eq!(states(url, &id).await, (AdminState::Disabled, OperStatus::Unknown));
    voltha.disable(&id).await.unwrap();
    assert!(!voltha.find(ONU).await.unwrap().enabled);
}

pub(crate) async fn an_active_onu_stays_as_it_is(url: &str) {
    let voltha = adapter(url);
    let onu = voltha.find("BBSM00000001").await.unwrap();
    // The server may just have started and be about to bring it up.
    voltha.enable(&onu.device_id).await.unwrap();
    assert_eq!(states(url, &onu.device_id).await, (AdminState::Enabled, OperStatus::Active));
}

pub(crate) async fn an_onu_that_does_not_come_up_is_disabled_again(url: &str) {
    let voltha = adapter(url);
    let id = voltha.find("FAIL00000001").await.unwrap().device_id;
    let error = voltha.enable(&id).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert_eq!(error.message, "ONU activation failed: omci-mib-download-failed");
    assert_eq!(states(url, &id).await.0, AdminState::Disabled, "nothing is left of a refused call");
}

pub(crate) async fn an_onu_that_takes_too_long_may_come_up_yet(url: &str) {
    let impatient = VolthaSettings { activation_timeout_ms: 30, ..settings(url) };
    let voltha = Voltha::new(impatient).unwrap();
    let id = voltha.find("SLOW00000001").await.unwrap().device_id;
    let error = voltha.enable(&id).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Ambiguous, "this call enabled it");
    assert_eq!(error.message, format!("ONU {id} is still Enabled/Activating: starting-openomci"));
    let error = voltha.enable(&id).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient, "this one found it enabled");
    voltha.disable(&id).await.unwrap();
}

pub(crate) async fn an_onu_that_is_gone_cannot_be_enabled_and_need_not_be_disabled(url: &str) {
    let voltha = adapter(url);
    let error = voltha.enable("no-such-id").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert_eq!(error.message, "ONU no-such-id is not known to VOLTHA any more");
    voltha.disable("no-such-id").await.unwrap();
}

pub(crate) async fn a_preprovisioned_device_is_neither_enabled_nor_disabled(url: &str) {
    let (voltha, client) = (adapter(url), client(url));
    let new = Device { host_and_port: "127.0.0.1:50062".into(), ..Device::default() };
    let device: Device = client.call("/voltha.VolthaService/CreateDevice", new).await.unwrap();
    let (enabled, disabled) = (voltha.enable(&device.id).await, voltha.disable(&device.id).await);
    client.delete_device(&device.id).await.unwrap();
    assert_eq!(enabled.unwrap_err().class, ErrorClass::Permanent);
    let error = disabled.unwrap_err();
    assert_eq!(error.class, ErrorClass::Permanent);
    assert!(error.message.contains("invalid-admin-state:PREPROVISIONED"), "{error}");
}
