//! Customers: created, or adopted. An adopted one is somebody else's and stays as it is.

use sqlx::SqliteConnection;

use super::ids::id;
use super::refused;
use crate::ports::{Customer, NewCustomer, PortError, PortResult};

/// How many users of a customer a refusal names.
const NAMED: usize = 5;

const BY_ID: &str = "SELECT customer_id, created_by FROM customers WHERE tenant = $1 AND customer_id = $2";
const BY_EMAIL: &str = "SELECT customer_id, created_by FROM customers WHERE tenant = $1 AND email = $2";
const INSERT: &str = "INSERT INTO customers \
    (tenant, customer_id, first_name, last_name, email, phone, created_by) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const CREATED: &str = "SELECT tenant, customer_id FROM customers WHERE created_by = $1";
const USERS: &str = "SELECT subscriber_id FROM subscribers WHERE tenant = $1 AND customer_id = $2 \
    ORDER BY subscriber_id";
const DELETE: &str = "DELETE FROM customers WHERE created_by = $1";

/// Creates the customer, or adopts the one that the request means.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    reference: &str,
    new: &NewCustomer,
) -> PortResult<Customer> {
    if let Some(wanted) = &new.customer_id {
        return find(connection, BY_ID, &new.tenant, wanted, reference)
            .await?
            .ok_or_else(|| PortError::permanent(format!("unknown customer: {wanted}")));
    }
    if let Some(email) = &new.email
        && let Some(customer) = find(connection, BY_EMAIL, &new.tenant, email, reference).await?
    {
        return Ok(customer);
    }
    let customer_id = id("cust_", reference);
    if let Some(customer) = find(connection, BY_ID, &new.tenant, &customer_id, reference).await? {
        return Ok(customer);
    }
    sqlx::query(INSERT)
        .bind(&new.tenant)
        .bind(&customer_id)
        .bind(&new.first_name)
        .bind(&new.last_name)
        .bind(&new.email)
        .bind(&new.phone)
        .bind(reference)
        .execute(connection)
        .await
        .map_err(|e| refused(&e))?;
    Ok(Customer { customer_id, adopted: false })
}

/// Deletes the customer that `reference` created, unless a subscriber of any workflow still uses it.
pub(super) async fn delete(connection: &mut SqliteConnection, reference: &str) -> PortResult<()> {
    let created: Option<(String, String)> = sqlx::query_as(CREATED)
        .bind(reference)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|e| refused(&e))?;
    let Some((tenant, customer_id)) = created else { return Ok(()) };
    let users: Vec<String> = sqlx::query_scalar(USERS)
        .bind(&tenant)
        .bind(&customer_id)
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| refused(&e))?;
    if !users.is_empty() {
        let message = format!("customer {customer_id} is still used by {}", names("subscriber", &users));
        return Err(PortError::permanent(message));
    }
    sqlx::query(DELETE).bind(reference).execute(connection).await.map_err(|e| refused(&e))?;
    Ok(())
}

/// `subscriber a, b, c and 4 more`
pub(super) fn names(noun: &str, ids: &[String]) -> String {
    let shown = ids.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(NAMED) {
        0 => format!("{noun} {shown}"),
        more => format!("{noun} {shown} and {more} more"),
    }
}

async fn find(
    connection: &mut SqliteConnection,
    statement: &'static str,
    tenant: &str,
    key: &str,
    reference: &str,
) -> PortResult<Option<Customer>> {
    let row: Option<(String, String)> = sqlx::query_as(statement)
        .bind(tenant)
        .bind(key)
        .fetch_optional(connection)
        .await
        .map_err(|e| refused(&e))?;
    Ok(row.map(|(customer_id, created_by)| Customer { customer_id, adopted: created_by != reference }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_five_users_and_counts_the_others() {
        let ids: Vec<String> = (0..7).map(|n| format!("sub_{n}")).collect();
        assert_eq!(names("subscriber", &ids), "subscriber sub_0, sub_1, sub_2, sub_3, sub_4 and 2 more");
        assert_eq!(names("subscriber", ids.get(..1).unwrap()), "subscriber sub_0");
    }
}
