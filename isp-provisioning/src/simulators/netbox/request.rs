//! What a request asks for: the path, who asks, and the body of an address to be made, with NetBox's own
//! words for what is wrong with them.

use axum::http::{HeaderMap, Method, header};
use serde_json::{Map, Value, json};

use super::network::Network;
use super::world::Wanted;
use super::{NetboxConfig, ReferenceField};

/// What a path names. An id that is no number is kept as `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Resource {
    CustomFields,
    Prefixes,
    Prefix(Option<u64>),
    AvailableIps(u64),
    Addresses,
    Address(Option<u64>),
}

impl Resource {
    /// Reads a path with its slash at the end.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let inside = path.strip_prefix("/api/")?.strip_suffix('/')?;
        Some(match inside.split('/').collect::<Vec<_>>().as_slice() {
            ["extras", "custom-fields"] => Self::CustomFields,
            ["ipam", "prefixes"] => Self::Prefixes,
            ["ipam", "prefixes", id] => Self::Prefix(id.parse().ok()),
            // Here the path itself wants a number; elsewhere the object is looked for, and not found.
            ["ipam", "prefixes", id, "available-ips"] => Self::AvailableIps(id.parse().ok()?),
            ["ipam", "ip-addresses"] => Self::Addresses,
            ["ipam", "ip-addresses", id] => Self::Address(id.parse().ok()),
            _ => return None,
        })
    }
    /// The header `Allow`.
    pub(super) fn allow(self) -> &'static str {
        match self {
            Self::CustomFields | Self::Prefixes | Self::Addresses => {
                "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
            }
            Self::Prefix(_) | Self::Address(_) => "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
            Self::AvailableIps(_) => "GET, POST, HEAD, OPTIONS",
        }
    }
    /// The name of the operation that this method is here, if the simulator has it.
    pub(super) fn operation(self, method: &Method) -> Option<&'static str> {
        match (self, method.as_str()) {
            (Self::CustomFields, "GET") => Some("check"),
            (Self::Prefixes | Self::Prefix(_), "GET") => Some("prefix"),
            (Self::AvailableIps(_), "GET") => Some("available"),
            (Self::AvailableIps(_), "POST") => Some("allocate"),
            (Self::Addresses, "POST") => Some("create"),
            (Self::Addresses, "GET") => Some("find"),
            (Self::Address(_), "GET") => Some("get"),
            (Self::Address(_), "DELETE") => Some("release"),
            _ => None,
        }
    }
}

/// Refuses callers without a right, with NetBox's texts; all of them go out as 403.
pub(super) fn authorize(config: &NetboxConfig, method: &Method, headers: &HeaderMap) -> Result<(), String> {
    const NONE: &str = "Authentication credentials were not provided.";
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut words = header.split_whitespace();
    let (Some("Bearer" | "Token"), Some(token), None) = (words.next(), words.next(), words.next()) else {
        let known = header.starts_with("Bearer") || header.starts_with("Token");
        return Err(if known {
            r#"Invalid authorization header: Must be in the form "Bearer <key>.<token>" or "Token <token>""#
                .into()
        } else {
            NONE.into()
        });
    };
    // The version is decided by how the token begins, not by the word before it.
    if token.starts_with("nbt_") && !token.contains('.') {
        return Err("Invalid authorization header: Could not parse key from v2 token. \
                    Did you mean to use 'Token' instead of 'Bearer'?"
            .into());
    }
    if token == config.token_readonly && method != Method::GET {
        return Err("You do not have permission to perform this action.".into());
    }
    if [&config.token, &config.token_v1, &config.token_readonly].iter().any(|known| *known == token) {
        return Ok(());
    }
    Err(format!("Invalid {} token", if token.starts_with("nbt_") { "v2" } else { "v1" }))
}

/// The address object in a body; `Err` is the body of a 400.
pub(super) fn wanted(body: &Value, field: ReferenceField) -> Result<Wanted, Value> {
    let Value::Object(body) = body else {
        return Err(
            json!({ "__all__": [format!("Invalid data. Expected a dictionary, but got {}.", kind(body))] }),
        );
    };
    let mut faults = Map::new();
    let text = |name: &str| match body.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let status = body.get("status").map_or_else(|| "active".to_owned(), |_| text("status"));
    if !["active", "reserved", "deprecated", "dhcp", "slaac"].contains(&status.as_str()) {
        faults.insert("status".into(), json!([format!("{status} is not a valid choice.")]));
    }
    let (dns_name, description) = (text("dns_name"), text("description"));
    if !dns_name.chars().all(|c| c.is_ascii_alphanumeric() || "*-._".contains(c)) {
        let reason = "Only alphanumeric characters, asterisks, hyphens, periods, and underscores are allowed in DNS names";
        faults.insert("dns_name".into(), json!([reason]));
    }
    if description.chars().count() > 200 {
        faults.insert("description".into(), json!(["Ensure this field has no more than 200 characters."]));
    }
    let custom = body.get("custom_fields").and_then(Value::as_object);
    for name in custom.into_iter().flat_map(Map::keys) {
        if name != "provisioning_ref" || field == ReferenceField::Missing {
            let reason = format!("Custom field '{name}' does not exist for this object type.");
            faults.insert("custom_fields".into(), json!({ name: reason }));
        }
    }
    if !faults.is_empty() {
        return Err(Value::Object(faults));
    }
    let reference = match custom.and_then(|custom| custom.get("provisioning_ref")) {
        None | Some(Value::Null) => None,
        Some(Value::String(reference)) => Some(reference.clone()),
        Some(_) => {
            let reason = "Invalid value for custom field 'provisioning_ref': Value must be a string.";
            return Err(json!({ "__all__": [reason] }));
        }
    };
    Ok(Wanted { status, dns_name, description, reference })
}

/// The address that a body names; `Err` is the body of a 400.
pub(super) fn address(body: &Value) -> Result<Network, Value> {
    let fault = |reason: String| json!({ "address": [reason] });
    let Some(text) = body.get("address").and_then(Value::as_str) else {
        return Err(fault("This field is required.".into()));
    };
    Network::parse(text).ok_or_else(|| fault(format!("Invalid IP address format: {text}")))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}
