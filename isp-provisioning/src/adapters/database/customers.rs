//! Customers: created, or adopted. An adopted one is somebody else's and stays as it is.

use super::connection::{Connection, text};
use super::ids::id;
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
    mut connection: Connection<'_>,
    reference: &str,
    new: &NewCustomer,
) -> PortResult<Customer> {
    if let Some(wanted) = &new.customer_id {
        return find(&mut connection, BY_ID, &new.tenant, wanted, reference)
            .await?
            .ok_or_else(|| PortError::permanent(format!("unknown customer: {wanted}")));
    }
    if let Some(email) = &new.email
        && let Some(customer) = find(&mut connection, BY_EMAIL, &new.tenant, email, reference).await?
    {
        return Ok(customer);
    }
    let customer_id = id("cust_", reference);
    if let Some(customer) = find(&mut connection, BY_ID, &new.tenant, &customer_id, reference).await? {
        return Ok(customer);
    }
    let values = [
        (&new.tenant).into(),
        (&customer_id).into(),
        (&new.first_name).into(),
        (&new.last_name).into(),
        (&new.email).into(),
        (&new.phone).into(),
        reference.into(),
    ];
    connection.rows(INSERT, &values).await?;
    Ok(Customer { customer_id, adopted: false })
}

/// Deletes the customer that `reference` created, unless a subscriber of any workflow still uses it.
pub(super) async fn delete(mut connection: Connection<'_>, reference: &str) -> PortResult<()> {
    let Some(created) = connection.row(CREATED, &[reference.into()]).await? else { return Ok(()) };
    let (tenant, customer_id) = (text(&created, 0)?, text(&created, 1)?);
    let users = connection.rows(USERS, &[(&tenant).into(), (&customer_id).into()]).await?;
    let users = users.iter().map(|user| text(user, 0)).collect::<PortResult<Vec<_>>>()?;
    if !users.is_empty() {
        let message = format!("customer {customer_id} is still used by {}", names("subscriber", &users));
        return Err(PortError::permanent(message));
    }
    connection.rows(DELETE, &[reference.into()]).await?;
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
    connection: &mut Connection<'_>,
    statement: &'static str,
    tenant: &str,
    key: &str,
    reference: &str,
) -> PortResult<Option<Customer>> {
    let Some(row) = connection.row(statement, &[tenant.into(), key.into()]).await? else { return Ok(None) };
    Ok(Some(Customer { customer_id: text(&row, 0)?, adopted: text(&row, 1)? != reference }))
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
