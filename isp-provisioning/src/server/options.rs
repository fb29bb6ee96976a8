//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::config::{Configuration, ConfigurationError};

/// Provisions internet subscribers over six systems, or leaves them as they were.
#[derive(Clone, Debug, Default, Parser)]
#[command(version, about, long_about = None)]
pub struct Options {
    /// A configuration file (TOML); environment variables `ISP_…` go before it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the API listens; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// The folder of the database and everything else that is kept [default: saga-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A PostgreSQL database that several servers share, instead of a file: `postgres://user:password@host/name`
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// The tenant for whom all requests are [default: default]
    #[arg(long)]
    pub tenant: Option<String>,
    /// A real NetBox instead of the simulator; its token comes from ISP_NETBOX__TOKEN
    #[arg(long, value_name = "URL")]
    pub netbox: Option<String>,
    /// A real VOLTHA instead of the simulator
    #[arg(long, value_name = "URL")]
    pub voltha: Option<String>,
    /// A real GenieACS instead of the simulator
    #[arg(long, value_name = "URL")]
    pub genieacs: Option<String>,
    /// Starts the simulators and nothing else
    #[arg(long)]
    pub simulators_only: bool,
    /// Begins with an empty database although there was one before
    #[arg(long)]
    pub new: bool,
}

impl Options {
    /// The configuration in force: file, environment, command line.
    ///
    /// # Errors
    /// When one of them is wrong.
    pub fn configuration(&self) -> Result<Configuration, ConfigurationError> {
        let mut c = Configuration::load(self.config.as_deref(), std::env::vars())?;
        c.listen = self.listen.unwrap_or(c.listen);
        c.data = self.data.clone().unwrap_or(c.data);
        c.database.url = self.database.clone().or(c.database.url);
        c.tenant = self.tenant.clone().unwrap_or(c.tenant);
        c.netbox.url = self.netbox.clone().or(c.netbox.url);
        c.voltha.url = self.voltha.clone().or(c.voltha.url);
        c.genieacs.url = self.genieacs.clone().or(c.genieacs.url);
        Ok(c)
    }
}
