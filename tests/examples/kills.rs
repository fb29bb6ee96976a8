//! The product under SIGKILL, as a black box: the server in one process, the systems in another, and after every
//! round the systems themselves are asked. Every workflow ends, nothing is done twice, nothing is left over.
//!
//! First every cell of the table that can be hit on purpose, then kills at random moments (`SAGA_SEED` repeats them).

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binaries::{Running, example};

/// Longer than any delay here, so that what lands late is looked after.
const SETTLE_MS: &str = "700";
const DELAY_MS: u64 = 250;

/// A system whose answer can be spoiled, the operation of a direction, and in which moment the kill comes.
struct Cell {
    step: &'static str,
    system: &'static str,
    op: &'static str,
    direction: Direction,
    moment: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    Forward,
    Backward,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// The request is under way, its effect comes after the kill.
    Before,
    /// The effect is there, its answer never comes.
    Between,
}

struct Stage {
    folder: TempDir,
    _world: TempDir,
    simulators: Running,
    http: Client,
}

impl Stage {
    fn new() -> Self {
        let (folder, world) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut command = example("server");
        command.arg("--simulators-only").arg("--data").arg(world.path()).stderr(log(world.path()));
        let simulators = Running::start(&mut command, "genieacs ");
        Self { folder, _world: world, simulators, http: Client::new() }
    }

    fn server(&self) -> Running {
        let mut command = example("server");
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(self.folder.path());
        for system in ["netbox", "voltha", "genieacs"] {
            command.arg(format!("--{system}")).arg(self.simulators.place(system));
        }
        command.env("ISP_SETTLE_AFTER_MS", SETTLE_MS).env("ISP_VOLTHA__DISCOVERY_TIMEOUT_MS", "100");
        command.stderr(log(self.folder.path()));
        Running::start(&mut command, "curl ")
    }

    fn door(&self, system: &str) -> String {
        self.simulators.place(if system == "voltha" { "voltha-control" } else { system })
    }
    fn world(&self, system: &str) -> Value {
        self.http.get(format!("{}/_sim/state", self.door(system))).send().unwrap().json().unwrap()
    }
    fn spoil(&self, system: &str, fault: &Value) {
        let sent = self.http.post(format!("{}/_sim/faults", self.door(system))).json(fault).send().unwrap();
        assert!(sent.status().is_success(), "{fault}: {}", sent.text().unwrap());
    }
    fn heal(&self) {
        for system in ["netbox", "voltha", "genieacs"] {
            self.http.delete(format!("{}/_sim/faults", self.door(system))).send().unwrap();
        }
    }
    fn is_spoilt(&self, system: &str) -> bool {
        let url = format!("{}/_sim/faults", self.door(system));
        let waiting: Value = self.http.get(url).send().unwrap().json().unwrap();
        waiting.as_array().is_some_and(|faults| !faults.is_empty())
    }

    /// Asks for subscriber `n` without waiting; `fails` at its sixth step, whose router nobody knows.
    fn provision(&self, server: &Running, n: u32, fails: bool) -> String {
        let mac = if fails { "aa:bb:cc:dd:ee:ff".to_owned() } else { format!("00:11:22:33:45:{n:02x}") };
        let body = json!({"email":format!("subscriber.{n}@example.com"),"service_address":"1 Side St",
            "service_plan_id":"plan_basic_100","onu_serial":format!("ALCL1{n:07}"),"cpe_mac":mac});
        let url = format!("{}/api/v1/orchestration/provision-subscriber?wait=0", server.place("api"));
        let answer: Value = self.http.post(url).json(&body).send().unwrap().json().unwrap();
        answer["workflow_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn ended(&self, server: &Running, id: &str) -> Value {
        let url = format!("{}/api/v1/orchestration/workflows/{id}", server.place("api"));
        let began = Instant::now();
        loop {
            let workflow: Value = self.http.get(&url).send().unwrap().json().unwrap();
            if ["completed", "rolled_back", "failed"].contains(&workflow["status"].as_str().unwrap()) {
                return workflow;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{workflow}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks the systems themselves what is there of subscriber `n`.
    fn check(&self, n: u32, workflow: &Value) {
        let id = workflow["workflow_id"].as_str().unwrap();
        let there = match workflow["status"].as_str() {
            Some("completed") => 1,
            Some("rolled_back") => 0,
            _ => panic!("nobody should be needed: {workflow}"),
        };
        let netbox = self.world("netbox");
        let ours =
            netbox["addresses"].as_array().unwrap().iter().filter(|a| a.to_string().contains(id)).count();
        assert_eq!(ours, there, "addresses of {workflow}");
        for (effect, times) in netbox["effects"].as_object().unwrap() {
            let once = !effect.contains(id) || times.as_u64() <= Some(2);
            assert!(once, "{effect} was done {times} times: {workflow}");
        }
        let onu = &self.world("voltha")["devices"][format!("ALCL1{n:07}")];
        assert_eq!(onu["admin_state"] == "ENABLED", there == 1, "{onu} of {workflow}");
        let router = &self.world("genieacs")["devices"];
        let subscriber = workflow["steps"][1]["output_data"]["subscriber_id"].as_str();
        if let Some(subscriber) = subscriber {
            assert_eq!(router.to_string().contains(subscriber), there == 1, "the router of {workflow}");
        }
        let user = format!("subscriber.{n}@example.com");
        assert_eq!(
            rows(&self.folder.path().join("radius.db"), "radcheck", "username", &user),
            there,
            "{workflow}"
        );
        let rows = |table, column, key| rows(&self.folder.path().join("saga.db"), table, column, key);
        assert_eq!(rows("customers", "email", &user), there, "{workflow}");
        assert_eq!(rows("subscribers", "username", &user), there, "{workflow}");
    }
}

fn log(folder: &Path) -> File {
    File::options().append(true).create(true).open(folder.join("log")).unwrap()
}

fn rows(file: &Path, table: &'static str, column: &'static str, key: &str) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
        let mut connection =
            SqliteConnectOptions::new().filename(file).read_only(true).connect().await.unwrap();
        let text = format!("SELECT count(*) FROM {table} WHERE {column} = ?");
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(text))
            .bind(key.to_owned())
            .fetch_one(&mut connection)
            .await
            .unwrap();
        usize::try_from(count).unwrap()
    })
}

fn cells() -> Vec<Cell> {
    let mut cells = vec![];
    for (step, system, op, direction) in [
        ("allocate_ip", "netbox", "allocate", Direction::Forward),
        ("allocate_ip", "netbox", "release", Direction::Backward),
        ("activate_onu", "voltha", "enable", Direction::Forward),
        ("activate_onu", "voltha", "disable", Direction::Backward),
        ("configure_cpe", "genieacs", "set", Direction::Forward),
    ] {
        for moment in [Moment::Before, Moment::Between] {
            cells.push(Cell { step, system, op, direction, moment });
        }
    }
    cells
}

#[test]
fn sigkill_at_every_step_that_calls_a_system_leaves_everything_or_nothing() {
    let stage = Stage::new();
    let mut table = vec![];
    for (n, cell) in (1..).zip(cells()) {
        let server = stage.server();
        let mode = if cell.moment == Moment::Before { "delay" } else { "hold_answer" };
        let ms = if cell.moment == Moment::Before { DELAY_MS } else { 60_000 };
        stage.spoil(cell.system, &json!({"op":cell.op,"mode":mode,"ms":ms}));
        let id = stage.provision(&server, n, cell.direction == Direction::Backward);
        let began = Instant::now();
        while stage.is_spoilt(cell.system) {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{} was never asked to {}",
                cell.system,
                cell.op
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        // The simulator has taken the request; a moment more, and the effect that is not delayed is done.
        std::thread::sleep(Duration::from_millis(30));
        server.kill();
        let server = stage.server();
        let workflow = stage.ended(&server, &id);
        stage.check(n, &workflow);
        assert!(server.terminate());
        table.push(format!(
            "{:14} {:9?} {:8?} {}",
            cell.step, cell.direction, cell.moment, workflow["status"]
        ));
    }
    println!("step           direction moment   end\n{}", table.join("\n"));
    println!("create_customer, create_subscriber, create_billing_service: not possible, effect = commit");
}

#[test]
fn sigkill_at_random_moments_leaves_everything_or_nothing() {
    let seed = std::env::var("SAGA_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos().into()
    });
    println!("repeat with SAGA_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let stage = Stage::new();
    let mut server = stage.server();
    for n in 0..50 {
        let fails = random.bool();
        if random.u32(0..3) == 0 {
            let (system, op) =
                [("netbox", "allocate"), ("netbox", "release"), ("voltha", "enable"), ("genieacs", "set")]
                    [random.usize(0..4)];
            let mode = ["drop_answer", "hold_answer"][random.usize(0..2)];
            stage.spoil(system, &json!({"op":op,"mode":mode,"ms":60_000}));
        }
        let id = stage.provision(&server, n, fails);
        std::thread::sleep(Duration::from_millis(random.u64(0..250)));
        server.kill();
        stage.heal();
        server = stage.server();
        let workflow = stage.ended(&server, &id);
        stage.check(n, &workflow);
        assert_eq!(workflow["status"] == "completed", !fails, "{workflow}");
    }
    assert!(server.terminate());
}

#[test]
fn the_example_can_be_killed_before_it_has_said_anything() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" --listen 127.0.0.1:0 --data \"$1\""])
            .arg(example("server").get_program())
            .arg(folder.path())
            .stdout(std::process::Stdio::null())
            .stderr(log(folder.path()))
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut command = example("server");
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).stderr(log(folder.path()));
    assert!(Running::start(&mut command, "curl ").terminate());
}
