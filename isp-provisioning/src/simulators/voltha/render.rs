//! Devices and ports as VOLTHA sends them.

use super::world::{Device, Kind, Switch, VolthaWorld};
use crate::adapters::voltha::wire::{self, AdminState, ConnectStatus, OperStatus, PortType};

/// The OLT's first PON port, in OpenOLT's numbering.
const PON_PORT: u32 = 0x2000_0000;
/// The OLT's first port towards the network.
const NNI_PORT: u32 = 0x100_0000;
/// The ONU's first port towards the subscriber.
const UNI_PORT: u32 = 256;

impl VolthaWorld {
    /// All devices.
    pub(super) fn list(&self, now: u64) -> wire::Devices {
        wire::Devices { items: self.devices.keys().filter_map(|id| self.get(id, now)).collect() }
    }

    /// One device.
    pub(super) fn get(&self, id: &str, now: u64) -> Option<wire::Device> {
        let (device, shown) = (self.devices.get(id)?, self.shown(id, now)?);
        let common = wire::Device {
            id: device.id.clone(),
            serial_number: device.serial.clone(),
            admin_state: shown.admin.into(),
            oper_status: shown.oper.into(),
            reason: shown.reason.into(),
            ..wire::Device::default()
        };
        Some(match &device.kind {
            Kind::Olt { host_and_port, mac_address } => olt(device, common, host_and_port, mac_address),
            Kind::Onu { olt_id } => onu(common, olt_id),
        })
    }

    /// A device's ports.
    pub(super) fn ports(&self, id: &str, now: u64) -> Option<wire::Ports> {
        let (device, shown) = (self.devices.get(id)?, self.shown(id, now)?);
        let items = match (&device.kind, device.switch) {
            (Kind::Olt { .. }, Switch::Preprovisioned) => Vec::new(),
            (Kind::Olt { .. }, _) => vec![
                port(id, NNI_PORT, format!("nni-{NNI_PORT}"), PortType::EthernetNni, OperStatus::Active),
                port(id, PON_PORT, format!("pon-{PON_PORT}"), PortType::PonOlt, OperStatus::Active),
            ],
            (Kind::Onu { .. }, _) => {
                let up = shown.oper == OperStatus::Active;
                let uni = if up { OperStatus::Active } else { OperStatus::Discovered };
                let pon = port(id, PON_PORT, "PON port".into(), PortType::PonOnu, OperStatus::Active);
                let unis = (UNI_PORT..UNI_PORT + 2)
                    .map(|number| port(id, number, format!("uni-{number}"), PortType::EthernetUni, uni));
                std::iter::once(pon).chain(unis).collect()
            }
        };
        Some(wire::Ports { items })
    }
}

fn olt(device: &Device, common: wire::Device, host_and_port: &str, mac_address: &str) -> wire::Device {
    let connected = device.switch != Switch::Preprovisioned;
    let connect_status = if connected { ConnectStatus::Reachable } else { ConnectStatus::Unknown };
    wire::Device {
        r#type: "openolt".into(),
        root: true,
        parent_id: device.logical_id.clone(),
        vendor: if connected { "BBSim".into() } else { String::new() },
        model: if connected { "asfvolt16".into() } else { String::new() },
        host_and_port: host_and_port.into(),
        mac_address: mac_address.into(),
        connect_status: connect_status.into(),
        ..common
    }
}

fn onu(common: wire::Device, olt_id: &str) -> wire::Device {
    wire::Device {
        r#type: "brcm_openomci_onu".into(),
        parent_id: olt_id.into(),
        parent_port_no: PON_PORT,
        vendor: "BBSM".into(),
        model: "v0.0.1".into(),
        vendor_id: common.serial_number.chars().take(4).collect(),
        connect_status: ConnectStatus::Reachable.into(),
        ..common
    }
}

fn port(device_id: &str, port_no: u32, label: String, kind: PortType, oper: OperStatus) -> wire::Port {
    wire::Port {
        port_no,
        label,
        r#type: kind.into(),
        admin_state: AdminState::Enabled.into(),
        oper_status: oper.into(),
        device_id: device_id.into(),
    }
}
