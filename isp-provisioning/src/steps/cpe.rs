//! Step 6: the subscriber's router.

use saga::{StepContext, StepError, step};
use serde::{Deserialize, Serialize};

use super::ids::own_id;
use super::{AllocatedAddress, RadiusAccountRef, SubscriberRef};
use crate::domain::ValidRequest;
use crate::ports::{CpeSettings, CpeSnapshot, RouterConfig};
use crate::secret::SecretKey;

/// A configured router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfiguredCpe {
    /// `cpe_…`
    pub cpe_id: String,
    /// GenieACS's id of it.
    pub device_id: String,
}

/// What the router was like before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    device_id: String,
    values: CpeSnapshot,
}

/// Gives the router its settings. What it had is written down first, and undoing puts it back.
#[step(
    compensate = unconfigure_cpe(routers, cx, recorded),
    system = "genieacs",
    retry(max_attempts = 3, backoff = exponential("200ms", "5s")),
    timeout = "45s"
)]
pub async fn configure_cpe(
    #[inject] routers: &dyn RouterConfig,
    #[inject] secrets: &SecretKey,
    cx: &StepContext,
    request: &ValidRequest,
    subscriber: &SubscriberRef,
    account: Option<&RadiusAccountRef>,
    address: Option<&AllocatedAddress>,
) -> saga::Result<ConfiguredCpe> {
    let mac = request.cpe_mac.as_deref().ok_or_else(|| StepError::permanent("the request has no CPE MAC"))?;
    let settings = CpeSettings {
        provisioning_code: Some(subscriber.subscriber_id.clone()),
        pppoe_username: account.map(|account| account.username.clone()),
        pppoe_password: account.map(|_| secrets.derive(cx.workflow_id().as_str()).expose().to_owned()),
        ssid: Some(ssid(&subscriber.subscriber_id)),
        vlan_id: request.vlan_id.or(address.and_then(|address| address.vlan_id)),
    };
    let device_id = routers.find(mac).await?.device_id;
    if cx.recorded::<Before>()?.is_none() {
        let values = routers.snapshot(&device_id, &settings).await?;
        cx.record(&Before { device_id: device_id.clone(), values }).await?;
    }
    routers.configure(cx.idempotency_key(), &device_id, &settings).await?;
    Ok(ConfiguredCpe { cpe_id: own_id("cpe_", cx.idempotency_key()), device_id })
}

async fn unconfigure_cpe(
    routers: &dyn RouterConfig,
    cx: &StepContext,
    before: Option<&Before>,
) -> saga::Result<()> {
    let Some(Before { device_id, values }) = before else { return Ok(()) };
    Ok(routers.restore(cx.idempotency_key(), cx.forward_key(), device_id, values).await?)
}

/// Wireless networks have at most 32 bytes of name.
fn ssid(subscriber_id: &str) -> String {
    let short: String = subscriber_id.chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
    format!("Subscriber-{short}")
}

#[cfg(test)]
mod tests {
    use super::ssid;

    #[test]
    fn a_network_name_fits_into_32_bytes() {
        assert_eq!(ssid("sub_0123456789abcdef"), "Subscriber-89abcdef");
        assert!(ssid(&"ä".repeat(200)).len() <= 32);
    }
}
