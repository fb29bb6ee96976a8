//! What the business knows outside of any workflow.

use async_trait::async_trait;

use super::PortResult;

/// A customer who is known already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCustomer {
    /// `cust_…`
    pub customer_id: String,
    /// Lower case.
    pub email: Option<String>,
}

/// Who is known to the business, outside of any workflow.
#[async_trait]
pub trait Customers: Send + Sync {
    /// The tenant's customer of this id.
    async fn find(&self, tenant: &str, customer_id: &str) -> PortResult<Option<KnownCustomer>>;
}

/// A subscriber who is known already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSubscriber {
    /// `sub_…`, or the id that the request wished for.
    pub subscriber_id: String,
    /// The id of the workflow that created it.
    pub workflow_id: String,
}

/// With what a subscriber's router logs in.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The RADIUS user name.
    pub username: String,
    /// The secret. Never logged, never journaled.
    pub secret: String,
}

/// What comes of asking for credentials.
#[derive(Clone, PartialEq, Eq)]
pub enum Taken {
    /// This is the one time.
    Granted(Credentials),
    /// They were handed out before.
    Before,
    /// There is no such subscriber in the tenant, or it has no user name.
    Nobody,
}

/// Hands out credentials, once for each subscriber.
#[async_trait]
pub trait CredentialsDesk: Send + Sync {
    /// The tenant's subscriber of this id.
    async fn find(&self, tenant: &str, subscriber_id: &str) -> PortResult<Option<KnownSubscriber>>;
    /// Hands the credentials out. That they were is durable when it returns.
    async fn take(&self, tenant: &str, subscriber_id: &str) -> PortResult<Taken>;
}
