//! One history's twists, as they happen.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::twist::{Twist, Twists};
use crate::definition::Node;
use crate::engine::{Client, Runtime};
use crate::error::StepError;
use crate::id::WorkflowId;
use crate::machine::{Call, CallKind};
use crate::testing::fault_store::Faults;
use crate::testing::saga_test::script::{Attempt, Twister};
use crate::testing::saga_test::stage::Happening;

/// Who cancels, and what.
struct Desk {
    client: Client,
    runtime: Arc<dyn Runtime>,
    workflow: WorkflowId,
}

pub(super) struct Turn {
    twists: Twists,
    life: AtomicUsize,
    healed: AtomicBool,
    /// Those that happen once and have happened.
    spent: Mutex<Vec<usize>>,
    desk: Mutex<Option<Desk>>,
}

impl Turn {
    pub(super) fn new(twists: Twists) -> Self {
        let (life, healed) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { twists, life, healed, spent: Mutex::default(), desk: Mutex::default() }
    }
    /// What the store does in this life.
    pub(super) fn faults(&self) -> Faults {
        self.twists.faults(self.life.load(Ordering::Relaxed))
    }
    pub(super) fn has_died(&self) {
        self.life.fetch_add(1, Ordering::Relaxed);
        *self.desk() = None;
    }
    pub(super) fn lives(&self) -> usize {
        self.life.load(Ordering::Relaxed) + 1
    }
    pub(super) fn open(&self, client: Client, runtime: Arc<dyn Runtime>, workflow: WorkflowId) {
        *self.desk() = Some(Desk { client, runtime, workflow });
    }
    /// What is published and who cancels, and when.
    pub(super) fn happenings(&self, events: &[(Duration, Happening)]) -> Vec<(Duration, Happening)> {
        let events =
            (1..).zip(events).filter(|(n, _)| self.twists.has_event(*n)).map(|(_, event)| event.clone());
        events.chain(self.twists.cancellations().map(|after| (after, Happening::Cancel))).collect()
    }
    /// The events that have not come.
    pub(super) fn withheld(&self, events: &[(Duration, Happening)]) -> Vec<(Duration, Happening)> {
        if self.healed.load(Ordering::Relaxed) {
            return vec![];
        }
        (1..)
            .zip(events)
            .filter(|(n, _)| !self.twists.has_event(*n))
            .map(|(_, event)| event.clone())
            .collect()
    }
    /// From now on nothing goes wrong.
    pub(super) fn heal(&self) {
        self.healed.store(true, Ordering::Relaxed);
    }

    fn desk(&self) -> MutexGuard<'_, Option<Desk>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn twist(&self, node: &Node, call: &Call) -> Option<Attempt> {
        if self.healed.load(Ordering::Relaxed) {
            return None;
        }
        let has_died = self.life.load(Ordering::Relaxed) > 0;
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        for (n, twist) in self.twists.0.iter().enumerate() {
            match twist {
                Twist::ThenAllRefuse if has_died && call.kind == CallKind::Run => {
                    return Some(Attempt::Fail(StepError::permanent("every step refuses")));
                }
                Twist::Call(kind, place, how)
                    if *kind == call.kind
                        && *place.node == *node.name
                        && *place.item == *call.item
                        && !spent.contains(&n) =>
                {
                    if how.is_once() {
                        spent.push(n);
                    }
                    return Some(how.attempt());
                }
                _ => {}
            }
        }
        None
    }

    /// Somebody cancels; the call goes on when that is known.
    async fn cancel(&self) {
        let wish = self.desk().as_ref().map(|Desk { client, runtime, workflow }| {
            let (client, workflow) = (client.clone(), workflow.clone());
            // In a task of its own: the call may be inside a transaction for which the store keeps everyone waiting.
            runtime.spawn(Box::pin(async move {
                // What is past its pivot is not cancelled.
                let _ = client.cancel("default", &workflow, "sweep").await;
            }));
        });
        if wish.is_some() {
            for _ in 0..32 {
                tokio::task::yield_now().await;
            }
        }
    }
}

impl Twister for Turn {
    fn begins(&self, nth: usize, node: &Node, call: &Call) -> BoxFuture<'_, Option<Attempt>> {
        let twist = self.twist(node, call);
        let cancels = self.twists.0.contains(&Twist::CancelAt(nth + 1));
        Box::pin(async move {
            if cancels {
                self.cancel().await;
            }
            twist
        })
    }
    fn has_ended(&self, nth: usize) -> BoxFuture<'_, ()> {
        let cancels = self.twists.0.contains(&Twist::CancelAfter(nth + 1));
        Box::pin(async move {
            if cancels {
                self.cancel().await;
            }
        })
    }
}
