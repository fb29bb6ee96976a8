//! The worker's own tasks: one says that it lives and brings the mail, one looks for work, one listens for hints that
//! there is some of either.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::sync::{Notify, watch};

use super::driver::{Driver, Mail};
use super::mismatch;
use super::shared::Shared;
use super::stranded::Watch;
use super::{attempt, stray};
use crate::machine::Machine;
use crate::store::{Claim, Header, Loaded, Purpose, StoreError};

/// The most workflows that are claimed at once.
const PAGE: usize = 500;
/// How often this worker asks whether it owns what does not run here.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const CLAIMS: &str = "no work can be claimed";
const HEARTBEAT: &str = "the heartbeat fails";
/// Hints that come in a swarm are one.
const SWARM: Duration = Duration::from_millis(20);
/// By how much two workers' ideas of the store's time may differ: what one of them has let go of at once is due a little
/// later for the other one, to whom the hint may come before that.
const SOON: Duration = Duration::from_millis(1_200);

/// `working` is dropped when both have ended, which is when nothing runs here any more.
pub(super) fn spawn<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, working: &Arc<watch::Sender<()>>) {
    let (own, working_too) = (Arc::clone(shared), Arc::clone(working));
    shared.runtime.spawn(Box::pin(async move {
        without_fail(&own, || find_work(&own)).await;
        drop(working_too);
    }));
    let (own, working_too) = (Arc::clone(shared), Arc::clone(working));
    shared.runtime.spawn(Box::pin(async move {
        without_fail(&own, || live(&own)).await;
        drop(working_too);
    }));
    let own = Arc::clone(shared);
    shared.runtime.spawn(Box::pin(async move { listen(&own).await }));
}

/// Until the other two have ended. What is not heard here they find by themselves, a little later.
async fn listen<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) {
    let mut ended = shared.worker_ended.clone();
    loop {
        // Nothing is ever sent.
        match select(std::pin::pin!(ended.changed()), shared.store.hint(shared.worker)).await {
            Either::Left(_) => return,
            Either::Right(_) => shared.life.wake(),
        }
        shared.runtime.sleep(SWARM).await;
    }
}

/// A worker without one of its tasks would keep what it owns and do nothing about it.
async fn without_fail<R, F: Future<Output = ()>>(shared: &Shared<R>, task: impl Fn() -> F) {
    while let Err(panic) = AssertUnwindSafe(task()).catch_unwind().await {
        // It may have been in the middle of a claim.
        shared.life.expect_strays(shared.runtime.uptime().saturating_add(shared.config.lease));
        tracing::error!("a task of this worker has failed and begins anew: {}", attempt::panicked(&*panic));
        shared.runtime.sleep(shared.config.poll_interval).await;
    }
}

async fn find_work<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) {
    let mut stranded = Watch::default();
    let mut pace = Pace::default();
    let (mut last_turn, mut looked, mut woken) = (None, None, false);
    while !shared.is_stopping() {
        stranded.look(shared).await;
        if shared.life.may_have_strays() {
            stray::take_up_all(shared).await;
        }
        let found = claim(shared, &mut last_turn).await;
        // What cannot be read is claimed and not handed out; nor should there be anything else that nobody here runs.
        let uptime = shared.runtime.uptime();
        if looked.is_none_or(|looked: Duration| uptime >= looked + LOOK_EVERY) && !mutant!(strays_forgotten) {
            looked = Some(uptime);
            stray::take_up_all(shared).await;
        }
        let mut often = pace.after(found != Found::Nothing, shared.config.poll_interval);
        if woken && found == Found::Nothing {
            often = often.min(SOON);
        }
        woken = false;
        if found != Found::PerhapsMore {
            // Not all workers at the same moment.
            often = often.mul_f64(1.0 - shared.env().random / 10.0);
            woken = pause(shared, &shared.life.work, often).await == Paused::Woken;
        }
    }
}

/// Until nothing runs here any more.
async fn live<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) {
    while shared.life.live.len() > 0 || !shared.is_stopping() {
        if shared.life.lease.is_lost() {
            return;
        }
        beat(shared).await;
        let often = shared.config.poll_interval.min(shared.config.lease / 4);
        pause(shared, &shared.life.mail, often).await;
    }
}

/// How a pause ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Paused {
    Woken,
    ToTheEnd,
}

pub(super) async fn pause<R>(shared: &Shared<R>, unless: &Notify, at_most: Duration) -> Paused {
    match select(std::pin::pin!(unless.notified()), shared.runtime.sleep(at_most)).await {
        Either::Left(_) => Paused::Woken,
        Either::Right(_) => Paused::ToTheEnd,
    }
}

/// How often work is looked for. Where some has just come more may follow; after a while of nothing, less often.
#[derive(Default)]
struct Pace(Duration);

impl Pace {
    /// How long to pause.
    fn after(&mut self, found: bool, at_most: Duration) -> Duration {
        self.0 = if found { at_most / 16 } else { self.0 * 2 };
        if self.0.is_zero() {
            self.0 = at_most;
        }
        self.0 = self.0.min(at_most);
        self.0
    }
}

/// What a claim has brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    All,
    PerhapsMore,
}

/// `last_turn`: the tenant that had it here.
async fn claim<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, last_turn: &mut Option<String>) -> Found {
    // Before it is counted, so that room made meanwhile is not missed.
    shared.life.wants_room.store(true, Ordering::Release);
    let free = shared.config.max_live.saturating_sub(shared.life.live.len());
    let limit = free.min(PAGE);
    if limit == 0 {
        return Found::Nothing;
    }
    let definitions = shared.definitions.keys().cloned().collect();
    let (after, now) = (last_turn.clone(), shared.runtime.now());
    let claim = Claim { purpose: Purpose::Run, definitions, limit, after, now };
    let claimed = match shared.store.claim(shared.worker, claim).await {
        Ok(claimed) => claimed,
        Err(StoreError::Fenced) => {
            shared.fenced();
            return Found::Nothing;
        }
        Err(error) => {
            // It may have been done all the same, or may yet be.
            shared.life.expect_strays(shared.runtime.uptime().saturating_add(shared.config.lease));
            shared.life.troubles.tell(CLAIMS, &error);
            return Found::Nothing;
        }
    };
    shared.life.troubles.over(CLAIMS);
    let (some, all) = (!claimed.is_empty(), claimed.len() >= limit);
    if let Some(last) = claimed.last() {
        *last_turn = Some(last.header.tenant_id.to_string());
    }
    if !all {
        shared.life.wants_room.store(false, Ordering::Release);
    }
    if !all || limit == free {
        shared.life.crowded.store(all, Ordering::Release);
    }
    let drivers: Vec<_> = claimed.into_iter().filter_map(|loaded| resume(shared, loaded)).collect();
    if !some || read_mail(shared).await {
        for driver in drivers {
            stray::run(shared, driver);
        }
    }
    match (some, all) {
        (false, _) => Found::Nothing,
        (true, false) => Found::All,
        (true, true) => Found::PerhapsMore,
    }
}

/// The task of a workflow that this worker has claimed.
fn resume<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, loaded: Loaded) -> Option<Driver<R>> {
    let Some(definition) = shared.definitions.get(&loaded.header.definition) else {
        let shared_too = Arc::clone(shared);
        shared.runtime.spawn(Box::pin(async move { mismatch::park(&shared_too, loaded).await }));
        return None;
    };
    let settings = shared.config.machine;
    let plan = Arc::clone(definition.plan());
    let machine = Machine::resume(plan, &loaded, settings, shared.first_commit(), shared.env());
    match Driver::new(shared, Arc::clone(definition), &loaded.header, machine, &mut None) {
        Ok(driver) => Some(driver),
        Err(_) => {
            // It has just been let go here, and its task is about to end.
            stray::run_from_journal(shared, loaded.header.workflow_id);
            None
        }
    }
}

/// Fetches the mail before a workflow that was just taken starts, so that none runs past a cancellation that was in
/// its inbox: its `rev` stands for that too, and no decision would be refused. `false`: this worker stops, and it has
/// not been read. Then nothing of it may start here.
pub(super) async fn read_mail<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) -> bool {
    let mut often = Duration::from_millis(50);
    while !mutant!(mail_unread) && !beat(shared).await {
        if shared.is_stopping() {
            return false;
        }
        let turns = shared.life.turns();
        select(shared.runtime.sleep(often), std::pin::pin!(turns)).await;
        often = (often * 2).min(shared.config.poll_interval);
    }
    true
}

/// Says that the worker lives, and hands out the mail. `false`: it got none.
async fn beat<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) -> bool {
    // Counted from before the heartbeat is sent: nobody can have seen it earlier.
    let sent = shared.runtime.uptime();
    let asked = std::pin::pin!(shared.store.beat(shared.worker));
    let beat = match select(asked, shared.runtime.sleep(shared.config.lease / 2)).await {
        Either::Left((Ok(beat), _)) => beat,
        Either::Left((Err(StoreError::Fenced), _)) => {
            shared.fenced();
            return false;
        }
        Either::Left((Err(error), _)) => {
            shared.life.troubles.tell(HEARTBEAT, &error);
            return false;
        }
        Either::Right(_) => {
            shared.life.troubles.tell(HEARTBEAT, &StoreError::Unavailable("no answer".to_owned()));
            return false;
        }
    };
    shared.life.troubles.over(HEARTBEAT);
    shared.life.lease.renew(sent.saturating_add(shared.config.lease));
    shared.time.hear(beat.now, sent);
    for signal in beat.signals {
        if let Some(live) = shared.life.live.get(&signal.workflow_id) {
            let _ = live.mail.send(Mail::Signal(signal));
        }
    }
    for workflow in beat.lost {
        if let Ok(Some(loaded)) = shared.store.load(&workflow).await {
            let_go(shared, loaded);
        }
    }
    true
}

/// Somebody ended a workflow by hand that is still held here.
fn let_go<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, loaded: Loaded) {
    let ended = |header: &Header| Mail::Header(Box::new(header.clone()));
    if let Some(live) = shared.life.live.get(&loaded.header.workflow_id) {
        let _ = live.mail.send(ended(&loaded.header));
        return;
    }
    let header = loaded.header.clone();
    if let Some(driver) = resume(shared, loaded) {
        driver.tell_first(ended(&header));
        stray::run(shared, driver);
    }
}
