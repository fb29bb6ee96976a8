//! The product in one process, the systems in another.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binaries::{Running, example};

/// Longer than any delay here, so that what lands late is looked after.
const SETTLE_MS: &str = "700";
/// How long an effect is held up, where it is to come after a kill.
pub(crate) const DELAY_MS: u64 = 250;

pub(crate) struct Stage {
    folder: TempDir,
    _world: TempDir,
    simulators: Running,
    server: Option<Running>,
    pub(crate) http: Client,
    /// How many subscribers there were.
    subscribers: u32,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let (folder, world) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut command = example("server");
        command.arg("--simulators-only").arg("--data").arg(world.path()).stderr(log(world.path()));
        let simulators = Running::start(&mut command, "genieacs ");
        let http = Client::new();
        let mut stage = Self { folder, _world: world, simulators, server: None, http, subscribers: 0 };
        stage.restart();
        stage
    }

    pub(crate) fn restart(&mut self) {
        let mut command = self.command();
        self.start_as(&mut command);
    }

    /// Starts it by a command of its own.
    pub(crate) fn start_as(&mut self, command: &mut Command) {
        self.server = Some(Running::start(command, "curl "));
    }

    /// What starts the server.
    pub(crate) fn command(&self) -> Command {
        let mut command = example("server");
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(self.folder.path());
        for system in ["netbox", "voltha", "genieacs"] {
            command.arg(format!("--{system}")).arg(self.simulators.place(system));
        }
        command.env("ISP_SETTLE_AFTER_MS", SETTLE_MS).env("ISP_VOLTHA__DISCOVERY_TIMEOUT_MS", "100");
        command.stderr(log(self.folder.path()));
        command
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.server.take().expect("a running server").kill();
    }

    /// Stops the server, and says whether it ended well.
    pub(crate) fn terminate(&mut self) -> bool {
        self.server.take().expect("a running server").terminate()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let server = self.server.as_ref().expect("a running server");
        format!("{}/api/v1/orchestration/{path}", server.place("api"))
    }
    pub(crate) fn is_ready(&self) -> bool {
        self.unready().is_none()
    }
    /// Why it is not ready, if it is not.
    pub(crate) fn unready(&self) -> Option<String> {
        let server = self.server.as_ref().expect("a running server");
        let answer = self.http.get(format!("{}/health/ready", server.place("api"))).send().unwrap();
        if answer.status().is_success() { None } else { Some(answer.text().unwrap()) }
    }
    pub(crate) fn server_id(&self) -> u32 {
        self.server.as_ref().expect("a running server").id()
    }
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub(crate) fn next_subscriber(&mut self) -> u32 {
        self.subscribers += 1;
        self.subscribers
    }

    pub(crate) fn world(&self, system: &str) -> Value {
        self.http.get(format!("{}/_sim/state", self.door(system))).send().unwrap().json().unwrap()
    }
    /// The next call of `op` goes wrong in this way.
    pub(crate) fn spoil(&self, system: &str, op: &str, mode: &str, ms: u64) {
        let fault = json!({"op":op,"mode":mode,"ms":ms});
        let sent = self.http.post(format!("{}/_sim/faults", self.door(system))).json(&fault).send().unwrap();
        assert!(sent.status().is_success(), "{fault}: {}", sent.text().unwrap());
    }
    /// How many calls are still to go wrong.
    pub(crate) fn spoilt(&self, system: &str) -> usize {
        let url = format!("{}/_sim/faults", self.door(system));
        let waiting: Value = self.http.get(url).send().unwrap().json().unwrap();
        waiting.as_array().expect("a list of faults").len()
    }
    pub(crate) fn heal(&self) {
        for system in ["netbox", "voltha", "genieacs"] {
            self.http.delete(format!("{}/_sim/faults", self.door(system))).send().unwrap();
        }
    }
    fn door(&self, system: &str) -> String {
        self.simulators.place(if system == "voltha" { "voltha-control" } else { system })
    }
}

pub(crate) fn log(folder: &Path) -> File {
    File::options().append(true).create(true).open(folder.join("log")).unwrap()
}
