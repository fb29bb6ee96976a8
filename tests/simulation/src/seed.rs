//! One seed from its beginning to its verdict.

use std::sync::Arc;
use std::time::Duration;

use saga::store::Store;

use crate::coverage::Coverage;
use crate::happenings::happen;
use crate::log::Log;
use crate::people::People;
use crate::rota;
use crate::stage::{LEASE, POLL, Stage};
use crate::workers::Workers;
use crate::world::Rates;
use crate::{faults, sagas};

/// So long, after nothing goes wrong any more, everything may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(90);

/// How a seed went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Which guarantees did not hold.
    pub wrongs: Vec<String>,
    /// What went wrong in it.
    pub seen: Coverage,
    /// Everything that happened, if it was to be written down.
    pub trace: String,
    /// How often tasks were polled.
    pub polls: u64,
}

/// Is a trace wanted? It costs time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Nobody reads it.
    Off,
    /// Everything that happens is written down.
    On,
}

/// Plays a seed.
pub fn play(seed: u64, trace: Trace) -> Report {
    on(seed, trace, None)
}

/// Plays a seed over an empty store that belongs to one process, with one worker at a time. The store answers at once.
pub fn play_over(store: Arc<dyn Store>, seed: u64, trace: Trace) -> Report {
    on(seed, trace, Some(store))
}

fn on(seed: u64, trace: Trace, one_process: Option<Arc<dyn Store>>) -> Report {
    sagas::begin();
    let stage = Stage::new(seed, trace == Trace::On, one_process);
    let log = Log::default();
    let ended =
        tracing::subscriber::with_default(log.clone(), || stage.simulation.run(story(Arc::clone(&stage))));
    if let Err(stuck) = ended {
        stage.wrong(format!("3: {stuck}"));
    }
    stage.simulation.end();
    log.judge(&stage);
    let (wrongs, seen, trace) = stage.close();
    Report { seed, wrongs, seen, trace, polls: stage.simulation.polls() }
}

async fn story(stage: Arc<Stage>) {
    let number = if stage.has_one_worker { 1 } else { 2 + stage.pick(3) };
    let workflows = 4 + stage.pick(3);
    stage.note(|| format!("{number} workers, {workflows} workflows"));
    roughen(&stage);
    let workers = Workers::new(&stage, number);
    (0..number).for_each(|slot| workers.boot(slot));
    let people = Arc::new(People::default());
    for nth in 0..workflows {
        stage.spawn(Arc::clone(&people).start(Arc::clone(&workers), nth));
    }
    for nth in 0..stage.pick(3) {
        stage.spawn(happen(Arc::clone(&workers), nth));
    }
    if stage.chance(0.15) {
        stage.wants_a_rota();
        stage.spawn(rota::keep(Arc::clone(&workers)));
    }
    stage.spawn(Arc::clone(&people).meddle(Arc::clone(&workers), Duration::from_secs(7)));
    faults::rage(&workers).await;
    // Who was left by a dead worker is not left alone: guarantee 10.
    stage.sleep(LEASE + POLL + Duration::from_secs(1)).await;
    for nth in 0..2 {
        if !rest(&stage, &people, workflows).await {
            stage.wrong("3: something does not come to rest".to_owned());
            break;
        }
        if nth == 0 {
            // People do something about what has stopped.
            for loaded in stage.all() {
                people.act(&workers, &loaded.header.workflow_id).await;
            }
        }
    }
    stage.judge(&people);
    workers.end_all();
}

/// How bad it is in this seed.
fn roughen(stage: &Stage) {
    let rates = match stage.roll(4) {
        0 => Rates { run: 0.02, undo: 0.02, foreign: 0.02 },
        1 => Rates { run: 0.3, undo: 0.2, foreign: 0.1 },
        _ => Rates { run: 0.12, undo: 0.1, foreign: 0.05 },
    };
    stage.world.lock().unwrap().rates = rates;
    stage.network.lock().unwrap().loss = if stage.chance(0.5) { 0.0 } else { 0.02 };
    stage.network.lock().unwrap().unstorable = stage.chance(0.2).then_some(40);
}

async fn rest(stage: &Arc<Stage>, people: &People, workflows: usize) -> bool {
    let begin = stage.now();
    while stage.now() < begin + PATIENCE {
        if people.are_answered(workflows) && stage.are_heeded() && stage.is_rota_over() && stage.all_rest() {
            // What is under way may land yet.
            stage.sleep(Duration::from_millis(700)).await;
            if stage.all_rest() {
                return true;
            }
        }
        stage.sleep(Duration::from_millis(250)).await;
    }
    for loaded in stage.all() {
        let header = &loaded.header;
        stage.note(|| format!("at last: {header:?} {:?}", loaded.steps));
    }
    false
}
