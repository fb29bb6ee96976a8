//! Where GenieACS is, and how long it may take.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::parameters::{DataModel, ParameterMap};
use crate::ports::{PortError, PortResult};

/// How the adapter reaches GenieACS.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenieacsSettings {
    /// The northbound interface: `https://acs.example:7557`. It knows no users, so it belongs behind a proxy
    /// or into a network of its own.
    pub url: String,
    /// The header `Authorization` that the proxy before it wants, as it is.
    #[serde(default)]
    pub authorization: Option<String>,
    /// The data models of the routers, each recognised by its root.
    #[serde(default = "default_models")]
    pub models: Vec<ParameterMap>,
    /// How long one request may take in all; longer than a session.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// How long connecting may take.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// How long GenieACS waits for a router to begin a session.
    #[serde(default = "default_session_ms")]
    pub session_ms: u64,
    /// How long a task that is still queued is watched before the call gives up.
    #[serde(default = "default_watch_ms")]
    pub watch_ms: u64,
    /// How often it is looked at meanwhile.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
}

fn default_models() -> Vec<ParameterMap> {
    vec![ParameterMap::of(DataModel::Tr098), ParameterMap::of(DataModel::Tr181)]
}
fn default_timeout_ms() -> u64 {
    20_000
}
fn default_connect_timeout_ms() -> u64 {
    3_000
}
fn default_session_ms() -> u64 {
    8_000
}
fn default_watch_ms() -> u64 {
    5_000
}
fn default_poll_ms() -> u64 {
    500
}

impl GenieacsSettings {
    /// Settings with both data models and the default times.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            authorization: None,
            models: default_models(),
            timeout_ms: default_timeout_ms(),
            connect_timeout_ms: default_connect_timeout_ms(),
            session_ms: default_session_ms(),
            watch_ms: default_watch_ms(),
            poll_ms: default_poll_ms(),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }
    pub(super) fn watch(&self) -> Duration {
        Duration::from_millis(self.watch_ms)
    }
    pub(super) fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.max(1))
    }

    pub(super) fn validate(&self) -> PortResult<()> {
        let url = reqwest::Url::parse(&self.url);
        if !url.is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host()) {
            return Err(wrong("url has to be an http or https address"));
        }
        if self.models.iter().all(|model| model.mac.is_empty()) {
            return Err(wrong("models has to name a path of a mac address, or no router is ever found"));
        }
        for model in &self.models {
            let strange =
                |path: &str| !path.starts_with(&format!("{}.", model.root)) || path.contains([',', ' ']);
            if let Some(path) = model.paths().find(|path| strange(path)) {
                return Err(wrong(&format!("the path {path} has to begin with {}.", model.root)));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for GenieacsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenieacsSettings")
            .field("url", &self.url)
            .field("timeout_ms", &self.timeout_ms)
            .field("session_ms", &self.session_ms)
            .field("watch_ms", &self.watch_ms)
            .finish_non_exhaustive()
    }
}

fn wrong(reason: &str) -> PortError {
    PortError::configuration(format!("genieacs settings: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_at_once() {
        let good = GenieacsSettings::new("http://127.0.0.1:7557");
        assert!(good.validate().is_ok());
        let mut stray = good.clone();
        stray.models[0].ssid = Some("Device.WiFi.SSID.1.SSID".into());
        let bad = [
            GenieacsSettings { url: "acs.example".into(), ..good.clone() },
            GenieacsSettings { models: vec![], ..good.clone() },
            stray,
        ];
        for settings in bad {
            assert!(settings.validate().is_err(), "{settings:?}");
        }
    }

    #[test]
    fn the_proxys_credentials_are_not_in_the_debug_text() {
        let settings = GenieacsSettings {
            authorization: Some("Basic c2VjcmV0".into()),
            ..GenieacsSettings::new("http://a")
        };
        assert!(!format!("{settings:?}").contains("c2VjcmV0"));
    }
}
