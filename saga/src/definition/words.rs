//! What plans and pictures say in words.

use std::time::Duration;

use super::plan::IfFailed;
use crate::step::{Class, IfUnknown};

/// How a step can be taken back, and what is done when its answer is lost.
pub(super) fn class(class: Class, if_unknown: IfUnknown) -> &'static str {
    match (class, if_unknown) {
        (Class::Compensatable, IfUnknown::Compensate) => "can be undone",
        (Class::Compensatable, IfUnknown::LookUp) => "can be undone, looked up if its answer is lost",
        (Class::Compensatable, IfUnknown::Rerun) => "can be undone, repeated if its answer is lost",
        (Class::Compensatable, IfUnknown::Park) => "can be undone, a person decides if its answer is lost",
        (Class::NoEffect, _) => "only reads",
        (Class::Pivot, IfUnknown::LookUp) => "the point of no return, looked up if its answer is lost",
        (Class::Pivot, IfUnknown::Rerun) => "the point of no return, repeated if its answer is lost",
        (Class::Pivot, _) => "the point of no return",
        (Class::Retriable, _) => "tried until it succeeds",
    }
}

/// "a, b and c".
pub(super) fn list_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What becomes of the caller, if it is not the usual.
pub(super) fn tolerance(if_failed: IfFailed) -> Option<&'static str> {
    match if_failed {
        IfFailed::Fail => None,
        IfFailed::GoOn => Some("may fail"),
        IfFailed::Decide => Some("its failure is decided on"),
    }
}

/// How an arm is shown to people.
pub(super) fn arm(value: &str) -> String {
    match value {
        "true" => "yes".to_owned(),
        "false" => "no".to_owned(),
        "\"_\"" => "else".to_owned(),
        pattern => serde_json::from_str(pattern).unwrap_or_else(|_| pattern.to_owned()),
    }
}

/// `"90s"`, `"5m"`, `"2h"`: as it would be written in a definition.
pub(super) fn length(length: Duration) -> String {
    let ms = length.as_millis();
    let units = [(24 * 60 * 60 * 1000, "d"), (60 * 60 * 1000, "h"), (60 * 1000, "m"), (1000, "s")];
    let unit = units.into_iter().find(|(unit, _)| ms > 0 && ms.is_multiple_of(*unit)).unwrap_or((1, "ms"));
    format!("{}{}", ms / unit.0, unit.1)
}
