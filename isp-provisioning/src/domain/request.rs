//! The body of `POST provision-subscriber`, as it is sent.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a caller asks for. Nothing is checked yet but the types; see [`validate`](super::validate::validate).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProvisionRequest {
    /// An existing customer, instead of a new one.
    pub customer_id: Option<String>,
    /// A wished id for the subscriber.
    pub subscriber_id: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Also the RADIUS user name, if no other is given.
    pub email: Option<String>,
    /// The RADIUS user name.
    pub username: Option<String>,
    /// Telephone number, in any spelling.
    pub phone: Option<String>,
    /// Street and number where the line ends.
    pub service_address: Option<String>,
    /// Its city.
    pub service_city: Option<String>,
    /// Its state or province.
    pub service_state: Option<String>,
    /// Its postal code.
    pub service_postal_code: Option<String>,
    /// Its country; `USA` if not given.
    pub service_country: Option<String>,
    /// One of the configured plans.
    pub service_plan_id: Option<String>,
    /// Megabits a second, if they differ from the plan's.
    pub bandwidth_mbps: Option<i64>,
    /// `ftth`, `fttb`, `wireless` or `hybrid`; `ftth` if not given.
    pub connection_type: Option<String>,
    /// Four letters and eight hex digits. Without it, VOLTHA is left alone.
    pub onu_serial: Option<String>,
    /// Six pairs of hex digits. Without it, GenieACS is left alone.
    pub cpe_mac: Option<String>,
    /// The subscriber's VLAN, instead of the pool's.
    pub vlan_id: Option<i64>,
    /// A wished address out of the pool.
    pub ipv4_address: Option<String>,
    /// When the technician comes: a date, or a time with its zone.
    pub installation_date: Option<String>,
    /// For people.
    pub notes: Option<String>,
    /// For the caller's own use.
    pub tags: Map<String, Value>,
    /// Makes a repeated request answer the first one's workflow; the header of this name goes first.
    pub idempotency_key: Option<String>,
    /// Make the subscriber active at the end?
    pub auto_activate: bool,
    /// Make a RADIUS account?
    pub create_radius_account: bool,
    /// Allocate an address?
    pub allocate_ip_from_netbox: bool,
    /// Enable the ONU, if its serial is given?
    pub configure_voltha: bool,
    /// Configure the router, if its MAC is given?
    pub configure_genieacs: bool,
}

impl Default for ProvisionRequest {
    /// Nothing is given, and every flag is set.
    fn default() -> Self {
        Self {
            customer_id: None,
            subscriber_id: None,
            first_name: None,
            last_name: None,
            email: None,
            username: None,
            phone: None,
            service_address: None,
            service_city: None,
            service_state: None,
            service_postal_code: None,
            service_country: None,
            service_plan_id: None,
            bandwidth_mbps: None,
            connection_type: None,
            onu_serial: None,
            cpe_mac: None,
            vlan_id: None,
            ipv4_address: None,
            installation_date: None,
            notes: None,
            tags: Map::new(),
            idempotency_key: None,
            auto_activate: true,
            create_radius_account: true,
            allocate_ip_from_netbox: true,
            configure_voltha: true,
            configure_genieacs: true,
        }
    }
}
