//! What everybody of one seed shares: time, chance, the store, and the book in which is written what happens.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use saga::engine::Runtime;
use saga::store::{Loaded, MemoryStore, Schedules, Store, Triggers};
use saga::testing::simulation::{Process, Simulation};
use saga::{Timestamp, WorkflowId};

use crate::calls::Calls;
use crate::coverage::Coverage;
use crate::happenings::Happenings;
use crate::ledger::Ledger;
use crate::network::Network;
use crate::rota::Rota;
use crate::secrets::{Seals, opened};
use crate::world::World;

/// How long a worker may be silent.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// How often workers look for work and mail.
pub(crate) const POLL: Duration = Duration::from_millis(500);

/// One seed.
pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) simulation: Simulation,
    pub(crate) outside: Process,
    pub(crate) store: Arc<dyn Store>,
    /// Does the store belong to one process, so that whoever joins ends its predecessor?
    pub(crate) has_one_worker: bool,
    pub(crate) dice: Mutex<fastrand::Rng>,
    pub(crate) network: Mutex<Network>,
    pub(crate) world: Mutex<World>,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) calls: Mutex<Calls>,
    pub(crate) happenings: Mutex<Happenings>,
    pub(crate) rota: Mutex<Rota>,
    pub(crate) seals: Seals,
    book: Mutex<Book>,
}

struct Book {
    trace: Option<String>,
    wrongs: Vec<String>,
    seen: Coverage,
}

impl Stage {
    pub(crate) fn new(seed: u64, traced: bool, one_process: Option<Arc<dyn Store>>) -> Arc<Self> {
        let simulation = Simulation::new(seed);
        let outside = simulation.outside();
        Arc::new(Self {
            seed,
            has_one_worker: one_process.is_some(),
            store: one_process.unwrap_or_else(|| Arc::new(MemoryStore::leased(Arc::new(outside.clone())))),
            outside,
            simulation,
            dice: Mutex::new(fastrand::Rng::with_seed(seed ^ 0x5a6a)),
            network: Mutex::default(),
            world: Mutex::default(),
            ledger: Mutex::default(),
            calls: Mutex::default(),
            happenings: Mutex::default(),
            rota: Mutex::default(),
            seals: Seals::default(),
            book: Mutex::new(Book {
                trace: traced.then(String::new),
                wrongs: vec![],
                seen: Coverage::default(),
            }),
        })
    }

    pub(crate) fn now(&self) -> Duration {
        self.simulation.now()
    }
    /// By the clock of the store's machine, which is right.
    pub(crate) fn time(&self) -> Timestamp {
        Runtime::now(&self.outside)
    }
    /// A number below this one.
    pub(crate) fn roll(&self, sides: u32) -> u32 {
        self.dice.lock().unwrap().u32(..sides)
    }
    /// The place of one of so many.
    pub(crate) fn pick(&self, of: usize) -> usize {
        self.dice.lock().unwrap().usize(..of)
    }
    /// True that often.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        self.dice.lock().unwrap().f64() < probability
    }
    /// So many milliseconds.
    pub(crate) fn between(&self, least: u64, most: u64) -> Duration {
        Duration::from_micros(self.dice.lock().unwrap().u64(least * 1000..=most * 1000))
    }
    pub(crate) async fn sleep(&self, time: Duration) {
        Runtime::sleep(&self.outside, time).await;
    }
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.outside.spawn(Box::pin(task));
    }

    /// Writes a line of the trace, if somebody wants to read it.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        let now = self.now();
        let mut book = self.book.lock().unwrap();
        if let Some(trace) = &mut book.trace {
            writeln!(trace, "{:>10.4}  {}", now.as_secs_f64(), line()).unwrap();
        }
    }
    /// A guarantee does not hold.
    pub(crate) fn wrong(&self, what: String) {
        self.note(|| format!("WRONG: {what}"));
        let mut book = self.book.lock().unwrap();
        if book.wrongs.len() < 20 {
            book.wrongs.push(what);
        }
    }
    pub(crate) fn saw(&self, what: impl FnOnce(&mut Coverage) -> &mut u32) {
        *what(&mut self.book.lock().unwrap().seen) += 1;
    }

    pub(crate) fn triggers(&self) -> &dyn Triggers {
        self.store.triggers().expect("the store knows triggers")
    }
    pub(crate) fn schedules(&self) -> &dyn Schedules {
        self.store.schedules().expect("the store keeps schedules")
    }

    /// What the journal says of a workflow at this moment.
    pub(crate) fn peek(&self, workflow: &WorkflowId) -> Option<Loaded> {
        self.store.load(workflow).now_or_never().expect("the store answers at once").unwrap().map(opened)
    }

    pub(crate) fn close(&self) -> (Vec<String>, Coverage, String) {
        let mut book = self.book.lock().unwrap();
        (std::mem::take(&mut book.wrongs), book.seen, book.trace.take().unwrap_or_default())
    }
}
