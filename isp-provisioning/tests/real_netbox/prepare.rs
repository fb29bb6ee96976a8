//! Brings a NetBox into the state that the cases start from.

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::env;

/// Makes what is missing: the custom field, the VLAN, the prefixes, the gateway. Once for all tests.
pub async fn once() {
    static DONE: OnceCell<()> = OnceCell::const_new();
    DONE.get_or_init(|| async {
        let field = json!({
            "object_types": ["ipam.ipaddress", "ipam.prefix", "ipam.vlan"], "name": "provisioning_ref",
            "label": "Provisioning reference", "type": "text", "unique": true, "filter_logic": "exact",
        });
        ensure("extras/custom-fields/", "name=provisioning_ref", field).await;
        let vlan = ensure("ipam/vlans/", "vid=100", json!({ "vid": 100, "name": "subscribers" })).await;
        let prefix = json!({ "prefix": "10.0.1.0/24", "vlan": vlan });
        ensure("ipam/prefixes/", "prefix=10.0.1.0/24", prefix).await;
        ensure("ipam/prefixes/", "prefix=10.0.2.0/30", json!({ "prefix": "10.0.2.0/30" })).await;
        let gateway = json!({ "address": "10.0.1.1/24", "description": "gateway" });
        ensure("ipam/ip-addresses/", "address=10.0.1.1", gateway).await;
    })
    .await;
}

/// Deletes every address of the two prefixes but the gateway.
pub async fn clear() {
    for parent in ["10.0.1.0/24", "10.0.2.0/30"] {
        let found = get(&format!("ipam/ip-addresses/?parent={parent}&fields=id,address&limit=0")).await;
        for address in found["results"].as_array().unwrap() {
            if address["address"] != "10.0.1.1/24" {
                let path = format!("ipam/ip-addresses/{}/", address["id"]);
                assert_eq!(request(reqwest::Method::DELETE, &path).send().await.unwrap().status(), 204);
            }
        }
    }
}

async fn ensure(path: &str, query: &str, object: Value) -> Value {
    let found = get(&format!("{path}?{query}")).await;
    if let Some(known) = found["results"].get(0) {
        return known["id"].clone();
    }
    let made = request(reqwest::Method::POST, path).json(&object).send().await.unwrap();
    assert_eq!(made.status(), 201, "{path} {object}");
    made.json::<Value>().await.unwrap()["id"].clone()
}

async fn get(path: &str) -> Value {
    let found = request(reqwest::Method::GET, path).send().await.unwrap();
    assert_eq!(found.status(), 200, "{path}");
    found.json().await.unwrap()
}

fn request(method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client
        .request(method, format!("{}/api/{path}", env("NETBOX_URL")))
        .header("Authorization", format!("Bearer {}", env("NETBOX_TOKEN")))
}
