//! What is started again and again: each tick of a schedule once, or passed over as its policy says, whoever dies meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use saga::engine::ScheduleError;
use saga::store::{Commit, Loaded, Overlap, Schedule};
use saga::{Client, Timestamp, WorkflowId};

use crate::calls::CLOCKS;
use crate::faults::UNTIL;
use crate::people;
use crate::sagas;
use crate::stage::{LEASE, POLL, Stage};
use crate::workers::Workers;

const NAME: &str = "errand";
/// Who has started what it starts.
const BY: &str = "schedule/errand";
/// From one tick to the next.
const EVERY: i64 = 2_000_000;

/// A schedule, and what has become of its ticks.
#[derive(Default)]
pub(crate) struct Rota {
    is_wanted: bool,
    is_over: bool,
    first: Option<Timestamp>,
    /// Ticks that the schedule has left behind, for good, without a workflow.
    passed_over: Vec<Timestamp>,
    /// What was started, and when it came to rest.
    errands: BTreeMap<WorkflowId, Errand>,
}

struct Errand {
    tick: Timestamp,
    ended: Option<Timestamp>,
}

/// Somebody makes the schedule, lets it rest for a while perhaps, and removes it in the end.
pub(crate) async fn keep(workers: Arc<Workers>) {
    let stage = Arc::clone(&workers.stage);
    let overlap = match stage.roll(4) {
        0 => Overlap::Skip,
        1 => Overlap::QueueOne,
        2 => Overlap::Allow,
        _ => Overlap::CancelRunning,
    };
    stage.sleep(stage.between(0, 1000)).await;
    until_told(&workers, "is made", |client| {
        let made = client.schedule(NAME, "*/2 * * * * *", sagas::errand(NAME.to_owned()));
        async move { made.overlap(overlap).catch_up(1).await.map(drop) }
    })
    .await;
    if stage.chance(0.3) {
        stage.sleep(stage.between(500, 3000)).await;
        until_told(&workers, "is let rest", |c| async move { c.schedules("default").pause(NAME).await })
            .await;
        stage.sleep(stage.between(100, 2000)).await;
        until_told(&workers, "goes on", |c| async move { c.schedules("default").resume(NAME).await }).await;
    }
    // When nothing goes wrong any more it keeps up with the time.
    stage.sleep((UNTIL + LEASE + POLL).saturating_sub(stage.now())).await;
    let (begin, limit) = (stage.time(), stage.now() + Duration::from_secs(15));
    while stage.schedule().is_some_and(|schedule| schedule.next_at.is_none_or(|next| next <= begin)) {
        if stage.now() > limit {
            stage.wrong(format!("12: the schedule stands still: {:?}", stage.schedule()));
            break;
        }
        stage.sleep(Duration::from_millis(100)).await;
    }
    until_told(&workers, "is removed", |c| async move { c.schedules("default").remove(NAME).await }).await;
    stage.rota.lock().unwrap().is_over = true;
}

/// Asks until there is an answer.
async fn until_told<T>(workers: &Workers, what: &str, ask: impl Fn(Client) -> T)
where
    T: Future<Output = Result<(), ScheduleError>>,
{
    let stage = &workers.stage;
    loop {
        let own = stage.pick(workers.number());
        let client =
            workers.client(own).filter(|_| !stage.chance(0.3)).unwrap_or_else(|| people::outside(stage));
        let told = people::within(stage, Duration::from_secs(2), ask(client)).await;
        stage.note(|| format!("the schedule {what}: {told:?}"));
        match told {
            // Its removal was asked for before, and the answer was lost.
            Some(Ok(()) | Err(ScheduleError::NotFound(_))) => return,
            _ => stage.sleep(stage.between(20, 300)).await,
        }
    }
}

impl Stage {
    pub(crate) fn wants_a_rota(&self) {
        self.rota.lock().unwrap().is_wanted = true;
    }
    pub(crate) fn has_rota(&self) -> bool {
        self.rota.lock().unwrap().is_wanted
    }
    pub(crate) fn is_rota_over(&self) -> bool {
        let rota = self.rota.lock().unwrap();
        rota.is_over || !rota.is_wanted
    }
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        let all = self.schedules().list_schedules("default").now_or_never().unwrap().unwrap();
        all.into_iter().next()
    }

    /// A workflow of its may have been started or have come to rest.
    pub(crate) fn errands_written(&self, commit: &Commit) {
        if !self.has_rota() {
            return;
        }
        let Some(loaded) = self.peek(&commit.workflow_id) else { return };
        let header = &loaded.header;
        if header.initiator_id.as_deref() != Some(BY) {
            return;
        }
        let key = header.idempotency_key.as_deref().unwrap_or_default();
        let said = key.strip_prefix(BY).and_then(|rest| rest.split('/').nth(1));
        let Some(tick) = said.and_then(Timestamp::parse) else {
            return self.wrong(format!("12: {key} is no tick's"));
        };
        let (now, overlap) = (self.time(), self.schedule().map(|schedule| schedule.overlap));
        let ended = header.state.status.is_ended().then_some(now);
        let mut rota = self.rota.lock().unwrap();
        if let Some(known) = rota.errands.get_mut(&commit.workflow_id) {
            known.ended = known.ended.or(ended);
            return;
        }
        let mut wrongs = vec![];
        let is_due = tick.as_micros() % EVERY == 0
            && tick <= now.plus(CLOCKS)
            && rota.first.is_some_and(|first| first <= tick);
        if !is_due {
            wrongs.push(format!("12: {tick} is no tick of the schedule's, and has started something"));
        }
        if rota.passed_over.contains(&tick) {
            wrongs.push(format!("12: the tick {tick} was passed over, and starts something"));
        }
        if rota.errands.values().any(|other| other.tick == tick) {
            wrongs.push(format!("12: the tick {tick} starts something twice"));
        }
        let beside = rota.errands.iter().find(|(_, other)| other.ended.is_none());
        if let Some((beside, _)) = beside.filter(|_| overlap.is_some_and(|it| it != Overlap::Allow)) {
            wrongs.push(format!("overlap: the tick {tick} starts something while {beside} runs"));
        }
        rota.errands.insert(commit.workflow_id.clone(), Errand { tick, ended });
        drop(rota);
        self.saw(|seen| &mut seen.tick);
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    /// The schedule has got on: what became of the ticks in between?
    pub(crate) fn is_rescheduled(&self, before: Option<&Schedule>, after: &Schedule) {
        self.note(|| {
            let Schedule { overlap, next_at, queued_at, last_at, paused, .. } = after;
            format!(
                "schedule ({overlap}, paused {paused}): {next_at:?}, waits {queued_at:?}, last {last_at:?}"
            )
        });
        let mut rota = self.rota.lock().unwrap();
        let Some(before) = before else {
            rota.first = after.next_at;
            return;
        };
        // Nobody wants the ticks of that time.
        if before.paused {
            return;
        }
        let (mut wrongs, mut lost) = (vec![], vec![]);
        let has_fired = |tick: Timestamp| rota.errands.values().any(|errand| errand.tick == tick);
        let waits = after.queued_at;
        for tick in ticks(before.next_at, after.next_at) {
            if has_fired(tick) || waits == Some(tick) {
                continue;
            }
            let may_be = match after.overlap {
                Overlap::Allow => false,
                // One of an earlier tick's was under way at its time, or has been started only now.
                Overlap::Skip => rota.errands.values().any(|errand| {
                    errand.tick < tick && errand.ended.is_none_or(|ended| ended.plus(CLOCKS) >= tick)
                }),
                Overlap::QueueOne => waits.is_some_and(|waits| waits < tick),
                Overlap::CancelRunning => waits.is_some_and(|waits| waits > tick),
            };
            lost.push(tick);
            if !may_be {
                wrongs.push(format!("12: the tick {tick} is lost ({})", after.overlap));
            }
        }
        if let Some(waited) = before.queued_at.filter(|waited| waits != Some(*waited) && !has_fired(*waited))
        {
            lost.push(waited);
            // A later one has taken its place.
            if after.overlap != Overlap::CancelRunning || waits.is_none_or(|waits| waits < waited) {
                wrongs.push(format!("12: the tick {waited} waited, and is lost"));
            }
        }
        let has_passed_over = !lost.is_empty();
        rota.passed_over.extend(lost);
        drop(rota);
        if has_passed_over {
            self.saw(|seen| &mut seen.passed_over);
        }
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    /// Guarantee 12, of ticks: everything that it has started was seen when it began.
    pub(crate) fn judge_ticks(&self, all: &[Loaded]) {
        let of = all.iter().filter(|loaded| loaded.header.initiator_id.as_deref() == Some(BY)).count();
        let seen = self.rota.lock().unwrap().errands.len();
        if of != seen {
            self.wrong(format!("12: ticks have started {seen}, and there are {of}"));
        }
    }
}

/// From the first of these to before the second.
fn ticks(from: Option<Timestamp>, to: Option<Timestamp>) -> Vec<Timestamp> {
    let (Some(from), Some(to)) = (from, to) else { return vec![] };
    let all = std::iter::successors(Some(from.as_micros()), |at| Some(at + EVERY));
    all.take_while(|at| *at < to.as_micros()).map(Timestamp::from_micros).collect()
}
