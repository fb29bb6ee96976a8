//! A system in a process of its own. It counts what is done under which key, writes that down before it answers,
//! and can be told to hold the next request before it acts, or its answer after it has acted.
//!
//! One line per connection: `do NAME KEY`, `undo NAME KEY`, `find NAME KEY`; answered by `ok VALUE`, `none` or
//! `no`. For the test: `script OP NAME MODE` with the modes `before`, `after`, `late MS`, `drop` (it acts and
//! does not answer) and `no`; `pace OP NAME MS` makes all requests from now on take so long; `held` answers
//! when a request is being held; `waits OP NAME` says whether the script for it is still to come;
//! `release` lets what is held go its way without an answer; `forget` forgets
//! the script; `state` lists all keys.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrived {
    AtOnce,
    Late,
}

#[derive(Default)]
struct State {
    keys: BTreeMap<(String, String), Counts>,
    script: BTreeMap<(String, String), String>,
    pace: BTreeMap<(String, String), u64>,
    held: u64,
    released: u64,
    log: Option<File>,
}

/// What happened under one key.
#[derive(Default)]
struct Counts {
    done: u32,
    undone: u32,
    /// Done once more after it was undone, and not by a request that had been under way for long.
    again: u32,
}

#[derive(Default)]
struct World {
    state: Mutex<State>,
    changed: Condvar,
}

pub(super) fn run(log: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let world = Arc::new(World::default());
    world.state.lock().unwrap().log = Some(OpenOptions::new().create(true).append(true).open(log).unwrap());
    for connection in listener.incoming() {
        let world = Arc::clone(&world);
        std::thread::spawn(move || world.serve(&connection.unwrap()));
    }
}

impl World {
    fn serve(&self, mut connection: &TcpStream) {
        let mut line = String::new();
        if BufReader::new(connection).read_line(&mut line).is_err() {
            return;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["script", op, name, mode @ ..] => {
                let place = ((*op).to_owned(), (*name).to_owned());
                self.state.lock().unwrap().script.insert(place, mode.join(" "));
                Some("ok".to_owned())
            }
            ["pace", op, name, ms] => {
                let place = ((*op).to_owned(), (*name).to_owned());
                self.state.lock().unwrap().pace.insert(place, ms.parse().unwrap());
                Some("ok".to_owned())
            }
            ["held"] => {
                let state = self.state.lock().unwrap();
                drop(self.changed.wait_while(state, |s| s.held == s.released).unwrap());
                Some("ok".to_owned())
            }
            ["waits", op, name] => {
                let waits =
                    self.state.lock().unwrap().script.contains_key(&((*op).to_owned(), (*name).to_owned()));
                Some(if waits { "yes" } else { "no" }.to_owned())
            }
            ["release"] => {
                let mut state = self.state.lock().unwrap();
                state.released = state.held;
                self.changed.notify_all();
                Some("ok".to_owned())
            }
            ["forget"] => {
                self.state.lock().unwrap().script.clear();
                Some("ok".to_owned())
            }
            ["state"] => Some(self.list()),
            [op, name, key] => self.act(op, name, key),
            _ => Some("what?".to_owned()),
        };
        if let Some(answer) = answer {
            // Whoever asked may be dead.
            let _ = writeln!(connection, "{answer}");
        }
    }

    fn act(&self, op: &str, name: &str, key: &str) -> Option<String> {
        let place = (op.to_owned(), name.to_owned());
        let (mode, pace) = {
            let mut state = self.state.lock().unwrap();
            (state.script.remove(&place), state.pace.get(&place).copied().unwrap_or(0))
        };
        if pace > 0 {
            std::thread::sleep(Duration::from_millis(pace));
        }
        match mode.as_deref() {
            Some("no") => Some("no".to_owned()),
            Some("before") => {
                self.hold();
                None
            }
            Some("after") => {
                self.take_effect(op, name, key, Arrived::AtOnce);
                self.hold();
                None
            }
            Some("drop") => {
                self.take_effect(op, name, key, Arrived::AtOnce);
                None
            }
            Some(late) => {
                let ms = late.trim_start_matches("late ").parse().unwrap();
                std::thread::sleep(Duration::from_millis(ms));
                Some(self.take_effect(op, name, key, Arrived::Late))
            }
            None => Some(self.take_effect(op, name, key, Arrived::AtOnce)),
        }
    }

    fn hold(&self) {
        let mut state = self.state.lock().unwrap();
        state.held += 1;
        let mine = state.held;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |s| s.released < mine).unwrap());
    }

    fn take_effect(&self, op: &str, name: &str, key: &str, arrived: Arrived) -> String {
        let mut state = self.state.lock().unwrap();
        let counts = state.keys.entry((name.to_owned(), key.to_owned())).or_default();
        let there = counts.done > counts.undone;
        let changes = match op {
            "do" => !there,
            "undo" => there,
            _ => false,
        };
        if changes && op == "do" {
            counts.again += u32::from(counts.done > 0 && arrived == Arrived::AtOnce);
            counts.done += 1;
        } else if changes {
            counts.undone += 1;
        }
        let there = counts.done > counts.undone;
        if changes {
            let log = state.log.as_mut().unwrap();
            writeln!(log, "{op} {name} {key}").unwrap();
            log.sync_data().unwrap();
        }
        if op == "undo" || there { format!("ok {key}") } else { "none".to_owned() }
    }

    fn list(&self) -> String {
        let state = self.state.lock().unwrap();
        state.keys.iter().fold(String::new(), |mut out, ((name, key), counts)| {
            let Counts { done, undone, again } = counts;
            let _ = write!(out, "{name} {key} {done} {undone} {again};");
            out
        })
    }
}
