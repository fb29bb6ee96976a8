//! Step 7: what is billed, and the subscriber becomes active.

use saga::{StepContext, Tx, step};
use serde::{Deserialize, Serialize};

use super::SubscriberRef;
use crate::domain::ValidRequest;
use crate::ports::{self, Business, NewService};

/// A billing service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingService {
    /// `svc_…`
    pub service_id: String,
}

/// Creates the service and, in the same transaction, makes the subscriber `active` if the request says so.
#[step(
    compensate = delete_billing_service(business, tx, cx),
    transactional,
    system = "database",
    retry(max_attempts = 3, backoff = exponential("200ms", "5s")),
    timeout = "20s"
)]
pub async fn create_billing_service(
    #[inject] business: &dyn Business,
    tx: &mut Tx<'_>,
    cx: &StepContext,
    request: &ValidRequest,
    subscriber: &SubscriberRef,
) -> saga::Result<BillingService> {
    let new = NewService {
        tenant: cx.tenant().to_owned(),
        subscriber_id: subscriber.subscriber_id.clone(),
        service_plan_id: request.service_plan_id.clone(),
        bandwidth_mbps: request.bandwidth_mbps,
        activate: request.auto_activate,
    };
    let mut tx = ports::Tx(tx.as_any());
    let service_id = business.create_service(&mut tx, cx.idempotency_key(), &new).await?;
    Ok(BillingService { service_id })
}

async fn delete_billing_service(
    business: &dyn Business,
    tx: &mut Tx<'_>,
    cx: &StepContext,
) -> saga::Result<()> {
    Ok(business.delete_service(&mut ports::Tx(tx.as_any()), cx.forward_key()).await?)
}
