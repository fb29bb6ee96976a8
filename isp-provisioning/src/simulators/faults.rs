//! How the next calls of a simulator go wrong. Pure data: each simulator asks it once per operation and
//! carries the answer out in its own protocol.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The ways in which a call can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultMode {
    /// Says no, without an effect.
    Refuse,
    /// Waits, then does it and answers; also when the caller has gone in the meantime.
    Delay,
    /// Does it, and keeps the connection open without an answer.
    HoldAnswer,
    /// Does it, and closes the connection without an answer.
    DropAnswer,
    /// Closes the connection at once, and does it later.
    Late,
    /// Keeps the connection open without an answer, and never does it.
    Hang,
}

/// One fault, waiting for its operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The simulator's name of the operation; `*` is any.
    pub op: String,
    /// What goes wrong.
    pub mode: FaultMode,
    /// How many calls it hits before it is used up.
    #[serde(default = "once")]
    pub times: u32,
    /// How long `delay`, `hold_answer`, `late` and `hang` take; for `refuse`, what is sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// What `refuse` answers with, in the numbers of the simulator's protocol (an HTTP status, a gRPC code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault for one call of `op`.
    pub fn new(op: impl Into<String>, mode: FaultMode) -> Self {
        Self { op: op.into(), mode, times: 1, ms: None, status: None }
    }
    /// Hits `times` calls.
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
    /// Sets the duration.
    pub fn ms(self, ms: u64) -> Self {
        Self { ms: Some(ms), ..self }
    }
    /// Sets what `refuse` answers with.
    pub fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }
    /// How long to wait. Without `ms`: a second for `delay` and `late`, ten minutes for `hold_answer` and `hang`,
    /// longer than any client waits.
    pub fn duration(&self) -> Duration {
        let default = match self.mode {
            FaultMode::HoldAnswer | FaultMode::Hang => 600_000,
            _ => 1_000,
        };
        Duration::from_millis(self.ms.unwrap_or(default))
    }
}

/// The faults that a simulator still has to commit, shared between its calls and its control door.
/// They are not kept through a restart.
#[derive(Clone, Debug)]
pub struct Faults {
    operations: &'static [&'static str],
    waiting: Arc<Mutex<Vec<Fault>>>,
}

impl Faults {
    /// No faults yet, for a simulator with these operations.
    pub fn new(operations: &'static [&'static str]) -> Self {
        Self { operations, waiting: Arc::default() }
    }
    /// Adds a fault behind those that wait. An operation that this simulator does not have is refused, with
    /// a text that names the ones it has: a test with a misspelt fault must not pass.
    pub fn add(&self, fault: Fault) -> Result<(), String> {
        if fault.op != "*" && !self.operations.contains(&fault.op.as_str()) {
            return Err(format!("unknown op `{}`: use one of *, {}", fault.op, self.operations.join(", ")));
        }
        if fault.times == 0 {
            return Err("times must be at least 1".into());
        }
        self.waiting().push(fault);
        Ok(())
    }
    /// The fault that hits this call of `op`, if any. Each answer uses one of its `times` up.
    pub fn take(&self, op: &str) -> Option<Fault> {
        let mut waiting = self.waiting();
        let position = waiting.iter().position(|fault| fault.op == "*" || fault.op == op)?;
        let fault = waiting.get_mut(position)?;
        let hit = fault.clone();
        fault.times -= 1;
        if fault.times == 0 {
            waiting.remove(position);
        }
        Some(hit)
    }
    /// The faults that still wait, in the order in which they hit.
    pub fn list(&self) -> Vec<Fault> {
        self.waiting().clone()
    }
    /// Forgets all faults that wait.
    pub fn clear(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults() -> Faults {
        Faults::new(&["allocate", "find"])
    }

    #[test]
    fn a_fault_hits_its_operation_as_often_as_it_says() {
        let faults = faults();
        faults.add(Fault::new("allocate", FaultMode::DropAnswer).times(2)).unwrap();
        assert_eq!(faults.take("find"), None);
        assert_eq!(faults.take("allocate").map(|fault| fault.mode), Some(FaultMode::DropAnswer));
        assert!(faults.take("allocate").is_some());
        assert_eq!(faults.take("allocate"), None);
    }

    #[test]
    fn faults_hit_in_the_order_in_which_they_were_added_and_a_star_hits_any() {
        let faults = faults();
        faults.add(Fault::new("*", FaultMode::Late)).unwrap();
        faults.add(Fault::new("find", FaultMode::Refuse)).unwrap();
        assert_eq!(faults.take("find").map(|fault| fault.mode), Some(FaultMode::Late));
        assert_eq!(faults.take("find").map(|fault| fault.mode), Some(FaultMode::Refuse));
    }

    #[test]
    fn an_unknown_operation_is_answered_with_the_known_ones() {
        let refused = faults().add(Fault::new("alocate", FaultMode::Late)).unwrap_err();
        assert_eq!(refused, "unknown op `alocate`: use one of *, allocate, find");
    }

    #[test]
    fn a_fault_is_one_small_object() {
        let fault: Fault =
            serde_json::from_str(r#"{"op":"find","mode":"hold_answer","times":3,"ms":20}"#).unwrap();
        assert_eq!(fault, Fault::new("find", FaultMode::HoldAnswer).times(3).ms(20));
        let fault: Fault = serde_json::from_str(r#"{"op":"*","mode":"refuse","status":503}"#).unwrap();
        assert_eq!(fault, Fault::new("*", FaultMode::Refuse).status(503));
        assert!(serde_json::from_str::<Fault>(r#"{"op":"*","mode":"refuse","tims":2}"#).is_err());
    }
}
