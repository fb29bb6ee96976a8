//! The product as a process: as the README starts it, and with the systems in a process of their own.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::binaries::{Running, example};

fn server(folder: &Path) -> Command {
    let mut command = example("server");
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(folder);
    command.stderr(File::options().append(true).create(true).open(folder.join("log")).unwrap());
    command
}

fn john() -> Value {
    json!({"first_name":"John","last_name":"Doe","email":"john.doe@example.com","service_address":"123 Main St",
        "service_plan_id":"plan_premium_1000","onu_serial":"ALCL12345678","cpe_mac":"00:11:22:33:44:55"})
}

fn provision(api: &str, body: &Value, wait: u32) -> (StatusCode, Value) {
    let url = format!("{api}/api/v1/orchestration/provision-subscriber?wait={wait}");
    let answer = Client::new().post(url).json(body).send().unwrap();
    (answer.status(), answer.json().unwrap())
}

#[test]
fn the_printed_request_can_be_pasted_and_the_log_tells_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&mut server(folder.path()), "curl ");
    for name in ["api", "database", "netbox", "voltha", "genieacs"] {
        assert!(running.place(name).contains(if name == "database" { "sqlite:" } else { "http://" }));
    }
    assert!(running.place("radius").starts_with("sqlite:"));
    let pasted = Command::new("sh").args(["-c", running.lines.last().unwrap()]).output().unwrap();
    let answer: Value = serde_json::from_slice(&pasted.stdout).unwrap();
    assert_eq!((&answer["status"], &answer["steps_completed"]), (&json!("completed"), &json!(7)), "{answer}");
    assert!(running.terminate(), "it did not stop cleanly");

    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let id = answer["workflow_id"].as_str().unwrap();
    for line in [
        &*format!("Starting workflow execution: {id} (type=provision_subscriber, steps=7)"),
        "Executing step create_customer (order=0, system=database)",
        "Step create_customer completed successfully",
        "Created RADIUS account: john.doe@example.com",
        &*format!("Workflow {id} completed successfully"),
    ] {
        assert!(log.contains(line), "{line}\nis not in\n{log}");
    }
}

#[test]
fn a_second_server_on_the_same_data_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(&mut server(folder.path()), "curl ");
    let second =
        example("server").args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).output().unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("saga.db") && said.contains("in use by another process"), "{said}");
    let (status, answer) = provision(&running.place("api"), &john(), 60);
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    assert!(running.terminate());
}

#[test]
fn a_killed_server_goes_on_where_it_was_on_given_systems() {
    let (folder, world) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut simulators = example("server");
    simulators.arg("--simulators-only").arg("--data").arg(world.path());
    let simulators = Running::start(&mut simulators, "genieacs ");
    let mut command = server(folder.path());
    for system in ["netbox", "voltha", "genieacs"] {
        command.arg(format!("--{system}")).arg(simulators.place(system));
    }
    command.env("ISP_SETTLE_AFTER_MS", "200");

    let running = Running::start(&mut command, "curl ");
    let faults = format!("{}/_sim/faults", simulators.place("netbox"));
    let fault = json!({"op":"allocate","mode":"hold_answer","ms":60_000});
    assert!(Client::new().post(faults).json(&fault).send().unwrap().status().is_success());
    let (status, answer) = provision(&running.place("api"), &john(), 1);
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let id = answer["workflow_id"].as_str().unwrap().to_owned();
    running.kill();

    let running = Running::start(&mut command, "curl ");
    let url = format!("{}/api/v1/orchestration/workflows/{id}", running.place("api"));
    let began = Instant::now();
    loop {
        let workflow: Value = Client::new().get(&url).send().unwrap().json().unwrap();
        if workflow["status"] == "completed" {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{workflow}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let state = format!("{}/_sim/state", simulators.place("netbox"));
    let world: Value = Client::new().get(state).send().unwrap().json().unwrap();
    let ours = world["addresses"].as_array().unwrap().iter().filter(|a| a.to_string().contains(&id)).count();
    assert_eq!(ours, 1, "{world}");
    assert!(running.terminate());
}
