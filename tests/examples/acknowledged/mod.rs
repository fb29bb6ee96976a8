//! What the product says has been on the disk before: watched from outside, call by call, with strace.

mod trace;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stage::Stage;
use trace::Trace;

const CALLERS: u32 = 8;
const EACH: u32 = 4;

/// Under strace, which steps aside, so that the server is our own child.
fn watched(command: &Command, output: &std::path::Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-y", "-s", "1000000", "-o"]).arg(output);
    strace.args(["-e", "trace=pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync"]);
    strace.arg(command.get_program()).args(command.get_args());
    strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace
}

/// Provisions one, and answers what the product said about it: the workflow's id, and the service's that its last
/// step made.
fn provision(stage: &Stage, n: u32) -> [String; 2] {
    let body = json!({"email":format!("subscriber.{n}@example.com"),"service_address":"1 Side St",
        "service_plan_id":"plan_basic_100","onu_serial":format!("ALCL1{n:07}"),
        "cpe_mac":format!("00:11:22:33:45:{n:02x}")});
    let url = stage.url("provision-subscriber?wait=60");
    let answer: Value = stage.http.post(url).json(&body).send().unwrap().json().unwrap();
    assert_eq!(answer["status"], "completed", "{answer}");
    ["workflow_id", "service_id"].map(|name| answer[name].as_str().unwrap().to_owned())
}

#[test]
fn every_acknowledgement_follows_a_completed_sync_of_its_batch() {
    let mut stage = Stage::new();
    assert!(stage.terminate());
    let output = stage.file("trace");
    let mut command = watched(&stage.command(), &output);
    command.stderr(crate::stage::log(output.parent().unwrap()));
    stage.start_as(&mut command);
    let server = stage.server_id();
    let said: Vec<String> = std::thread::scope(|scope| {
        let stage = &stage;
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                scope.spawn(move || {
                    (1..=EACH).map(|n| provision(stage, caller * EACH + n)).collect::<Vec<_>>()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).flatten().collect()
    });
    assert!(stage.terminate());

    let began = Instant::now();
    let text = loop {
        let text = String::from_utf8_lossy(&std::fs::read(&output).unwrap()).into_owned();
        let last =
            |line: &str| line.starts_with(&server.to_string()) && line.contains("+++ exited with 0 +++");
        if text.lines().any(last) {
            break text;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "strace did not write down how it ended");
        std::thread::sleep(Duration::from_millis(10));
    };
    let trace = Trace::parse(&text, "saga.db-wal");
    assert_eq!(said.len(), 2 * (CALLERS * EACH) as usize);
    for token in &said {
        if let Err(why) = trace.is_synced_before_it_is_said(token) {
            panic!("{token}: {why}");
        }
    }
}
