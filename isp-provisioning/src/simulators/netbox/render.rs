//! How NetBox writes its objects down.

use serde_json::{Value, json};

use super::ReferenceField;
use super::world::{Address, KnownPool};

/// A prefix; `id` is its place among the pools.
pub(super) fn prefix(base: &str, id: u64, known: &KnownPool) -> Value {
    let vlan = known.pool.vlan_id.map(|vid| {
        json!({
            "id": id, "url": format!("{base}/api/ipam/vlans/{id}/"), "display": format!("subscribers ({vid})"),
            "vid": vid, "name": "subscribers", "description": "",
        })
    });
    json!({
        "id": id,
        "url": format!("{base}/api/ipam/prefixes/{id}/"),
        "display_url": format!("{base}/ipam/prefixes/{id}/"),
        "display": known.pool.prefix,
        "family": { "value": 4, "label": "IPv4" },
        "prefix": known.pool.prefix,
        "vrf": null, "scope_type": null, "scope_id": null, "scope": null, "tenant": null,
        "vlan": vlan,
        "status": { "value": "active", "label": "Active" },
        "role": null, "is_pool": false, "mark_utilized": false,
        "description": "", "owner": null, "comments": "", "tags": [],
        "custom_fields": { "provisioning_ref": null },
        "created": "1970-01-01T00:00:00.000000Z", "last_updated": "1970-01-01T00:00:00.000000Z",
        "children": 0, "_depth": 0,
    })
}

/// An IP address.
pub(super) fn address(base: &str, address: &Address, field: ReferenceField) -> Value {
    let (id, text) = (address.id, address.address.to_string());
    let time = format!("{:.6}", address.created);
    let custom_fields = match field {
        ReferenceField::Missing => json!({}),
        _ => json!({ "provisioning_ref": address.reference }),
    };
    json!({
        "id": id,
        "url": format!("{base}/api/ipam/ip-addresses/{id}/"),
        "display_url": format!("{base}/ipam/ip-addresses/{id}/"),
        "display": text,
        "family": { "value": 4, "label": "IPv4" },
        "address": text,
        "vrf": null, "tenant": null,
        "status": { "value": address.status, "label": label(&address.status) },
        "role": null, "assigned_object_type": null, "assigned_object_id": null, "assigned_object": null,
        "nat_inside": null, "nat_outside": [],
        "dns_name": address.dns_name, "description": address.description,
        "owner": null, "comments": "", "tags": [],
        "custom_fields": custom_fields,
        "created": time, "last_updated": time,
    })
}

/// The custom field, if it is there.
pub(super) fn custom_field(base: &str, field: ReferenceField) -> Option<Value> {
    let filter = match field {
        ReferenceField::Missing => return None,
        ReferenceField::LooseFilter => json!({ "value": "loose", "label": "Loose" }),
        _ => json!({ "value": "exact", "label": "Exact" }),
    };
    Some(json!({
        "id": 1,
        "url": format!("{base}/api/extras/custom-fields/1/"),
        "display_url": format!("{base}/extras/custom-fields/1/"),
        "display": "Provisioning reference",
        "object_types": ["ipam.prefix", "ipam.ipaddress", "ipam.vlan"],
        "type": { "value": "text", "label": "Text" },
        "related_object_type": null, "data_type": "string",
        "name": "provisioning_ref", "label": "Provisioning reference",
        "group_name": "", "description": "", "required": false,
        "unique": field != ReferenceField::NotUnique,
        "search_weight": 1000, "filter_logic": filter,
        "ui_visible": { "value": "always", "label": "Always" },
        "ui_editable": { "value": "yes", "label": "Yes" },
        "is_cloneable": false, "nulls_first": true, "default": null, "related_object_filter": null,
        "weight": 100, "validation_minimum": null, "validation_maximum": null, "validation_regex": "",
        "validation_schema": null, "choice_set": null,
        "status": { "value": "active", "label": "Active" },
        "owner": null, "comments": "",
        "created": "1970-01-01T00:00:00.000000Z", "last_updated": "1970-01-01T00:00:00.000000Z",
    }))
}

fn label(status: &str) -> &str {
    match status {
        "active" => "Active",
        "reserved" => "Reserved",
        "deprecated" => "Deprecated",
        "dhcp" => "DHCP",
        "slaac" => "SLAAC",
        other => other,
    }
}
