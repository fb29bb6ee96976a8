//! The VOLTHA adapter against the VOLTHA simulator, over the wire.

mod faults;
mod replay;
mod simulator;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use isp_provisioning::simulators::voltha::{VolthaConfig, VolthaSimulator};

pub(crate) const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A few ONUs that come up quickly.
fn config() -> VolthaConfig {
    VolthaConfig { more_disabled: 0, activation: Duration::from_millis(15), ..VolthaConfig::default() }
}

async fn start() -> VolthaSimulator {
    start_with(config(), None).await
}

async fn start_with(config: VolthaConfig, journal: Option<&Path>) -> VolthaSimulator {
    VolthaSimulator::start(ANY_PORT, ANY_PORT, config, journal).await.unwrap()
}

mod adapter {
    crate::voltha_suite::cases!(super::start().await);
}
