//! From a JSON body to a valid request, with all faults at once: unknown fields, wrong types and broken rules
//! come in one answer.

use serde_json::{Map, Value};

use super::request::ProvisionRequest;
use super::valid::ValidRequest;
use super::validate::{FieldError, validate};

/// What JSON a field wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    Flag,
    Object,
}

/// Every field of a request.
const FIELDS: &[(&str, Kind)] = &[
    ("customer_id", Kind::Text),
    ("subscriber_id", Kind::Text),
    ("first_name", Kind::Text),
    ("last_name", Kind::Text),
    ("email", Kind::Text),
    ("username", Kind::Text),
    ("phone", Kind::Text),
    ("service_address", Kind::Text),
    ("service_city", Kind::Text),
    ("service_state", Kind::Text),
    ("service_postal_code", Kind::Text),
    ("service_country", Kind::Text),
    ("service_plan_id", Kind::Text),
    ("bandwidth_mbps", Kind::Whole),
    ("connection_type", Kind::Text),
    ("onu_serial", Kind::Text),
    ("cpe_mac", Kind::Text),
    ("vlan_id", Kind::Whole),
    ("ipv4_address", Kind::Text),
    ("installation_date", Kind::Text),
    ("notes", Kind::Text),
    ("tags", Kind::Object),
    ("idempotency_key", Kind::Text),
    ("auto_activate", Kind::Flag),
    ("create_radius_account", Kind::Flag),
    ("allocate_ip_from_netbox", Kind::Flag),
    ("configure_voltha", Kind::Flag),
    ("configure_genieacs", Kind::Flag),
];

/// Reads a body. A field that is null is as if it were not there.
pub fn read(body: Value) -> Result<ValidRequest, Vec<FieldError>> {
    let Value::Object(fields) = body else {
        return Err(vec![FieldError::new("", "the body has to be a JSON object")]);
    };
    let mut faults = Vec::new();
    let mut good = Map::new();
    let mut bad = Vec::new();
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
        match fault_of(&name, &value) {
            None => {
                good.insert(name, value);
            }
            Some(message) => {
                faults.push(FieldError::new(shown(&name), message));
                bad.push(name);
            }
        }
    }
    let request: ProvisionRequest = match serde_json::from_value(Value::Object(good)) {
        Ok(request) => request,
        // The table above has no such case; if it gains one, the answer is still an answer.
        Err(e) => return Err(vec![FieldError::new("", e.to_string())]),
    };
    match validate(request) {
        Ok(valid) if faults.is_empty() => Ok(valid),
        Ok(_) => Err(faults),
        Err(broken) => {
            // A field of the wrong type is there; it need not be called missing, too.
            faults.extend(broken.into_iter().filter(|fault| !bad.contains(&fault.field)));
            Err(faults)
        }
    }
}

fn fault_of(name: &str, value: &Value) -> Option<String> {
    let Some((_, kind)) = FIELDS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        return Some(format!("is not a field: use one of {}", known.join(", ")));
    };
    let (fits, wanted) = match kind {
        Kind::Text => (value.is_string(), "a text"),
        Kind::Whole => (value.is_i64(), "a whole number"),
        Kind::Flag => (value.is_boolean(), "true or false"),
        Kind::Object => (value.is_object(), "an object"),
    };
    (!fits).then(|| format!("has to be {wanted}"))
}

/// A name that the caller made up, fit for an answer.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_names_exactly_the_fields_of_a_request() {
        let Value::Object(fields) = serde_json::to_value(ProvisionRequest::default()).unwrap() else {
            panic!()
        };
        let mut names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        names.sort();
        assert_eq!(names, fields.keys().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn each_kind_fits_the_type_behind_it() {
        for (name, kind) in FIELDS {
            let value = match kind {
                Kind::Text => json!("x"),
                Kind::Whole => json!(i64::MIN),
                Kind::Flag => json!(false),
                Kind::Object => json!({ "a": 1 }),
            };
            serde_json::from_value::<ProvisionRequest>(json!({ (*name): value })).unwrap();
        }
    }

    #[test]
    fn an_unknown_field_is_answered_with_the_known_ones() {
        let faults = read(json!({ "customer_id": "c", "service_plan_id": "p", "emial": "x" })).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].message.starts_with("is not a field: use one of customer_id, "), "{faults:?}");
    }

    #[test]
    fn a_field_of_the_wrong_type_is_not_called_missing() {
        let faults =
            read(json!({ "email": 7, "service_address": "x", "service_plan_id": false })).unwrap_err();
        let faults: Vec<_> = faults.iter().map(|f| (f.field.as_str(), f.message.as_str())).collect();
        assert_eq!(faults, [("email", "has to be a text"), ("service_plan_id", "has to be a text")]);
    }

    #[test]
    fn what_is_no_object_has_one_fault() {
        assert_eq!(read(json!([])).unwrap_err()[0].message, "the body has to be a JSON object");
    }

    #[test]
    fn the_wire_type_itself_refuses_unknown_fields() {
        assert!(serde_json::from_value::<ProvisionRequest>(json!({ "emial": "x" })).is_err());
    }
}
