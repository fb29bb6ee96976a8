//! The product's configuration: a TOML file, over it the environment, over both the command line.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// Environment variables with this prefix override the file: `ISP_LISTEN`, `ISP_NETBOX__TOKEN`.
const PREFIX: &str = "ISP_";
/// For how long a server may be silent.
const LEASE_MS: RangeInclusive<u64> = 3_000..=300_000;

/// Everything that can be configured. Each field has a default; systems without a URL are simulated.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Configuration {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// The folder of the database, the key and the simulators' worlds.
    pub data: PathBuf,
    /// The key from which subscribers' secrets are derived. Not given: a file in the data folder, made when it is not
    /// there. All processes on one database need the same.
    pub key_file: Option<PathBuf>,
    /// The tenant for whom all requests are.
    pub tenant: String,
    /// The ids of the service plans; each is a RADIUS group too.
    pub plans: BTreeSet<String>,
    /// How long a stop waits for steps that run, in milliseconds.
    pub grace_ms: u64,
    /// How long after its sender gave up a request may still land, in milliseconds. Not given: each step's
    /// timeout; 200 with the simulators.
    pub settle_after_ms: Option<u64>,
    /// A database that several processes share.
    pub database: Database,
    /// How much is taken on at once.
    pub limits: Limits,
    /// How long workflows that have ended are kept. Not given: for ever.
    pub retention: Retention,
    /// NetBox.
    pub netbox: Netbox,
    /// VOLTHA.
    pub voltha: Voltha,
    /// GenieACS.
    pub genieacs: Genieacs,
    /// FreeRADIUS.
    pub radius: Radius,
    /// The simulators, for systems without a URL.
    pub simulators: Simulators,
}

/// How much is taken on at once. What goes beyond is answered with 503 and may be asked again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Workflows under way; further starts are refused.
    pub workflows: usize,
    /// Connections to the API.
    pub connections: usize,
    /// How long the head of a request, its body, and the taking of an answer may last, in milliseconds each.
    pub patience_ms: u64,
}

/// How long workflows that have ended are kept, in days since they were last written to. A removed one is gone with its
/// steps, its audit trail and its idempotency key, and is not counted any more; the customer's rows stay. What runs, owes
/// an undo, or ended less than a day ago is never removed. Credentials that nobody has fetched until then cannot be
/// fetched any more.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Completed ones. Not given: for ever.
    pub completed_days: Option<u32>,
    /// Those that were rolled back. Not given: for ever.
    pub rolled_back_days: Option<u32>,
    /// Failed ones without debts. Not given: for ever. They hold their ONU, router and user name until then.
    pub failed_days: Option<u32>,
    /// How many are kept in each status at most. Not given: all.
    pub most: Option<u64>,
}

/// The database of workflows and business rows. Several processes may share one in PostgreSQL.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`, with its password. Not given: a SQLite file in the data folder, for this process alone.
    #[serde(skip_serializing)]
    pub url: Option<String>,
    /// The schema for all tables; made if it is not there. Not given: the connection's own.
    pub schema: Option<String>,
    /// How many connections this process has.
    pub connections: u32,
    /// For how long a server may be silent before the others go on with what it had begun, in milliseconds: 3,000 to 300,000.
    /// A statement may take two fifths of it, and no more than four seconds. A file has no others, and no use for it.
    pub lease_ms: u64,
}

/// How NetBox is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Netbox {
    /// `https://netbox.example`, without `/api`. Not given: a simulator.
    pub url: Option<String>,
    /// The API token.
    #[serde(skip_serializing)]
    pub token: Option<String>,
    /// The prefix from which addresses are handed out.
    pub prefix: String,
    /// How long one request may take, in milliseconds.
    pub timeout_ms: u64,
}

/// How VOLTHA is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Voltha {
    /// `http://voltha-api:55555`. Not given: a simulator.
    pub url: Option<String>,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// How long a serial is looked for, in milliseconds: minutes where technicians are still at work.
    pub discovery_timeout_ms: u64,
}

/// How GenieACS is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Genieacs {
    /// The northbound interface. Not given: a simulator.
    pub url: Option<String>,
    /// The `Authorization` header for a proxy before it.
    #[serde(skip_serializing)]
    pub authorization: Option<String>,
    /// How long one request may take, in milliseconds; longer than a session with a router.
    pub timeout_ms: u64,
}

/// How FreeRADIUS's tables are reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Radius {
    /// `postgres://…`, with its password. Not given: a SQLite file in the data folder.
    #[serde(skip_serializing)]
    pub url: Option<String>,
    /// How long a call waits for the database, in milliseconds: to connect, and for other writers.
    pub patience_ms: u64,
}

/// How the simulators are set up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Simulators {
    /// How many ONUs there are besides `ALCL12345678`.
    pub onus: u32,
    /// How many routers there are besides `00:11:22:33:44:55`.
    pub routers: u32,
    /// Where the simulated NetBox listens.
    pub netbox: SocketAddr,
    /// Where the simulated VOLTHA speaks gRPC.
    pub voltha: SocketAddr,
    /// Where the simulated VOLTHA is controlled.
    pub voltha_control: SocketAddr,
    /// Where the simulated GenieACS listens.
    pub genieacs: SocketAddr,
}

/// A port that the system chooses, on this machine only.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

impl Default for Configuration {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(ANY.ip(), 8080),
            data: PathBuf::from("saga-data"),
            key_file: None,
            tenant: "default".to_owned(),
            plans: ["plan_basic_100", "plan_standard_300", "plan_premium_1000"].map(str::to_owned).into(),
            grace_ms: 10_000,
            settle_after_ms: None,
            database: Database::default(),
            limits: Limits::default(),
            retention: Retention::default(),
            netbox: Netbox::default(),
            voltha: Voltha::default(),
            genieacs: Genieacs::default(),
            radius: Radius::default(),
            simulators: Simulators::default(),
        }
    }
}
impl Default for Limits {
    fn default() -> Self {
        Self { workflows: 10_000, connections: 2_000, patience_ms: 10_000 }
    }
}
impl Default for Database {
    fn default() -> Self {
        Self { url: None, schema: None, connections: 16, lease_ms: 10_000 }
    }
}
impl Default for Netbox {
    fn default() -> Self {
        Self { url: None, token: None, prefix: "10.0.1.0/24".to_owned(), timeout_ms: 10_000 }
    }
}
impl Default for Voltha {
    fn default() -> Self {
        Self { url: None, timeout_ms: 10_000, discovery_timeout_ms: 2_000 }
    }
}
impl Default for Genieacs {
    fn default() -> Self {
        Self { url: None, authorization: None, timeout_ms: 20_000 }
    }
}
impl Default for Radius {
    fn default() -> Self {
        Self { url: None, patience_ms: 5_000 }
    }
}
impl Default for Simulators {
    fn default() -> Self {
        Self { onus: 250, routers: 250, netbox: ANY, voltha: ANY, voltha_control: ANY, genieacs: ANY }
    }
}

/// What is wrong with the configuration. Nothing was started.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("configuration: {0}")]
pub struct ConfigurationError(pub String);

impl Configuration {
    /// Reads the file, if one is named, and the environment over it.
    ///
    /// # Errors
    /// When the file cannot be read, or a name or a value is wrong; the message says which.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigurationError> {
        let mut table = match file {
            None => Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| ConfigurationError(format!("{}: {e}", path.display())))?;
                // The message shows the place, not the line: it may hold a secret.
                text.parse::<Table>()
                    .map_err(|e| ConfigurationError(format!("{}: {}", path.display(), e.message())))?
            }
        };
        for (name, text) in environment {
            if let Some(path) = name.strip_prefix(PREFIX) {
                put(&mut table, &path.to_lowercase(), &text)
                    .map_err(|why| ConfigurationError(format!("{name}: {why}")))?;
            }
        }
        let read: Self = Value::Table(table)
            .try_into()
            .map_err(|e: toml::de::Error| ConfigurationError(e.message().to_owned()))?;
        read.check()?;
        Ok(read)
    }

    /// Holds together what each field allows by itself.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(crate) fn check(&self) -> Result<(), ConfigurationError> {
        let lease = self.database.lease_ms;
        if LEASE_MS.contains(&lease) {
            return Ok(());
        }
        Err(ConfigurationError(format!(
            "database.lease_ms: {lease} ms is no lease for a server: let it be from {} to {} ms. With a shorter one those are \
             taken for dead that are only slow, with a longer one what a dead server had begun stands still",
            LEASE_MS.start(),
            LEASE_MS.end()
        )))
    }

    /// As it is in force, without secrets.
    pub fn shown(&self) -> String {
        toml::to_string(self).unwrap_or_else(|e| format!("(cannot be shown: {e})"))
    }
}

/// Puts `a__b = text` into the table, as the kind of value that it looks like.
fn put(table: &mut Table, path: &str, text: &str) -> Result<(), String> {
    let Some((section, rest)) = path.split_once("__") else {
        table.insert(path.to_owned(), value(text));
        return Ok(());
    };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    match section {
        Value::Table(section) => put(section, rest, text),
        _ => Err("this is a value, not a section".to_owned()),
    }
}

fn value(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(number) => Value::Integer(number),
        Err(_) => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)]) -> Result<Configuration, ConfigurationError> {
        Configuration::load(None, environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn the_environment_overrides_by_section_and_name() {
        let configuration = load(&[
            ("ISP_LISTEN", "127.0.0.1:0"),
            ("ISP_NETBOX__TOKEN", "secret-token"),
            ("ISP_SIMULATORS__ONUS", "7"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!(configuration.listen.port(), 0);
        assert_eq!(configuration.netbox.token.as_deref(), Some("secret-token"));
        assert_eq!(configuration.simulators.onus, 7);
    }

    #[test]
    fn nothing_is_forgotten_unless_it_is_said() {
        let days =
            |c: &Configuration| (c.retention.completed_days, c.retention.failed_days, c.retention.most);
        assert_eq!(days(&load(&[]).unwrap()), (None, None, None));
        let configuration = load(&[("ISP_RETENTION__COMPLETED_DAYS", "90")]).unwrap();
        assert_eq!(days(&configuration), (Some(90), None, None));
        assert!(configuration.shown().contains("completed_days = 90"));
        assert!(load(&[("ISP_RETENTION__COMPLETED_DAYS", "-1")]).is_err());
    }

    #[test]
    fn a_lease_is_neither_shorter_nor_longer_than_makes_sense() {
        assert_eq!(load(&[]).unwrap().database.lease_ms, 10_000);
        for right in ["3000", "300000"] {
            let configuration = load(&[("ISP_DATABASE__LEASE_MS", right)]).unwrap();
            assert_eq!(configuration.database.lease_ms.to_string(), right);
        }
        for wrong in ["0", "2999", "300001"] {
            let words = load(&[("ISP_DATABASE__LEASE_MS", wrong)]).unwrap_err().to_string();
            assert!(words.contains("from 3000 to 300000 ms") && words.contains(wrong), "{words}");
        }
        assert!(load(&[("ISP_DATABASE__LEASE_MS", "soon")]).is_err());
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let configuration = load(&[
            ("ISP_NETBOX__TOKEN", "secret-token"),
            ("ISP_RADIUS__URL", "postgres://u:secret-word@h/d"),
            ("ISP_DATABASE__URL", "postgres://u:secret-word@h/d"),
            ("ISP_GENIEACS__AUTHORIZATION", "Basic secret"),
        ])
        .unwrap();
        let shown = configuration.shown();
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("plan_premium_1000"), "{shown}");
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("isp.toml");
        std::fs::write(
            &file,
            "tenant = \"north\"\nplans = [\"plan_x\"]\n[voltha]\ndiscovery_timeout_ms = 300000\n",
        )
        .unwrap();
        let environment = [("ISP_TENANT".to_owned(), "south".to_owned())];
        let configuration = Configuration::load(Some(&file), environment.into_iter()).unwrap();
        assert_eq!(configuration.tenant, "south");
        assert_eq!(configuration.voltha.discovery_timeout_ms, 300_000);
        std::fs::write(&file, "colour = 1").unwrap();
        let error = Configuration::load(Some(&file), std::iter::empty()).unwrap_err().to_string();
        assert!(error.contains("colour"), "{error}");
        assert!(Configuration::load(Some(Path::new("nowhere.toml")), std::iter::empty()).is_err());
    }

    #[test]
    fn a_wrong_name_is_refused() {
        assert!(load(&[("ISP_LISTENN", "x")]).unwrap_err().to_string().contains("listenn"));
        assert!(load(&[("ISP_LISTEN__X", "x")]).is_err());
    }
}
