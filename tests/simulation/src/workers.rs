//! The workers of one seed: each is a process that is started again whenever it has ended.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use saga::engine::Runtime;
use saga::testing::simulation::Process;
use saga::{Client, Config, Engine};

use crate::sagas;
use crate::secrets::Seal;
use crate::stage::{LEASE, POLL, Stage};
use crate::wire::Wire;
use crate::world::Port;

/// All of them.
pub(crate) struct Workers {
    pub(crate) stage: Arc<Stage>,
    slots: Vec<Mutex<Slot>>,
}

/// A place for a worker.
#[derive(Default)]
struct Slot {
    process: Option<Process>,
    client: Option<Client>,
    engine: Option<Arc<Engine<Port>>>,
}

impl Workers {
    pub(crate) fn new(stage: &Arc<Stage>, number: usize) -> Arc<Self> {
        let slots = (0..number).map(|_| Mutex::default()).collect();
        Arc::new(Self { stage: Arc::clone(stage), slots })
    }

    pub(crate) fn number(&self) -> usize {
        self.slots.len()
    }
    pub(crate) fn process(&self, slot: usize) -> Option<Process> {
        self.slots[slot].lock().unwrap().process.clone()
    }
    /// A client of that worker, or of any other.
    pub(crate) fn client(&self, slot: usize) -> Option<Client> {
        let all = (0..self.number()).map(|other| (slot + other) % self.number());
        all.filter_map(|slot| self.slots[slot].lock().unwrap().client.clone()).next()
    }

    /// Starts a worker, with a wall clock that may be wrong.
    pub(crate) fn boot(self: &Arc<Self>, slot: usize) {
        let stage = &self.stage;
        let ahead = match stage.roll(8) {
            0 => stage.between(0, 20_000),
            _ => stage.between(0, 100),
        };
        let process = stage.simulation.process(ahead);
        stage.note(|| format!("p{} begins as worker {slot}, its clock {ahead:?} ahead", process.number()));
        *self.slots[slot].lock().unwrap() = Slot { process: Some(process.clone()), ..Slot::default() };
        // One of them always knows everything: nothing stays undone for want of somebody who knows it.
        let is_old = slot > 0 && stage.chance(0.3);
        if is_old {
            stage.note(|| format!("p{} is of an older version", process.number()));
            stage.saw(|seen| &mut seen.older);
        }
        let own = Arc::clone(self);
        process.clone().spawn(Box::pin(async move { own.live(slot, process, is_old).await }));
    }

    /// What the process does.
    async fn live(self: Arc<Self>, slot: usize, process: Process, is_old: bool) {
        let engine = loop {
            match self.build(&process, is_old).await {
                Ok(engine) => break Arc::new(engine),
                Err(_) => Runtime::sleep(&process, Duration::from_millis(100)).await,
            }
        };
        {
            let mut slot = self.slots[slot].lock().unwrap();
            slot.client = Some(engine.client().clone());
            slot.engine = Some(Arc::clone(&engine));
        }
        while !engine.is_fenced() {
            Runtime::sleep(&process, Duration::from_millis(150)).await;
        }
        self.stage.note(|| format!("p{} knows that it was declared dead", process.number()));
        let own = Arc::clone(&self);
        self.stage.spawn(async move { own.restart(slot, &process).await });
    }

    async fn build(&self, process: &Process, is_old: bool) -> Result<Engine<Port>, saga::engine::BuildError> {
        let stage = Arc::clone(&self.stage);
        let number = process.number();
        let mut builder = Engine::builder(Port { stage: Arc::clone(&stage), process: number })
            .shared_store(Arc::new(Wire { stage, process: number }))
            .runtime(Arc::new(process.clone()))
            .secrets(Seal(Arc::clone(&self.stage)))
            .config(config());
        let known: Vec<_> = if is_old { sagas::old().collect() } else { sagas::all().into() };
        for definition in known {
            builder = builder.saga(definition);
        }
        builder
            .on_event(sagas::ORDER, |event| Ok(Some(sagas::leg(event.key.clone()))))
            .on_event(sagas::ORDER, |event| Ok(Some(sagas::parcel(event.key.clone()))))
            .build()
            .await
    }

    /// Ends the process, and starts another one in its place.
    pub(crate) async fn restart(self: &Arc<Self>, slot: usize, process: &Process) {
        if !self.end(slot, process) {
            return;
        }
        self.stage.sleep(self.stage.between(10, 1500)).await;
        self.boot(slot);
    }

    /// Ends the process if it is still there.
    fn end(&self, slot: usize, process: &Process) -> bool {
        let mut place = self.slots[slot].lock().unwrap();
        if !process.is_alive() {
            return false;
        }
        let gone = std::mem::take(&mut *place);
        drop(place);
        process.kill();
        drop(gone);
        true
    }

    /// Kills it, and starts another one later.
    pub(crate) async fn crash(self: &Arc<Self>, slot: usize) {
        let Some(process) = self.process(slot) else { return };
        let worked = self.stage.is_working(process.number());
        self.stage.note(|| format!("p{} is killed", process.number()));
        if worked {
            self.stage.saw(|seen| &mut seen.crash);
        }
        self.restart(slot, &process).await;
    }

    /// It stands still for a while.
    pub(crate) async fn pause(self: &Arc<Self>, slot: usize, time: Duration) {
        let Some(process) = self.process(slot).filter(|process| !process.is_paused()) else { return };
        self.stage.note(|| format!("p{} stands still for {time:?}", process.number()));
        process.pause();
        self.stage.sleep(time).await;
        if process.is_alive() {
            if time > LEASE {
                self.stage.saw(|seen| &mut seen.zombie);
            }
            self.stage.note(|| format!("p{} goes on", process.number()));
            process.resume();
        }
    }

    /// It is asked to stop, as by SIGTERM, and started again.
    pub(crate) async fn drain(self: &Arc<Self>, slot: usize) {
        let (process, engine) = {
            let slot = self.slots[slot].lock().unwrap();
            (slot.process.clone(), slot.engine.clone())
        };
        let (Some(process), Some(engine)) = (process, engine) else { return };
        self.stage.note(|| format!("p{} is asked to stop", process.number()));
        self.stage.is_asked_to_stop(process.number());
        let (own, grace) = (Arc::clone(self), self.stage.between(0, 800));
        process.clone().spawn(Box::pin(async move {
            let stopped = engine.shutdown(grace).await;
            own.stage.note(|| format!("p{} has stopped: {stopped:?}", process.number()));
            let stage = Arc::clone(&own.stage);
            stage.spawn(async move { own.restart(slot, &process).await });
        }));
    }

    pub(crate) fn end_all(&self) {
        for slot in &self.slots {
            let gone = std::mem::take(&mut *slot.lock().unwrap());
            if let Some(process) = &gone.process {
                process.kill();
            }
        }
    }
}

fn config() -> Config {
    let mut config =
        Config { name: "simulated".to_owned(), poll_interval: POLL, lease: LEASE, ..Config::default() };
    config.machine.rest_over = Duration::from_millis(800);
    config.machine.record_pauses_from = Duration::from_millis(200);
    config
}
