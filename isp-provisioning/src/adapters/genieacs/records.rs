//! What GenieACS remembers of a router.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Genieacs;
use super::parameters::ParameterMap;
use crate::adapters::http::{Call, Effect};
use crate::ports::{PortError, PortResult};

/// A parameter that the router has, as GenieACS saw it last.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) path: String,
    pub(super) value: Value,
    pub(super) kind: String,
    pub(super) writable: bool,
}

impl Genieacs {
    /// A list: devices, tasks or faults.
    pub(super) async fn list(
        &self,
        what: &str,
        purpose: &'static str,
        query: &[(&str, &str)],
    ) -> PortResult<Vec<Value>> {
        let call = Call::new("genieacs", purpose, Effect::None);
        let reply = call.send(self.request(Method::GET, &format!("{what}/")).query(query)).await?;
        match reply.status {
            StatusCode::OK => reply.json(),
            // The list itself is always there; a server that does not have it is not GenieACS.
            StatusCode::NOT_FOUND => {
                let wrong = reply.refused().message;
                Err(PortError::configuration(format!("{wrong}: is this the northbound interface?")))
            }
            _ => Err(reply.refused()),
        }
    }

    /// The router's data model, known by its root.
    pub(super) async fn model_of(&self, device_id: &str) -> PortResult<&ParameterMap> {
        let roots: Vec<String> =
            self.settings.models.iter().map(|model| format!("{}.DeviceInfo", model.root)).collect();
        let record = self.record(device_id, &roots.join(",")).await?;
        let model = self.settings.models.iter().find(|model| record.get(&model.root).is_some());
        model.ok_or_else(|| {
            PortError::permanent(format!("genieacs: {device_id} has no data model that we know"))
        })
    }

    /// Those of the parameters that GenieACS has a value of.
    pub(super) async fn known(&self, device_id: &str, paths: &[&str]) -> PortResult<Vec<Known>> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let record = self.record(device_id, &paths.join(",")).await?;
        Ok(paths.iter().filter_map(|path| read(&record, path)).collect())
    }

    async fn record(&self, device_id: &str, projection: &str) -> PortResult<Value> {
        let query = json!({ "_id": device_id }).to_string();
        let parameters = [("query", query.as_str()), ("projection", projection)];
        let found = self.list("devices", "read the router's record", &parameters).await?;
        // An id with a `*` in it would be a pattern.
        let same = |record: &Value| record.get("_id").and_then(Value::as_str) == Some(device_id);
        let gone = || PortError::permanent(format!("CPE not found: {device_id} is gone from genieacs"));
        found.into_iter().find(same).ok_or_else(gone)
    }
}

fn read(record: &Value, path: &str) -> Option<Known> {
    let leaf = path.split('.').try_fold(record, |value, name| value.get(name))?;
    let value = leaf.get("_value")?;
    let scalar = value.is_string() || value.is_number() || value.is_boolean();
    scalar.then(|| Known {
        path: path.to_owned(),
        value: value.clone(),
        kind: leaf.get("_type").and_then(Value::as_str).unwrap_or("xsd:string").to_owned(),
        writable: leaf.get("_writable").and_then(Value::as_bool).unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_read_and_an_object_is_not() {
        let record = json!({ "Device": { "_object": true, "WiFi": {
            "SSID": { "_object": false, "_writable": true, "_value": "x", "_type": "xsd:string" },
            "Odd": { "_value": { "not": "a scalar" } },
        } } });
        let ssid = read(&record, "Device.WiFi.SSID").unwrap();
        assert_eq!((ssid.value, ssid.writable), (json!("x"), true));
        assert_eq!(read(&record, "Device.WiFi"), None);
        assert_eq!(read(&record, "Device.WiFi.Odd"), None);
        assert_eq!(read(&record, "Device.Nope.SSID"), None);
    }
}
