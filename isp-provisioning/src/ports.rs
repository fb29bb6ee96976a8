//! What a step may ask of the world: one trait per system, in the subscriber's words.
//!
//! An adapter translates these calls into its system's protocol and classifies what went wrong. It knows
//! nothing of sagas; a step knows nothing of HTTP, gRPC or SQL.
//!
//! `reference` is the caller's idempotency key for one effect: the same for every attempt. Adapters pass it
//! on to their system as it is and never put keys together themselves.

mod known;

use std::any::Any;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use known::{Credentials, CredentialsDesk, Customers, KnownCustomer, KnownSubscriber, Taken};

/// What may be concluded from a failed call. Two questions are answered by it: may the call be repeated,
/// and can it have had an effect?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Nothing happened; the call may be repeated.
    Transient,
    /// Refused for good; nothing happened.
    Permanent,
    /// Nobody knows whether it happened: the answer was lost, or says too little.
    Ambiguous,
    /// Credentials, permissions or addresses are wrong: nothing happened, and a person has to mend it.
    Configuration,
}

/// Why a call to a system failed. The message is for operators; it never holds a secret.
///
/// It is no `std::error::Error` on purpose: whatever is one converts with `?` into "nobody knows what
/// happened", and the class would be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortError {
    /// What may be concluded from it.
    pub class: ErrorClass,
    /// What happened, with the system's own words where it had any.
    pub message: String,
    /// When the system asked to be left alone for a while (`Retry-After`).
    pub retry_after: Option<Duration>,
}

impl std::fmt::Display for PortError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl PortError {
    /// An error of the given class.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), retry_after: None }
    }
    /// Nothing happened; try again.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Transient, message)
    }
    /// Refused for good.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Permanent, message)
    }
    /// It may have happened.
    pub fn ambiguous(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Ambiguous, message)
    }
    /// A person has to mend the configuration.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Configuration, message)
    }
}

/// The result of a call to a port.
pub type PortResult<T> = Result<T, PortError>;

/// A transaction of the engine's own database, passed through a step to the [`Business`] adapter that knows
/// what is inside. Steps only hand it on.
pub struct Tx<'a>(pub &'a mut (dyn Any + Send));

/// A customer row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// `cust_…`
    pub customer_id: String,
    /// Did the row exist before this workflow? Then it is not ours to delete.
    pub adopted: bool,
}

/// What is known of a new customer. `None` where the request says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCustomer {
    /// The tenant to which the customer belongs.
    pub tenant: String,
    /// An existing customer, named by the request.
    pub customer_id: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Lower case.
    pub email: Option<String>,
    /// As the request spells it.
    pub phone: Option<String>,
}

/// What is known of a new subscriber line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSubscriber {
    /// The tenant to which the subscriber belongs.
    pub tenant: String,
    /// The customer who pays.
    pub customer_id: String,
    /// A wished id; else one is made from the reference.
    pub subscriber_id: Option<String>,
    /// The RADIUS user name, lower case.
    pub username: Option<String>,
    /// The plan's id.
    pub service_plan_id: String,
    /// `ftth`, `fttb`, `wireless` or `hybrid`.
    pub connection_type: String,
    /// Where the line ends, one text.
    pub service_address: Option<String>,
    /// The ONU's serial, upper case.
    pub onu_serial: Option<String>,
    /// The router's MAC, lower case with colons.
    pub cpe_mac: Option<String>,
}

/// The rows of the business: customers, subscribers, billing services. They live in the engine's own
/// database, so each call happens inside the transaction that also holds the step's result.
///
/// Ids are made from the reference (prefix and 32 hex digits of its SHA-256), so a repeated call makes the
/// same row.
#[async_trait]
pub trait Business: Send + Sync {
    /// Creates the customer, or adopts the one with the given id, or the tenant's one with the same e-mail.
    /// A given id that does not exist is refused.
    async fn create_customer(
        &self,
        tx: &mut Tx<'_>,
        reference: &str,
        new: &NewCustomer,
    ) -> PortResult<Customer>;
    /// Deletes the customer that `reference` created; no row is no error. Refused while subscribers use it.
    async fn delete_customer(&self, tx: &mut Tx<'_>, reference: &str) -> PortResult<()>;
    /// Creates the subscriber, status `pending`; answers its id (`sub_…`).
    async fn create_subscriber(
        &self,
        tx: &mut Tx<'_>,
        reference: &str,
        new: &NewSubscriber,
    ) -> PortResult<String>;
    /// Deletes the subscriber that `reference` created; no row is no error.
    async fn delete_subscriber(&self, tx: &mut Tx<'_>, reference: &str) -> PortResult<()>;
    /// Creates the billing service and answers its id (`svc_…`); makes the subscriber `active` when told so.
    async fn create_service(&self, tx: &mut Tx<'_>, reference: &str, new: &NewService) -> PortResult<String>;
    /// Deletes the service that `reference` created and makes its subscriber `pending` again.
    async fn delete_service(&self, tx: &mut Tx<'_>, reference: &str) -> PortResult<()>;
}

/// A billing service to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewService {
    /// The tenant.
    pub tenant: String,
    /// Whose service it is.
    pub subscriber_id: String,
    /// The plan's id.
    pub service_plan_id: String,
    /// Megabits a second, if the request names them.
    pub bandwidth_mbps: Option<u32>,
    /// Make the subscriber `active` in the same transaction?
    pub activate: bool,
}

/// An account in RADIUS. Its owner is whoever's reference stands in the reply attribute `Class`.
#[derive(Clone, PartialEq, Eq)]
pub struct RadiusAccount {
    /// Lower case.
    pub username: String,
    /// The subscriber's secret. Never logged, never journaled.
    pub secret: String,
    /// The RADIUS group that carries the plan's attributes.
    pub group: String,
}

/// Accounts of subscribers in RADIUS.
#[async_trait]
pub trait Radius: Send + Sync {
    /// Creates the account, owned by `reference`. Repeating it replaces our own rows; a user name whose
    /// rows are not ours is refused ("RADIUS username taken: …").
    async fn create_account(&self, reference: &str, account: &RadiusAccount) -> PortResult<()>;
    /// Deletes the account that `reference` owns; none, or somebody else's, is left as it is and no error.
    async fn delete_account(&self, reference: &str, username: &str) -> PortResult<()>;
    /// Puts address and VLAN into the account's reply, replacing earlier ones.
    /// Refused when the account is not owned by `owner`.
    async fn set_address(
        &self,
        owner: &str,
        username: &str,
        ipv4: &str,
        vlan_id: Option<u16>,
    ) -> PortResult<()>;
    /// Takes address and VLAN out of the reply of the account that `owner` owns; none is no error.
    async fn clear_address(&self, owner: &str, username: &str) -> PortResult<()>;
}

/// An address from the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpAllocation {
    /// NetBox's id of the address.
    pub netbox_id: u64,
    /// Without a mask: `10.0.1.50`.
    pub ipv4_address: String,
    /// The pool's VLAN, if it has one.
    pub vlan_id: Option<u16>,
}

/// The address plan.
#[async_trait]
pub trait AddressPool: Send + Sync {
    /// Allocates the first free address of the pool, or exactly `wished`, marked with `reference`.
    /// Repeating it answers the address that is already marked so.
    async fn allocate(
        &self,
        reference: &str,
        wished: Option<&str>,
        description: &str,
    ) -> PortResult<IpAllocation>;
    /// The address marked with `reference`.
    async fn find(&self, reference: &str) -> PortResult<Option<IpAllocation>>;
    /// Releases the address marked with `reference`; none is no error. Never touches another one.
    async fn release(&self, reference: &str) -> PortResult<()>;
}

/// An ONU as VOLTHA sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onu {
    /// VOLTHA's device id.
    pub device_id: String,
    /// The OLT to which it is attached.
    pub olt_id: String,
    /// Is it enabled (administratively)?
    pub enabled: bool,
}

/// The optical line.
#[async_trait]
pub trait OpticalLine: Send + Sync {
    /// Finds the ONU by its serial (any case), waiting for it to appear up to the configured discovery
    /// timeout; then refused for good with exactly `ONU serial not found`.
    async fn find(&self, serial: &str) -> PortResult<Onu>;
    /// Enables the ONU and waits until it is active. An enabled one is only waited for.
    async fn enable(&self, device_id: &str) -> PortResult<()>;
    /// Disables the ONU. Repeating it, or an ONU that is gone, is no error.
    async fn disable(&self, device_id: &str) -> PortResult<()>;
}

/// A router known to the configuration server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpe {
    /// GenieACS's id of the device.
    pub device_id: String,
}

/// The settings of a router that a subscriber gets. `None` = leave it as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CpeSettings {
    /// The subscriber's id as provisioning code.
    pub provisioning_code: Option<String>,
    /// PPPoE user.
    pub pppoe_username: Option<String>,
    /// PPPoE password. Never logged, never journaled.
    pub pppoe_password: Option<String>,
    /// Name of the wireless network.
    pub ssid: Option<String>,
    /// VLAN of the WAN connection.
    pub vlan_id: Option<u16>,
}

/// Values of a router before they were changed, by parameter path; passwords are never among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpeSnapshot {
    /// Path, value, XML schema type (`xsd:string`).
    pub values: Vec<(String, serde_json::Value, String)>,
    /// Paths of the passwords that were set; they read back empty, so undo blanks them.
    pub passwords: Vec<String>,
}

/// The configuration server of the subscribers' routers.
#[async_trait]
pub trait RouterConfig: Send + Sync {
    /// Finds the one router with this MAC address; none or several are refused for good
    /// (`CPE not found: …`).
    async fn find(&self, mac: &str) -> PortResult<Cpe>;
    /// The present values of exactly those parameters that `settings` would set on this model.
    async fn snapshot(&self, device_id: &str, settings: &CpeSettings) -> PortResult<CpeSnapshot>;
    /// Sets the parameters that the model has, and reads them back.
    async fn configure(&self, reference: &str, device_id: &str, settings: &CpeSettings) -> PortResult<()>;
    /// Withdraws what `forward` may have left queued there, then puts the earlier values back.
    async fn restore(
        &self,
        reference: &str,
        forward: &str,
        device_id: &str,
        before: &CpeSnapshot,
    ) -> PortResult<()>;
}
