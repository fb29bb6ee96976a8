//! The seven steps, as a table of contents.

use serde::{Deserialize, Serialize};

use crate::domain::ValidRequest;
use crate::steps::{
    activate_onu, allocate_ip, configure_cpe, create_billing_service, create_customer, create_radius_account,
    create_subscriber,
};

/// What a provisioned subscriber got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provisioned {
    /// The customer who pays.
    pub customer_id: String,
    /// The subscriber.
    pub subscriber_id: String,
    /// The RADIUS user name, if an account was made.
    pub radius_username: Option<String>,
    /// The address, if one was allocated.
    pub ipv4_address: Option<String>,
    /// The VLAN: the request's, or the pool's.
    pub vlan_id: Option<u16>,
    /// The optical line, if one was activated.
    pub onu_id: Option<String>,
    /// The router, if one was configured.
    pub cpe_id: Option<String>,
    /// The billing service.
    pub service_id: String,
}

/// Provisions a subscriber over six systems, or leaves them as they were.
#[saga::saga(name = "provision_subscriber", version = 1)]
pub async fn provision_subscriber(request: ValidRequest) -> saga::Result<Provisioned> {
    let customer = create_customer(&request).await?;
    let subscriber = create_subscriber(&request, &customer).await?;
    let account = when(wants_account(&request), create_radius_account(&request, &subscriber)).await?;
    let address =
        when(request.allocate_ip_from_netbox, allocate_ip(&request, &subscriber, account.as_ref())).await?;
    let onu = when(wants_onu(&request), activate_onu(request.onu_serial.as_deref())).await?;
    let cpe =
        when(wants_cpe(&request), configure_cpe(&request, &subscriber, account.as_ref(), address.as_ref()))
            .await?;
    let service = create_billing_service(&request, &subscriber).await?;
    Ok(Provisioned {
        customer_id: customer.customer_id,
        subscriber_id: subscriber.subscriber_id,
        radius_username: account.map(|account| account.username),
        vlan_id: request.vlan_id.or(address.as_ref().and_then(|address| address.vlan_id)),
        ipv4_address: address.map(|address| address.ipv4_address),
        onu_id: onu.map(|onu| onu.onu_id),
        cpe_id: cpe.map(|cpe| cpe.cpe_id),
        service_id: service.service_id,
    })
}

fn wants_account(request: &ValidRequest) -> bool {
    request.create_radius_account && request.username.is_some()
}
fn wants_onu(request: &ValidRequest) -> bool {
    request.configure_voltha && request.onu_serial.is_some()
}
fn wants_cpe(request: &ValidRequest) -> bool {
    request.configure_genieacs && request.cpe_mac.is_some()
}
