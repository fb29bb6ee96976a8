//! Step 2: the subscriber's row, still `pending`.

use saga::{StepContext, Tx, step};
use serde::{Deserialize, Serialize};

use super::CustomerRef;
use crate::domain::ValidRequest;
use crate::ports::{self, Business, NewSubscriber};

/// A subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriberRef {
    /// `sub_…`
    pub subscriber_id: String,
}

/// Creates the subscriber. Step 7 makes it `active`.
#[step(
    compensate = delete_subscriber(business, tx, cx),
    transactional,
    system = "database",
    retry(max_attempts = 3, backoff = exponential("200ms", "5s")),
    timeout = "10s"
)]
pub async fn create_subscriber(
    #[inject] business: &dyn Business,
    tx: &mut Tx<'_>,
    cx: &StepContext,
    request: &ValidRequest,
    customer: &CustomerRef,
) -> saga::Result<SubscriberRef> {
    let new = NewSubscriber {
        tenant: cx.tenant().to_owned(),
        customer_id: customer.customer_id.clone(),
        subscriber_id: request.subscriber_id.clone(),
        username: request.username.clone(),
        service_plan_id: request.service_plan_id.clone(),
        connection_type: request.connection_type.name().to_owned(),
        service_address: request.service_location(),
        onu_serial: request.onu_serial.clone(),
        cpe_mac: request.cpe_mac.clone(),
    };
    let mut tx = ports::Tx(tx.as_any());
    let subscriber_id = business.create_subscriber(&mut tx, cx.idempotency_key(), &new).await?;
    Ok(SubscriberRef { subscriber_id })
}

async fn delete_subscriber(business: &dyn Business, tx: &mut Tx<'_>, cx: &StepContext) -> saga::Result<()> {
    Ok(business.delete_subscriber(&mut ports::Tx(tx.as_any()), cx.forward_key()).await?)
}
