//! The systems: real ones where a URL is given, simulators elsewhere; and the adapters that speak to them.

use std::sync::Arc;
use std::time::Duration;

use super::ServerError;
use crate::adapters::freeradius::{PasswordStorage, PostgresRadius, SqliteRadius};
use crate::adapters::genieacs::{Genieacs, GenieacsSettings};
use crate::adapters::netbox::{Netbox, NetboxSettings};
use crate::adapters::voltha::{Voltha, VolthaSettings};
use crate::config::Configuration;
use crate::ports::{AddressPool, OpticalLine, Radius, RouterConfig};
use crate::simulators::genieacs::{GenieacsConfig, GenieacsSimulator};
use crate::simulators::netbox::{NetboxConfig, NetboxSimulator};
use crate::simulators::voltha::{VolthaConfig, VolthaSimulator};

/// The simulators that run in this process.
#[derive(Default)]
pub(super) struct Simulators {
    netbox: Option<NetboxSimulator>,
    voltha: Option<VolthaSimulator>,
    genieacs: Option<GenieacsSimulator>,
}

impl Simulators {
    /// Starts one for every system without a URL. Their worlds are kept in the data folder.
    pub(super) async fn start(c: &Configuration) -> Result<Self, ServerError> {
        let kept = |name: &str| c.data.join(format!("{name}.simulator"));
        let failed = |name: &'static str| move |e| ServerError::Simulator(name, e);
        let mut started = Self::default();
        if c.netbox.url.is_none() {
            let config = NetboxConfig::default();
            let kept = kept("netbox");
            let netbox = NetboxSimulator::start(c.simulators.netbox, config, Some(&kept));
            started.netbox = Some(netbox.await.map_err(failed("NetBox"))?);
        }
        if c.voltha.url.is_none() {
            let config = VolthaConfig { more_disabled: c.simulators.onus, ..VolthaConfig::default() };
            let kept = kept("voltha");
            let (grpc, control) = (c.simulators.voltha, c.simulators.voltha_control);
            let voltha = VolthaSimulator::start(grpc, control, config, Some(&kept));
            started.voltha = Some(voltha.await.map_err(failed("VOLTHA"))?);
        }
        if c.genieacs.url.is_none() {
            let config = GenieacsConfig::with_routers(c.simulators.routers);
            let kept = kept("genieacs");
            let genieacs = GenieacsSimulator::start(c.simulators.genieacs, config, Some(&kept));
            started.genieacs = Some(genieacs.await.map_err(failed("GenieACS"))?);
        }
        Ok(started)
    }

    /// One line for each.
    pub(super) fn lines(&self) -> Vec<String> {
        let netbox = self.netbox.as_ref().map(|s| format!("netbox {}", s.simulator.url()));
        let voltha = self.voltha.as_ref().map(|s| format!("voltha {}", s.url()));
        let control = self.voltha.as_ref().map(|s| format!("voltha-control {}", s.control.url()));
        let genieacs = self.genieacs.as_ref().map(|s| format!("genieacs {}", s.simulator.url()));
        [netbox, voltha, control, genieacs].into_iter().flatten().collect()
    }

    pub(super) async fn stop(self) {
        if let Some(simulator) = self.netbox {
            simulator.simulator.stop().await;
        }
        if let Some(simulator) = self.voltha {
            simulator.stop().await;
        }
        if let Some(simulator) = self.genieacs {
            simulator.simulator.stop().await;
        }
    }

    /// Are all systems simulated?
    pub(super) fn is_complete(&self) -> bool {
        self.netbox.is_some() && self.voltha.is_some() && self.genieacs.is_some()
    }
}

/// The adapters, and one line for each system that is not simulated here.
pub(super) struct Adapters {
    pub(super) addresses: Arc<dyn AddressPool>,
    pub(super) line: Arc<dyn OpticalLine>,
    pub(super) routers: Arc<dyn RouterConfig>,
    pub(super) radius: Arc<dyn Radius>,
    pub(super) lines: Vec<String>,
}

impl Adapters {
    pub(super) async fn connect(c: &Configuration, simulators: &Simulators) -> Result<Self, ServerError> {
        let mut lines = vec![];
        let netbox = match (&c.netbox.url, &simulators.netbox) {
            (None, Some(simulator)) => NetboxSettings::new(
                simulator.simulator.url(),
                NetboxConfig::default().token,
                &*c.netbox.prefix,
            ),
            (url, _) => {
                let url = url.clone().unwrap_or_default();
                lines.push(format!("netbox {url}"));
                // Without a token of its own it is a simulator in another process.
                let token = c.netbox.token.clone().unwrap_or_else(|| NetboxConfig::default().token);
                NetboxSettings::new(url, token, &*c.netbox.prefix)
            }
        };
        let netbox = Netbox::new(NetboxSettings { timeout_ms: c.netbox.timeout_ms, ..netbox })?;
        let voltha = simulators.voltha.as_ref().map(VolthaSimulator::url);
        let genieacs = simulators.genieacs.as_ref().map(|s| s.simulator.url());
        lines.extend(c.voltha.url.as_ref().map(|url| format!("voltha {url}")));
        lines.extend(c.genieacs.url.as_ref().map(|url| format!("genieacs {url}")));
        let voltha = VolthaSettings {
            timeout_ms: c.voltha.timeout_ms,
            discovery_timeout_ms: c.voltha.discovery_timeout_ms,
            ..VolthaSettings::new(c.voltha.url.clone().or(voltha).unwrap_or_default())
        };
        let genieacs = GenieacsSettings {
            authorization: c.genieacs.authorization.clone(),
            timeout_ms: c.genieacs.timeout_ms,
            ..GenieacsSettings::new(c.genieacs.url.clone().or(genieacs).unwrap_or_default())
        };
        let storage = PasswordStorage::default();
        let patience = Duration::from_millis(c.radius.patience_ms);
        let radius: Arc<dyn Radius> = match &c.radius.url {
            Some(url) => {
                lines.push("radius postgres".to_owned());
                Arc::new(PostgresRadius::connect(url, storage, patience)?)
            }
            None => {
                lines.push(format!("radius sqlite:{}", c.data.join("radius.db").display()));
                Arc::new(SqliteRadius::open(&c.data, storage, patience).await?)
            }
        };
        Ok(Self {
            addresses: Arc::new(netbox),
            line: Arc::new(Voltha::new(voltha)?),
            routers: Arc::new(Genieacs::new(genieacs)?),
            radius,
            lines,
        })
    }
}
