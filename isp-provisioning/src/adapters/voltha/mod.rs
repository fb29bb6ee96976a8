//! The optical line, by VOLTHA's gRPC API.
//!
//! VOLTHA finds ONUs by itself and enables them at once; to provision one means to find it by its serial,
//! enable it if somebody disabled it, and wait until it is active. Nothing is ever created or deleted: a
//! deleted ONU that still hangs on the fibre comes back, enabled, under another id.

pub mod client;
pub mod wire;

mod activation;
mod errors;
mod known;
mod settings;

use async_trait::async_trait;
use tonic::transport::Endpoint;
use tonic::{Code, Status};

use self::activation::Left;
use self::client::VolthaClient;
use self::errors::{Call, port_error};
use self::known::Known;
use self::wire::{AdminState, Device};
use crate::ports::{Onu, OpticalLine, PortError, PortResult};

pub use settings::VolthaSettings;

/// The adapter.
#[derive(Debug)]
pub struct Voltha {
    client: VolthaClient,
    known: Known,
    settings: VolthaSettings,
}

impl Voltha {
    /// The adapter. It connects with the first call, and again whenever the connection is lost. To be called
    /// inside a tokio runtime.
    pub fn new(settings: VolthaSettings) -> PortResult<Self> {
        let refused =
            |why: &str| PortError::configuration(format!("the VOLTHA address {:?} {why}", settings.url));
        if !settings.url.starts_with("http://") {
            return Err(refused("does not begin with http://"));
        }
        let endpoint = Endpoint::from_shared(settings.url.clone())
            .map_err(|_| refused("is no URL"))?
            .connect_timeout(settings.connect_timeout())
            .tcp_nodelay(true);
        let client = VolthaClient::new(endpoint, settings.timeout());
        Ok(Self { client, known: Known::default(), settings })
    }

    /// Is VOLTHA there? Answers its version.
    pub async fn version(&self) -> PortResult<String> {
        let answer = self.client.get_voltha().await;
        answer.map(|voltha| voltha.version).map_err(|e| port_error("GetVoltha", &e, Call::Read))
    }

    /// The device, or `None` if VOLTHA does not know the id.
    async fn get(&self, id: &str) -> PortResult<Option<Device>> {
        absent_as_none(self.client.get_device(id).await).map_err(|e| port_error("GetDevice", &e, Call::Read))
    }

    /// The ONU with this serial among all devices.
    async fn search(&self, serial: &str) -> PortResult<Option<Device>> {
        let listed = self.client.list_devices().await;
        let devices = listed.map_err(|e| port_error("ListDevices", &e, Call::Read))?.items;
        let mut found = devices.into_iter().filter(|device| is_onu(device, serial));
        match (found.next(), found.next()) {
            (Some(device), None) => {
                self.known.learn(serial, &device.id);
                Ok(Some(device))
            }
            (None, _) => Ok(None),
            // Seen when an ONU was moved between OLTs and the old one has not noticed yet.
            (Some(one), Some(other)) => Err(PortError::permanent(format!(
                "several ONUs have the serial {serial}: {} and {}",
                one.id, other.id
            ))),
        }
    }

    /// The ONU of which we know the id, if that id is still its own.
    async fn recall(&self, serial: &str) -> PortResult<Option<Device>> {
        let Some(id) = self.known.id(serial) else { return Ok(None) };
        let device = self.get(&id).await?.filter(|device| is_onu(device, serial));
        if device.is_none() {
            self.known.forget(&id);
        }
        Ok(device)
    }
}

#[async_trait]
impl OpticalLine for Voltha {
    async fn find(&self, serial: &str) -> PortResult<Onu> {
        if let Some(device) = self.recall(serial).await? {
            return Ok(onu(device));
        }
        let mut pauses = self.settings.discovery_pauses();
        loop {
            if let Some(device) = self.search(serial).await? {
                return Ok(onu(device));
            }
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(PortError::permanent("ONU serial not found")),
            }
        }
    }

    async fn enable(&self, device_id: &str) -> PortResult<()> {
        self.activate(device_id).await
    }

    async fn disable(&self, device_id: &str) -> PortResult<()> {
        let mut id = device_id.to_owned();
        while self.switch_off(&id).await? == Left::Gone {
            match self.known.successor(&id) {
                Some(successor) => id = successor,
                None => break,
            }
        }
        Ok(())
    }
}

fn onu(device: Device) -> Onu {
    let enabled = device.admin_state() == AdminState::Enabled;
    Onu { device_id: device.id, olt_id: device.parent_id, enabled }
}

fn is_onu(device: &Device, serial: &str) -> bool {
    !device.root && device.serial_number.eq_ignore_ascii_case(serial)
}

fn absent_as_none<T>(answer: Result<T, Status>) -> Result<Option<T>, Status> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}
