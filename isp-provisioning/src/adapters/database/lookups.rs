//! What the API asks of the rows outside of any workflow.

use async_trait::async_trait;

use super::connection::{Connection, Readers, Row, text};
use crate::ports::{Customers, KnownCustomer, PortResult};

const CUSTOMER: &str = "SELECT customer_id, email FROM customers WHERE tenant = $1 AND customer_id = $2";
const SUBSCRIBER: &str = "SELECT subscriber_id, customer_id, username, status, created_by FROM subscribers \
    WHERE tenant = $1 AND subscriber_id = $2";
const TAKE_CREDENTIALS: &str = "UPDATE subscribers \
    SET credentials_taken_at = CURRENT_TIMESTAMP \
    WHERE tenant = $1 AND subscriber_id = $2 AND credentials_taken_at IS NULL RETURNING subscriber_id";

/// A subscriber as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// `sub_…`, or the id that the request wished for.
    pub subscriber_id: String,
    /// The customer who pays.
    pub customer_id: String,
    /// The RADIUS user name.
    pub username: Option<String>,
    /// `pending` or `active`.
    pub status: String,
    /// The reference of the step that created it.
    pub created_by: String,
}

/// Whether a subscriber's credentials may be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// This is the one time.
    Granted,
    /// They were handed out before.
    Taken,
    /// There is no such subscriber in the tenant.
    NoSubscriber,
}

/// Does the tenant have this customer?
pub async fn customer_exists<'c>(
    connection: impl Into<Connection<'c>>,
    tenant: &str,
    customer_id: &str,
) -> PortResult<bool> {
    let found = connection.into().row(CUSTOMER, &[tenant.into(), customer_id.into()]).await?;
    Ok(found.is_some())
}

/// Who is known to the business, read beside the engine's writer.
#[derive(Clone, Debug)]
pub struct KnownCustomers(Readers);

impl KnownCustomers {
    /// Reads from these connections.
    pub fn new(readers: Readers) -> Self {
        Self(readers)
    }
}

#[async_trait]
impl Customers for KnownCustomers {
    async fn find(&self, tenant: &str, customer_id: &str) -> PortResult<Option<KnownCustomer>> {
        let values = [tenant.into(), customer_id.into()];
        let row = self.0.with(async |mut connection| connection.row(CUSTOMER, &values).await).await?;
        let known = |row: Row| {
            let email = row.get(1).cloned().flatten();
            Ok(KnownCustomer { customer_id: text(&row, 0)?, email })
        };
        row.map(known).transpose()
    }
}

/// The tenant's subscriber with this id.
pub async fn subscriber<'c>(
    connection: impl Into<Connection<'c>>,
    tenant: &str,
    subscriber_id: &str,
) -> PortResult<Option<Subscriber>> {
    let row = connection.into().row(SUBSCRIBER, &[tenant.into(), subscriber_id.into()]).await?;
    let known = |row: Row| {
        Ok(Subscriber {
            subscriber_id: text(&row, 0)?,
            customer_id: text(&row, 1)?,
            username: row.get(2).cloned().flatten(),
            status: text(&row, 3)?,
            created_by: text(&row, 4)?,
        })
    };
    row.map(known).transpose()
}

/// The same, from connections for reading.
pub async fn read_subscriber(
    readers: &Readers,
    tenant: &str,
    subscriber_id: &str,
) -> PortResult<Option<Subscriber>> {
    readers.with(async |connection| subscriber(connection, tenant, subscriber_id).await).await
}

/// Notes that the subscriber's credentials are handed out now. Only the first caller is granted them.
pub async fn take_credentials<'c>(
    connection: impl Into<Connection<'c>>,
    tenant: &str,
    subscriber_id: &str,
) -> PortResult<Credentials> {
    let mut connection = connection.into();
    let taken = connection.row(TAKE_CREDENTIALS, &[tenant.into(), subscriber_id.into()]).await?;
    if taken.is_some() {
        return Ok(Credentials::Granted);
    }
    let known = subscriber(connection, tenant, subscriber_id).await?.is_some();
    Ok(if known { Credentials::Taken } else { Credentials::NoSubscriber })
}
