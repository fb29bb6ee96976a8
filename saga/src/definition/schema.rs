//! The part of JSON Schema that is understood here: what derived schemas say. Everything else is open.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::shape::Shape;

/// A schema, or a part of one, whose references are looked up in the whole.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    whole: Arc<Value>,
    part: Arc<Value>,
}

impl Schema {
    pub(crate) fn new(schema: &Value) -> Self {
        let whole = Arc::new(schema.clone());
        Self { part: Arc::clone(&whole), whole }.resolved()
    }

    fn below(&self, part: &Value) -> Self {
        Self { whole: Arc::clone(&self.whole), part: Arc::new(part.clone()) }.resolved()
    }

    /// Follows `$ref`, not without end.
    fn resolved(mut self) -> Self {
        for _ in 0..8 {
            let Some(target) = self.part.get("$ref").and_then(Value::as_str) else { break };
            let found = target.strip_prefix('#').and_then(|pointer| self.whole.pointer(pointer)).cloned();
            self.part = Arc::new(found.unwrap_or(Value::Bool(true)));
        }
        self
    }

    fn object(&self) -> Option<&Map<String, Value>> {
        self.part.as_object()
    }
    fn get(&self, word: &str) -> Option<&Value> {
        self.part.get(word)
    }

    /// Does it say nothing that is understood here?
    pub(super) fn is_open(&self) -> bool {
        const UNDERSTOOD: &[&str] =
            &["type", "enum", "const", "anyOf", "oneOf", "properties", "required", "items"];
        self.object().is_none_or(|schema| UNDERSTOOD.iter().all(|word| !schema.contains_key(*word)))
    }

    /// `anyOf` or `oneOf`.
    pub(super) fn choices(&self) -> Vec<Schema> {
        let choices = self.get("anyOf").or_else(|| self.get("oneOf")).and_then(Value::as_array);
        choices.into_iter().flatten().map(|choice| self.below(choice)).collect()
    }

    /// The types of JSON that it takes; none: any.
    pub(super) fn kinds(&self) -> BTreeSet<String> {
        match self.get("type") {
            Some(Value::String(kind)) => BTreeSet::from([kind.clone()]),
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => self.values().into_iter().flatten().map(|v| super::shape::kind_of(&v).to_owned()).collect(),
        }
    }

    /// `enum` or `const`.
    pub(super) fn values(&self) -> Option<Vec<Value>> {
        match self.get("enum") {
            Some(Value::Array(values)) => Some(values.clone()),
            _ => self.get("const").map(|value| vec![value.clone()]),
        }
    }

    /// Is a number between its bounds?
    pub(super) fn holds(&self, value: &Value) -> bool {
        let Some(number) = value.as_f64() else { return true };
        let bound = |word| self.get(word).and_then(Value::as_f64);
        bound("minimum").is_none_or(|least| number >= least)
            && bound("maximum").is_none_or(|most| number <= most)
    }

    /// Does it name all of its fields?
    pub(super) fn has_fields(&self) -> bool {
        const MORE: &[&str] =
            &["allOf", "anyOf", "oneOf", "if", "patternProperties", "unevaluatedProperties"];
        let more = |word: &&str| self.get(word).is_some();
        let others = self.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false));
        self.get("properties").is_some() && !others && !MORE.iter().any(more)
    }
    pub(super) fn fields(&self) -> impl Iterator<Item = (String, Schema)> {
        let fields = self.get("properties").and_then(Value::as_object).into_iter().flatten();
        fields.map(|(name, schema)| (name.clone(), self.below(schema))).collect::<Vec<_>>().into_iter()
    }
    pub(super) fn requires(&self, field: &str) -> bool {
        let required = self.get("required").and_then(Value::as_array);
        required.into_iter().flatten().any(|name| name == field)
    }
    /// Does it refuse fields that it does not name?
    pub(super) fn is_closed(&self) -> bool {
        self.get("additionalProperties") == Some(&Value::Bool(false))
    }

    pub(super) fn items_schema(&self) -> Option<Schema> {
        self.get("items").map(|items| self.below(items))
    }

    pub(super) fn items(&self) -> Option<Shape> {
        if self.is_open() {
            return Some(Shape::Any);
        }
        let choices = self.choices();
        if !choices.is_empty() {
            let items: Vec<_> = choices.iter().filter_map(Schema::items).collect();
            return (!items.is_empty()).then_some(Shape::OneOf(items));
        }
        let kinds = self.kinds();
        if !kinds.is_empty() && !kinds.contains("array") {
            return None;
        }
        Some(self.items_schema().map_or(Shape::Any, Shape::Schema))
    }

    pub(super) fn field(&self, name: &str) -> Result<Shape, Vec<String>> {
        let choices = self.choices();
        if !choices.is_empty() {
            return Shape::OneOf(choices.into_iter().map(Shape::Schema).collect()).field(name);
        }
        if let Some((_, field)) = self.fields().find(|(known, _)| known == name) {
            let field = Shape::Schema(field);
            return Ok(if self.requires(name) { field } else { field.or_null() });
        }
        let kinds = self.kinds();
        if kinds.len() == 1 && kinds.contains("null") {
            return Ok(Shape::Literal(Value::Null));
        }
        let may_have = kinds.is_empty() || kinds.contains("object") || kinds.contains("array");
        if self.is_open() || (may_have && !self.has_fields()) {
            return Ok(Shape::Any);
        }
        Err(self.fields().map(|(name, _)| name).collect())
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        if let Some(values) = self.values() {
            return values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        }
        let words: Vec<String> = match self.choices() {
            choices if choices.is_empty() => self.kinds().iter().map(|kind| kind_words(kind)).collect(),
            choices => choices.iter().map(Schema::words).collect(),
        };
        if words.is_empty() { "this".to_owned() } else { words.join(" or ") }
    }
}

pub(super) fn kind_words(kind: &str) -> String {
    match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "a boolean",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
    .to_owned()
}
