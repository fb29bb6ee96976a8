use serde_json::{Value, json};

use super::*;
use crate::domain::read::read;

/// The example of the product's documentation.
fn example() -> Value {
    json!({
        "first_name": "John", "last_name": "Doe", "email": "john.doe@example.com", "phone": "+1-555-123-4567",
        "service_address": "123 Main St", "service_city": "New York", "service_state": "NY",
        "service_postal_code": "10001", "service_plan_id": "plan_premium_1000", "bandwidth_mbps": 1000,
        "connection_type": "ftth", "onu_serial": "ALCL12345678", "cpe_mac": "00:11:22:33:44:55",
        "auto_activate": true, "create_radius_account": true, "allocate_ip_from_netbox": true,
        "configure_voltha": true, "configure_genieacs": true,
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut request = example();
    request[field] = value;
    request
}

fn without(field: &str) -> Value {
    let mut request = example();
    request.as_object_mut().unwrap().remove(field);
    request
}

fn faults(request: Value) -> Vec<(String, String)> {
    let faults = read(request).map(|_| ()).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.field, fault.message)).collect()
}

#[test]
fn the_documented_example_is_valid_and_keeps_its_words() {
    let valid = read(example()).unwrap();
    assert_eq!(valid.username.as_deref(), Some("john.doe@example.com"));
    assert_eq!(valid.service_country, "USA");
    assert_eq!(valid.service_location().as_deref(), Some("123 Main St, New York, NY 10001, USA"));
    assert_eq!(valid.bandwidth_mbps, Some(1000));
}

#[test]
fn a_known_customer_needs_little_else() {
    let valid = read(json!({
        "customer_id": "cust_1", "service_plan_id": "p", "onu_serial": "ALCL12345678", "cpe_mac": "00:11:22:33:44:55",
    }))
    .unwrap();
    let flags = [
        valid.auto_activate,
        valid.create_radius_account,
        valid.allocate_ip_from_netbox,
        valid.configure_voltha,
        valid.configure_genieacs,
    ];
    assert_eq!(flags, [true; 5]);
    assert_eq!((valid.connection_type, valid.service_location()), (ConnectionType::Ftth, None));
    assert_eq!(valid.username, None);
}

#[test]
fn every_field_has_one_spelling() {
    let valid = read(json!({
        "email": "  John.Doe@Example.COM ", "username": "JDoe", "service_address": " 1 Main St ",
        "service_plan_id": " p ", "connection_type": "FTTB", "onu_serial": "alcl1234abcd",
        "cpe_mac": "00-AA-22-33-44-55", "ipv4_address": " 10.0.1.50 ", "phone": " ", "notes": null, "vlan_id": 4094,
    }))
    .unwrap();
    assert_eq!(valid.email.as_deref(), Some("john.doe@example.com"));
    assert_eq!(valid.username.as_deref(), Some("jdoe"));
    assert_eq!(valid.service_address.as_deref(), Some("1 Main St"));
    assert_eq!(valid.service_plan_id, "p");
    assert_eq!(valid.connection_type, ConnectionType::Fttb);
    assert_eq!(valid.onu_serial.as_deref(), Some("ALCL1234ABCD"));
    assert_eq!(valid.cpe_mac.as_deref(), Some("00:aa:22:33:44:55"));
    assert_eq!(valid.ipv4_address, Some(Ipv4Addr::new(10, 0, 1, 50)));
    assert_eq!((valid.phone, valid.notes, valid.vlan_id), (None, None, Some(4094)));
}

#[test]
fn each_rule_has_its_fault() {
    let long = "x".repeat(201);
    let table = [
        (with("email", json!("john")), "email", "has to be an e-mail address, as in john.doe@example.com"),
        (with("email", json!("")), "email", "has to be an e-mail address, as in john.doe@example.com"),
        (without("email"), "email", "is required, unless username or customer_id is given"),
        (with("username", json!("john doe")), "username", "must not have spaces inside"),
        (with("first_name", json!(" ")), "first_name", "must not be blank: leave it out, or say something"),
        (with("last_name", json!("")), "last_name", "must not be blank: leave it out, or say something"),
        (with("last_name", json!(long)), "last_name", "must have at most 200 characters"),
        (with("phone", json!(long)), "phone", "must have at most 200 characters"),
        (with("notes", json!("a\nb")), "notes", "must not have control characters, line breaks among them"),
        (
            with("service_city", json!("\u{7}")),
            "service_city",
            "must not have control characters, line breaks among them",
        ),
        (without("service_address"), "service_address", "is required, unless customer_id is given"),
        (
            with("service_address", json!(" ")),
            "service_address",
            "must not be blank: leave it out, or say something",
        ),
        (without("service_plan_id"), "service_plan_id", "is required: name the plan"),
        (
            with("service_plan_id", json!("")),
            "service_plan_id",
            "must not be blank: leave it out, or say something",
        ),
        (with("customer_id", json!("")), "customer_id", "must not be blank: leave it out, or say something"),
        (with("bandwidth_mbps", json!(0)), "bandwidth_mbps", "has to be a whole number from 1 to 4294967295"),
        (
            with("bandwidth_mbps", json!(-5)),
            "bandwidth_mbps",
            "has to be a whole number from 1 to 4294967295",
        ),
        (with("vlan_id", json!(0)), "vlan_id", "has to be a whole number from 1 to 4094"),
        (with("vlan_id", json!(4095)), "vlan_id", "has to be a whole number from 1 to 4094"),
        (with("vlan_id", json!(65_537)), "vlan_id", "has to be a whole number from 1 to 4094"),
        (
            with("connection_type", json!("dsl")),
            "connection_type",
            "has to be one of ftth, fttb, wireless, hybrid",
        ),
        (
            with("onu_serial", json!("ALCL1234")),
            "onu_serial",
            "has to be 4 letters and 8 hex digits, as in ALCL12345678",
        ),
        (
            with("cpe_mac", json!("00:11:22:33:44")),
            "cpe_mac",
            "has to be 6 pairs of hex digits between : or -, as in 00:11:22:33:44:55",
        ),
        (
            with("ipv4_address", json!("10.0.1.50/24")),
            "ipv4_address",
            "has to be an IPv4 address of a host, without a mask, as in 10.0.1.50",
        ),
        (
            with("ipv4_address", json!("224.0.0.1")),
            "ipv4_address",
            "has to be an IPv4 address of a host, without a mask, as in 10.0.1.50",
        ),
        (
            with("installation_date", json!("soon")),
            "installation_date",
            "has to be a date, as in 2025-10-15, or a time with its zone, as in 2025-10-15T12:00:00Z",
        ),
        (
            with("tags", json!({ "a": { "b": ["x\u{0}"] } })),
            "tags.a",
            "must not have control characters, line breaks among them",
        ),
        (with("tags", json!({ " ": 1 })), "tags. ", "needs a name"),
        (
            with("idempotency_key", json!("")),
            "idempotency_key",
            "must not be blank: leave it out, or say something",
        ),
    ];
    for (request, field, message) in table {
        assert_eq!(faults(request), [(field.to_owned(), message.to_owned())], "{field}");
    }
}

#[test]
fn all_faults_are_found_at_once() {
    let request = json!({
        "first_name": "", "emial": "x", "bandwidth_mbps": "fast", "vlan_id": 5000, "cpe_mac": "x",
        "auto_activate": "yes",
    });
    let mut fields: Vec<String> = faults(request).into_iter().map(|(field, _)| field).collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "auto_activate",
            "bandwidth_mbps",
            "cpe_mac",
            "email",
            "emial",
            "first_name",
            "service_address",
            "service_plan_id",
            "vlan_id",
        ]
    );
}

#[test]
fn two_hundred_characters_are_counted_not_bytes() {
    assert!(faults(with("first_name", json!("ä".repeat(200)))).is_empty());
}

#[test]
fn a_valid_request_is_stored_and_read_back_as_it_is() {
    let valid = read(example()).unwrap();
    let stored = serde_json::to_string(&valid).unwrap();
    assert_eq!(serde_json::from_str::<ValidRequest>(&stored).unwrap(), valid);
}
