//! Step 3: the account with which the subscriber's router logs in.

use saga::{StepContext, StepError, step};
use serde::{Deserialize, Serialize};

use super::SubscriberRef;
use crate::domain::ValidRequest;
use crate::ports::{Radius, RadiusAccount};
use crate::secret::SecretKey;

/// An account in RADIUS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RadiusAccountRef {
    /// The e-mail, or the user name of the request; lower case.
    pub username: String,
    /// The reference that owns the account's rows.
    pub owner: String,
}

/// Creates the account. Its secret is derived from the key and the workflow, so every attempt, and step 6,
/// get the same one, and it is stored nowhere.
#[step(
    compensate = delete_radius_account(radius, cx, request),
    system = "radius",
    retry(max_attempts = 3, backoff = exponential("200ms", "5s")),
    timeout = "30s"
)]
pub async fn create_radius_account(
    #[inject] radius: &dyn Radius,
    #[inject] secrets: &SecretKey,
    cx: &StepContext,
    request: &ValidRequest,
    subscriber: &SubscriberRef,
) -> saga::Result<RadiusAccountRef> {
    let username = username(request)?;
    let account = RadiusAccount {
        username: username.to_owned(),
        secret: secrets.derive(cx.workflow_id().as_str()).expose().to_owned(),
        group: request.service_plan_id.clone(),
    };
    radius.create_account(cx.idempotency_key(), &account).await?;
    tracing::info!(
        workflow_id = %cx.workflow_id(), subscriber_id = %subscriber.subscriber_id,
        "Created RADIUS account: {username}"
    );
    Ok(RadiusAccountRef { username: username.to_owned(), owner: cx.idempotency_key().to_owned() })
}

async fn delete_radius_account(
    radius: &dyn Radius,
    cx: &StepContext,
    request: &ValidRequest,
) -> saga::Result<()> {
    Ok(radius.delete_account(cx.forward_key(), username(request)?).await?)
}

fn username(request: &ValidRequest) -> Result<&str, StepError> {
    request.username.as_deref().ok_or_else(|| StepError::permanent("the request has no RADIUS user name"))
}
