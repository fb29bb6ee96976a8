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
    /// For how many seconds a server of such a database may be silent before the others go on with its work [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub lease: Option<u64>,
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
        c.database.lease_ms = self.lease.map_or(c.database.lease_ms, |lease| lease.saturating_mul(1_000));
        c.tenant = self.tenant.clone().unwrap_or(c.tenant);
        c.netbox.url = self.netbox.clone().or(c.netbox.url);
        c.voltha.url = self.voltha.clone().or(c.voltha.url);
        c.genieacs.url = self.genieacs.clone().or(c.genieacs.url);
        c.check()?;
        Ok(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lease_of_the_command_line_has_the_same_limits() {
        let configured = |words: &[&str]| Options::parse_from(words).configuration();
        assert_eq!(configured(&["server", "--lease", "20"]).unwrap().database.lease_ms, 20_000);
        for wrong in ["2", "301", "18446744073709551615"] {
            let words = configured(&["server", "--lease", wrong]).unwrap_err().to_string();
            assert!(words.contains("from 3000 to 300000 ms"), "{words}");
        }
    }
}
