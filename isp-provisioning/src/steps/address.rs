//! Step 4: an address from the pool, which also goes into the account's reply.

use saga::{StepContext, step};
use serde::{Deserialize, Serialize};

use super::{RadiusAccountRef, SubscriberRef};
use crate::domain::ValidRequest;
use crate::ports::{AddressPool, Radius};

/// An address from the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocatedAddress {
    /// NetBox's id of it.
    pub netbox_id: u64,
    /// Without a mask.
    pub ipv4_address: String,
    /// The pool's VLAN.
    pub vlan_id: Option<u16>,
}

/// Allocates an address, and puts it into the reply of the account, which was made before there was one.
#[step(
    compensate = release_ip(pool, radius, cx, account),
    system = "netbox",
    retry(max_attempts = 3, backoff = exponential("200ms", "5s")),
    timeout = "30s"
)]
pub async fn allocate_ip(
    #[inject] pool: &dyn AddressPool,
    #[inject] radius: &dyn Radius,
    cx: &StepContext,
    request: &ValidRequest,
    subscriber: &SubscriberRef,
    account: Option<&RadiusAccountRef>,
) -> saga::Result<AllocatedAddress> {
    let wished = request.ipv4_address.map(|address| address.to_string());
    let description = format!("subscriber {}", subscriber.subscriber_id);
    let address = pool.allocate(cx.idempotency_key(), wished.as_deref(), &description).await?;
    if let Some(account) = account {
        let vlan_id = request.vlan_id.or(address.vlan_id);
        let set = radius.set_address(&account.owner, &account.username, &address.ipv4_address, vlan_id).await;
        // The address is allocated by now, so whatever RADIUS says, this step has had an effect.
        set.map_err(|e| saga::StepError::from(e).maybe_done())?;
    }
    Ok(AllocatedAddress {
        netbox_id: address.netbox_id,
        ipv4_address: address.ipv4_address,
        vlan_id: address.vlan_id,
    })
}

/// RADIUS first, in the reverse order; also when NetBox was never reached, because nobody may know.
async fn release_ip(
    pool: &dyn AddressPool,
    radius: &dyn Radius,
    cx: &StepContext,
    account: Option<&RadiusAccountRef>,
) -> saga::Result<()> {
    if let Some(account) = account {
        radius.clear_address(&account.owner, &account.username).await?;
    }
    Ok(pool.release(cx.forward_key()).await?)
}
