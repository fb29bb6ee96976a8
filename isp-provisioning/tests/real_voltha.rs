//! The VOLTHA adapter against a VOLTHA of which `VOLTHA_GRPC` is the address, `http://host:port`.
//!
//! `scripts/systems/voltha_fake.sh start DIR` starts one that shares no code with this crate. And the other
//! way round: a client that shares no code with it, run by `VOLTHA_PYTHON`, against the simulator.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "suite/voltha.rs"]
mod voltha_suite;

use std::path::Path;
use std::time::Duration;

use isp_provisioning::simulators::voltha::{VolthaConfig, VolthaSimulator};
use tokio::process::Command;
use tokio::sync::{Mutex, MutexGuard};

/// The cases share one VOLTHA and its ONUs, so they take turns.
static TURN: Mutex<()> = Mutex::const_new(());

struct Target {
    url: String,
    _turn: MutexGuard<'static, ()>,
}

impl Target {
    async fn take() -> Self {
        Self { url: required("VOLTHA_GRPC"), _turn: TURN.lock().await }
    }
    fn url(&self) -> String {
        self.url.clone()
    }
}

voltha_suite::cases!(Target::take().await);

fn required(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: scripts/systems/voltha_fake.sh start DIR starts a VOLTHA and prints it")
    })
}

#[tokio::test]
async fn a_foreign_client_records_the_same_exchanges_from_the_simulator() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (fixtures, recorded) = (crate_folder.join("tests/fixtures/voltha"), tempfile::tempdir().unwrap());
    let any_port = ([127, 0, 0, 1], 0).into();
    let config =
        VolthaConfig { more_disabled: 0, activation: Duration::from_millis(300), ..VolthaConfig::default() };
    let simulator = VolthaSimulator::start(any_port, any_port, config, None).await.unwrap();
    let status = Command::new(required("VOLTHA_PYTHON"))
        .arg(crate_folder.join("../scripts/systems/voltha_record.py"))
        .args([Path::new(&simulator.url()), recorded.path()])
        .status()
        .await
        .unwrap();
    assert!(status.success());
    for entry in std::fs::read_dir(fixtures).unwrap() {
        let fixture = entry.unwrap();
        let again = std::fs::read_to_string(recorded.path().join(fixture.file_name())).unwrap();
        assert_eq!(again, std::fs::read_to_string(fixture.path()).unwrap(), "{:?}", fixture.file_name());
    }
}
