//! Recorded conversations with a real NetBox: what was sent, what came back.
//!
//! A file is a list of requests with their answers. Values that differ from one run to the next are named:
//! in requests `{prefix}` and whatever an earlier answer's id was kept as (`"keep": "address"`), in answers
//! `{base}`, `{id}` and `{time}`. Tokens stand as `read_write`, `read_only` and so on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What it shows.
    pub name: String,
    pub method: String,
    /// Below `/api`.
    pub path: String,
    /// A name out of [`Server::tokens`], or the header as it is; none without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
    /// A text is sent as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Keeps the answer's id under this name, for later paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
    pub answer: Answer,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<String>,
    /// JSON, or `"html"` for a page, or null for nothing.
    pub body: Value,
}

/// A NetBox to talk to.
pub struct Server {
    pub url: String,
    pub tokens: BTreeMap<&'static str, String>,
    pub kept: BTreeMap<String, String>,
    pub client: reqwest::Client,
}

/// The recorded files.
pub fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/netbox");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

pub fn read(file: &Path) -> Vec<Exchange> {
    let text = std::fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

impl Server {
    pub fn new(url: String, tokens: BTreeMap<&'static str, String>) -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { url, tokens, kept: BTreeMap::new(), client: client.build().unwrap() }
    }

    /// Sends the request and answers what came back, with the changing values named.
    pub async fn answer(&mut self, exchange: &Exchange) -> Answer {
        let mut path = exchange.path.clone();
        for (name, value) in &self.kept {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let method = exchange.method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}/api/{path}", self.url));
        request = request.header("Accept", "application/json").header("Content-Type", "application/json");
        if let Some(authorization) = &exchange.authorization {
            let token = self.tokens.get(authorization.as_str());
            request = request.header("Authorization", token.unwrap_or(authorization));
        }
        request = match &exchange.body {
            None => request,
            Some(Value::String(text)) => request.body(text.clone()),
            Some(json) => request.body(json.to_string()),
        };
        let response = request.send().await.unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, html) =
            (response.status().as_u16(), header("content-type").is_some_and(|kind| kind.contains("html")));
        let location = header("location").filter(|_| status / 100 == 3);
        let allow = header("allow").filter(|_| status == 405);
        let bytes = response.bytes().await.unwrap();
        let body = match (html, bytes.is_empty()) {
            (true, _) => Value::from("html"),
            (_, true) => Value::Null,
            _ => serde_json::from_slice(&bytes).unwrap(),
        };
        if let Some(name) = &exchange.keep {
            let id = body["id"].as_u64().or_else(|| body["results"][0]["id"].as_u64());
            self.kept.insert(name.clone(), id.expect("an answer with an id to keep").to_string());
        }
        Answer { status, location, allow, body: self.named(body) }
    }

    fn named(&self, body: Value) -> Value {
        match body {
            Value::Array(items) => items.into_iter().map(|item| self.named(item)).collect(),
            Value::Object(fields) => {
                let named = fields.into_iter().map(|(name, value)| {
                    let value = match name.as_str() {
                        "id" => "{id}".into(),
                        "created" | "last_updated" => "{time}".into(),
                        "url" | "display_url" => self.named_url(&value).into(),
                        "next" | "previous" if value.is_string() => self.named_url(&value).into(),
                        // What stands behind the dash is the parser's business, and names its position.
                        "detail"
                            if value.as_str().is_some_and(|text| text.starts_with("JSON parse error")) =>
                        {
                            "JSON parse error".into()
                        }
                        _ => self.named(value),
                    };
                    (name, value)
                });
                Value::Object(named.collect())
            }
            other => other,
        }
    }

    fn named_url(&self, url: &Value) -> String {
        let path = url.as_str().unwrap().replacen(&self.url, "{base}", 1);
        let named = |part: &str| if part.parse::<u64>().is_ok() { "{id}".into() } else { part.to_owned() };
        path.split('/').map(named).collect::<Vec<_>>().join("/")
    }
}
