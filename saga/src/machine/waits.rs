//! Waiting: for a time, and for events from outside.
//!
//! A place that waits is *armed* when it is reached: until when, and for what, becomes durable with the next
//! commit, and the wait is entered in the store's register with it. Only then is the store asked for an event
//! that has come already; who publishes writes the event first and reads the register after it. So one of the two
//! sees the other.
//!
//! When there is nothing left but to wait, and for long, the workflow is let go as `waiting` and costs no memory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command::{Command, Env};
use super::draft::{InFlight, Slot};
use super::state::{Machine, Mode, Settled, Then};
use super::step::Phase;
use crate::clock::Timestamp;
use crate::definition::{IfFailed, NodeId, Op, Sleep, WaitNode};
use crate::failure::Failure;
use crate::json::Json;
use crate::store::{Awaited, PublishedEvent, Status, Wanted};

/// A place that was reached and waits.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    /// When it is over, whatever happens.
    until: Option<Timestamp>,
    /// For an event: its key, and how far one has looked for it.
    listens: Option<(String, Look)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// The store has to be asked.
    Wanted,
    /// It is being asked. Something may have come since: then it is asked again. Was the time over by then?
    Asked { again: bool, last: bool },
    /// There was nothing; whoever publishes it will say so. But what that says may be on its way when the time
    /// is over, so then it is asked once more.
    Nothing { last: bool },
}

/// How an armed place is journaled.
#[derive(Serialize, Deserialize)]
struct Armed {
    until: Option<Timestamp>,
    key: Option<String>,
}

/// How the end of a wait is journaled.
#[derive(Serialize, Deserialize)]
struct Came {
    /// When the event happened, and its place among those of its time. `None`: it did not come in time, or none was
    /// waited for.
    at: Option<(Timestamp, i64)>,
    value: Json,
}

/// Under which name an armed place is journaled: the one of an operator's retry beside the first.
fn armed(name: &str, retry: u32) -> Arc<str> {
    match retry {
        0 => format!("{name}@armed").into(),
        _ => format!("{name}@armed.{retry}").into(),
    }
}

impl Armed {
    /// Its time is over, and without it the workflow cannot go on.
    fn anew(&self, wait: &WaitNode, env: Env) -> Option<Armed> {
        let over = self.until.is_some_and(|until| until <= env.now) && wait.if_failed == IfFailed::Fail;
        let until = wait.timeout.filter(|_| over).map(|timeout| env.now.plus(timeout))?;
        Some(Armed { until: Some(until), key: self.key.clone() })
    }
}

impl Machine {
    /// The place is reached: what its code gave says until when is waited, or for what.
    pub(super) fn arm(&mut self, node: NodeId, value: &Json, env: Env) {
        let place = &self.plan.nodes()[node.0 as usize];
        let decoded = match &place.op {
            Op::Wait(wait) => value.decode().map(|key: String| Armed {
                until: wait.timeout.map(|timeout| env.now.plus(timeout)),
                key: Some(key),
            }),
            _ => value.decode().map(|sleep| Armed {
                until: Some(match sleep {
                    Sleep::For(length) => env.now.plus(length),
                    Sleep::Until(time) => time,
                }),
                key: None,
            }),
        };
        let name = Arc::clone(&place.name);
        let (Ok(arm), Ok(journaled)) =
            (&decoded, decoded.as_ref().map_err(Clone::clone).and_then(Json::encode))
        else {
            return self.fail_at(node, None, format!("`{name}` gives no time to wait for"), Then::Policy);
        };
        self.draft.carry.insert(armed(&name, 0), journaled);
        self.wait(node, arm);
        self.register();
    }

    fn wait(&mut self, node: NodeId, armed: &Armed) {
        let listens = armed.key.clone().map(|key| (key, Look::Wanted));
        self.waits.insert(node, Wait { until: armed.until, listens });
    }

    /// This commit is lost: a place that was armed in it, or that stands after what is gone, was not reached.
    pub(super) fn disarm(&mut self, lost: &InFlight, gone: &[bool]) {
        let plan = Arc::clone(&self.plan);
        for (node, place) in plan.nodes().iter().enumerate() {
            for arming in (0..=self.header.retry_count).map(|retry| armed(&place.name, retry)) {
                if gone[node] {
                    self.draft.carry.remove(&arming);
                }
                if gone[node] || lost.carried.contains(&arming) {
                    self.waits.remove(&NodeId(u32::try_from(node).unwrap_or(u32::MAX)));
                }
            }
        }
        if lost.registers {
            self.registered = self.awaited();
            self.draft.waits = Some(self.registered.clone());
        }
    }

    /// Everything that is waited for goes into the store's register with the next commit.
    pub(super) fn register(&mut self) {
        let waits = self.awaited();
        if waits != self.registered {
            self.draft.waits = Some(waits.clone());
            self.registered = waits;
        }
    }

    fn awaited(&self) -> Vec<Awaited> {
        let all = self.waits.iter().filter_map(|(node, wait)| {
            let (key, _) = wait.listens.as_ref()?;
            Some(Awaited { name: self.event_of(*node)?.event.to_string(), key: key.clone() })
        });
        let mut all: Vec<_> = all.collect();
        all.sort();
        all.dedup();
        all
    }

    fn event_of(&self, node: NodeId) -> Option<Arc<WaitNode>> {
        match self.plan.node(node).map(|n| &n.op) {
            Some(Op::Wait(wait)) => Some(Arc::clone(wait)),
            _ => None,
        }
    }

    /// What the journal says about a waiting place.
    pub(super) fn restore_wait(&mut self, node: NodeId, journaled: impl Fn(&str) -> Option<Json>, env: Env) {
        let place = &self.plan.nodes()[node.0 as usize];
        let name = Arc::clone(&place.name);
        let retry = self.header.retry_count;
        let last = (0..=retry).rev().find_map(|retry| Some((retry, journaled(&armed(&name, retry))?)));
        let armed_at = last.as_ref().map(|(retry, _)| *retry);
        let armed: Option<Armed> = last.and_then(|(_, json)| json.decode().ok());
        let came: Option<Came> = journaled(&name).and_then(|json| json.decode().ok());
        match (came, armed) {
            (Some(came), armed) => {
                let event = self.event_of(node);
                if let (Some(at), Some(event), Some(key)) = (came.at, event, armed.and_then(|a| a.key)) {
                    self.taken(&event, key, at);
                }
                self.waits.remove(&node);
                self.settle(node, came.value);
            }
            (None, Some(armed)) if self.settled[node.0 as usize] == Settled::No => {
                let anew = self.header.status == Status::Pending && armed_at < Some(retry);
                match self.event_of(node).filter(|_| anew).and_then(|wait| armed.anew(&wait, env)) {
                    Some(anew) => self.arm_anew(node, &anew),
                    None => self.wait(node, &armed),
                }
            }
            _ => {}
        }
    }

    /// A person has made the workflow go on: what had no time left gets its time again, and with it whatever came
    /// while nobody waited.
    fn arm_anew(&mut self, node: NodeId, anew: &Armed) {
        let name = Arc::clone(&self.plan.nodes()[node.0 as usize].name);
        if let Ok(journaled) = Json::encode(anew) {
            self.draft.carry.insert(armed(&name, self.header.retry_count), journaled);
        }
        self.wait(node, anew);
    }

    /// Back from the journal: what the register says may be out of date, because the workflow was stopped from
    /// outside, or its worker died when a sub-saga that waited had failed.
    pub(super) fn register_again(&mut self) {
        if !self.plan.nodes().iter().any(|node| matches!(node.op, Op::Wait(_))) {
            return;
        }
        self.registered = if self.mode == Mode::Forward { self.awaited() } else { vec![] };
        self.draft.waits = Some(self.registered.clone());
        self.dirty_header |= !self.registered.is_empty();
    }

    /// No later wait of this workflow gets the same event.
    fn taken(&mut self, wait: &WaitNode, key: String, at: (Timestamp, i64)) {
        let latest = self.came.entry((Arc::clone(&wait.event), key)).or_insert(at);
        *latest = at.max(*latest);
    }

    /// A waiting place was reached in an earlier life or has just been armed: looks for what has come, and ends
    /// what is over.
    pub(super) fn attend(&mut self, node: NodeId, env: Env) {
        let Some(wait) = self.waits.get_mut(&node) else { return };
        let over = wait.until.is_some_and(|until| until <= env.now);
        match &mut wait.listens {
            // Written down, since the next owner's clock may say otherwise.
            None if over => self.over(node, &Came { at: None, value: Json::null() }),
            Some((_, Look::Nothing { last: true })) if over => self.timed_out(node),
            Some((key, look))
                if *look == Look::Wanted || over && *look == (Look::Nothing { last: false }) =>
            {
                *look = Look::Asked { again: false, last: over };
                let key = key.clone();
                if let Some(wanted) = self.wanted(node, key) {
                    self.hold(Command::Look { node, wanted });
                }
            }
            _ => {}
        }
    }

    fn wanted(&self, node: NodeId, key: String) -> Option<Wanted> {
        let event = self.event_of(node)?;
        let before = self.came.get(&(Arc::clone(&event.event), key.clone()));
        let (since, after) = before.copied().unwrap_or((self.created_at, 0));
        Some(Wanted { tenant: self.tenant.to_string(), name: event.event.to_string(), key, since, after })
    }

    /// The store was asked for an event.
    pub(super) fn looked(&mut self, node: NodeId, found: Option<PublishedEvent>) {
        if self.is_stopped(node) {
            // Nobody waits there any more: the event is for others.
            return;
        }
        let Some(wait) = self.event_of(node) else { return };
        let Some(Wait { until, listens: Some((key, look)) }) = self.waits.get_mut(&node) else { return };
        let in_time = |event: &PublishedEvent| until.is_none_or(|until| event.at <= until);
        let Some(event) = found.filter(in_time) else {
            *look = match *look {
                Look::Asked { again: false, last } => Look::Nothing { last },
                _ => Look::Wanted,
            };
            return;
        };
        let had = self.came.get(&(Arc::clone(&wait.event), key.clone()));
        if had.is_some_and(|latest| (event.at, event.place) <= *latest) {
            // Another place that asked at the same time has got it.
            *look = Look::Wanted;
            return;
        }
        let key = key.clone();
        let at = (event.at, event.place);
        self.taken(&wait, key, at);
        let value = given(wait.if_failed, event.value);
        self.over(node, &Came { at: Some(at), value });
    }

    fn timed_out(&mut self, node: NodeId) {
        let Some(wait) = self.event_of(node) else { return };
        let key = self.waits.get(&node).and_then(|w| w.listens.as_ref()).map(|(key, _)| key.clone());
        let limit = wait.timeout.unwrap_or_default();
        let message =
            format!("`{}` of {} did not come within {limit:?}", wait.event, key.unwrap_or_default());
        match wait.if_failed {
            IfFailed::Fail => {
                self.fail_at(node, None, message, Then::Policy);
                self.unfinished = true;
            }
            IfFailed::GoOn => self.over(node, &Came { at: None, value: Json::null() }),
            IfFailed::Decide => {
                let value = failed(&wait.event, message);
                self.over(node, &Came { at: None, value });
            }
        }
    }

    fn over(&mut self, node: NodeId, came: &Came) {
        self.waits.remove(&node);
        let name = Arc::clone(&self.plan.nodes()[node.0 as usize].name);
        if let Ok(journaled) = Json::encode(came) {
            self.draft.carry.insert(name, journaled);
        }
        self.register();
        self.settle(node, came.value.clone());
        self.unfinished = true;
    }

    /// Does the workflow still go on from here when the event comes?
    pub(super) fn is_awaited(&self, node: NodeId) -> bool {
        self.is_forward() && self.waits.contains_key(&node) && !self.is_stopped(node)
    }

    /// The store was not asked after all.
    pub(super) fn look_again(&mut self, node: NodeId) {
        if let Some(Wait { listens: Some((_, look)), .. }) = self.waits.get_mut(&node) {
            *look = Look::Wanted;
            self.unfinished = true;
        }
    }

    /// Somebody published what this workflow may wait for.
    pub(super) fn something_came(&mut self) {
        for wait in self.waits.values_mut() {
            match &mut wait.listens {
                Some((_, Look::Asked { again, .. })) => *again = true,
                Some((_, look)) => *look = Look::Wanted,
                None => {}
            }
        }
    }

    /// When the next place stops waiting.
    pub(super) fn next_wait(&self) -> Option<Timestamp> {
        // One that is being looked for is over when the answer has come, at the earliest; one in a sub-saga that
        // has failed is over already.
        let idle = |wait: &Wait| !matches!(wait.listens, Some((_, Look::Wanted | Look::Asked { .. })));
        let waits = self.waits.iter().filter(|(node, wait)| idle(wait) && !self.is_stopped(**node));
        waits.filter_map(|(_, wait)| wait.until).min()
    }

    /// Lets go of the workflow if there is nothing to do but to wait, and for long.
    pub(super) fn rest(&mut self, env: Env) {
        let silent = |wait: &Wait| matches!(wait.listens, None | Some((_, Look::Nothing { .. })));
        let due = self.next_due();
        let quiet = matches!(self.slot, Slot::Free)
            && self.draft.create.is_none()
            && self.draft.held.is_empty()
            && self.evaluating.is_empty()
            && !self.is_undoing_a_scope()
            && self.waits.values().all(silent)
            // A pause that is longer than the others would be cut short by their end.
            && self.phases.active().all(|(_, phase)| match phase {
                Phase::Pausing { until } => Some(*until) == due,
                _ => false,
            });
        let soon = due.is_some_and(|at| at <= env.now.plus(self.settings.rest_over));
        let asleep = !self.waits.is_empty() || self.phases.active().next().is_some();
        if !quiet || soon || !asleep {
            return;
        }
        for step in self.phases.pausing() {
            self.touch(step);
        }
        let place = self.waits.keys().next().and_then(|node| self.plan.node(*node));
        let place = place.map(|node| Arc::clone(&node.name));
        self.decide(Mode::Over, Status::Waiting);
        if let Some(place) = place {
            self.header.current_step = Some(place);
            self.header.current_system = None;
        }
        self.header.wake_at = due.filter(|_| !mutant!(timer_lost));
        self.release = true;
    }
}

/// What a call gives to the saga when it has succeeded.
pub(super) fn given(if_failed: IfFailed, output: Json) -> Json {
    match if_failed {
        IfFailed::Decide => Json::encode(&Ok::<_, ()>(&output)).unwrap_or(output),
        IfFailed::Fail | IfFailed::GoOn => output,
    }
}

/// What it gives to a saga that wants to decide when it has failed.
pub(super) fn failed(at: &str, message: String) -> Json {
    Json::encode(&Err::<(), _>(Failure { at: at.to_owned(), message })).unwrap_or_else(|_| Json::null())
}
