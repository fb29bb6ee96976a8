//! Billing services. The first one makes its subscriber `active`, taking the last one away makes it
//! `pending` again, each in the same transaction.

use sqlx::SqliteConnection;

use super::ids::id;
use super::{refused, subscriber};
use crate::ports::{NewService, PortError, PortResult};

const CREATED_HERE: &str =
    "SELECT service_id FROM services WHERE tenant = $1 AND service_id = $2 AND created_by = $3";
const INSERT: &str = "INSERT INTO services \
    (tenant, service_id, subscriber_id, service_plan_id, bandwidth_mbps, created_by) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const ACTIVATE: &str = "UPDATE subscribers SET status = 'active' WHERE tenant = $1 AND subscriber_id = $2";
const DELETE: &str = "DELETE FROM services WHERE created_by = $1 RETURNING tenant, subscriber_id";
// A subscriber keeps its status as long as another service speaks for it.
const DEACTIVATE: &str = "UPDATE subscribers SET status = 'pending' \
    WHERE tenant = $1 AND subscriber_id = $2 \
    AND NOT EXISTS (SELECT 1 FROM services WHERE tenant = $1 AND subscriber_id = $2)";

/// Creates the service, activates the subscriber if told to, and answers the service's id.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    reference: &str,
    new: &NewService,
) -> PortResult<String> {
    if subscriber(&mut *connection, &new.tenant, &new.subscriber_id).await?.is_none() {
        return Err(PortError::permanent(format!("unknown subscriber: {}", new.subscriber_id)));
    }
    let service_id = id("svc_", reference);
    let made: Option<String> = sqlx::query_scalar(CREATED_HERE)
        .bind(&new.tenant)
        .bind(&service_id)
        .bind(reference)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|e| refused(&e))?;
    if made.is_none() {
        sqlx::query(INSERT)
            .bind(&new.tenant)
            .bind(&service_id)
            .bind(&new.subscriber_id)
            .bind(&new.service_plan_id)
            .bind(new.bandwidth_mbps.map(i64::from))
            .bind(reference)
            .execute(&mut *connection)
            .await
            .map_err(|e| refused(&e))?;
    }
    if new.activate {
        sqlx::query(ACTIVATE)
            .bind(&new.tenant)
            .bind(&new.subscriber_id)
            .execute(connection)
            .await
            .map_err(|e| refused(&e))?;
    }
    Ok(service_id)
}

/// Deletes the service that `reference` created.
pub(super) async fn delete(connection: &mut SqliteConnection, reference: &str) -> PortResult<()> {
    let deleted: Option<(String, String)> = sqlx::query_as(DELETE)
        .bind(reference)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|e| refused(&e))?;
    let Some((tenant, subscriber_id)) = deleted else { return Ok(()) };
    sqlx::query(DEACTIVATE)
        .bind(&tenant)
        .bind(&subscriber_id)
        .execute(connection)
        .await
        .map_err(|e| refused(&e))?;
    Ok(())
}
