//! As much of JSON Schema as the document uses. What it does not know it refuses, so that nothing goes unchecked.

use serde_json::Value;

/// Does the value keep the schema? Fields that the schema does not name are faults, too.
pub fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    checked(document, schema, value, "$", Fields::Known)
}

/// Are unknown fields faults here? Not in the branches of `anyOf`, which name only some.
#[derive(Clone, Copy, PartialEq)]
enum Fields {
    Known,
    Any,
}

fn checked(document: &Value, schema: &Value, value: &Value, at: &str, fields: Fields) -> Result<(), String> {
    let fault = |what: String| Err(format!("{at} {what}: {value}"));
    for (word, rule) in schema.as_object().ok_or("a schema is an object")? {
        let kept = match word.as_str() {
            "description" | "default" | "example" => true,
            "$ref" => {
                let place = rule.as_str().and_then(|place| document.pointer(&place[1..]));
                checked(document, place.ok_or(format!("{rule} points nowhere"))?, value, at, fields)?;
                true
            }
            "type" => match rule {
                Value::Array(any) => any.iter().any(|name| is(name, value)),
                one => is(one, value),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
            "minLength" => value.as_str().is_none_or(|s| s.chars().count() as u64 >= rule.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|s| s.chars().count() as u64 <= rule.as_u64().unwrap()),
            "pattern" => {
                let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|s| pattern.is_match(s))
            }
            "format" => value.as_str().is_none_or(|s| has_format(rule.as_str().unwrap(), s)),
            "required" => {
                let names = rule.as_array().unwrap();
                value.as_object().is_none_or(|o| names.iter().all(|n| o.contains_key(n.as_str().unwrap())))
            }
            "properties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    match rule.get(name) {
                        Some(rule) => checked(document, rule, value, &format!("{at}.{name}"), fields)?,
                        None if fields == Fields::Known => {
                            return Err(format!("{at}.{name} is not documented"));
                        }
                        None => {}
                    }
                }
                true
            }
            "additionalProperties" if rule.is_boolean() => true,
            "additionalProperties" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    checked(document, rule, value, &format!("{at}.{name}"), fields)?;
                }
                true
            }
            "items" => {
                for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                    checked(document, rule, item, &format!("{at}[{n}]"), fields)?;
                }
                true
            }
            "anyOf" => {
                let mut branches = rule.as_array().unwrap().iter();
                branches.any(|branch| checked(document, branch, value, at, Fields::Any).is_ok())
            }
            "allOf" => {
                for branch in rule.as_array().unwrap() {
                    checked(document, branch, value, at, Fields::Any)?;
                }
                true
            }
            unknown => return Err(format!("the schema word {unknown} is not known to this test")),
        };
        if !kept {
            return fault(format!("breaks {word} {rule}"));
        }
    }
    Ok(())
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("no such type: {unknown}"),
    }
}

fn has_format(format: &str, text: &str) -> bool {
    match format {
        "date" => text.len() == 10 && saga::Timestamp::parse(&format!("{text}T00:00:00Z")).is_some(),
        "date-time" => saga::Timestamp::parse(text).is_some() && text.ends_with('Z'),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "uri-reference" => text.starts_with('/'),
        unknown => panic!("no such format: {unknown}"),
    }
}

#[test]
fn faults_are_found_where_they_are() {
    use serde_json::json;
    let rules = json!({"type":"object","required":["a"],"properties":{"a":{"type":["integer","null"],"minimum":1},
        "b":{"type":"array","items":{"enum":["x"]}}},"anyOf":[{"required":["b"]},{"properties":{"a":{"const":7}}}]});
    let verdict =
        |value: Value| check(&json!({}), &rules, &value).map_err(|e| e.split(' ').next().unwrap().to_owned());
    assert_eq!(verdict(json!({"a":7})), Ok(()));
    assert_eq!(verdict(json!({"a":null,"b":["x"]})), Ok(()));
    for (bad, place) in [
        (json!({"b":[]}), "$"),
        (json!({"a":0,"b":[]}), "$.a"),
        (json!({"a":"1","b":[]}), "$.a"),
        (json!({"a":1,"b":["x","y"]}), "$.b[1]"),
        (json!({"a":1}), "$"),
        (json!({"a":7,"c":1}), "$.c"),
        (json!([]), "$"),
    ] {
        assert_eq!(verdict(bad.clone()), Err(place.to_owned()), "{bad}");
    }
}
