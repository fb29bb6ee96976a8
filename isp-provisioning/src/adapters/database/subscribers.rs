//! Subscriber lines. They begin `pending`; a service makes them `active`.

use sqlx::SqliteConnection;

use super::customers::names;
use super::ids::id;
use super::{customer_exists, refused};
use crate::ports::{NewSubscriber, PortError, PortResult};

const CREATOR: &str = "SELECT created_by FROM subscribers WHERE tenant = $1 AND subscriber_id = $2";
const INSERT: &str = "INSERT INTO subscribers \
    (tenant, subscriber_id, customer_id, username, service_plan_id, connection_type, service_address, \
     onu_serial, cpe_mac, status, created_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10)";
const CREATED: &str = "SELECT tenant, subscriber_id FROM subscribers WHERE created_by = $1";
const USERS: &str = "SELECT service_id FROM services WHERE tenant = $1 AND subscriber_id = $2 \
    ORDER BY service_id";
const DELETE: &str = "DELETE FROM subscribers WHERE created_by = $1";

/// Creates the subscriber and answers its id: the wished one, or one made from the reference.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    reference: &str,
    new: &NewSubscriber,
) -> PortResult<String> {
    let subscriber_id = new.subscriber_id.clone().unwrap_or_else(|| id("sub_", reference));
    let creator: Option<String> = sqlx::query_scalar(CREATOR)
        .bind(&new.tenant)
        .bind(&subscriber_id)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|e| refused(&e))?;
    match creator {
        Some(creator) if creator == reference => return Ok(subscriber_id),
        Some(_) => return Err(PortError::permanent(format!("subscriber id taken: {subscriber_id}"))),
        None => {}
    }
    if !customer_exists(&mut *connection, &new.tenant, &new.customer_id).await? {
        return Err(PortError::permanent(format!("unknown customer: {}", new.customer_id)));
    }
    sqlx::query(INSERT)
        .bind(&new.tenant)
        .bind(&subscriber_id)
        .bind(&new.customer_id)
        .bind(&new.username)
        .bind(&new.service_plan_id)
        .bind(&new.connection_type)
        .bind(&new.service_address)
        .bind(&new.onu_serial)
        .bind(&new.cpe_mac)
        .bind(reference)
        .execute(connection)
        .await
        .map_err(|e| refused(&e))?;
    Ok(subscriber_id)
}

/// Deletes the subscriber that `reference` created, unless a service still belongs to it.
pub(super) async fn delete(connection: &mut SqliteConnection, reference: &str) -> PortResult<()> {
    let created: Option<(String, String)> = sqlx::query_as(CREATED)
        .bind(reference)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|e| refused(&e))?;
    let Some((tenant, subscriber_id)) = created else { return Ok(()) };
    let users: Vec<String> = sqlx::query_scalar(USERS)
        .bind(&tenant)
        .bind(&subscriber_id)
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| refused(&e))?;
    if !users.is_empty() {
        let message = format!("subscriber {subscriber_id} is still used by {}", names("service", &users));
        return Err(PortError::permanent(message));
    }
    sqlx::query(DELETE).bind(reference).execute(connection).await.map_err(|e| refused(&e))?;
    Ok(())
}
