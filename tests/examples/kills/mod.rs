//! The product under SIGKILL, as a black box: the server in one process, the systems in another, and after every
//! round the systems themselves are asked. Every workflow ends, nothing is done twice, nothing is left over.
//!
//! First every cell of the table on purpose, then kills at random moments (`SAGA_SEED` repeats them).

mod cell;
mod look;
mod round;
mod aims;
mod random;

use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use crate::binaries::{Running, example};
use crate::stage::{Stage, log};
use cell::{Cell, Moment, Step, Table};
use round::{Round, Story};

/// How many products run beside each other; mostly they wait.
const LANES: usize = 4;
/// How often a cell is aimed at. Where only the scheduler stands between two commits, a kill may come too late;
/// what it hit is read from the journal afterwards, and every round's end is looked at.
const AIMS: usize = 12;

/// Aims at a cell until it is hit. How often that took.
fn hit(stage: &mut Stage, cell: Cell) -> usize {
    for aims in 1..=AIMS {
        let mut round = Round::new(stage, cell.story());
        round.aim(cell);
        round.kill();
        let is_hit = round.is_hit(cell);
        round.stage.heal();
        round.restart();
        round.end();
        if is_hit {
            return aims;
        }
    }
    panic!("{cell:?} was not hit");
}

#[test]
fn sigkill_before_between_and_after_every_step_and_its_undo_leaves_everything_or_nothing() {
    let (cells, table) = (Mutex::new(Cell::possible()), Mutex::new(Table::default()));
    let aims = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                let mut stage = Stage::new();
                loop {
                    let Some(cell) = cells.lock().unwrap().next() else { break };
                    let aimed = hit(&mut stage, cell);
                    *aims.lock().unwrap() += aimed;
                    table.lock().unwrap().hit(cell);
                }
                assert!(stage.terminate());
            });
        }
    });
    let table = table.into_inner().unwrap();
    let title = format!("SIGKILL on purpose, {} rounds:", aims.into_inner().unwrap());
    table.print(&title);
    assert!(Cell::possible().all(|cell| table.0.contains_key(&cell)), "{table}");
}

/// The ONU and the router as they were: what the killed process did not come to write down is undone too.
#[test]
fn a_kill_between_effect_and_commit_of_steps_5_and_6_restores_the_state_before() {
    let mut stage = Stage::new();
    for step in [Step::Onu, Step::Cpe] {
        let cell = Cell { step, direction: cell::Direction::Forward, moment: Moment::Between };
        let mut round = Round::new(&mut stage, Story::Cancelled);
        round.aim(cell);
        round.kill();
        assert!(round.is_hit(cell));
        // The next life must not get past the step before it hears of the cancellation, also on a busy machine.
        let (system, op) = if step == Step::Onu { ("voltha", "get") } else { ("genieacs", "set") };
        round.stage.spoil(system, op, "delay", 3_000);
        round.restart();
        round.cancel();
        round.end_as("rolled_back");
    }
    assert!(stage.terminate());
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
