//! The messages of VOLTHA's northbound API, as far as this crate uses them.
//!
//! Field numbers and types are VOLTHA's. Fields that are missing here are skipped when read. Enum fields are
//! plain numbers, so that states of later versions are kept and not mistaken for another one. As JSON, the
//! messages stand in recorded exchanges.

use prost::{Enumeration, Message};
use serde::{Deserialize, Serialize};

/// The gRPC service's name.
pub const SERVICE: &str = "voltha.VolthaService";

/// A device's id.
#[derive(Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Id {
    /// A UUID in practice.
    #[prost(string, tag = "1")]
    pub id: String,
}

/// What `GetVoltha` answers.
#[derive(Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Version {
    /// The running version.
    #[prost(string, tag = "1")]
    pub version: String,
}

/// All devices, OLTs and ONUs alike.
#[derive(Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Devices {
    /// In no promised order.
    #[prost(message, repeated, tag = "1")]
    pub items: Vec<Device>,
}

/// An OLT or an ONU.
#[derive(Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Device {
    /// VOLTHA's id. It changes when an ONU is deleted and found again.
    #[prost(string, tag = "1")]
    pub id: String,
    /// The adapter's name for the kind of device.
    #[prost(string, tag = "2")]
    pub r#type: String,
    /// Is it an OLT?
    #[prost(bool, tag = "3")]
    pub root: bool,
    /// An ONU's OLT.
    #[prost(string, tag = "4")]
    pub parent_id: String,
    /// Who made it.
    #[prost(string, tag = "5")]
    pub vendor: String,
    /// The maker's name for it.
    #[prost(string, tag = "6")]
    pub model: String,
    /// Four letters and eight hex digits for an ONU.
    #[prost(string, tag = "10")]
    pub serial_number: String,
    /// Of an OLT.
    #[prost(string, tag = "13")]
    pub mac_address: String,
    /// What was asked of it.
    #[prost(enumeration = "AdminState", tag = "16")]
    pub admin_state: i32,
    /// What became of that.
    #[prost(enumeration = "OperStatus", tag = "17")]
    pub oper_status: i32,
    /// Can it be reached?
    #[prost(enumeration = "ConnectStatus", tag = "18")]
    pub connect_status: i32,
    /// The OLT's port on which an ONU hangs.
    #[prost(uint32, tag = "20")]
    pub parent_port_no: u32,
    /// Where an OLT listens. One of several ways to say it; this crate needs no other.
    #[prost(string, tag = "21")]
    pub host_and_port: String,
    /// Why it is in its state, in the adapter's words.
    #[prost(string, tag = "22")]
    pub reason: String,
    /// The first four letters of an ONU's serial.
    #[prost(string, tag = "24")]
    pub vendor_id: String,
}

/// The ports of a device.
#[derive(Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ports {
    /// In no promised order.
    #[prost(message, repeated, tag = "1")]
    pub items: Vec<Port>,
}

/// One port.
#[derive(Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Port {
    /// Its number.
    #[prost(uint32, tag = "1")]
    pub port_no: u32,
    /// Its name.
    #[prost(string, tag = "2")]
    pub label: String,
    /// Its kind.
    #[prost(enumeration = "PortType", tag = "3")]
    pub r#type: i32,
    /// What was asked of it.
    #[prost(enumeration = "AdminState", tag = "5")]
    pub admin_state: i32,
    /// What became of that.
    #[prost(enumeration = "OperStatus", tag = "6")]
    pub oper_status: i32,
    /// The device to which it belongs.
    #[prost(string, tag = "7")]
    pub device_id: String,
}

/// What was asked of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum AdminState {
    /// Nothing is known.
    Unknown = 0,
    /// Entered by an operator, never enabled.
    Preprovisioned = 1,
    /// Switched on.
    Enabled = 2,
    /// Switched off.
    Disabled = 3,
    /// Getting new software.
    DownloadingImage = 4,
}

/// How a device does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum OperStatus {
    /// Nothing is known; also that of a disabled device.
    Unknown = 0,
    /// Seen on the fibre.
    Discovered = 1,
    /// On its way up.
    Activating = 2,
    /// Under test.
    Testing = 3,
    /// Up.
    Active = 4,
    /// It did not come up, or fell over.
    Failed = 5,
    /// The core and the adapter compare notes.
    Reconciling = 6,
    /// They did not agree.
    ReconcilingFailed = 7,
    /// It starts again.
    Rebooted = 8,
}

/// Can a device be reached?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum ConnectStatus {
    /// Nothing is known.
    Unknown = 0,
    /// No.
    Unreachable = 1,
    /// Yes.
    Reachable = 2,
}

/// Kinds of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum PortType {
    /// Nothing is known.
    Unknown = 0,
    /// An OLT's side towards the network.
    EthernetNni = 1,
    /// An ONU's side towards the subscriber.
    EthernetUni = 2,
    /// An OLT's side towards the fibre.
    PonOlt = 3,
    /// An ONU's side towards the fibre.
    PonOnu = 4,
    /// Virtual, on the OLT.
    VenetOlt = 5,
    /// Virtual, on the ONU.
    VenetOnu = 6,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes as another implementation writes them: id, root, serial, states, and a field 11 that is unknown.
    #[test]
    fn a_device_is_read_from_foreign_bytes() {
        let bytes = b"\x0a\x02d1\x18\x01\x52\x0cALCL12345678\x5a\x01x\x80\x01\x02\x88\x01\x63\x90\x01\x02";
        let device = Device::decode(bytes.as_slice()).unwrap();
        assert_eq!((device.id.as_str(), device.root), ("d1", true));
        assert_eq!(device.serial_number, "ALCL12345678");
        assert_eq!(device.admin_state(), AdminState::Enabled);
        assert_eq!(device.oper_status, 0x63, "an unknown state keeps its number");
        assert_eq!(device.connect_status(), ConnectStatus::Reachable);
    }
}
