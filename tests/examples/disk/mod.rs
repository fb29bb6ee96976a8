//! Disks that are full, and files that are gone, locked away or damaged: a clear error, readiness says so, and
//! nothing that was acknowledged is lost.

mod damaged;
mod full;
mod gone;

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};

use crate::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for subscriber `n`. The answer comes when the start is durable, or cannot become it.
fn request(stage: &Stage, n: u32) -> RequestBuilder {
    let body = json!({"email":format!("subscriber.{n}@example.com"),"service_address":"1 Side St",
        "service_plan_id":"plan_basic_100","onu_serial":format!("ALCL1{n:07}"),
        "cpe_mac":format!("00:11:22:33:45:{n:02x}")});
    stage.http.post(stage.url("provision-subscriber?wait=0")).json(&body)
}

fn provision(stage: &Stage, n: u32) -> (StatusCode, Value) {
    let answer = request(stage, n).send().unwrap();
    (answer.status(), answer.json().unwrap())
}

/// Asks for subscriber `n`, and answers the workflow's id.
fn acknowledged(stage: &Stage, n: u32) -> String {
    let (status, answer) = provision(stage, n);
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    answer["workflow_id"].as_str().unwrap().to_owned()
}

/// Waits until every one of these has ended, and well.
fn complete(stage: &Stage, acknowledged: &[String]) {
    let began = Instant::now();
    for id in acknowledged {
        let url = stage.url(&format!("workflows/{id}"));
        loop {
            let workflow: Value = stage.http.get(&url).send().unwrap().json().unwrap();
            match workflow["status"].as_str() {
                Some("completed") => break,
                Some("pending" | "running") => std::thread::sleep(Duration::from_millis(10)),
                _ => panic!("{id} was acknowledged: {workflow}"),
            }
            assert!(began.elapsed() < PATIENCE, "{workflow}");
        }
    }
    let netbox = stage.world("netbox");
    let addresses = netbox["addresses"].as_array().unwrap();
    for id in acknowledged {
        let ours = addresses.iter().filter(|address| address.to_string().contains(id)).count();
        assert_eq!(ours, 1, "addresses of {id}");
    }
}

/// What it says when it does not start.
fn refusal(command: &mut Command) -> String {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it started");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    let last = said.lines().last().expect("a last line");
    assert!(last.starts_with("the server does not run: "), "{said}");
    last.to_owned()
}
