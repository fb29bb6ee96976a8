//! Telling a replay from a conflict.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::definition::Plan;
use crate::json::Json;

/// Tells a replay from a conflict.
pub(super) fn input_hash(plan: &Plan, input: &Json) -> String {
    Sha256::digest(canonical(plan, input)).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The saga's name and the input with sorted keys, so that a `HashMap` in it does not make two equal inputs differ.
pub(super) fn canonical(plan: &Plan, input: &Json) -> Vec<u8> {
    let mut canonical = format!("{}\0", plan.id().name);
    match input.decode::<serde_json::Value>() {
        Ok(value) => write_canonical(&value, &mut canonical),
        Err(_) => canonical.push_str(input.as_str()),
    }
    canonical.into_bytes()
}

fn write_canonical(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in fields {
                let _ = write!(out, "{name:?}:");
                write_canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        serde_json::Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let write = |text: &str| {
            let mut out = String::new();
            write_canonical(&serde_json::from_str(text).unwrap(), &mut out);
            out
        };
        assert_eq!(write(r#"{"a":1,"b":[{"d":1,"c":2}]}"#), write(r#"{"b":[{"c":2,"d":1}],"a":1}"#));
        assert_ne!(write(r#"{"a":[1,2]}"#), write(r#"{"a":[2,1]}"#));
    }
}
