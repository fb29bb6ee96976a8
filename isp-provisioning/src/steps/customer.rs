//! Step 1: the customer who pays.

use saga::{Adoptable, Adopted, Created, StepContext, Tx, step};
use serde::{Deserialize, Serialize};

use crate::domain::ValidRequest;
use crate::ports::{self, Business, NewCustomer};

/// The customer of a subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRef {
    /// `cust_…`
    pub customer_id: String,
}

/// Creates the customer, or adopts the one that the request names, or that has the same e-mail. An adopted
/// customer is never undone.
#[step(
    compensate = delete_customer(business, tx, cx),
    transactional,
    system = "database",
    retry(max_attempts = 3, backoff = exponential("200ms", "5s")),
    timeout = "10s"
)]
pub async fn create_customer(
    #[inject] business: &dyn Business,
    tx: &mut Tx<'_>,
    cx: &StepContext,
    request: &ValidRequest,
) -> saga::Result<Adoptable<CustomerRef>> {
    let new = NewCustomer {
        tenant: cx.tenant().to_owned(),
        customer_id: request.customer_id.clone(),
        first_name: request.first_name.clone(),
        last_name: request.last_name.clone(),
        email: request.email.clone(),
        phone: request.phone.clone(),
    };
    let mut tx = ports::Tx(tx.as_any());
    let customer = business.create_customer(&mut tx, cx.idempotency_key(), &new).await?;
    let made = CustomerRef { customer_id: customer.customer_id };
    Ok(if customer.adopted { Adopted(made) } else { Created(made) })
}

async fn delete_customer(business: &dyn Business, tx: &mut Tx<'_>, cx: &StepContext) -> saga::Result<()> {
    Ok(business.delete_customer(&mut ports::Tx(tx.as_any()), cx.forward_key()).await?)
}
