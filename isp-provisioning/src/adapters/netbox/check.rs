//! The start-up check: everything that allocation relies upon and that only a person can mend.

use reqwest::{Method, StatusCode};

use super::wire::{CustomField, Page};
use super::{Netbox, expect};
use crate::adapters::http::{Call, Effect};
use crate::ports::{PortError, PortResult};

impl Netbox {
    /// Verifies the address, the token, the prefix, and the custom field `provisioning_ref`: unique, with an
    /// exact filter, on IP addresses. Without it a look-up would find other people's addresses.
    pub async fn check(&self) -> PortResult<()> {
        let call = Call::new("netbox", "check the custom field", Effect::None);
        let request = self.request(Method::GET, "extras/custom-fields/");
        let reply = call.send(request.query(&[("name", "provisioning_ref")])).await?;
        let page: Page<CustomField> = expect(reply, StatusCode::OK)?.json()?;
        let field = page.results.iter().find(|field| field.name == "provisioning_ref");
        faults_of(field).map_err(|cure| {
            PortError::configuration(format!("netbox: the custom field provisioning_ref {cure}"))
        })?;
        self.pool().await.map(|_| ())
    }
}

fn faults_of(field: Option<&CustomField>) -> Result<(), &'static str> {
    let Some(field) = field else {
        return Err("is missing: create it for IP addresses, type text, unique, filter logic exact");
    };
    if !field.object_types.iter().any(|kind| kind == "ipam.ipaddress") {
        Err("is not on IP addresses: add the object type ipam.ipaddress")
    } else if !field.unique {
        Err("is not unique: set unique, or a repeated request makes a second address")
    } else if field.filter_logic.value != "exact" {
        Err("has a loose filter: set the filter logic to exact")
    } else {
        Ok(())
    }
}
