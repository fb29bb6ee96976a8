//! Where each kind of router keeps what a subscriber gets: one map for each data model.

use serde::Deserialize;
use serde_json::json;

use super::tasks::Assignment;
use crate::ports::CpeSettings;

/// The data models of TR-069 routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataModel {
    /// `InternetGatewayDevice.`, the older one.
    Tr098,
    /// `Device.`
    Tr181,
}

/// The paths of one data model. Where a vendor differs, the configuration names its own; a path that a router
/// does not have is left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterMap {
    /// The root by which the model is recognised: `InternetGatewayDevice` or `Device`.
    pub root: String,
    /// Read-only paths where a MAC address may stand; a router is found by any of them.
    #[serde(default)]
    pub mac: Vec<String>,
    /// The provisioning code, a text.
    #[serde(default)]
    pub provisioning_code: Option<String>,
    /// The PPPoE user, a text.
    #[serde(default)]
    pub pppoe_username: Option<String>,
    /// The PPPoE password, a text that reads back empty.
    #[serde(default)]
    pub pppoe_password: Option<String>,
    /// The name of the wireless network, a text.
    #[serde(default)]
    pub ssid: Option<String>,
    /// The VLAN of the WAN connection, an unsigned number.
    #[serde(default)]
    pub vlan_id: Option<String>,
}

impl ParameterMap {
    /// The usual paths of a data model.
    pub fn of(model: DataModel) -> Self {
        let path = |path: &str| Some(path.to_owned());
        match model {
            DataModel::Tr098 => {
                let wan = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1";
                let lan = "InternetGatewayDevice.LANDevice.1";
                Self {
                    root: "InternetGatewayDevice".into(),
                    mac: vec![
                        format!("{wan}.WANIPConnection.1.MACAddress"),
                        format!("{wan}.WANPPPConnection.1.MACAddress"),
                        format!("{lan}.LANEthernetInterfaceConfig.1.MACAddress"),
                    ],
                    provisioning_code: path("InternetGatewayDevice.DeviceInfo.ProvisioningCode"),
                    pppoe_username: Some(format!("{wan}.WANPPPConnection.1.Username")),
                    pppoe_password: Some(format!("{wan}.WANPPPConnection.1.Password")),
                    ssid: Some(format!("{lan}.WLANConfiguration.1.SSID")),
                    vlan_id: Some(format!("{wan}.WANPPPConnection.1.X_HW_VLAN")),
                }
            }
            DataModel::Tr181 => Self {
                root: "Device".into(),
                mac: vec!["Device.Ethernet.Interface.1.MACAddress".into()],
                provisioning_code: path("Device.DeviceInfo.ProvisioningCode"),
                pppoe_username: path("Device.PPP.Interface.1.Username"),
                pppoe_password: path("Device.PPP.Interface.1.Password"),
                ssid: path("Device.WiFi.SSID.1.SSID"),
                vlan_id: path("Device.Ethernet.VLANTermination.1.VLANID"),
            },
        }
    }

    /// What the settings mean on this model: only settings that are given, only paths that the map has.
    pub(super) fn wanted(&self, settings: &CpeSettings) -> Vec<Assignment> {
        let text =
            |path: &Option<String>, value: &Option<String>| Some((path.clone()?, json!(value.clone()?)));
        let plain = [
            text(&self.provisioning_code, &settings.provisioning_code),
            text(&self.pppoe_username, &settings.pppoe_username),
            text(&self.ssid, &settings.ssid),
        ];
        let secret = text(&self.pppoe_password, &settings.pppoe_password);
        let number = self.vlan_id.clone().zip(settings.vlan_id);
        let assignment =
            |(path, value), kind: &str, secret| Assignment { path, value, kind: kind.into(), secret };
        plain
            .into_iter()
            .flatten()
            .map(|pair| assignment(pair, "xsd:string", false))
            .chain(secret.map(|pair| assignment(pair, "xsd:string", true)))
            .chain(number.map(|(path, vlan)| assignment((path, json!(vlan)), "xsd:unsignedInt", false)))
            .collect()
    }

    /// Every path of the map.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let settings =
            [&self.provisioning_code, &self.pppoe_username, &self.pppoe_password, &self.ssid, &self.vlan_id];
        self.mac.iter().chain(settings.into_iter().flatten()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_is_wanted() {
        let map = ParameterMap::of(DataModel::Tr181);
        let settings = CpeSettings {
            ssid: Some("home".into()),
            pppoe_password: Some("secret".into()),
            vlan_id: Some(100),
            ..CpeSettings::default()
        };
        let wanted = map.wanted(&settings);
        let paths: Vec<_> = wanted.iter().map(|wanted| (wanted.path.as_str(), wanted.secret)).collect();
        assert_eq!(
            paths,
            [
                ("Device.WiFi.SSID.1.SSID", false),
                ("Device.PPP.Interface.1.Password", true),
                ("Device.Ethernet.VLANTermination.1.VLANID", false),
            ]
        );
    }

    #[test]
    fn a_map_without_a_path_leaves_the_setting_out() {
        let map = ParameterMap { vlan_id: None, ..ParameterMap::of(DataModel::Tr098) };
        assert!(map.wanted(&CpeSettings { vlan_id: Some(1), ..CpeSettings::default() }).is_empty());
    }
}
