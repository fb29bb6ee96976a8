//! Makes requests out of what the document says of them: right ones, and ones with one thing wrong.

use proptest::strategy::{Strategy, ValueTree};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder, Url};
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::document::Document;
use crate::harness::Product;
use crate::schema;

/// What a request is made from.
pub struct Maker {
    pub document: Document,
    dice: Dice,
    texts: TestRunner,
    /// Workflows that there are.
    pub workflows: Vec<String>,
}

/// A request, and where it is not what the document says.
pub struct Made {
    pub request: RequestBuilder,
    pub operation: String,
    pub wrong: Option<String>,
}

impl Maker {
    pub fn new(seed: u64) -> Self {
        let (document, texts) = (Document::load(), TestRunner::deterministic());
        Self { document, dice: Dice::new(seed), texts, workflows: vec!["wf_none".to_owned()] }
    }

    pub fn request(&mut self, product: &Product) -> Made {
        let operations: Vec<_> = self
            .document
            .operations()
            .into_iter()
            .map(|(p, m, o)| (p.to_owned(), m.to_owned(), o.clone()))
            .collect();
        // Half of them start something: the rest is about what was started.
        let starts = self.dice.one_in(3);
        let (path, method, operation) = match starts {
            true => operations.iter().find(|(.., o)| o["operationId"] == "provisionSubscriber").unwrap(),
            false => self.dice.of(&operations),
        };
        let mut path = path.clone();
        let name = operation["operationId"].as_str().unwrap().to_owned();
        let mut wrong = None;
        let (mut query, mut headers) = (vec![], vec![]);
        for parameter in self.document.parameters(operation) {
            let (field, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
            // Places in lists are handed out; they cannot be made.
            if field == "cursor" || (place != "path" && self.dice.one_in(2)) {
                continue;
            }
            let schema = parameter["schema"].clone();
            let spoil = wrong.is_none() && place == "query" && self.dice.one_in(4);
            let value = match (spoil.then(|| self.forbidden(&schema)).flatten(), field) {
                (Some(value), _) => {
                    wrong = Some(field.to_owned());
                    value
                }
                (None, "wait") => json!(0),
                (None, "workflow_id") => json!(self.dice.of(&self.workflows).clone()),
                (None, _) => self.allowed(&schema),
            };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match place {
                "path" => path = path.replace(&format!("{{{field}}}"), &encoded(&text)),
                "query" => query.push((field.to_owned(), text)),
                _ => headers.push((field.to_owned(), HeaderValue::from_str(&text).unwrap())),
            }
        }
        // Whether it waits for the end is not what this is about.
        if name == "provisionSubscriber" && query.is_empty() {
            query.push(("wait".to_owned(), "0".to_owned()));
        }
        let mut url = Url::parse(&format!("http://{}{path}", product.server.address)).unwrap();
        for (name, value) in &query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut request =
            product.http.request(Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
            let mut body = self.allowed(schema);
            if name == "provisionSubscriber" && self.dice.one_in(2) {
                // With a chance to be done.
                body["service_plan_id"] = json!("plan_basic_100");
                body.as_object_mut().unwrap().remove("customer_id");
                for field in ["username", "service_address"] {
                    body[field] = json!(format!("{field}{}", self.dice.roll(1_000)));
                }
            }
            if wrong.is_none() && self.dice.one_in(2) {
                (body, wrong) = self.spoilt(schema, body);
            }
            request = request.json(&body);
        }
        Made { request, operation: name, wrong }
    }

    /// The rules that hold here: those that are pointed to, with what stands beside the pointer.
    fn rules(&self, schema: &Value) -> Value {
        let mut rules = self.document.resolve(schema).clone();
        for (word, rule) in schema.as_object().unwrap().iter().filter(|(word, _)| *word != "$ref") {
            rules[word] = rule.clone();
        }
        rules
    }

    /// A value that keeps the schema.
    fn allowed(&mut self, schema: &Value) -> Value {
        for _ in 0..1_000 {
            let value = self.likely(schema);
            if schema::check(&self.document.0, schema, &value).is_ok() {
                return value;
            }
        }
        panic!("nothing keeps {schema}");
    }

    /// Any value that can be stored: what the document says of the character NUL is no schema's to say.
    fn storable(&mut self) -> Value {
        loop {
            let value = self.dice.value();
            if !value.to_string().contains("\\u0000") {
                return value;
            }
        }
    }

    /// A value that keeps most of the schema, and often all of it.
    fn likely(&mut self, schema: &Value) -> Value {
        let rules = self.rules(schema);
        if let Some(words) = rules["enum"].as_array() {
            return self.dice.of(words).clone();
        }
        let types: Vec<Value> = match &rules["type"] {
            Value::Array(types) => types.clone(),
            Value::Null => return self.storable(),
            one => vec![one.clone()],
        };
        let wanted = if types.len() > 1 && self.dice.one_in(6) { &types[1] } else { &types[0] };
        match wanted.as_str().unwrap() {
            "null" => Value::Null,
            "boolean" => json!(self.dice.one_in(2)),
            "integer" => {
                let (least, most) = (rules["minimum"].as_u64().unwrap(), rules["maximum"].as_u64().unwrap());
                match self.dice.roll(4) {
                    0 => json!(least),
                    1 => json!(most),
                    _ => json!(least + self.dice.roll(most - least + 1)),
                }
            }
            "string" => json!(self.text(&rules)),
            "object" => {
                let names: Vec<String> = rules["properties"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.clone())
                    .collect();
                let required = rules["required"].as_array().cloned().unwrap_or_default();
                let mut fields = serde_json::Map::new();
                for name in names {
                    if required.contains(&json!(name)) || self.dice.one_in(2) {
                        let value = self.allowed(&rules["properties"][&name].clone());
                        fields.insert(name, value);
                    }
                }
                if rules.get("properties").is_none() {
                    fields.insert("note".to_owned(), json!(["x", 1, null, {"y": true}]));
                }
                Value::Object(fields)
            }
            other => panic!("no requests have {other}"),
        }
    }

    fn text(&mut self, rules: &Value) -> String {
        let formats = rules["anyOf"].as_array().map(|any| self.dice.of(any).clone());
        let format = formats.as_ref().unwrap_or(rules)["format"].as_str().map(str::to_owned);
        match format.as_deref() {
            Some("ipv4") => return format!("10.0.1.{}", 1 + self.dice.roll(254)),
            Some("date") => {
                return format!(
                    "20{}-0{}-1{}",
                    10 + self.dice.roll(90),
                    1 + self.dice.roll(9),
                    self.dice.roll(10)
                );
            }
            Some("date-time") => {
                return format!(
                    "2025-10-15T12:{}:00.{}Z",
                    10 + self.dice.roll(50),
                    self.dice.roll(1_000_000)
                );
            }
            Some(other) => panic!("no requests have {other}"),
            None => {}
        }
        let pattern = rules["pattern"].as_str().unwrap_or("^[ -~]{0,30}$");
        let inside = pattern.strip_prefix('^').and_then(|p| p.strip_suffix('$')).expect("patterns are whole");
        let text = string_regex(inside).unwrap().new_tree(&mut self.texts).unwrap().current();
        // How long the part before the @ may be no pattern says.
        if text.split_once('@').is_some_and(|(local, _)| local.len() > 64) {
            "a@b.cd".to_owned()
        } else {
            text
        }
    }

    /// A value that breaks the schema of a parameter, if any does.
    fn forbidden(&mut self, schema: &Value) -> Option<Value> {
        let value = match self.dice.roll(3) {
            0 => json!(self.dice.text()),
            1 => json!(self.rules(schema)["maximum"].as_i64()? + 1),
            _ => json!(-1),
        };
        // In a query everything is text; whether it is a number as well depends on what is asked for.
        let read = match (value.as_str(), self.rules(schema)["type"].as_str().unwrap()) {
            (Some(text), "integer") => text.parse::<u64>().map_or_else(|_| json!(text), |n| json!(n)),
            (Some(text), "boolean") => text.parse::<bool>().map_or_else(|_| json!(text), |b| json!(b)),
            (None, "string") => json!(value.to_string()),
            _ => value.clone(),
        };
        schema::check(&self.document.0, schema, &read).is_err().then_some(value)
    }

    /// The body with one thing that is forbidden, and where that is.
    fn spoilt(&mut self, schema: &Value, body: Value) -> (Value, Option<String>) {
        let rules = self.rules(schema);
        let properties = rules["properties"].as_object().unwrap();
        let names: Vec<String> = properties.keys().cloned().collect();
        let mut bad = body.clone();
        let field = self.dice.of(&names).clone();
        let of = self.rules(&properties[&field]);
        let wrong = match self.dice.roll(6) {
            0 => {
                bad["what_is_this"] = json!(1);
                "what_is_this".to_owned()
            }
            1 => {
                let required = rules["required"].as_array().unwrap().clone();
                let name = self.dice.of(&required).as_str().unwrap().to_owned();
                bad.as_object_mut().unwrap().remove(&name);
                name
            }
            2 => {
                return (
                    self.dice.of(&[json!([]), json!("x"), json!(1), Value::Null]).clone(),
                    Some(String::new()),
                );
            }
            3 => {
                bad[&field] = match (of["maximum"].as_u64(), of["maxLength"].as_u64()) {
                    (Some(most), _) => json!(most + 1),
                    (_, Some(most)) => json!("x".repeat(usize::try_from(most).unwrap() + 1)),
                    _ => json!("\u{7}"),
                };
                field
            }
            4 => {
                bad[&field] = json!("a\u{0}b");
                field
            }
            _ => {
                bad[&field] = self
                    .dice
                    .of(&[json!({"a": 1}), json!([1]), json!(1.5), json!(true), json!("\u{1b}")])
                    .clone();
                field
            }
        };
        match schema::check(&self.document.0, schema, &bad) {
            Err(_) => (bad, Some(wrong)),
            Ok(()) => (body, None),
        }
    }
}

/// As a part of a path; what would be another path is another name.
fn encoded(text: &str) -> String {
    let mut url = Url::parse("http://x/").unwrap();
    url.path_segments_mut().unwrap().push(if text.is_empty() || text.chars().all(|c| c == '.') {
        "x"
    } else {
        text
    });
    url.path()[1..].trim_start_matches('/').to_owned()
}
