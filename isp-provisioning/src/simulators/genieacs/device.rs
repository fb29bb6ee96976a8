//! A router: its parameters as it has them, and as the server remembers them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::query::Document;

/// The two data models of TR-069 routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataModel {
    /// `InternetGatewayDevice.`
    Tr098,
    /// `Device.`
    Tr181,
}

/// A router to simulate.
#[derive(Clone, Debug)]
pub struct SimulatedRouter {
    /// Lower case with colons.
    pub mac: String,
    /// Which parameters it has.
    pub model: DataModel,
    /// Does it answer connection requests?
    pub online: bool,
    /// Has the server read its parameters before? If not, it knows only what a first inform tells.
    pub explored: bool,
    /// Parameters, by the ends of their paths, that this router does not have.
    pub without: Vec<String>,
    /// Parameters, by the ends of their paths, that cannot be written.
    pub read_only: Vec<String>,
    /// Parameters, by the ends of their paths, that look writable and are not: a write is dropped silently.
    pub stubborn: Vec<String>,
}

impl SimulatedRouter {
    /// A router on line that the server knows well.
    pub fn new(mac: impl Into<String>, model: DataModel) -> Self {
        Self {
            mac: mac.into(),
            model,
            online: true,
            explored: true,
            without: vec![],
            read_only: vec![],
            stubborn: vec![],
        }
    }
    /// GenieACS's id for it.
    pub fn device_id(&self) -> String {
        format!("{}-{}-{}", self.oui(), self.product_class(), self.serial())
    }
    fn oui(&self) -> String {
        self.mac.split(':').take(3).collect::<String>().to_uppercase()
    }
    fn product_class(&self) -> &'static str {
        match self.model {
            DataModel::Tr098 => "HG8245",
            DataModel::Tr181 => "EG8145",
        }
    }
    fn serial(&self) -> String {
        format!("SN{}", self.mac.replace(':', "").to_uppercase())
    }
    fn parameters(&self) -> [(String, Value, &'static str, Access); 7] {
        use Access::*;
        let (text, number) = ("xsd:string", "xsd:unsignedInt");
        let (wan, ppp) = ("InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1", "WANPPPConnection.1");
        let [mac, version, code, user, password, vlan, ssid] = match self.model {
            DataModel::Tr098 => [
                format!("{wan}.WANIPConnection.1.MACAddress"),
                "InternetGatewayDevice.DeviceInfo.SoftwareVersion".into(),
                "InternetGatewayDevice.DeviceInfo.ProvisioningCode".into(),
                format!("{wan}.{ppp}.Username"),
                format!("{wan}.{ppp}.Password"),
                format!("{wan}.{ppp}.X_HW_VLAN"),
                "InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.SSID".into(),
            ],
            DataModel::Tr181 => [
                "Device.Ethernet.Interface.1.MACAddress".to_owned(),
                "Device.DeviceInfo.SoftwareVersion".into(),
                "Device.DeviceInfo.ProvisioningCode".into(),
                "Device.PPP.Interface.1.Username".into(),
                "Device.PPP.Interface.1.Password".into(),
                "Device.Ethernet.VLANTermination.1.VLANID".into(),
                "Device.WiFi.SSID.1.SSID".into(),
            ],
        };
        [
            (mac, json!(self.mac.to_uppercase()), text, Read),
            (version, json!("1.0"), text, Read),
            (code, json!(""), text, Write),
            (user, json!("factory"), text, Write),
            (password, json!("factory"), text, Secret),
            (vlan, json!(0), number, Write),
            (ssid, json!("factory-ssid"), text, Write),
        ]
    }
}

/// What may be done with a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// Says so, and does not.
    Stubborn,
    /// Written, and read back empty.
    Secret,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// What the router has.
    pub(super) value: Value,
    pub(super) kind: &'static str,
    pub(super) access: Access,
    /// What the server saw last, and when.
    pub(super) seen: Option<(Value, Timestamp)>,
    /// The fault code with which the router rejects writes.
    pub(super) reject: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Device {
    identity: Value,
    pub(super) id: String,
    pub(super) online: bool,
    pub(super) in_session: bool,
    pub(super) tags: BTreeSet<String>,
    pub(super) last_inform: Timestamp,
    pub(super) parameters: BTreeMap<String, Parameter>,
}

impl Device {
    pub(super) fn new(router: &SimulatedRouter, now: Timestamp) -> Self {
        let listed = |ends: &[String], path: &str| ends.iter().any(|end| path.ends_with(end.as_str()));
        let parameters = router.parameters().into_iter().filter(|(path, ..)| !listed(&router.without, path));
        let parameters = parameters.map(|(path, value, kind, access)| {
            let access = match access {
                _ if listed(&router.read_only, &path) => Access::Read,
                _ if listed(&router.stubborn, &path) => Access::Stubborn,
                access => access,
            };
            let told = router.explored || path.ends_with("SoftwareVersion");
            let mut parameter = Parameter { value, kind, access, seen: None, reject: None };
            parameter.seen = told.then(|| (parameter.readable(), now));
            (path, parameter)
        });
        Self {
            identity: json!({
                "_Manufacturer": "Simulated", "_OUI": router.oui(),
                "_ProductClass": router.product_class(), "_SerialNumber": router.serial(),
            }),
            id: router.device_id(),
            online: router.online,
            in_session: false,
            tags: BTreeSet::new(),
            last_inform: now,
            parameters: parameters.collect(),
        }
    }

    /// The server's record, as a nested document.
    pub(super) fn document(&self) -> Value {
        let mut root = Map::new();
        root.insert("_id".into(), json!(self.id));
        root.insert("_deviceId".into(), self.identity.clone());
        root.insert("_lastInform".into(), json!(self.last_inform));
        root.insert("_tags".into(), json!(self.tags));
        for (path, parameter) in &self.parameters {
            let Some((value, seen)) = &parameter.seen else { continue };
            let leaf = json!({
                "_object": false, "_writable": parameter.access != Access::Read,
                "_value": value, "_type": parameter.kind, "_timestamp": seen,
            });
            insert(&mut root, path, leaf);
        }
        Value::Object(root)
    }
}

impl Parameter {
    /// What the router tells when it is asked.
    pub(super) fn readable(&self) -> Value {
        if self.access == Access::Secret { json!("") } else { self.value.clone() }
    }
}

impl Document for Device {
    fn field(&self, path: &str) -> Option<Value> {
        match path {
            "_id" => Some(json!(self.id)),
            "_tags" => Some(json!(self.tags)),
            "_lastInform" => Some(json!(self.last_inform)),
            _ => match path.strip_prefix("_deviceId.") {
                Some(part) => self.identity.get(part).cloned(),
                None => {
                    let (value, _) = self.parameters.get(path.strip_suffix("._value")?)?.seen.as_ref()?;
                    Some(value.clone())
                }
            },
        }
    }
}

fn insert(object: &mut Map<String, Value>, path: &str, leaf: Value) {
    let Some((first, rest)) = path.split_once('.') else {
        object.insert(path.to_owned(), leaf);
        return;
    };
    let inner = object.entry(first).or_insert_with(|| json!({ "_object": true, "_writable": false }));
    if let Value::Object(inner) = inner {
        insert(inner, rest, leaf);
    }
}
