//! Billing services. The first one makes its subscriber `active`, taking the last one away makes it
//! `pending` again, each in the same transaction.

use super::connection::{Connection, Value, text};
use super::ids::id;
use super::subscriber;
use crate::ports::{NewService, PortError, PortResult};

const CREATED_HERE: &str =
    "SELECT service_id FROM services WHERE tenant = $1 AND service_id = $2 AND created_by = $3";
const INSERT: &str = "INSERT INTO services \
    (tenant, service_id, subscriber_id, service_plan_id, bandwidth_mbps, created_by) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const ACTIVATE: &str = "UPDATE subscribers SET status = 'active' WHERE tenant = $1 AND subscriber_id = $2";
const DELETE: &str = "DELETE FROM services WHERE created_by = $1 RETURNING tenant, subscriber_id";
const TOUCH: &str = "UPDATE subscribers SET status = status WHERE tenant = $1 AND subscriber_id = $2";
// A subscriber keeps its status as long as another service speaks for it.
const DEACTIVATE: &str = "UPDATE subscribers SET status = 'pending' \
    WHERE tenant = $1 AND subscriber_id = $2 \
    AND NOT EXISTS (SELECT 1 FROM services WHERE tenant = $1 AND subscriber_id = $2)";

/// Creates the service, activates the subscriber if told to, and answers the service's id.
pub(super) async fn create(
    mut connection: Connection<'_>,
    reference: &str,
    new: &NewService,
) -> PortResult<String> {
    if subscriber(connection.again(), &new.tenant, &new.subscriber_id).await?.is_none() {
        return Err(PortError::permanent(format!("unknown subscriber: {}", new.subscriber_id)));
    }
    let service_id = id("svc_", reference);
    let made = [(&new.tenant).into(), (&service_id).into(), reference.into()];
    if connection.row(CREATED_HERE, &made).await?.is_none() {
        let values = [
            (&new.tenant).into(),
            (&service_id).into(),
            (&new.subscriber_id).into(),
            (&new.service_plan_id).into(),
            Value::Number(new.bandwidth_mbps.map(i64::from)),
            reference.into(),
        ];
        connection.rows(INSERT, &values).await?;
    }
    if new.activate {
        connection.rows(ACTIVATE, &[(&new.tenant).into(), (&new.subscriber_id).into()]).await?;
    }
    Ok(service_id)
}

/// Deletes the service that `reference` created.
pub(super) async fn delete(mut connection: Connection<'_>, reference: &str) -> PortResult<()> {
    let Some(deleted) = connection.row(DELETE, &[reference.into()]).await? else { return Ok(()) };
    let (tenant, subscriber_id) = (text(&deleted, 0)?, text(&deleted, 1)?);
    let whose = [(&tenant).into(), (&subscriber_id).into()];
    // Of two that take the last two services away at once, the second sees what the first has done.
    connection.rows(TOUCH, &whose).await?;
    connection.rows(DEACTIVATE, &whose).await?;
    Ok(())
}
