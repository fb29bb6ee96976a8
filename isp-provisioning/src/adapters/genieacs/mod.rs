//! Settings of routers, through GenieACS's northbound interface.
//!
//! Three things are not as they seem there. A 200 is no proof: what a router cannot set is dropped without a
//! word, so everything is read back. The four kinds of 202 differ only in the reason phrase, which proxies
//! drop, so what became of a task is read from its state. And a task that GenieACS cannot digest kills it, so
//! nothing is sent unchecked.
//!
//! A task's `uniqueKey` is the caller's reference: a repeated task takes the place of the one still queued.

mod fault;
mod parameters;
mod records;
mod settings;
mod tasks;

use async_trait::async_trait;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::http;
use crate::domain::formats;
use crate::ports::{Cpe, CpeSettings, CpeSnapshot, PortError, PortResult, RouterConfig};
pub use parameters::{DataModel, ParameterMap};
pub use settings::GenieacsSettings;
use tasks::Assignment;

/// One GenieACS and the routers behind it.
#[derive(Debug)]
pub struct Genieacs {
    settings: GenieacsSettings,
    client: Client,
}

impl Genieacs {
    /// An adapter for the GenieACS that the settings name. Nothing is called yet; see [`Genieacs::check`].
    pub fn new(settings: GenieacsSettings) -> PortResult<Self> {
        settings.validate()?;
        let client = http::client(settings.timeout(), settings.connect_timeout())?;
        Ok(Self { settings, client })
    }

    /// Verifies that the address leads to a northbound interface and that we may use it.
    pub async fn check(&self) -> PortResult<()> {
        let none = [("query", r#"{"_id":""}"#), ("projection", "_id")];
        self.list("devices", "check", &none).await.map(|_| ())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/{path}", self.settings.url.trim_end_matches('/'));
        let request = self.client.request(method, url);
        match &self.settings.authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        }
    }
}

#[async_trait]
impl RouterConfig for Genieacs {
    async fn find(&self, mac: &str) -> PortResult<Cpe> {
        let mac = formats::mac(mac)
            .ok_or_else(|| PortError::permanent(format!("CPE not found: {mac} is not a MAC address")))?;
        // The address is checked, so it holds nothing that a pattern would understand.
        let same = json!({ "$regex": format!("^{mac}$"), "$options": "i" });
        let paths = self.settings.models.iter().flat_map(|model| &model.mac);
        let any: Vec<Value> = paths.map(|path| json!({ (path): same })).collect();
        let query = json!({ "$or": any }).to_string();
        let parameters = [("query", query.as_str()), ("projection", "_id"), ("limit", "2")];
        let found = self.list("devices", "find the router", &parameters).await?;
        let ids: Vec<&str> = found.iter().filter_map(|device| device.get("_id")?.as_str()).collect();
        match ids.as_slice() {
            [id] => Ok(Cpe { device_id: (*id).to_owned() }),
            [] => Err(PortError::permanent(format!("CPE not found: {mac}"))),
            _ => Err(PortError::permanent(format!("CPE not found: several routers claim {mac}"))),
        }
    }

    async fn snapshot(&self, device_id: &str, settings: &CpeSettings) -> PortResult<CpeSnapshot> {
        let model = self.model_of(device_id).await?;
        let wanted = model.wanted(settings);
        let paths: Vec<&str> = wanted.iter().map(|wanted| wanted.path.as_str()).collect();
        self.refresh(device_id, &paths).await?;
        let mut snapshot = CpeSnapshot::default();
        for known in self.known(device_id, &paths).await?.into_iter().filter(|known| known.writable) {
            let secret = wanted.iter().any(|wanted| wanted.path == known.path && wanted.secret);
            match secret {
                true => snapshot.passwords.push(known.path),
                false => snapshot.values.push((known.path, known.value, known.kind)),
            }
        }
        Ok(snapshot)
    }

    async fn configure(&self, reference: &str, device_id: &str, settings: &CpeSettings) -> PortResult<()> {
        let model = self.model_of(device_id).await?;
        let wanted = model.wanted(settings);
        let paths: Vec<&str> = wanted.iter().map(|wanted| wanted.path.as_str()).collect();
        let mut known = self.known(device_id, &paths).await?;
        if known.is_empty() && !paths.is_empty() {
            // GenieACS has never asked this router for them.
            self.refresh(device_id, &paths).await?;
            known = self.known(device_id, &paths).await?;
        }
        let has = |path: &str| known.iter().any(|known| known.path == path && known.writable);
        let assignments: Vec<Assignment> = wanted.into_iter().filter(|wanted| has(&wanted.path)).collect();
        self.apply(reference, device_id, &assignments).await
    }

    async fn restore(
        &self,
        reference: &str,
        forward: &str,
        device_id: &str,
        before: &CpeSnapshot,
    ) -> PortResult<()> {
        self.withdraw(device_id, forward).await?;
        let values = before.values.iter().map(|(path, value, kind)| Assignment {
            path: path.clone(),
            value: value.clone(),
            kind: kind.clone(),
            secret: false,
        });
        let blanks = before.passwords.iter().map(|path| Assignment::blank(path));
        let assignments: Vec<Assignment> = values.chain(blanks).collect();
        match self.apply(reference, device_id, &assignments).await {
            // A router that is gone from the server has nothing left to put back.
            Err(error) if tasks::device_is_gone(&error) => Ok(()),
            done => done,
        }
    }
}
