//! How patiently a call is tried: what the definition says in place of the step.

use std::time::Duration;

use serde_json::Value;

use super::super::fault::{Faults, Path};
use super::super::fields::{self, Fields};
use super::super::model::Retry;
use crate::retry::{Backoff, Jitter};

const RETRY: &[&str] = &["max_attempts", "backoff", "jitter", "deadline"];

/// `{"max_attempts": 5, "backoff": {"exponential": ["200ms", "30s"]}, "jitter": "none", "deadline": "10m"}`
pub(super) fn read(value: &Value, at: &Path, faults: &mut Faults) -> Retry {
    let Some(mut fields) = Fields::of(value, at, "a retry", RETRY, faults) else { return Retry::default() };
    let retry = Retry {
        max_attempts: fields.number("max_attempts", faults),
        backoff: fields.take("backoff").and_then(|(v, at)| backoff(v, &at, faults)),
        jitter: fields.word("jitter", &[("full", Jitter::Full), ("none", Jitter::None)], faults),
        deadline: fields.length("deadline", faults),
    };
    fields.end(faults);
    retry
}

fn backoff(value: &Value, at: &Path, faults: &mut Faults) -> Option<Backoff> {
    let only = value.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.iter().next());
    match only {
        Some((shape, pause)) if shape == "fixed" => {
            fields::length(pause, &at.key(shape), faults).map(Backoff::Fixed)
        }
        Some((shape, Value::Array(pauses)))
            if pauses.len() == 2 && (shape == "linear" || shape == "exponential") =>
        {
            let at = at.key(shape);
            let mut lengths = pauses.iter().enumerate().map(|(i, v)| fields::length(v, &at.index(i), faults));
            let (first, max): (Duration, Duration) = (lengths.next()??, lengths.next()??);
            if first > max {
                faults.add(&at, "the first pause is longer than the longest");
            }
            let linear = shape == "linear";
            Some(if linear { Backoff::Linear { first, max } } else { Backoff::Exponential { first, max } })
        }
        _ => {
            faults.add(
                at,
                "a backoff is {\"fixed\": \"1s\"}, {\"linear\": [\"1s\", \"10s\"]} or {\"exponential\": [\"200ms\", \"30s\"]}",
            );
            None
        }
    }
}
