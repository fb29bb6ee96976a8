//! Random histories: stores that are asked the same must answer the same. The memory store is the reference.

use std::fmt::Debug;
use std::sync::Arc;

use super::Subject;
use super::kit::*;
use crate::id::{CommitId, WorkerId, WorkflowId};
use crate::store::*;

/// Twenty histories of eighty calls each; a failure names its seed.
pub async fn random_histories_agree_with_the_memory_store(subject: Arc<dyn Subject>) {
    for seed in 0..20 {
        replay(&subject, seed, 80).await;
    }
}

/// One history. Public, so that a failing seed can be run alone, and others for longer.
pub async fn replay(subject: &Arc<dyn Subject>, seed: u64, length: usize) {
    agree(vec![Arc::new(MemoryStore::new()), subject.fresh().await], seed, length).await;
}

/// One history, on any number of stores with nothing in them.
pub async fn agree(stores: Vec<Arc<dyn Store>>, seed: u64, length: usize) {
    let mut history =
        History { dice: Dice(seed), stores, workers: vec![], mail: vec![], commits: 0, second: 0 };
    history.join().await;
    for step in 0..length {
        let call = history.call().await;
        history.compare(&format!("seed {seed}, call {step}: {call}")).await;
    }
}

/// Splitmix64: small, seeded, the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }
    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize]
    }
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const KEYS: [&str; 3] = ["k", "l", "m"];
const TENANTS: [&str; 2] = ["default", "other"];

struct History {
    dice: Dice,
    stores: Vec<Arc<dyn Store>>,
    /// Each incarnation, as each store calls it.
    workers: Vec<Vec<WorkerId>>,
    /// The mail as it was last read, as each store numbers it.
    mail: Vec<(WorkflowId, Vec<i64>)>,
    commits: i64,
    second: u64,
}

/// All stores have answered the same.
fn same<T: PartialEq + Debug>(answers: &[T], what: &str) {
    for (n, answer) in answers.iter().enumerate().skip(1) {
        assert_eq!(answers[0], *answer, "store 0 and store {n}: {what}");
    }
}

impl History {
    async fn join(&mut self) {
        let mut workers = vec![];
        for store in &self.stores {
            workers.push(store.join(join()).await.unwrap().worker);
        }
        self.workers.push(workers);
    }

    /// One call on all stores; their answers must be equal.
    async fn call(&mut self) -> String {
        self.second += self.dice.roll(3);
        match self.dice.roll(20) {
            // A leave and not only a join: a shared store would wait for the lease of the one before.
            0 => {
                let worker = self.workers.last().unwrap();
                for (store, worker) in self.stores.iter().zip(worker) {
                    store.leave(*worker).await.unwrap();
                }
                self.join().await;
                "leave and join".into()
            }
            1..=3 => self.claim().await,
            4..=5 => self.beat().await,
            6..=7 => self.send().await,
            8 => self.publish().await,
            9 => self.remove().await,
            _ => self.commit().await,
        }
    }

    /// The present incarnation, or rarely one that is dead.
    fn worker(&mut self) -> Vec<WorkerId> {
        let last = self.workers.len() - 1;
        let n = if self.dice.one_in(12) { self.dice.roll(last as u64 + 1) as usize } else { last };
        self.workers[n].clone()
    }

    async fn claim(&mut self) -> String {
        let (worker, limit) = (self.worker(), self.dice.roll(4) as usize);
        let definitions = vec![definition("trip", 1)];
        let after = self.dice.of(&[None, Some("default"), Some("elsewhere")]).map(str::to_owned);
        let claim = Claim { purpose: Purpose::Run, definitions, limit, after, now: at(self.second) };
        let mut answers = vec![];
        for (n, store) in self.stores.iter().enumerate() {
            answers.push(store.claim(worker[n], claim.clone()).await.map(|all| self.numbered(n, all)));
        }
        same(&answers, "claim");
        format!("claim of {limit}")
    }

    async fn beat(&mut self) -> String {
        let worker = self.worker();
        let (mut beats, mut refusals) = (vec![], vec![]);
        for (n, store) in self.stores.iter().enumerate() {
            match store.beat(worker[n]).await {
                Ok(beat) => beats.push(beat),
                Err(error) => refusals.push(error),
            }
        }
        same(&refusals, "beat");
        let Some(first) = beats.first() else { return "beat of a dead worker".into() };
        assert!(refusals.is_empty(), "beat: {refusals:?} and {beats:?}");
        let mailed =
            |n: usize| beats.iter().map(|beat| beat.signals.get(n).map_or(0, |signal| signal.id)).collect();
        self.mail =
            (0..).zip(&first.signals).map(|(n, signal)| (signal.workflow_id.clone(), mailed(n))).collect();
        let unnumbered = |s: &Signal| (s.workflow_id.clone(), s.kind, s.by.clone(), s.rev);
        let read = |beat: &Beat| (beat.lost.clone(), beat.signals.iter().map(unnumbered).collect::<Vec<_>>());
        same(&beats.iter().map(read).collect::<Vec<_>>(), "what a beat brings");
        format!("beat with {} signals", first.signals.len())
    }

    async fn send(&mut self) -> String {
        let (name, tenant) = (self.dice.of(&NAMES), self.dice.of(&TENANTS));
        let mut answers = vec![];
        for (n, store) in self.stores.iter().enumerate() {
            let mut sent = store.send(tenant, &id(name), SignalKind::Cancel, "alice").await.unwrap();
            if let Sent::Delivered { worker } = &mut sent {
                *worker = worker.map(|worker| self.incarnation(n, worker));
            }
            answers.push(sent);
        }
        same(&answers, "send");
        format!("send to {name} of {tenant}")
    }

    async fn publish(&mut self) -> String {
        let event = PublishedEvent {
            tenant_id: self.dice.of(&TENANTS).into(),
            name: "online".into(),
            key: self.dice.of(&KEYS).into(),
            value: json("1"),
            by: None,
            at: at(self.second),
            place: 0,
            kept_until: at(self.second + 5),
        };
        let mut answers = vec![];
        for store in &self.stores {
            answers.push(store.publish(event.clone()).await);
        }
        same(&answers, "publish");
        let PublishedEvent { tenant_id: tenant, name, key, .. } = event.clone();
        let wanted = Wanted { tenant, name, key, since: at(self.second.saturating_sub(3)), after: 0 };
        let mut read = vec![];
        for store in &self.stores {
            let found = store.published(wanted.clone()).await;
            // A store may give a place again once nobody can remember its event.
            read.push(found.map(|found| found.map(|event| PublishedEvent { place: 0, ..event })));
        }
        same(&read, "published");
        format!("publish {event:?}: {answers:?}")
    }

    /// All that may be removed: which of them go first is a matter of each store where they were written to at one time.
    async fn remove(&mut self) -> String {
        let status = self.dice.of(Status::ALL);
        let before = at(self.second.saturating_sub(self.dice.roll(3)));
        let removal = Removal { status, before, leave: None, limit: 100 };
        if self.stores.iter().any(|store| store.removals().is_none()) {
            return "nothing, as declared".into();
        }
        let mut gone = vec![];
        for store in self.stores.iter().filter_map(|store| store.removals()) {
            gone.push(store.remove(removal).await.unwrap());
        }
        same(&gone, &format!("{removal:?}"));
        format!("{removal:?}: {gone:?} are gone")
    }

    async fn commit(&mut self) -> String {
        let worker = if self.dice.one_in(5) { None } else { Some(self.worker()) };
        let mut batch = vec![];
        let first = self.dice.roll(NAMES.len() as u64) as usize;
        for n in 0..=self.dice.roll(3) as usize {
            // No two of one batch concern one workflow.
            batch.push(self.one(NAMES[(first + n) % NAMES.len()], worker.as_deref()).await);
        }
        // Starts and retakes of one batch do not see what the others of the batch take or free.
        let wants = |c: &Commit| {
            c.create.is_some() || c.decision.as_ref().is_some_and(|decision| decision.retake_exclusion)
        };
        if let Some(n) = batch.iter().position(|commits: &Vec<Commit>| commits.iter().any(wants)) {
            batch = vec![batch.swap_remove(n)];
        }
        let told = format!("commit as {worker:?} of {batch:?}");
        for _ in 0..=usize::from(self.dice.one_in(4)) {
            let mut answers = vec![];
            for (n, store) in self.stores.iter().enumerate() {
                let commits = batch.iter().map(|commits| commits[n].clone()).collect();
                answers.push(store.commit(worker.as_ref().map(|worker| worker[n]), commits).await);
            }
            same(&answers, &told);
        }
        told
    }

    /// One commit, as each store is to get it.
    async fn one(&mut self, name: &str, worker: Option<&[WorkerId]>) -> Vec<Commit> {
        self.commits += 1;
        let Some(stored) = self.stores[0].load(&id(name)).await.unwrap() else {
            let new = self.start(name);
            let owned = |n: usize| Header { worker: worker.map(|worker| worker[n]), ..new.clone() };
            return (0..self.stores.len()).map(|n| create(self.commits, owned(n))).collect();
        };
        let mut header = stored.header;
        if self.dice.one_in(6) {
            header.rev -= 1;
        }
        let mut commit = Commit::empty(id(name), CommitId(self.commits));
        if self.dice.one_in(2) {
            commit = self.decision(&header);
        }
        for order in 0..self.dice.roll(4) as u32 {
            commit.facts.push(self.fact(order));
        }
        if self.dice.one_in(4) {
            commit.audit = vec![audit(self.second, "one"), audit(self.second, "two")];
        }
        if self.dice.one_in(4) {
            let keys = KEYS.into_iter().filter(|_| self.dice.one_in(2));
            commit.waits = Some(keys.map(|key| Awaited { name: "online".into(), key: key.into() }).collect());
        }
        let mut commits = vec![commit; self.stores.len()];
        for (workflow, ids) in &self.mail {
            if workflow.as_str() == name || self.dice.one_in(4) {
                commits.iter_mut().zip(ids).for_each(|(commit, id)| commit.signals.push(*id));
            }
        }
        commits
    }

    fn start(&mut self, name: &str) -> Header {
        let keys =
            |dice: &mut Dice| ["x", "y"].into_iter().filter(|_| dice.one_in(4)).map(str::to_owned).collect();
        let mut new = header(name, self.dice.one_in(4).then_some(WorkerId(0)));
        new.tenant_id = self.dice.of(&TENANTS).into();
        new.idempotency_key = self.dice.one_in(2).then(|| self.dice.of(&["k", "l", "m"]).into());
        new.input_hash = self.dice.of(&["h", "i"]).into();
        new.exclusion = keys(&mut self.dice);
        new.search_keys = keys(&mut self.dice);
        new.priority = self.dice.roll(2) as i32;
        new.definition.version = if self.dice.one_in(5) { 2 } else { 1 };
        new.created_at = at(self.second);
        new.updated_at = at(self.second);
        new.state.wake_at = Some(at(self.second));
        new
    }

    fn decision(&mut self, header: &Header) -> Commit {
        let rolled = self.dice.of(Status::ALL);
        // No machine takes up again what has completed; whether its time counts then is a matter of each store.
        let completed = header.state.status == Status::Completed;
        let status = if completed { Status::Completed } else { rolled };
        let second = self.second;
        let wake = self.dice.one_in(2).then(|| at(second + 1));
        let once = self.dice.one_in(3);
        let mut commit = decide(self.commits, header, |state| {
            state.status = status;
            state.rolled_back_once |= once;
            state.turned_back = once;
            state.wake_at = wake;
            if !completed {
                state.completed_at = (status == Status::Completed).then(|| at(second));
                state.started_at = Some(NOON);
            }
        });
        if let Some(decision) = &mut commit.decision {
            decision.release |= self.dice.one_in(4);
            decision.interrupted = self.dice.of(&[Interrupted::Told, Interrupted::Kept, Interrupted::Open]);
            decision.audit.extend(self.dice.one_in(4).then(|| audit(second, "decided")));
            decision.retake_exclusion = !status.is_ended() && self.dice.one_in(2);
        }
        commit
    }

    fn fact(&mut self, order: u32) -> StepRow {
        let text = |dice: &mut Dice| dice.one_in(3).then(|| json(&dice.roll(100).to_string()));
        StepRow {
            run: 1 + self.dice.roll(2) as u32,
            item: self.dice.of(&["", "1", "1.2"]).into(),
            status: self.dice.of(StepStatus::ALL),
            effect: self.dice.of(TouchedEffect::ALL),
            output: text(&mut self.dice),
            record: text(&mut self.dice),
            heartbeat: text(&mut self.dice),
            debt: self.dice.one_in(3).then(|| self.dice.of(Debt::ALL)),
            completed_at: self.dice.one_in(2).then(|| at(self.second)),
            ..row(order, self.dice.roll(6) as i64)
        }
    }

    /// Which of the workers it is, by number.
    fn incarnation(&self, store: usize, worker: WorkerId) -> WorkerId {
        let n = self.workers.iter().position(|ids| ids[store] == worker);
        WorkerId(n.map_or(-1, |n| n as i64))
    }
    fn numbered(&self, store: usize, mut all: Vec<Loaded>) -> Vec<Loaded> {
        for loaded in &mut all {
            loaded.header.worker = loaded.header.worker.map(|worker| self.incarnation(store, worker));
        }
        all
    }

    /// Everything that can be read is the same.
    async fn compare(&self, call: &str) {
        for name in NAMES.map(id) {
            let (mut rows, mut trails) = (vec![], vec![]);
            for (n, store) in self.stores.iter().enumerate() {
                rows.push(store.load(&name).await.unwrap().map(|loaded| self.numbered(n, vec![loaded])));
                trails.push(store.history(&name, TrailPart::ALL).await.unwrap());
            }
            same(&rows, call);
            same(&trails, call);
        }
        for tenant in TENANTS {
            let (mut counts, mut pages) = (vec![], vec![]);
            for store in &self.stores {
                counts.push(store.statistics(tenant).await);
                let listing = Listing { tenant: tenant.into(), limit: 4, ..Listing::default() };
                let page = store.list(listing).await.unwrap();
                let names = page.headers.iter().map(|h| h.workflow_id.clone()).collect::<Vec<_>>();
                pages.push((names, page.total));
            }
            same(&counts, call);
            same(&pages, call);
        }
    }
}
