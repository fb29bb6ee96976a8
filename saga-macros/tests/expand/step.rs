/// Takes an address from the pool.
#[step(
    compensate = release_ip(netbox, output),
    if_unknown = find_ip(netbox, subscriber),
    system = "netbox",
    retry(max_attempts = 5, backoff = exponential("200ms", "30s")),
    timeout = "10s",
    secret_output
)]
pub async fn allocate_ip(
    #[inject] netbox: &NetBox,
    cx: &StepContext,
    subscriber: &Subscriber,
    #[secret] wish: Option<&str>,
) -> saga::Result<Address> {
    netbox.allocate(&subscriber.id, wish, cx.idempotency_key()).await
}
