/// Writes the customer's row in the transaction that journals it.
#[step(compensate = delete_customer(tx, output), transactional)]
async fn create_customer(tx: &mut Tx<'_>, request: &Request) -> saga::Result<Customer> {
    insert(tx, &request.name).await
}
