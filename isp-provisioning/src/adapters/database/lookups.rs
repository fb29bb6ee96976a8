//! What the API asks of the rows outside of any workflow.

use async_trait::async_trait;
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::refused;
use crate::ports::{Customers, KnownCustomer, PortResult};

const CUSTOMER_EXISTS: &str =
    "SELECT EXISTS (SELECT 1 FROM customers WHERE tenant = $1 AND customer_id = $2)";
const CUSTOMER: &str = "SELECT customer_id, email FROM customers WHERE tenant = $1 AND customer_id = $2";
const SUBSCRIBER: &str = "SELECT subscriber_id, customer_id, username, status, created_by FROM subscribers \
    WHERE tenant = $1 AND subscriber_id = $2";
const TAKE_CREDENTIALS: &str = "UPDATE subscribers \
    SET credentials_taken_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') \
    WHERE tenant = $1 AND subscriber_id = $2 AND credentials_taken_at IS NULL";

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
pub async fn customer_exists<'e>(
    executor: impl SqliteExecutor<'e>,
    tenant: &str,
    customer_id: &str,
) -> PortResult<bool> {
    sqlx::query_scalar(CUSTOMER_EXISTS)
        .bind(tenant)
        .bind(customer_id)
        .fetch_one(executor)
        .await
        .map_err(|e| refused(&e))
}

/// Who is known to the business, read beside the engine's writer.
#[derive(Clone, Debug)]
pub struct KnownCustomers(SqlitePool);

impl KnownCustomers {
    /// Reads from these connections.
    pub fn new(readers: SqlitePool) -> Self {
        Self(readers)
    }
}

#[async_trait]
impl Customers for KnownCustomers {
    async fn find(&self, tenant: &str, customer_id: &str) -> PortResult<Option<KnownCustomer>> {
        let row: Option<(String, Option<String>)> = sqlx::query_as(CUSTOMER)
            .bind(tenant)
            .bind(customer_id)
            .fetch_optional(&self.0)
            .await
            .map_err(|e| refused(&e))?;
        Ok(row.map(|(customer_id, email)| KnownCustomer { customer_id, email }))
    }
}

/// The tenant's subscriber with this id.
pub async fn subscriber<'e>(
    executor: impl SqliteExecutor<'e>,
    tenant: &str,
    subscriber_id: &str,
) -> PortResult<Option<Subscriber>> {
    type Row = (String, String, Option<String>, String, String);
    let row: Option<Row> = sqlx::query_as(SUBSCRIBER)
        .bind(tenant)
        .bind(subscriber_id)
        .fetch_optional(executor)
        .await
        .map_err(|e| refused(&e))?;
    Ok(row.map(|(subscriber_id, customer_id, username, status, created_by)| Subscriber {
        subscriber_id,
        customer_id,
        username,
        status,
        created_by,
    }))
}

/// Notes that the subscriber's credentials are handed out now. Only the first caller is granted them.
pub async fn take_credentials(
    connection: &mut SqliteConnection,
    tenant: &str,
    subscriber_id: &str,
) -> PortResult<Credentials> {
    let taken = sqlx::query(TAKE_CREDENTIALS)
        .bind(tenant)
        .bind(subscriber_id)
        .execute(&mut *connection)
        .await
        .map_err(|e| refused(&e))?;
    if taken.rows_affected() == 1 {
        return Ok(Credentials::Granted);
    }
    let known = subscriber(connection, tenant, subscriber_id).await?.is_some();
    Ok(if known { Credentials::Taken } else { Credentials::NoSubscriber })
}
