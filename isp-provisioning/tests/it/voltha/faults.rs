//! What the adapter concludes from each way in which a call can go wrong.

use std::time::Duration;

use isp_provisioning::adapters::voltha::{Voltha, VolthaSettings};
use isp_provisioning::ports::{ErrorClass, OpticalLine};
use isp_provisioning::simulators::voltha::{Found, VolthaSimulator};
use isp_provisioning::simulators::{Fault, FaultMode};
use tonic::Code;

use super::{ANY_PORT, config, start, start_with};
use crate::voltha_suite::{adapter, client, settings};
use ErrorClass::{Ambiguous, Configuration, Permanent, Transient};

const ONU: &str = "ALCL12345678";
const PATIENT: Duration = Duration::from_secs(10);

/// A simulator, the adapter, and the id of a disabled ONU.
struct Scene {
    simulator: VolthaSimulator,
    voltha: Voltha,
    id: String,
}

impl Scene {
    async fn new() -> Self {
        let simulator = start().await;
        let impatient = VolthaSettings { timeout_ms: 400, ..settings(&simulator.url()) };
        let voltha = Voltha::new(impatient).unwrap();
        let id = voltha.find(ONU).await.unwrap().device_id;
        Self { simulator, voltha, id }
    }
    fn fault(&self, fault: Fault) {
        self.simulator.faults.add(fault).unwrap();
    }
    fn enabled(&self) -> u64 {
        self.simulator.effects("enable", ONU)
    }
    fn disabled(&self) -> u64 {
        self.simulator.effects("disable", ONU)
    }
    async fn enable_fails(&self) -> ErrorClass {
        self.voltha.enable(&self.id).await.unwrap_err().class
    }
    async fn eventually_enabled(&self) {
        let reached = async {
            while self.enabled() != 1 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENT, reached).await.expect("the effect should come in the end");
    }
    /// After an ambiguous answer: repeating brings the ONU up, and it was enabled once.
    async fn repeating_enables_once(&self) {
        self.voltha.enable(&self.id).await.unwrap();
        assert_eq!(self.enabled(), 1);
    }
}

#[tokio::test]
async fn every_status_has_its_class_for_a_change_and_for_a_look() {
    let scene = Scene::new().await;
    for (code, changing, looking) in [
        (Code::Cancelled, Ambiguous, Transient),
        (Code::Unknown, Ambiguous, Transient),
        (Code::InvalidArgument, Permanent, Permanent),
        (Code::DeadlineExceeded, Ambiguous, Transient),
        (Code::AlreadyExists, Permanent, Permanent),
        (Code::PermissionDenied, Configuration, Configuration),
        (Code::ResourceExhausted, Ambiguous, Transient),
        (Code::Aborted, Ambiguous, Transient),
        (Code::OutOfRange, Configuration, Configuration),
        (Code::Unimplemented, Configuration, Configuration),
        (Code::Internal, Ambiguous, Transient),
        (Code::Unavailable, Ambiguous, Transient),
        (Code::DataLoss, Ambiguous, Transient),
        (Code::Unauthenticated, Configuration, Configuration),
    ] {
        let refuse = |op: &str| scene.fault(Fault::new(op, FaultMode::Refuse).status(code as u16));
        refuse("enable");
        assert_eq!(scene.enable_fails().await, changing, "{code:?} to EnableDevice");
        refuse("disable");
        assert_eq!(
            scene.voltha.disable(&scene.id).await.unwrap_err().class,
            changing,
            "{code:?} to DisableDevice"
        );
        refuse("get");
        assert_eq!(scene.enable_fails().await, looking, "{code:?} to GetDevice");
        refuse("list");
        let error = adapter(&scene.simulator.url()).find(ONU).await.unwrap_err();
        assert_eq!(error.class, looking, "{code:?} to ListDevices");
    }
    assert_eq!((scene.enabled(), scene.disabled()), (0, 0));
    assert!(scene.simulator.faults.list().is_empty(), "every fault hit its call");
}

#[tokio::test]
async fn failed_precondition_is_decided_by_the_state_of_the_device() {
    let scene = Scene::new().await;
    let refuse =
        |op: &str| scene.fault(Fault::new(op, FaultMode::Refuse).status(Code::FailedPrecondition as u16));
    refuse("enable");
    assert_eq!(scene.enable_fails().await, Transient, "still disabled: it is being deleted or reconciled");
    refuse("disable");
    scene.voltha.disable(&scene.id).await.expect("it is disabled, which is all that was wanted");
    scene.voltha.enable(&scene.id).await.unwrap();
    refuse("disable");
    assert_eq!(scene.voltha.disable(&scene.id).await.unwrap_err().class, Transient);
}

#[tokio::test]
async fn somebody_else_who_enables_it_first_is_as_good() {
    let scene = Scene::new().await;
    // The adapter has seen it disabled; its EnableDevice comes second.
    scene.fault(Fault::new("enable", FaultMode::Delay).ms(300));
    let patient = adapter(&scene.simulator.url());
    let (ours, theirs) = tokio::join!(patient.enable(&scene.id), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        client(&scene.simulator.url()).enable_device(&scene.id).await
    });
    theirs.unwrap();
    ours.unwrap();
    assert_eq!(scene.enabled(), 1);
}

#[tokio::test]
async fn a_delayed_change_is_ambiguous_and_happens_after_all() {
    let scene = Scene::new().await;
    scene.fault(Fault::new("enable", FaultMode::Delay).ms(700));
    assert_eq!(scene.enable_fails().await, Ambiguous);
    assert_eq!(scene.enabled(), 0);
    scene.eventually_enabled().await;
    scene.repeating_enables_once().await;
}

#[tokio::test]
async fn a_held_answer_is_ambiguous() {
    let scene = Scene::new().await;
    scene.fault(Fault::new("enable", FaultMode::HoldAnswer));
    assert_eq!(scene.enable_fails().await, Ambiguous);
    scene.repeating_enables_once().await;
}

#[tokio::test]
async fn a_dropped_answer_is_ambiguous() {
    let scene = Scene::new().await;
    scene.fault(Fault::new("enable", FaultMode::DropAnswer));
    assert_eq!(scene.enable_fails().await, Ambiguous);
    scene.repeating_enables_once().await;
    scene.fault(Fault::new("disable", FaultMode::DropAnswer));
    assert_eq!(scene.voltha.disable(&scene.id).await.unwrap_err().class, Ambiguous);
    scene.voltha.disable(&scene.id).await.unwrap();
    assert_eq!(scene.disabled(), 1);
}

#[tokio::test]
async fn a_change_that_comes_late_is_ambiguous() {
    let scene = Scene::new().await;
    scene.fault(Fault::new("enable", FaultMode::Late).ms(100));
    assert_eq!(scene.enable_fails().await, Ambiguous);
    assert_eq!(scene.enabled(), 0);
    scene.eventually_enabled().await;
    scene.repeating_enables_once().await;
}

#[tokio::test]
async fn a_look_that_goes_wrong_is_never_ambiguous() {
    let scene = Scene::new().await;
    for mode in [FaultMode::HoldAnswer, FaultMode::DropAnswer, FaultMode::Late, FaultMode::Delay] {
        scene.fault(Fault::new("get", mode).ms(700));
        assert_eq!(scene.voltha.find(ONU).await.unwrap_err().class, Transient, "{mode:?}");
    }
}

#[tokio::test]
async fn a_look_that_goes_wrong_after_enabling_leaves_the_outcome_open() {
    let scene = Scene::new().await;
    // The first look sees it disabled and is slow; the fault behind it hits the second look.
    scene.fault(Fault::new("get", FaultMode::Delay).ms(1));
    scene.fault(Fault::new("get", FaultMode::DropAnswer));
    assert_eq!(scene.enable_fails().await, Ambiguous);
    scene.repeating_enables_once().await;
}

#[tokio::test]
async fn an_onu_that_does_not_come_up_and_cannot_be_disabled_leaves_the_outcome_open() {
    let scene = Scene::new().await;
    let id = scene.voltha.find("FAIL00000001").await.unwrap().device_id;
    scene.fault(Fault::new("disable", FaultMode::Refuse).status(Code::Unavailable as u16));
    let error = scene.voltha.enable(&id).await.unwrap_err();
    assert_eq!(error.class, Ambiguous);
    assert!(error.message.starts_with("ONU activation failed: omci-mib-download-failed; and"), "{error}");
}

#[tokio::test]
async fn without_a_connection_nothing_happened() {
    let simulator = start().await;
    let url = simulator.url();
    simulator.stop().await;
    let error = adapter(&url).disable("any").await.unwrap_err();
    assert_eq!(error.class, Transient, "{error}");
    assert_eq!(adapter(&url).find(ONU).await.unwrap_err().class, Transient);
}

#[tokio::test]
async fn a_silent_server_is_ambiguous_only_for_a_change() {
    // The operating system takes connections; nobody ever reads from them.
    let silent = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let voltha = Voltha::new(VolthaSettings { timeout_ms: 50, ..settings(&url) }).unwrap();
    assert_eq!(voltha.disable("any").await.unwrap_err().class, Ambiguous);
    let error = voltha.find(ONU).await.unwrap_err();
    assert_eq!(error.class, Transient);
    assert!(error.message.starts_with("VOLTHA ListDevices: "), "{error}");
}

#[tokio::test]
async fn an_address_that_cannot_be_one_is_a_matter_of_configuration() {
    for endpoint in ["", "127.0.0.1:50057", "https://voltha:50057", "http://a b"] {
        assert_eq!(Voltha::new(settings(endpoint)).unwrap_err().class, Configuration, "{endpoint}");
    }
}

#[tokio::test]
async fn an_onu_that_appears_while_it_is_looked_for_is_found() {
    let simulator = start().await;
    let patient = VolthaSettings { discovery_timeout_ms: 10_000, ..settings(&simulator.url()) };
    let voltha = Voltha::new(patient).unwrap();
    let (found, ()) = tokio::join!(voltha.find("NEWX00000001"), async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        simulator.find("NEWX00000001", Found::Enabled).unwrap();
    });
    assert!(found.unwrap().enabled);
}

#[tokio::test]
async fn an_onu_that_was_found_again_is_enabled_under_its_new_id() {
    let scene = Scene::new().await;
    scene.simulator.find(ONU, Found::Disabled).unwrap();
    scene.voltha.enable(&scene.id).await.unwrap();
    assert_eq!(scene.enabled(), 1);
    let again = scene.voltha.find(ONU).await.unwrap();
    assert!(again.enabled && again.device_id != scene.id);
    client(&scene.simulator.url()).delete_device(&again.device_id).await.unwrap();
    assert_eq!(scene.voltha.find(ONU).await.unwrap_err().message, "ONU serial not found");
}

#[tokio::test]
async fn disabling_the_old_id_disables_what_was_enabled_under_the_new_one() {
    let scene = Scene::new().await;
    scene.simulator.find(ONU, Found::Disabled).unwrap();
    scene.voltha.enable(&scene.id).await.unwrap();
    scene.voltha.disable(&scene.id).await.unwrap();
    assert_eq!(scene.disabled(), 1);
    assert!(!scene.voltha.find(ONU).await.unwrap().enabled);
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_is_replaced() {
    let simulator = start().await;
    let (url, freeze) = freezable(simulator.addr).await;
    let voltha = Voltha::new(VolthaSettings { timeout_ms: 100, ..settings(&url) }).unwrap();
    voltha.find(ONU).await.unwrap();
    freeze.send(()).unwrap();
    assert_eq!(voltha.find(ONU).await.unwrap_err().class, Transient);
    voltha.find(ONU).await.unwrap();
}

/// A way to `server` whose first connection can be frozen: it stays open, and nothing gets through.
async fn freezable(server: std::net::SocketAddr) -> (String, tokio::sync::oneshot::Sender<()>) {
    let listener = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (freeze, frozen) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut frozen = Some(frozen);
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = tokio::net::TcpStream::connect(server).await.unwrap();
            let frozen = frozen.take();
            tokio::spawn(async move {
                let until = async {
                    match frozen {
                        Some(frozen) => drop(frozen.await),
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    () = until => std::future::pending().await,
                }
            });
        }
    });
    (url, freeze)
}

#[tokio::test]
async fn the_adapter_comes_back_to_a_voltha_that_was_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("voltha");
    let simulator = start_with(config(), Some(&journal)).await;
    let (addr, voltha) = (simulator.addr, adapter(&simulator.url()));
    let id = voltha.find(ONU).await.unwrap().device_id;
    simulator.faults.add(Fault::new("enable", FaultMode::HoldAnswer)).unwrap();
    let (enabled, ()) = tokio::join!(voltha.enable(&id), async {
        while simulator.effects("enable", ONU) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        simulator.stop().await;
    });
    assert_eq!(enabled.unwrap_err().class, Ambiguous);
    assert_eq!(voltha.find(ONU).await.unwrap_err().class, Transient);
    let again = VolthaSimulator::start(addr, ANY_PORT, config(), Some(&journal)).await.unwrap();
    voltha.enable(&id).await.unwrap();
    assert_eq!(again.effects("enable", ONU), 1);
    assert_eq!(voltha.find(ONU).await.unwrap().device_id, id);
}

#[tokio::test]
async fn a_list_longer_than_four_mebibytes_is_read() {
    let many = isp_provisioning::simulators::voltha::VolthaConfig { more_disabled: 30_000, ..config() };
    let simulator = start_with(many, None).await;
    assert!(!adapter(&simulator.url()).find("alcl10029999").await.unwrap().enabled);
}
