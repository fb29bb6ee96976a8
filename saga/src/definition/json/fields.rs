//! The fields of a JSON object, read with their types; whatever does not fit is a fault.

use std::time::Duration;

use serde_json::Value;

use super::fault::{Faults, Path, hint};

/// An object of which field after field is taken.
pub(super) struct Fields<'v> {
    pub(super) at: Path,
    left: Vec<(&'v String, &'v Value)>,
    /// "a step", for messages.
    of: &'static str,
    known: &'static [&'static str],
}

impl<'v> Fields<'v> {
    pub(super) fn of(
        value: &'v Value,
        at: &Path,
        of: &'static str,
        known: &'static [&'static str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let Value::Object(fields) = value else {
            faults.add(at, format!("{of} is an object, not {}", kind(value)));
            return None;
        };
        Some(Self { at: at.clone(), left: fields.iter().collect(), of, known })
    }

    /// Takes a field.
    pub(super) fn take(&mut self, name: &str) -> Option<(&'v Value, Path)> {
        let place = self.left.iter().position(|(key, _)| *key == name)?;
        let (_, value) = self.left.swap_remove(place);
        Some((value, self.at.key(name)))
    }
    pub(super) fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(key, _)| *key == name)
    }

    /// Takes a field that must be there.
    pub(super) fn need(&mut self, name: &str, faults: &mut Faults) -> Option<(&'v Value, Path)> {
        let taken = self.take(name);
        if taken.is_none() {
            faults.add(&self.at, format!("`{name}` is missing"));
        }
        taken
    }

    pub(super) fn text(&mut self, name: &str, faults: &mut Faults) -> Option<&'v str> {
        let (value, at) = self.take(name)?;
        text(value, &at, faults)
    }
    pub(super) fn length(&mut self, name: &str, faults: &mut Faults) -> Option<Duration> {
        let (value, at) = self.take(name)?;
        length(value, &at, faults)
    }
    /// A length of time in which something can be done.
    pub(super) fn time_to_work(&mut self, name: &str, faults: &mut Faults) -> Option<Duration> {
        let length = self.length(name, faults);
        if length.is_some_and(|length| length.is_zero()) {
            faults.add(&self.at.key(name), format!("a `{name}` of nothing leaves no time to work"));
        }
        length
    }
    /// `true` or `false`, which is what it is if nothing is said.
    pub(super) fn flag(&mut self, name: &str, faults: &mut Faults) -> bool {
        let Some((value, at)) = self.take(name) else { return false };
        if !value.is_boolean() {
            faults.add(&at, format!("expected `true` or `false`, found {}", kind(value)));
        }
        value.as_bool().unwrap_or(false)
    }
    /// A whole number from 1.
    pub(super) fn number(&mut self, name: &str, faults: &mut Faults) -> Option<u32> {
        let (value, at) = self.take(name)?;
        number(value, &at, faults)
    }
    pub(super) fn word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
        faults: &mut Faults,
    ) -> Option<T> {
        let (value, at) = self.take(name)?;
        let given = text(value, &at, faults)?;
        let found = words.iter().find(|(word, _)| *word == given);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let known = super::fault::list(known);
            faults.add(&at, format!("`{given}` is none of {known}"));
        }
        found.map(|(_, value)| *value)
    }

    /// What is left is unknown.
    pub(super) fn end(self, faults: &mut Faults) {
        for (name, _) in self.left {
            let all = format!("the fields of {} are", self.of);
            let hint = hint(name, self.known, &all);
            faults.add(&self.at.key(name), format!("{} has no field `{name}`{hint}", self.of));
        }
    }
}

pub(super) fn text<'v>(value: &'v Value, at: &Path, faults: &mut Faults) -> Option<&'v str> {
    let text = value.as_str();
    if text.is_none() {
        faults.add(at, format!("expected a text, found {}", kind(value)));
    }
    text
}

pub(super) fn number(value: &Value, at: &Path, faults: &mut Faults) -> Option<u32> {
    let number = value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    if number.is_none() {
        let found = if value.is_number() { value.to_string() } else { kind(value).to_owned() };
        faults.add(at, format!("expected a whole number from 1, found {found}"));
    }
    number
}

/// A list that is not empty.
pub(super) fn list<'v>(value: &'v Value, at: &Path, of: &str, faults: &mut Faults) -> &'v [Value] {
    match value {
        Value::Array(items) if !items.is_empty() => return items,
        Value::Array(_) => faults.add(at, format!("the list is empty: it needs at least one {of}")),
        other => faults.add(at, format!("expected a list, found {}", kind(other))),
    }
    &[]
}

pub(super) fn length(value: &Value, at: &Path, faults: &mut Faults) -> Option<Duration> {
    let Some(spelt) = value.as_str() else {
        let found = if value.is_number() { value.to_string() } else { kind(value).to_owned() };
        faults.add(at, format!("expected a length of time like \"10s\", found {found}"));
        return None;
    };
    let length = parse_length(spelt);
    if length.is_none() {
        faults.add(at, not_a_length(spelt));
    }
    length
}

pub(super) fn not_a_length(spelt: &str) -> String {
    format!(
        "`{spelt}` is not a length of time: write a whole number and a unit, like \"200ms\", \"10s\", \"5m\", \
         \"2h\" or \"1d\""
    )
}

/// `"200ms"`, `"10s"`, `"5m"`, `"2h"` or `"1d"`, as in the attributes of steps.
pub(super) fn parse_length(spelt: &str) -> Option<Duration> {
    let (number, unit) = spelt.split_at(spelt.find(|c: char| !c.is_ascii_digit())?);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => 24 * 60 * 60 * 1000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)
}

/// What it is, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
