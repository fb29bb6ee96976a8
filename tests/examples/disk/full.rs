//! A disk without room: files cannot grow beyond a limit, and the signal for that is ignored.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use serde_json::Value;

use super::{PATIENCE, acknowledged, complete, provision, request};
use crate::stage::Stage;

/// In blocks of 512 bytes, or of 1024; the shells do not agree.
const BLOCKS: u32 = 600;
/// Longer than two looks for work.
const STRETCH: Duration = Duration::from_millis(2_500);

/// The command with a limit on the size of every file that it writes.
fn limited(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -S -f {BLOCKS}; exec \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// Files may grow again.
fn make_room(stage: &Stage) {
    let server = Pid::from_raw(stage.server_id().try_into().unwrap());
    prlimit(server, Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
}

/// Starts subscribers until there is no room for one more.
fn fill(stage: &Stage) -> Vec<String> {
    let mut starts = vec![];
    for n in 1..250 {
        // Who asks while the disk becomes full is kept waiting for a while; who asks afterwards is not.
        let Ok(answer) = request(stage, n).timeout(Duration::from_secs(2)).send() else { return starts };
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            return starts;
        }
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let answer: Value = answer.json().unwrap();
        starts.push(answer["workflow_id"].as_str().unwrap().to_owned());
    }
    panic!("the disk does not fill up");
}

fn full() -> (Stage, Vec<String>) {
    let mut stage = Stage::new();
    assert!(stage.terminate());
    // The log is on the same disk, and has no room either.
    let log = stage.file("log");
    std::fs::write(&log, vec![b'\n'; BLOCKS as usize * 1024]).unwrap();
    let mut command = limited(&stage.command());
    command.stderr(crate::stage::log(log.parent().unwrap()));
    stage.start_as(&mut command);
    let starts = fill(&stage);
    assert!(!starts.is_empty(), "there was no room for a single one");
    (stage, starts)
}

#[test]
fn a_full_disk_is_told_all_the_time_and_what_was_acknowledged_goes_on_when_there_is_room() {
    let (mut stage, starts) = full();
    // Looking for work writes nothing, and so must not pass for a sign that writing works again.
    // Where a batch found no room a page may still find some; that is soon used up.
    let (began, mut unready) = (Instant::now(), Instant::now());
    while unready.elapsed() < STRETCH {
        match stage.unready() {
            Some(why) => assert!(why.contains("full"), "{why}"),
            None => unready = Instant::now(),
        }
        assert!(began.elapsed() < PATIENCE, "it is ready time and again");
        std::thread::sleep(Duration::from_millis(10));
    }
    let began = Instant::now();
    let (status, answer) = provision(&stage, 250 - 1);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    assert!(answer["detail"].as_str().unwrap().contains("full"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(1), "nobody is kept waiting for room");

    make_room(&stage);
    let began = Instant::now();
    while !stage.is_ready() {
        assert!(began.elapsed() < PATIENCE, "{:?}", stage.unready());
        std::thread::sleep(Duration::from_millis(10));
    }
    complete(&stage, &starts);
    complete(&stage, &[acknowledged(&stage, 250 - 1)]);
    assert!(stage.terminate());
}

#[test]
fn a_kill_on_a_full_disk_loses_nothing_that_was_acknowledged() {
    let (mut stage, starts) = full();
    stage.kill();
    stage.restart();
    complete(&stage, &starts);
    assert!(stage.terminate());
}
