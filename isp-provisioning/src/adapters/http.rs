//! What may be concluded from a failed HTTP call: the one rule that all HTTP adapters share.
//!
//! Before the first byte went out (refused, unknown host, TLS) nothing happened. After it, whatever is not a
//! clear answer may have happened: time-out, reset, any 5xx, a body that cannot be read. A call without an
//! effect is never ambiguous: it can simply be repeated.

use std::error::Error;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, header, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ports::{ErrorClass, PortError, PortResult};

/// Can the call have had an effect?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It only reads.
    None,
    /// It changes something, if it arrives.
    Possible,
}

/// Whom is called, and for what: the words of an error message, and its class.
#[derive(Clone, Debug)]
pub(super) struct Call {
    system: &'static str,
    what: &'static str,
    effect: Effect,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(super) struct Reply {
    call: Call,
    pub(super) status: StatusCode,
    retry_after: Option<Duration>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Json(Value),
    Html,
    Text(String),
}

/// A client that follows no redirects, for they turn a POST into a GET, and asks no proxy of the environment,
/// for these systems are neighbours.
pub(super) fn client(timeout: Duration, connect_timeout: Duration) -> PortResult<Client> {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(connect_timeout)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|e| PortError::configuration(format!("cannot make an http client: {}", causes(&e))))
}

impl Call {
    pub(super) fn new(system: &'static str, what: &'static str, effect: Effect) -> Self {
        Self { system, what, effect }
    }

    /// Sends the request and reads the whole answer.
    pub(super) async fn send(self, request: RequestBuilder) -> PortResult<Reply> {
        let response = request.send().await.map_err(|e| self.lost(e))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let kind = header(header::CONTENT_TYPE).unwrap_or_default().to_owned();
        let retry_after =
            header(header::RETRY_AFTER).and_then(|value| value.parse().ok()).map(Duration::from_secs);
        let bytes = response.bytes().await.map_err(|e| self.lost(e))?;
        let body = if kind.contains("html") {
            Body::Html
        } else {
            let text = || Body::Text(String::from_utf8_lossy(&bytes).into_owned());
            serde_json::from_slice(&bytes).map_or_else(|_| text(), Body::Json)
        };
        Ok(Reply { call: self, status, retry_after, body })
    }

    /// An error of this call, when it cannot be known whether it had its effect.
    pub(super) fn unclear(&self, reason: &str) -> PortError {
        let class = match self.effect {
            Effect::None => ErrorClass::Transient,
            Effect::Possible => ErrorClass::Ambiguous,
        };
        PortError::new(class, self.words(reason))
    }

    fn lost(&self, error: reqwest::Error) -> PortError {
        // The address may hold credentials; what it names is said by the system's name.
        let error = error.without_url();
        let reason = causes(&error);
        if error.is_builder() {
            PortError::configuration(self.words(&reason))
        } else if error.is_connect() {
            PortError::transient(self.words(&reason))
        } else if error.is_timeout() {
            self.unclear("no answer in time")
        } else {
            self.unclear(&reason)
        }
    }

    fn words(&self, reason: &str) -> String {
        format!("{}: {}: {reason}", self.system, self.what)
    }
}

impl Reply {
    /// The body as a `T`. What is not one makes the whole call unclear.
    pub(super) fn json<T: DeserializeOwned>(self) -> PortResult<T> {
        let read = match self.body {
            Body::Json(value) => serde_json::from_value(value).map_err(|e| e.to_string()),
            Body::Html => Err("an html page".into()),
            Body::Text(_) => Err("not json".into()),
        };
        read.map_err(|e| self.call.unclear(&format!("unreadable answer ({}): {e}", self.status.as_u16())))
    }

    /// Does the answer say this, somewhere in its body?
    pub(super) fn says(&self, text: &str) -> bool {
        match &self.body {
            Body::Json(value) => value.to_string().contains(text),
            Body::Text(body) => body.contains(text),
            Body::Html => false,
        }
    }

    /// The error that an unwelcome status means.
    pub(super) fn refused(self) -> PortError {
        let class = self.class();
        let reason = format!("{} {}", self.status.as_u16(), self.reason());
        PortError { class, message: self.call.words(reason.trim_end()), retry_after: self.retry_after }
    }

    fn class(&self) -> ErrorClass {
        match (self.status.as_u16(), self.call.effect) {
            (429, _) => ErrorClass::Transient,
            (408 | 500.., Effect::None) => ErrorClass::Transient,
            (408 | 500.., Effect::Possible) => ErrorClass::Ambiguous,
            (401 | 403 | 407, _) => ErrorClass::Configuration,
            (300..=399, _) => ErrorClass::Configuration,
            // An API does not speak HTML to its callers: this is another server, path or host name.
            (400..=499, _) if matches!(self.body, Body::Html) => ErrorClass::Configuration,
            (400..=499, _) => ErrorClass::Permanent,
            // A success, but not the one that was asked for.
            (_, Effect::None) => ErrorClass::Transient,
            (_, Effect::Possible) => ErrorClass::Ambiguous,
        }
    }

    fn reason(&self) -> String {
        match &self.body {
            Body::Json(value) => {
                short(value.get("detail").and_then(Value::as_str).unwrap_or(&value.to_string()))
            }
            Body::Html => "(an html page)".into(),
            Body::Text(text) => short(text),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>().trim().to_owned()
}

/// An error with all its causes: the outermost alone says "error sending request" and nothing more.
fn causes(error: &dyn Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push(inner.to_string());
        cause = inner.source();
    }
    words.dedup();
    words.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, effect: Effect, body: Body) -> Reply {
        Reply {
            call: Call::new("netbox", "allocate an address", effect),
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            body,
        }
    }

    #[test]
    fn each_status_has_its_class() {
        use ErrorClass::*;
        let table = [
            (302, Configuration, Configuration),
            (400, Permanent, Permanent),
            (401, Configuration, Configuration),
            (403, Configuration, Configuration),
            (404, Permanent, Permanent),
            (405, Permanent, Permanent),
            (408, Transient, Ambiguous),
            (409, Permanent, Permanent),
            (429, Transient, Transient),
            (500, Transient, Ambiguous),
            (502, Transient, Ambiguous),
            (503, Transient, Ambiguous),
            (504, Transient, Ambiguous),
        ];
        for (status, reading, writing) in table {
            let class = |effect| reply(status, effect, Body::Json(Value::Null)).class();
            assert_eq!(class(Effect::None), reading, "{status} to a call that reads");
            assert_eq!(class(Effect::Possible), writing, "{status} to a call that writes");
        }
    }

    #[test]
    fn a_page_for_people_means_that_this_is_not_the_api() {
        for status in [400, 404] {
            assert_eq!(reply(status, Effect::Possible, Body::Html).class(), ErrorClass::Configuration);
        }
        let error = reply(500, Effect::Possible, Body::Html).refused();
        assert_eq!(error.class, ErrorClass::Ambiguous);
        assert_eq!(error.message, "netbox: allocate an address: 500 (an html page)");
    }

    #[test]
    fn the_systems_own_words_are_in_the_message() {
        let body = Body::Json(serde_json::json!({ "detail": "Insufficient resources" }));
        let error = reply(409, Effect::Possible, body).refused();
        assert_eq!(error.message, "netbox: allocate an address: 409 Insufficient resources");
    }

    #[test]
    fn a_created_thing_that_cannot_be_read_is_ambiguous() {
        let error = reply(201, Effect::Possible, Body::Text("{".into())).json::<Value>().unwrap_err();
        assert_eq!(error.class, ErrorClass::Ambiguous);
    }
}
