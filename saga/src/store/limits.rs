//! What no store can hold, said before it is queued: one such value would fail a whole batch of others.
//!
//! Databases differ in what they refuse (PostgreSQL: `\u0000`, lone surrogates, nesting that exhausts its
//! stack, index keys beyond a page); every store refuses the same, so that a saga tested on one runs on all.

use std::borrow::Cow;

use super::commit::{Commit, Decision, NewWorkflow};
use super::published::PublishedEvent;
use super::record::{AuditEvent, HeaderState, StepRow};
use crate::json::Json;

/// The longest key (idempotency, exclusion, search key, tenant, node name), in bytes.
pub const MAX_KEY: usize = 512;
/// The longest value or message, in bytes.
pub const MAX_VALUE: usize = 1 << 20;
/// The deepest nesting of a value. (The protocol allows 128; `serde_json` reads no more than 127 levels back,
/// and values travel inside others.)
pub const MAX_DEPTH: usize = 120;

/// Can every store hold this commit?
///
/// # Errors
/// Why not, for people: it names the field.
pub fn check(commit: &Commit) -> Result<(), String> {
    let step = |row| check_step(row).map_err(|why| format!("step `{}`: {why}", row.node));
    if let Some(new) = &commit.create {
        check_new(new)?;
    }
    commit.facts.iter().try_for_each(step)?;
    commit.decision.as_deref().map_or(Ok(()), |Decision { state, .. }| check_state(state))?;
    let decided = commit.decision.iter().flat_map(|decision| &decision.audit);
    commit.audit.iter().chain(decided).try_for_each(check_audit)
}

/// Can every store hold this event?
///
/// # Errors
/// Why not, for people: it names the field.
pub fn check_event(event: &PublishedEvent) -> Result<(), String> {
    key("tenant_id", Some(&event.tenant_id))?;
    key("name", Some(&event.name))?;
    key("key", Some(&event.key))?;
    key("by", event.by.as_deref())?;
    json("the value", Some(&event.value))
}

fn check_new(NewWorkflow { header }: &NewWorkflow) -> Result<(), String> {
    key("tenant_id", Some(&*header.tenant_id))?;
    key("initiator_id", header.initiator_id.as_deref())?;
    key("idempotency_key", header.idempotency_key.as_deref())?;
    key("input_hash", Some(&*header.input_hash))?;
    key("definition", Some(&*header.definition.name))?;
    key("definition", Some(&*header.definition.fingerprint))?;
    header.exclusion.iter().try_for_each(|k| key("an exclusion key", Some(k)))?;
    header.search_keys.iter().try_for_each(|k| key("a search key", Some(k)))?;
    json("the input", Some(&header.input))?;
    check_state(&header.state)
}

fn check_state(state: &HeaderState) -> Result<(), String> {
    json("the context", state.context.as_ref())?;
    json("the output", state.output.as_ref())?;
    text("error_message", state.error_message.as_deref())?;
    text("compensation_error", state.compensation_error.as_deref())?;
    key("current_step", state.current_step.as_deref())?;
    key("current_system", state.current_system.as_deref())
}

fn check_step(row: &StepRow) -> Result<(), String> {
    key("item", Some(&*row.item))?;
    key("node", Some(&*row.node))?;
    key("step_name", Some(&*row.step_name))?;
    key("target_system", row.target_system.as_deref())?;
    json("its input", row.input.as_ref())?;
    json("its output", row.output.as_ref())?;
    json("its record", row.record.as_ref())?;
    json("its heartbeat", row.heartbeat.as_ref())?;
    json("a value it carries", row.carry.as_ref())?;
    text("debt_note", row.debt_note.as_deref())?;
    text("error_message", row.error_message.as_deref())
}

fn check_audit(event: &AuditEvent) -> Result<(), String> {
    key("node", event.node.as_deref())?;
    key("actor", event.actor.as_deref())?;
    text("message", Some(&event.message))
}

fn key(field: &str, value: Option<&str>) -> Result<(), String> {
    match value {
        Some(key) if key.len() > MAX_KEY => {
            Err(format!("{field} has {} bytes, at most {MAX_KEY} are possible", key.len()))
        }
        other => text(field, other),
    }
}

fn text(field: &str, value: Option<&str>) -> Result<(), String> {
    match value {
        Some(text) if text.len() > MAX_VALUE => {
            Err(format!("{field} has {} bytes, at most {MAX_VALUE} are possible", text.len()))
        }
        Some(text) if text.contains('\0') => Err(format!("{field} contains the character NUL")),
        _ => Ok(()),
    }
}

fn json(field: &str, value: Option<&Json>) -> Result<(), String> {
    value.map_or(Ok(()), |json| check_json(json).map_err(|why| format!("{field} {why}")))
}

/// Can every store hold this value?
///
/// # Errors
/// Why not, as the end of a sentence that begins with the value's name.
pub fn check_json(json: &Json) -> Result<(), String> {
    let text = json.as_str();
    if text.len() > MAX_VALUE {
        return Err(format!("has {} bytes, at most {MAX_VALUE} are possible", text.len()));
    }
    let (mut depth, mut in_string) = (0_usize, false);
    let mut bytes = text.as_bytes();
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        match (in_string, byte) {
            (_, b'"') => in_string = !in_string,
            (true, b'\\') => bytes = check_escape(rest)?,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(format!("is nested deeper than {MAX_DEPTH} levels"));
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Takes what follows a backslash and returns what comes after it.
fn check_escape(after: &[u8]) -> Result<&[u8], String> {
    let lone = || Err("contains half of a surrogate pair".to_owned());
    match unit(after) {
        None => Ok(after.get(1..).unwrap_or_default()),
        Some((0, _)) => Err("contains the character NUL (`\\u0000`)".to_owned()),
        Some((0xD800..=0xDBFF, rest)) => match rest.strip_prefix(b"\\").and_then(unit) {
            Some((0xDC00..=0xDFFF, rest)) => Ok(rest),
            _ => lone(),
        },
        Some((0xDC00..=0xDFFF, _)) => lone(),
        Some((_, rest)) => Ok(rest),
    }
}

/// Reads `uXXXX`.
fn unit(text: &[u8]) -> Option<(u16, &[u8])> {
    let (hex, rest) = text.strip_prefix(b"u")?.split_at_checked(4)?;
    Some((u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?, rest))
}

/// A message as every store can hold it: without NUL, and cut where people stop reading.
pub fn printable(message: &str) -> Cow<'_, str> {
    const LONGEST: usize = 8 * 1024;
    let cut = message.get(..message.floor_char_boundary(LONGEST)).unwrap_or(message);
    match (cut.contains('\0'), cut.len() == message.len()) {
        (false, true) => Cow::Borrowed(message),
        (_, whole) => Cow::Owned(cut.replace('\0', "\u{FFFD}") + if whole { "" } else { " …" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<(), String> {
        check_json(&Json::parse(text).unwrap())
    }

    #[test]
    fn what_a_database_chokes_on_is_refused() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        for bad in [r#""\u0000""#, r#"["a\\\u0000"]"#, r#""\ud800""#, r#""\ud800\u0041""#, r#""\uDC00""#] {
            assert!(verdict(bad).is_err(), "{bad}");
        }
        let too_deep = verdict(&deep(MAX_DEPTH - 1).replace("[]", "[[[]]]"));
        assert!(too_deep.unwrap_err().contains("nested"));
        assert!(verdict(&format!("\"{}\"", "x".repeat(MAX_VALUE))).unwrap_err().contains("bytes"));
    }

    #[test]
    fn what_only_looks_like_it_passes() {
        for good in
            [r#""\\u0000""#, r#""\ud83d\ude00""#, r#""[[[{{{""#, r#"{"a\"[":[1,{"b":"\n\u0001"}]}"#, "-1.5e3"]
        {
            assert_eq!(verdict(good), Ok(()), "{good}");
        }
        assert_eq!(verdict(&format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))), Ok(()));
    }

    #[test]
    fn messages_are_made_to_fit() {
        assert!(matches!(printable("refused"), Cow::Borrowed("refused")));
        assert_eq!(printable("a\0b"), "a\u{FFFD}b");
        assert!(text("message", Some(&printable(&"ü".repeat(MAX_VALUE)))).is_ok());
    }
}
