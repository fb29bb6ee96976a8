//! Several servers on one database: each answers for all, and what one leaves behind the others finish.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binaries::{Running, example};
use crate::home::{self, Home};

/// Ten seconds would do as well, and the test would wait for them.
const LEASE_MS: u64 = 8_000;

/// One test at a time: a server that the machine leaves without time is taken for dead.
static TURN: Mutex<()> = Mutex::new(());

struct Servers {
    _turn: MutexGuard<'static, ()>,
    home: Home,
    /// Their key and RADIUS's tables.
    folder: TempDir,
    _world: TempDir,
    simulators: Running,
    http: Client,
}

impl Servers {
    fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (folder, world) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut command = example("server");
        command.arg("--simulators-only").arg("--data").arg(world.path()).stderr(std::process::Stdio::null());
        let simulators = Running::start(&mut command, "genieacs ");
        let http = Client::builder().timeout(Duration::from_secs(100)).build().unwrap();
        Self { _turn: turn, home: Home::new(), folder, _world: world, simulators, http }
    }
    fn command(&self, data: &std::path::Path) -> Command {
        let mut command = example("server");
        command.args(["--listen", "127.0.0.1:0", "--database", &home::url(), "--data"]).arg(data);
        for system in ["netbox", "voltha", "genieacs"] {
            command.arg(format!("--{system}")).arg(self.simulators.place(system));
        }
        command.env("ISP_DATABASE__SCHEMA", self.home.name()).env("ISP_SETTLE_AFTER_MS", "700");
        command.env("ISP_DATABASE__LEASE_MS", LEASE_MS.to_string());
        command.env("ISP_VOLTHA__DISCOVERY_TIMEOUT_MS", "100").stderr(std::process::Stdio::null());
        command
    }
    fn start(&self) -> Running {
        Running::start(&mut self.command(self.folder.path()), "curl ")
    }
    fn url(&self, server: &Running, path: &str) -> String {
        format!("{}/api/v1/orchestration/{path}", server.place("api"))
    }
    fn provision(&self, server: &Running, n: u32, wait: u32) -> RequestBuilder {
        let body = json!({"email":format!("s{n}@example.com"),"service_address":"1 Side St",
            "service_plan_id":"plan_basic_100","onu_serial":format!("ALCL1{n:07}"),
            "cpe_mac":format!("00:11:22:33:45:{n:02x}")});
        let url = self.url(server, &format!("provision-subscriber?wait={wait}"));
        self.http.post(url).header("Idempotency-Key", format!("s{n}")).json(&body)
    }
    fn get(&self, server: &Running, path: &str) -> (StatusCode, Value) {
        let answer = self.http.get(self.url(server, path)).send().unwrap();
        (answer.status(), answer.json().unwrap())
    }
    /// The workflow, as this server tells it, when it has come to rest.
    fn ended(&self, server: &Running, id: &str) -> Value {
        let began = Instant::now();
        loop {
            let (status, workflow) = self.get(server, &format!("workflows/{id}"));
            assert_eq!(status, StatusCode::OK, "{workflow}");
            if ["completed", "rolled_back", "failed"].contains(&workflow["status"].as_str().unwrap()) {
                return workflow;
            }
            assert!(began.elapsed() < Duration::from_secs(200), "{workflow}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    /// The next call of this kind is answered so much later.
    fn delay(&self, system: &str, op: &str, ms: u64) {
        let fault = json!({"op":op,"mode":"delay","ms":ms});
        let url = format!("{}/_sim/faults", self.simulators.place(system));
        assert!(self.http.post(url).json(&fault).send().unwrap().status().is_success());
    }
    /// Waits until that call has come.
    fn until_called(&self, system: &str) {
        let url = format!("{}/_sim/faults", self.simulators.place(system));
        let began = Instant::now();
        loop {
            let left: Value = self.http.get(&url).send().unwrap().json().unwrap();
            if left.as_array().unwrap().is_empty() {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(200), "{left}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    /// The leases of those who live, in milliseconds.
    fn leases(&self) -> Vec<i64> {
        let leases = "SELECT (EXTRACT(EPOCH FROM lease) * 1000)::bigint FROM orchestration_workers WHERE state = 'live'";
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            sqlx::query_scalar(leases).fetch_all(&mut self.home.foreign().await).await.unwrap()
        })
    }
    /// How many addresses stand in NetBox for this workflow.
    fn addresses(&self, workflow: &str) -> usize {
        let url = format!("{}/_sim/state", self.simulators.place("netbox"));
        let world: Value = self.http.get(url).send().unwrap().json().unwrap();
        world["addresses"].as_array().unwrap().iter().filter(|a| a.to_string().contains(workflow)).count()
    }
}

#[test]
fn each_server_answers_for_all_and_a_secret_is_the_same_wherever_it_is_asked_for() {
    let servers = Servers::new();
    // Both make the tables, or one of them does.
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| servers.start());
        (servers.start(), one.join().unwrap())
    });
    let answer = servers.provision(&one, 1, 60).send().unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let created: Value = answer.json().unwrap();
    let id = created["workflow_id"].as_str().unwrap();
    assert_eq!(servers.ended(&other, id)["status"], "completed");
    // The same request at another server is the same workflow.
    let again = servers.provision(&other, 1, 60).send().unwrap().json::<Value>().unwrap();
    assert_eq!(again["workflow_id"], created["workflow_id"]);
    let (_, listed) = servers.get(&other, "workflows?status=completed");
    assert_eq!(listed["workflows"].as_array().map(Vec::len), Some(1), "{listed}");
    let credentials = format!("subscribers/{}/credentials", created["subscriber_id"].as_str().unwrap());
    let (status, secret) = servers.get(&other, &credentials);
    assert_eq!((status, secret["secret"].as_str().map(str::len)), (StatusCode::OK, Some(20)), "{secret}");
    assert_eq!(servers.get(&one, &credentials).0, StatusCode::GONE);
    assert!(one.terminate() && other.terminate());
}

#[test]
fn what_a_killed_server_had_begun_another_one_finishes_once() {
    let servers = Servers::new();
    let (dying, living) = (servers.start(), servers.start());
    assert_eq!(servers.leases(), [i64::try_from(LEASE_MS).unwrap(); 2]);
    servers.delay("netbox", "allocate", 2_000);
    let started = servers.provision(&dying, 2, 0).send().unwrap();
    assert_eq!(started.status(), StatusCode::ACCEPTED);
    let id = started.json::<Value>().unwrap()["workflow_id"].as_str().unwrap().to_owned();
    servers.until_called("netbox");
    dying.kill();
    let workflow = servers.ended(&living, &id);
    assert_eq!(workflow["status"], "completed", "{workflow}");
    assert_eq!(servers.addresses(&id), 1);
    assert!(living.terminate());
}

#[test]
fn a_server_that_is_told_to_stop_hands_over_and_the_other_one_goes_on() {
    let servers = Servers::new();
    let (leaving, staying) = (servers.start(), servers.start());
    servers.delay("netbox", "allocate", 1_000);
    let started = servers.provision(&leaving, 3, 0).send().unwrap();
    let id = started.json::<Value>().unwrap()["workflow_id"].as_str().unwrap().to_owned();
    servers.until_called("netbox");
    assert!(leaving.terminate(), "it lets the call end, and leaves well");
    let workflow = servers.ended(&staying, &id);
    assert_eq!(workflow["status"], "completed", "{workflow}");
    let (_, trail) = servers.get(&staying, &format!("workflows/{id}/events"));
    assert!(!trail.to_string().contains("taken_over"), "nobody had to take it for dead: {trail}");
    assert_eq!(servers.addresses(&id), 1);
    // New requests are the other one's.
    assert_eq!(servers.provision(&staying, 4, 60).send().unwrap().status(), StatusCode::CREATED);
    assert!(staying.terminate());
}

#[test]
fn a_server_with_another_key_does_not_start() {
    let servers = Servers::new();
    let first = servers.start();
    let other = tempfile::tempdir().unwrap();
    let refused = servers.command(other.path()).stderr(std::process::Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("another key than the first one"), "{said}");
    // With the first one's key it does, whatever else is in its folder.
    let mut command = servers.command(other.path());
    command.env("ISP_KEY_FILE", servers.folder.path().join("secret"));
    let second = Running::start(&mut command, "curl ");
    assert!(second.terminate() && first.terminate());
}

#[test]
fn the_example_of_many_workers_finishes_what_its_killed_worker_had_begun() {
    let output = example("many_workers").arg(home::url()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("the first worker is killed while it builds\n"), "{said}");
    assert!(said.contains("12 of 12 ships are ready; "), "{said}");
    assert!(!said.contains("; 0 were taken over"), "it was killed while it built: {said}");
}

#[test]
fn the_example_of_a_start_in_a_transaction_does_the_same_on_postgresql() {
    let output = example("start_in_transaction").arg(home::url()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let end = "completed: apples, packed\nthere is no workflow ship-the-moon\ncompleted: pears, packed\n";
    assert!(said.contains("the moon: nobody can pay for that\n") && said.ends_with(end), "{said}");
}
