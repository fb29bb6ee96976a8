//! Every rule for a request, and its words. All faults are found at once; each message says what would do.

use std::net::Ipv4Addr;

use serde::Serialize;
use serde_json::Value;

use super::formats;
use super::request::ProvisionRequest;
use super::valid::{ConnectionType, ValidRequest};

/// The most characters that a text may have.
pub const TEXT: usize = 200;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name in the request.
    pub field: String,
    /// What would do, after the field's name in a sentence.
    pub message: String,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// The request in its one spelling, or all of its faults.
pub fn validate(request: ProvisionRequest) -> Result<ValidRequest, Vec<FieldError>> {
    let mut faults = Faults::default();
    let valid = check(&mut faults, request);
    match (valid, faults.0) {
        (Some(valid), faults) if faults.is_empty() => Ok(valid),
        (_, faults) => Err(faults),
    }
}

/// `None` only where a field without a default is missing or faulty, and then its fault was noted.
fn check(faults: &mut Faults, request: ProvisionRequest) -> Option<ValidRequest> {
    let named = request.customer_id.is_some();
    if !named && request.email.is_none() && request.username.is_none() {
        faults.add("email", "is required, unless username or customer_id is given");
    }
    if !named && request.service_address.is_none() {
        faults.add("service_address", "is required, unless customer_id is given");
    }
    if request.service_plan_id.is_none() {
        faults.add("service_plan_id", "is required: name the plan");
    }
    faults.tags(&request.tags);

    let email = faults.email(request.email);
    let username = faults.username(request.username);
    let connection_type = faults.connection_type(request.connection_type);
    let customer_id = faults.named("customer_id", request.customer_id);
    let subscriber_id = faults.named("subscriber_id", request.subscriber_id);
    let first_name = faults.named("first_name", request.first_name);
    let last_name = faults.named("last_name", request.last_name);
    let phone = faults.text("phone", request.phone);
    let service_address = faults.named("service_address", request.service_address);
    let service_city = faults.text("service_city", request.service_city);
    let service_state = faults.text("service_state", request.service_state);
    let service_postal_code = faults.text("service_postal_code", request.service_postal_code);
    let service_country = faults.text("service_country", request.service_country);
    let service_plan_id = faults.named("service_plan_id", request.service_plan_id);
    let bandwidth_mbps = faults.bandwidth(request.bandwidth_mbps);
    let onu_serial = faults.format(
        "onu_serial",
        request.onu_serial,
        formats::onu_serial,
        "has to be 4 letters and 8 hex digits, as in ALCL12345678",
    );
    let cpe_mac = faults.format(
        "cpe_mac",
        request.cpe_mac,
        formats::mac,
        "has to be 6 pairs of hex digits between : or -, as in 00:11:22:33:44:55",
    );
    let vlan_id = faults.vlan(request.vlan_id);
    let ipv4_address = faults.address(request.ipv4_address);
    let installation_date = faults.format(
        "installation_date",
        request.installation_date,
        formats::date,
        "has to be a date, as in 2025-10-15, or a time with its zone, as in 2025-10-15T12:00:00Z",
    );
    let notes = faults.text("notes", request.notes);
    let idempotency_key = faults.named("idempotency_key", request.idempotency_key);

    Some(ValidRequest {
        customer_id,
        subscriber_id,
        first_name,
        last_name,
        username: username.or_else(|| email.clone()),
        email,
        phone,
        service_address,
        service_city,
        service_state,
        service_postal_code,
        service_country: service_country.unwrap_or_else(|| "USA".into()),
        service_plan_id: service_plan_id?,
        bandwidth_mbps,
        connection_type,
        onu_serial,
        cpe_mac,
        vlan_id,
        ipv4_address,
        installation_date,
        notes,
        tags: request.tags,
        idempotency_key,
        auto_activate: request.auto_activate,
        create_radius_account: request.create_radius_account,
        allocate_ip_from_netbox: request.allocate_ip_from_netbox,
        configure_voltha: request.configure_voltha,
        configure_genieacs: request.configure_genieacs,
    })
}

/// The faults found so far. Each method answers the field as it is kept, and `None` for a faulty one.
#[derive(Debug, Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    /// A text that may be left empty, which is as if it were not there.
    fn text(&mut self, field: &str, text: Option<String>) -> Option<String> {
        let text = text?;
        let trimmed = text.trim();
        if let Some(fault) = fault_of(trimmed) {
            self.add(field, fault);
            return None;
        }
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// A text that says something if it is there.
    fn named(&mut self, field: &str, text: Option<String>) -> Option<String> {
        if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            self.add(field, "must not be blank: leave it out, or say something");
            return None;
        }
        self.text(field, text)
    }

    fn format(
        &mut self,
        field: &str,
        text: Option<String>,
        format: fn(&str) -> Option<String>,
        message: &str,
    ) -> Option<String> {
        let kept = format(text?.trim());
        if kept.is_none() {
            self.add(field, message);
        }
        kept
    }

    fn email(&mut self, text: Option<String>) -> Option<String> {
        self.format("email", text, formats::email, "has to be an e-mail address, as in john.doe@example.com")
    }

    fn username(&mut self, text: Option<String>) -> Option<String> {
        let username = self.named("username", text)?;
        if username.contains(char::is_whitespace) {
            self.add("username", "must not have spaces inside");
            return None;
        }
        Some(username.to_lowercase())
    }

    fn connection_type(&mut self, text: Option<String>) -> ConnectionType {
        let Some(text) = text else { return ConnectionType::default() };
        let text = text.trim().to_lowercase();
        let known = ConnectionType::ALL.into_iter().find(|known| known.name() == text);
        known.unwrap_or_else(|| {
            self.add("connection_type", "has to be one of ftth, fttb, wireless, hybrid");
            ConnectionType::default()
        })
    }

    fn bandwidth(&mut self, number: Option<i64>) -> Option<u32> {
        let bandwidth = u32::try_from(number?).ok().filter(|bandwidth| *bandwidth > 0);
        if bandwidth.is_none() {
            self.add("bandwidth_mbps", format!("has to be a whole number from 1 to {}", u32::MAX));
        }
        bandwidth
    }

    fn vlan(&mut self, number: Option<i64>) -> Option<u16> {
        let vlan = u16::try_from(number?).ok().filter(|vlan| (1..=4094).contains(vlan));
        if vlan.is_none() {
            self.add("vlan_id", "has to be a whole number from 1 to 4094");
        }
        vlan
    }

    fn address(&mut self, text: Option<String>) -> Option<Ipv4Addr> {
        let strange =
            |ip: &Ipv4Addr| ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast() || ip.is_loopback();
        let address = text?.trim().parse().ok().filter(|ip| !strange(ip));
        if address.is_none() {
            self.add("ipv4_address", "has to be an IPv4 address of a host, without a mask, as in 10.0.1.50");
        }
        address
    }

    fn tags(&mut self, tags: &serde_json::Map<String, Value>) {
        for (name, value) in tags {
            let fault = if name.trim().is_empty() { Some("needs a name".into()) } else { fault_of(name) };
            if let Some(fault) = fault.or_else(|| fault_within(value)) {
                // A name that is faulty itself would spoil the answer.
                let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
                self.add(&format!("tags.{shown}"), fault);
            }
        }
    }
}

/// What is wrong with a free text, after the field's name in a sentence; `None` for a good one.
pub fn fault_of(text: &str) -> Option<String> {
    if text.chars().count() > TEXT {
        return Some(format!("must have at most {TEXT} characters"));
    }
    text.contains(char::is_control).then(|| "must not have control characters, line breaks among them".into())
}

fn fault_within(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => fault_of(text),
        Value::Array(values) => values.iter().find_map(fault_within),
        Value::Object(fields) => {
            fields.iter().find_map(|(name, value)| fault_of(name).or_else(|| fault_within(value)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
