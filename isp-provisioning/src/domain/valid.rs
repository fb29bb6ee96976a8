//! A request that can be carried out.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A request whose every field keeps its rule, in the one spelling that is used from here on. Made by
/// [`validate`](super::validate::validate) alone; what is stored of it is read back as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ValidRequest {
    /// An existing customer, instead of a new one.
    pub customer_id: Option<String>,
    /// A wished id for the subscriber.
    pub subscriber_id: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Lower case.
    pub email: Option<String>,
    /// The RADIUS user name, lower case: as given, else the e-mail. None where only the customer is named.
    pub username: Option<String>,
    /// As the caller spells it.
    pub phone: Option<String>,
    /// Where the line ends; there unless the customer is named.
    pub service_address: Option<String>,
    /// Its city.
    pub service_city: Option<String>,
    /// Its state or province.
    pub service_state: Option<String>,
    /// Its postal code.
    pub service_postal_code: Option<String>,
    /// Its country.
    pub service_country: String,
    /// The plan's id. Whether there is such a plan is for the configuration to say.
    pub service_plan_id: String,
    /// Megabits a second, at least one.
    pub bandwidth_mbps: Option<u32>,
    /// How the line is made.
    pub connection_type: ConnectionType,
    /// Upper case.
    pub onu_serial: Option<String>,
    /// Lower case with colons.
    pub cpe_mac: Option<String>,
    /// From 1 to 4094.
    pub vlan_id: Option<u16>,
    /// A wished address that a host can have.
    pub ipv4_address: Option<Ipv4Addr>,
    /// A date, or a time with its zone.
    pub installation_date: Option<String>,
    /// For people.
    pub notes: Option<String>,
    /// For the caller's own use.
    pub tags: Map<String, Value>,
    /// The body's key against repetition.
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

/// How a line is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConnectionType {
    /// Fibre to the home.
    #[default]
    Ftth,
    /// Fibre to the building.
    Fttb,
    /// Radio.
    Wireless,
    /// Fibre and radio.
    Hybrid,
}

impl ConnectionType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Ftth, Self::Fttb, Self::Wireless, Self::Hybrid];

    /// As it is written in requests and rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ftth => "ftth",
            Self::Fttb => "fttb",
            Self::Wireless => "wireless",
            Self::Hybrid => "hybrid",
        }
    }
}

impl ValidRequest {
    /// The whole service address as one text: `123 Main St, New York, NY 10001, USA`. None without a street.
    pub fn service_location(&self) -> Option<String> {
        let region = [&self.service_state, &self.service_postal_code];
        let region = region.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
        let city = self.service_city.as_deref().unwrap_or_default();
        let parts = [self.service_address.as_deref()?, city, &region, &self.service_country];
        Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
    }
}
