//! Lists: filters, projection, pages. A filter that NetBox does not know is ignored, and then the list holds
//! everything; so does ours.

use serde_json::{Map, Value, json};

use super::ReferenceField;
use super::network::Network;
use super::world::Address;

/// The query of a list request.
#[derive(Clone, Debug, Default)]
pub(super) struct ListQuery(Vec<(String, String)>);

impl ListQuery {
    pub(super) fn parse(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// Does the filter `name`, if it is there, name one of these texts? Several values mean any of them.
    pub(super) fn allows(&self, name: &str, texts: &[&str]) -> bool {
        let mut values = self.values(name).peekable();
        values.peek().is_none() || values.any(|value| texts.contains(&value))
    }

    /// Do the filters for addresses let this one through?
    pub(super) fn allows_address(&self, address: &Address, field: ReferenceField) -> bool {
        let (whole, host) = (address.address.to_string(), address.address.host.to_string());
        let reference = address.reference.as_deref().unwrap_or_default();
        let by_reference = match field {
            ReferenceField::Missing => true,
            ReferenceField::LooseFilter => {
                let mut values = self.values("cf_provisioning_ref").peekable();
                values.peek().is_none() || values.any(|value| reference.contains(value))
            }
            _ => self.allows("cf_provisioning_ref", &[reference]),
        };
        let inside =
            |parent: &str| Network::parse(parent).is_none_or(|net| net.contains(address.address.host));
        by_reference
            && self.allows("id", &[&address.id.to_string()])
            && self.allows("address", &[&whole, &host])
            && self.allows("description", &[&address.description])
            && self.allows("dns_name", &[&address.dns_name])
            && self.allows("status", &[&address.status])
            && self.values("parent").next().is_none_or(inside)
    }

    /// The list object: one page, each object cut down to the fields asked for.
    pub(super) fn page(&self, url: &str, objects: Vec<Value>) -> Value {
        let (count, limit, offset) = (objects.len(), self.limit(), self.number("offset").unwrap_or(0));
        let next = (offset + limit < count).then(|| self.link(url, limit, offset + limit));
        let previous = (offset > 0).then(|| self.link(url, limit, offset.saturating_sub(limit)));
        let results: Vec<Value> =
            objects.into_iter().skip(offset).take(limit).map(|object| self.projected(object)).collect();
        json!({ "count": count, "next": next, "previous": previous, "results": results })
    }

    /// How many objects a page holds.
    pub(super) fn limit(&self) -> usize {
        match self.number("limit") {
            None => 50,
            Some(0) => 1000,
            Some(limit) => limit.min(1000),
        }
    }

    fn projected(&self, object: Value) -> Value {
        const BRIEF: [&str; 6] = ["id", "url", "display", "family", "address", "description"];
        let Value::Object(object) = object else { return object };
        let fields: Vec<&str> = self.values("fields").flat_map(|fields| fields.split(',')).collect();
        let kept = |name: &str| match fields.is_empty() {
            false => fields.contains(&name),
            true => self.values("brief").next() != Some("true") || BRIEF.contains(&name),
        };
        Value::Object(object.into_iter().filter(|(name, _)| kept(name)).collect::<Map<_, _>>())
    }

    fn link(&self, url: &str, limit: usize, offset: usize) -> String {
        let mut pairs: Vec<_> =
            self.0.iter().filter(|(name, _)| name != "limit" && name != "offset").cloned().collect();
        pairs.push(("limit".into(), limit.to_string()));
        if offset > 0 {
            pairs.push(("offset".into(), offset.to_string()));
        }
        pairs.sort();
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{url}?{query}")
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
    fn number(&self, name: &str) -> Option<usize> {
        self.values(name).next()?.parse().ok()
    }
}
