//! The part of MongoDB's query language that GenieACS's callers use, and what GenieACS makes of the strings
//! in it: `*` is a wildcard, `/x/i` a regular expression, and digits also mean the number.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

/// Something that can be asked for a field by its dotted path.
pub(super) trait Document {
    fn field(&self, path: &str) -> Option<Value>;
}

impl Document for Value {
    fn field(&self, path: &str) -> Option<Value> {
        path.split('.').try_fold(self, |value, name| value.get(name)).cloned()
    }
}

/// A condition on documents.
#[derive(Debug)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Field(String, Test),
}

#[derive(Debug)]
pub(super) enum Test {
    Is(Value),
    Matches(Regex),
    AnyOf(Vec<Test>),
    Not(Box<Test>),
    Exists(bool),
    All(Vec<Test>),
}

/// Whose fields a query names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Parameters: `._value` is appended, strings are expanded.
    Devices,
    /// Plain documents.
    Plain,
}

impl Query {
    /// Reads a query; the error is the text of a 400.
    pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Self, String> {
        let query = serde_json::from_str(text).map_err(|e| format!("SyntaxError: {e}"))?;
        Self::read(&query, dialect)
    }

    pub(super) fn matches(&self, document: &dyn Document) -> bool {
        match self {
            Self::All(queries) => queries.iter().all(|query| query.matches(document)),
            Self::Any(queries) => queries.iter().any(|query| query.matches(document)),
            Self::Field(path, test) => test.holds(document.field(path).as_ref()),
        }
    }

    fn read(query: &Value, dialect: Dialect) -> Result<Self, String> {
        let Value::Object(fields) = query else { return Err("SyntaxError: a query is an object".into()) };
        let read = |(name, value): (&String, &Value)| match (name.as_str(), value) {
            ("$and", Value::Array(queries)) => Self::several(queries, dialect).map(Self::All),
            ("$or", Value::Array(queries)) => Self::several(queries, dialect).map(Self::Any),
            (name, _) if name.starts_with('$') => Err(format!("Error: unknown operator {name}")),
            (path, value) => Ok(Self::Field(stored(path, dialect), Test::read(value, dialect)?)),
        };
        fields.iter().map(read).collect::<Result<_, _>>().map(Self::All)
    }
    fn several(queries: &[Value], dialect: Dialect) -> Result<Vec<Self>, String> {
        queries.iter().map(|query| Self::read(query, dialect)).collect()
    }
}

impl Test {
    fn read(value: &Value, dialect: Dialect) -> Result<Self, String> {
        match value {
            Value::Object(operators) if operators.keys().any(|name| name.starts_with('$')) => {
                let options = operators.get("$options").and_then(Value::as_str).unwrap_or_default();
                let read = |(name, value): (&String, &Value)| match (name.as_str(), value) {
                    ("$options", _) => Ok(Self::All(vec![])),
                    ("$regex", Value::String(pattern)) => regex(pattern, options).map(Self::Matches),
                    ("$exists", Value::Bool(wanted)) => Ok(Self::Exists(*wanted)),
                    ("$eq", value) => Self::equal(value, dialect),
                    ("$ne", value) => Ok(Self::Not(Box::new(Self::equal(value, dialect)?))),
                    ("$in", Value::Array(values)) => {
                        let tests = values.iter().map(|value| Self::equal(value, dialect));
                        tests.collect::<Result<_, _>>().map(Self::AnyOf)
                    }
                    (name, _) => Err(format!("Error: unknown operator {name}")),
                };
                operators.iter().map(read).collect::<Result<_, _>>().map(Self::All)
            }
            value => Self::equal(value, dialect),
        }
    }

    fn equal(value: &Value, dialect: Dialect) -> Result<Self, String> {
        let Value::String(text) = value else { return Ok(Self::Is(value.clone())) };
        if dialect == Dialect::Plain {
            return Ok(Self::Is(value.clone()));
        }
        if let Some((pattern, flags)) = text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
            return regex(pattern, flags).map(Self::Matches);
        }
        if text.contains('*') {
            let pattern = text.split('*').map(regex::escape).collect::<Vec<_>>().join(".*");
            return regex(&format!("^{pattern}$"), "").map(Self::Matches);
        }
        let number = text.parse::<f64>().ok().and_then(|number| {
            let whole = number as i64;
            if whole as f64 == number { Some(whole.into()) } else { serde_json::Number::from_f64(number) }
        });
        let mut meanings = vec![Self::Is(value.clone())];
        meanings.extend(number.map(|number| Self::Is(Value::Number(number))));
        Ok(Self::AnyOf(meanings))
    }

    fn holds(&self, value: Option<&Value>) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.holds(value)),
            Self::AnyOf(tests) => tests.iter().any(|test| test.holds(value)),
            Self::Not(test) => !test.holds(value),
            Self::Exists(wanted) => value.is_some() == *wanted,
            Self::Is(wanted) => elements(value).any(|value| value == wanted),
            Self::Matches(regex) => {
                elements(value).any(|value| value.as_str().is_some_and(|text| regex.is_match(text)))
            }
        }
    }
}

/// A condition on a list holds when it holds for one of its elements.
fn elements(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(items)) => items.iter(),
        Some(single) => std::slice::from_ref(single).iter(),
        None => [].iter(),
    }
}

fn stored(path: &str, dialect: Dialect) -> String {
    let own = path.starts_with('_') || path.rsplit('.').next().is_some_and(|last| last.starts_with('_'));
    if dialect == Dialect::Plain || own { path.to_owned() } else { format!("{path}._value") }
}

fn regex(pattern: &str, flags: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).case_insensitive(flags.contains('i')).build();
    built.map_err(|e| format!("SyntaxError: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_form_of_a_condition_finds_what_it_should() {
        let document = json!({
            "_id": "d", "_tags": ["a", "b"], "Mac": { "_value": "00:11:AA" }, "Vlan": { "_value": 100 },
        });
        let table = [
            (r#"{}"#, true),
            (r#"{"_id":"d"}"#, true),
            (r#"{"_id":"D"}"#, false),
            (r#"{"_tags":"b"}"#, true),
            (r#"{"_tags":"c"}"#, false),
            (r#"{"Mac":"00:11:AA"}"#, true),
            (r#"{"Mac._value":"00:11:AA"}"#, true),
            (r#"{"Mac":"00:11:aa"}"#, false),
            (r#"{"Mac":"/^00:11:aa$/i"}"#, true),
            (r#"{"Mac":{"$regex":"^00:11:aa$","$options":"i"}}"#, true),
            (r#"{"Mac":{"$regex":"^00:11:aa$"}}"#, false),
            (r#"{"Mac":"00:*"}"#, true),
            (r#"{"Vlan":"100"}"#, true),
            (r#"{"Vlan":100}"#, true),
            (r#"{"Mac":{"$ne":"x"}}"#, true),
            (r#"{"Mac":{"$in":["x","00:11:AA"]}}"#, true),
            (r#"{"Mac":{"$exists":false}}"#, false),
            (r#"{"Other":{"$exists":false}}"#, true),
            (r#"{"$or":[{"_id":"x"},{"Vlan":100}]}"#, true),
            (r#"{"$and":[{"_id":"x"},{"Vlan":100}]}"#, false),
            (r#"{"_id":"d","Vlan":101}"#, false),
        ];
        for (query, found) in table {
            assert_eq!(Query::parse(query, Dialect::Devices).unwrap().matches(&document), found, "{query}");
        }
    }

    #[test]
    fn a_broken_query_is_a_syntax_error() {
        assert!(Query::parse("{", Dialect::Devices).unwrap_err().starts_with("SyntaxError: "));
    }
}
