//! The API's own document: what it says of a request, and whether an answer is what it says.

use std::collections::BTreeSet;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::schema;

pub struct Document(pub Value);

/// What came of a request, as the document names it.
pub struct Answer {
    pub path: String,
    pub method: String,
    pub status: StatusCode,
    pub body: Value,
}

impl Document {
    pub fn load() -> Self {
        Self(serde_json::from_str(include_str!("../../pages/openapi.json")).unwrap())
    }

    /// What a `$ref` points to, or the thing itself.
    pub fn resolve<'a>(&'a self, thing: &'a Value) -> &'a Value {
        match thing.get("$ref") {
            Some(place) => self.0.pointer(&place.as_str().unwrap()[1..]).expect("a $ref points somewhere"),
            None => thing,
        }
    }

    /// Path, method, operation.
    pub fn operations(&self) -> Vec<(&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let methods = |(path, methods): (&'_ String, &'_ Value)| {
            let methods = methods.as_object().unwrap();
            let path = path.clone();
            methods.keys().map(move |method| (path.clone(), method.clone())).collect::<Vec<_>>()
        };
        let all: Vec<(String, String)> = paths.flat_map(methods).collect();
        all.iter()
            .map(|(path, method)| {
                let (path, methods) = self.0["paths"].as_object().unwrap().get_key_value(path).unwrap();
                let (method, operation) = methods.as_object().unwrap().get_key_value(method).unwrap();
                (path.as_str(), method.as_str(), operation)
            })
            .collect()
    }

    pub fn parameters(&self, operation: &Value) -> Vec<Value> {
        let given = operation["parameters"].as_array().cloned().unwrap_or_default();
        given.iter().map(|parameter| self.resolve(parameter).clone()).collect()
    }

    /// The bodies that the document shows for an operation.
    pub fn bodies(&self, operation: &Value) -> Vec<Value> {
        let shown = operation.pointer("/requestBody/content/application~1json/examples");
        let shown = shown.and_then(Value::as_object).into_iter().flatten();
        shown.map(|(_, example)| example["value"].clone()).collect()
    }

    /// Status and method pairs of an operation.
    pub fn statuses(&self, operation: &Value) -> BTreeSet<u16> {
        operation["responses"].as_object().unwrap().keys().filter_map(|status| status.parse().ok()).collect()
    }

    fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let fits = |template: &str| {
            let (mut a, mut b) = (template.split('/'), path.split('/'));
            loop {
                match (a.next(), b.next()) {
                    (None, None) => return true,
                    (Some(part), Some(given)) if part == given || part.starts_with('{') => {}
                    _ => return false,
                }
            }
        };
        let found = self.operations().into_iter().find(|(template, m, _)| *m == method && fits(template));
        found.map(|(template, _, operation)| (template, operation))
    }

    /// Sends the request; panics where the answer is not what the document says.
    pub async fn ask(&self, http: &reqwest::Client, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let asked = format!("{} {}", request.method(), request.url());
        let method = request.method().as_str().to_lowercase();
        let (template, operation) = self.operation(&method, request.url().path()).expect("a documented path");
        let path = template.to_owned();
        let sent = request.body().and_then(|b| b.as_bytes()).map(|b| String::from_utf8_lossy(b).into_owned());
        let asked = format!("{asked}\nheaders {:?}\nbody {sent:?}", request.headers());
        let answer = http.execute(request).await.unwrap_or_else(|e| panic!("{asked}: {e}"));
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let documented = operation["responses"].get(status.as_str());
        let documented =
            self.resolve(documented.unwrap_or_else(|| panic!("{asked}\nundocumented: {status} {text}")));
        for (name, header) in documented["headers"].as_object().into_iter().flatten() {
            let given = headers.get(name).map(|value| json!(value.to_str().unwrap()));
            assert!(given.is_some() || header["required"] != true, "{asked}: {status} without {name}");
            let is_text = header["schema"]["type"] == "string";
            if let Some(value) = given.filter(|_| is_text) {
                schema::check(&self.0, &header["schema"], &value)
                    .unwrap_or_else(|e| panic!("{asked}: {name}: {e}"));
            }
        }
        let media_type = headers["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let media = documented["content"].get(&media_type);
        let media = media.unwrap_or_else(|| panic!("{asked}: {status} comes as {media_type}"));
        let body = match media_type.ends_with("json") {
            true => serde_json::from_str(&text).unwrap(),
            false => Value::String(text.clone()),
        };
        schema::check(&self.0, &media["schema"], &body)
            .unwrap_or_else(|e| panic!("{asked}: {status} {text}\n{e}"));
        if media_type == "application/problem+json" {
            assert_eq!(body["status"], status.as_u16(), "{asked}: {text}");
        }
        Answer { path, method, status, body }
    }
}
