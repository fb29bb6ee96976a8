//! The devices and their states. Nothing here waits: a device that was enabled some time ago *is* active,
//! so a restart in between changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::journal::{Effects, World};
use super::{Found, VolthaConfig};
use crate::adapters::voltha::wire::{AdminState, OperStatus};

/// How long a `SLOW…` ONU takes to come up.
const SLOW: Duration = Duration::from_secs(60);

/// Everything that a VOLTHA remembers.
#[derive(Clone, Debug)]
pub(super) struct VolthaWorld {
    pub(super) devices: BTreeMap<String, Device>,
    pub(super) effects: Effects,
    activation: Duration,
    olt_id: String,
    /// How many devices were ever added: no two get the same id.
    added: u64,
}

/// An OLT or an ONU.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) serial: String,
    /// The switch that an OLT appears as towards the network's controller.
    pub(super) logical_id: String,
    pub(super) kind: Kind,
    pub(super) switch: Switch,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// With its address.
    Olt { host_and_port: String, mac_address: String },
    /// With its OLT.
    Onu { olt_id: String },
}

/// What was last asked of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Switch {
    Preprovisioned,
    /// Disabled when we came.
    Off,
    /// Disabled since.
    Locked,
    /// When it was enabled, in milliseconds.
    On(u64),
}

/// A state as VOLTHA shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) admin: AdminState,
    pub(super) oper: OperStatus,
    pub(super) reason: &'static str,
}

/// Why a device does not do as it is told. The texts are those of VOLTHA's core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Unknown,
    AlreadyEnabled,
    Preprovisioned,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// Light came on at an ONU.
    Found {
        serial: String,
        state: Found,
        at: u64,
    },
    /// An operator entered an OLT.
    Created {
        serial: String,
        host_and_port: String,
        mac_address: String,
    },
    Enabled {
        id: String,
        at: u64,
    },
    Disabled {
        id: String,
    },
    Deleted {
        id: String,
    },
}

impl World for VolthaWorld {
    type Event = Event;
    fn apply(&mut self, event: &Event) {
        match event {
            Event::Found { serial, state, at } => {
                self.devices.retain(|_, device| device.serial != *serial);
                let switch = match state {
                    Found::Enabled => Switch::On(*at),
                    Found::Disabled => Switch::Off,
                    Found::Preprovisioned => Switch::Preprovisioned,
                };
                self.add_onu(serial, switch);
            }
            Event::Created { serial, host_and_port, mac_address } => {
                let kind =
                    Kind::Olt { host_and_port: host_and_port.clone(), mac_address: mac_address.clone() };
                self.add(serial, kind, Switch::Preprovisioned);
            }
            Event::Enabled { id, at } => self.switch(id, Switch::On(*at), "enable"),
            Event::Disabled { id } => self.switch(id, Switch::Locked, "disable"),
            Event::Deleted { id } => self.devices.retain(|_, device| {
                device.id != *id && !matches!(&device.kind, Kind::Onu { olt_id } if olt_id == id)
            }),
        }
    }
}

impl VolthaWorld {
    /// The world before anything happened.
    pub(super) fn new(config: &VolthaConfig) -> Self {
        let mut world = Self {
            devices: BTreeMap::new(),
            effects: Effects::default(),
            activation: config.activation,
            olt_id: String::new(),
            added: 0,
        };
        let olt =
            Kind::Olt { host_and_port: "127.0.0.1:50060".into(), mac_address: "0a:0a:0a:0a:0a:00".into() };
        world.olt_id = world.add(&config.olt, olt, Switch::On(0));
        for serial in &config.active {
            world.add_onu(serial, Switch::On(0));
        }
        for serial in &config.disabled {
            world.add_onu(serial, Switch::Off);
        }
        for number in 0..config.more_disabled {
            world.add_onu(&format!("ALCL{}", 10_000_000 + number), Switch::Off);
        }
        world
    }

    /// May the device be enabled?
    pub(super) fn may_enable(&self, id: &str, now: u64) -> Result<(), Refused> {
        let shown = self.shown(id, now).ok_or(Refused::Unknown)?;
        let up = shown.admin == AdminState::Enabled && shown.oper != OperStatus::Failed;
        if up { Err(Refused::AlreadyEnabled) } else { Ok(()) }
    }

    /// May the device be disabled, and does that change anything?
    pub(super) fn may_disable(&self, id: &str) -> Result<bool, Refused> {
        match self.devices.get(id).ok_or(Refused::Unknown)?.switch {
            Switch::Preprovisioned => Err(Refused::Preprovisioned),
            Switch::Off | Switch::Locked => Ok(false),
            Switch::On(_) => Ok(true),
        }
    }

    /// The state of a device as it is by now.
    pub(super) fn shown(&self, id: &str, now: u64) -> Option<Shown> {
        let device = self.devices.get(id)?;
        Some(match device.switch {
            Switch::Preprovisioned => {
                Shown { admin: AdminState::Preprovisioned, oper: OperStatus::Unknown, reason: "" }
            }
            Switch::Off => disabled("discovery-mibsync-complete"),
            Switch::Locked => disabled("omci-admin-lock"),
            Switch::On(at) => self.switched_on(device, now.saturating_sub(at)),
        })
    }

    /// What `/_sim/state` shows.
    pub(super) fn view(&self, now: u64) -> Value {
        let devices = self.devices.values().map(|device| {
            let shown = self.shown(&device.id, now).unwrap_or(disabled(""));
            let state = json!({
                "id": device.id,
                "admin_state": format!("{:?}", shown.admin).to_uppercase(),
                "oper_status": format!("{:?}", shown.oper).to_uppercase(),
                "enabled": self.effects.of("enable", &device.serial),
                "disabled": self.effects.of("disable", &device.serial),
            });
            (device.serial.clone(), state)
        });
        json!({ "devices": devices.collect::<serde_json::Map<_, _>>(), "effects": self.effects })
    }

    fn switched_on(&self, device: &Device, since: u64) -> Shown {
        let onu = matches!(device.kind, Kind::Onu { .. });
        let needed = if device.serial.starts_with("SLOW") { SLOW } else { self.activation };
        let up = u128::from(since) >= needed.as_millis();
        let (oper, reason) = match up {
            false => (OperStatus::Activating, "starting-openomci"),
            true if device.serial.starts_with("FAIL") => (OperStatus::Failed, "omci-mib-download-failed"),
            true => (OperStatus::Active, "initial-mib-downloaded"),
        };
        Shown { admin: AdminState::Enabled, oper, reason: if onu { reason } else { "" } }
    }

    fn switch(&mut self, id: &str, to: Switch, effect: &str) {
        if let Some(device) = self.devices.get_mut(id) {
            device.switch = to;
            self.effects.count(effect, &device.serial);
        }
    }

    fn add_onu(&mut self, serial: &str, switch: Switch) {
        let kind = Kind::Onu { olt_id: self.olt_id.clone() };
        self.add(serial, kind, switch);
    }

    fn add(&mut self, serial: &str, kind: Kind, switch: Switch) -> String {
        self.added += 1;
        let id = uuid(&format!("{serial}/{}", self.added));
        let logical_id = match &kind {
            Kind::Olt { .. } if switch != Switch::Preprovisioned => uuid(&format!("logical/{id}")),
            _ => String::new(),
        };
        let device = Device { id: id.clone(), serial: serial.into(), logical_id, kind, switch };
        self.devices.insert(id.clone(), device);
        id
    }
}

fn disabled(reason: &'static str) -> Shown {
    Shown { admin: AdminState::Disabled, oper: OperStatus::Unknown, reason }
}

/// Looks like a UUID, and is the same whenever the same things happened before.
fn uuid(text: &str) -> String {
    let digits: String = Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
