//! Subscriber lines. They begin `pending`; a service makes them `active`.

use super::connection::{Connection, text};
use super::customer_exists;
use super::customers::names;
use super::ids::id;
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
    mut connection: Connection<'_>,
    reference: &str,
    new: &NewSubscriber,
) -> PortResult<String> {
    let subscriber_id = new.subscriber_id.clone().unwrap_or_else(|| id("sub_", reference));
    let creator = connection.row(CREATOR, &[(&new.tenant).into(), (&subscriber_id).into()]).await?;
    match creator.map(|row| text(&row, 0)).transpose()? {
        Some(creator) if creator == reference => return Ok(subscriber_id),
        Some(_) => return Err(PortError::permanent(format!("subscriber id taken: {subscriber_id}"))),
        None => {}
    }
    if !customer_exists(connection.again(), &new.tenant, &new.customer_id).await? {
        return Err(PortError::permanent(format!("unknown customer: {}", new.customer_id)));
    }
    let values = [
        (&new.tenant).into(),
        (&subscriber_id).into(),
        (&new.customer_id).into(),
        (&new.username).into(),
        (&new.service_plan_id).into(),
        (&new.connection_type).into(),
        (&new.service_address).into(),
        (&new.onu_serial).into(),
        (&new.cpe_mac).into(),
        reference.into(),
    ];
    connection.rows(INSERT, &values).await?;
    Ok(subscriber_id)
}

/// Deletes the subscriber that `reference` created, unless a service still belongs to it.
pub(super) async fn delete(mut connection: Connection<'_>, reference: &str) -> PortResult<()> {
    let Some(created) = connection.row(CREATED, &[reference.into()]).await? else { return Ok(()) };
    let (tenant, subscriber_id) = (text(&created, 0)?, text(&created, 1)?);
    let users = connection.rows(USERS, &[(&tenant).into(), (&subscriber_id).into()]).await?;
    let users = users.iter().map(|user| text(user, 0)).collect::<PortResult<Vec<_>>>()?;
    if !users.is_empty() {
        let message = format!("subscriber {subscriber_id} is still used by {}", names("service", &users));
        return Err(PortError::permanent(message));
    }
    connection.rows(DELETE, &[reference.into()]).await?;
    Ok(())
}
