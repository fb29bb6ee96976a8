//! Cuts documents down to the paths that a caller asked for, with what their parents say of themselves.

use serde_json::{Map, Value};

/// The named parts of a document; `_id` always. Without a projection, all of it.
pub(super) fn project(document: &Value, projection: Option<&str>) -> Value {
    let Some(projection) = projection else { return document.clone() };
    let mut kept = Map::new();
    for path in projection.split(',').chain(["_id"]).filter(|path| !path.is_empty()) {
        copy(document, path, &mut kept);
    }
    Value::Object(kept)
}

fn copy(from: &Value, path: &str, to: &mut Map<String, Value>) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(inner) = from.get(first) else { return };
    let Some(rest) = rest else {
        to.insert(first.to_owned(), inner.clone());
        return;
    };
    let parent = to.entry(first).or_insert_with(|| own_fields(inner));
    if let Value::Object(parent) = parent {
        copy(inner, rest, parent);
    }
}

fn own_fields(object: &Value) -> Value {
    let fields = object.as_object().into_iter().flatten();
    let own = fields.filter(|(name, value)| name.starts_with('_') && !value.is_object());
    Value::Object(own.map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn named_paths_come_with_their_parents_and_the_id() {
        let document = json!({
            "_id": "d", "_tags": [], "A": { "_object": true, "B": { "_value": 1 }, "C": { "_value": 2 } }, "D": {},
        });
        assert_eq!(
            project(&document, Some("A.B,X.Y")),
            json!({ "_id": "d", "A": { "_object": true, "B": { "_value": 1 } } })
        );
        assert_eq!(project(&document, None), document);
    }
}
