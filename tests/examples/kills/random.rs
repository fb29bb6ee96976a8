//! Kills at random moments. Each is counted at the first cell that fits what it left behind.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use fastrand::Rng;

use super::LANES;
use super::cell::{Cell, Table};
use super::round::{Round, Story};
use crate::stage::Stage;

const ROUNDS: u64 = 60;
/// How long an answer is held back; then its connection is closed.
const HELD_MS: u64 = 400;

/// Of each story, the calls that its workflow certainly makes.
fn calls(story: Story) -> &'static [(&'static str, &'static str)] {
    match story {
        Story::Completes => &[("netbox", "allocate"), ("voltha", "enable"), ("genieacs", "set")],
        Story::Fails => {
            &[("netbox", "allocate"), ("voltha", "enable"), ("voltha", "disable"), ("netbox", "release")]
        }
        Story::Cancelled => &[],
    }
}

fn round(stage: &mut Stage, random: &mut Rng, spoilt: bool, table: &Mutex<Table>) {
    let stories = [Story::Completes, Story::Fails, Story::Cancelled];
    let story = stories[random.usize(0..if spoilt { 2 } else { 3 })];
    let mut round = Round::new(stage, story);
    let spoilt = spoilt.then(|| *random.choice(calls(story)).expect("a call"));
    if let Some((system, op)) = spoilt {
        round.stage.spoil(system, op, ["drop_answer", "hold_answer"][random.usize(0..2)], HELD_MS);
    }
    round.start();
    for kill in 0..random.usize(1..=2) {
        // Rolling back is a short part of a life, and has its share of the kills.
        let backward = story == Story::Fails && random.bool();
        if backward {
            round.until(|journal| journal.status == "rolling_back");
        }
        std::thread::sleep(Duration::from_millis(random.u64(0..if backward { 80 } else { 250 })));
        if story == Story::Cancelled && kill == 0 && round.look().is_some() {
            round.cancel();
            std::thread::sleep(Duration::from_millis(random.u64(0..50)));
        }
        round.kill();
        if let Some(cell) = Cell::possible().find(|cell| round.is_hit(*cell)) {
            table.lock().unwrap().hit(cell);
        }
        round.restart();
    }
    let stage = round.end();
    if let Some((system, op)) = spoilt {
        assert_eq!(stage.spoilt(system), 0, "nobody asked {system} to {op}: its answer was not spoilt");
    }
}

#[test]
fn sigkill_at_random_moments_leaves_everything_or_nothing() {
    let seed: u64 = std::env::var("SAGA_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos().into()
    });
    let table = Mutex::new(Table::default());
    let lanes = (0..LANES as u64).map(|lane| Rng::with_seed(seed + lane)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        for mut random in lanes {
            let table = &table;
            scope.spawn(move || {
                let mut stage = Stage::new();
                for n in 0..ROUNDS / LANES as u64 {
                    round(&mut stage, &mut random, n % 3 == 0, table);
                }
                assert!(stage.terminate());
            });
        }
    });
    let title = format!("SIGKILL at random, {ROUNDS} rounds (repeat with SAGA_SEED={seed}):");
    table.into_inner().unwrap().print(&title);
}
