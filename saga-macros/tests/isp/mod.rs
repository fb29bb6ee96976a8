//! A small provider of internet lines: clients that do nothing, data, and a step of each kind.
#![allow(dead_code, unused_variables, missing_docs, unreachable_pub)]

use saga::{Adoptable, Adopted, Created, StepContext, StepError, Tx, step};
use serde::{Deserialize, Serialize};

#[derive(Default)]
pub struct Db;
#[derive(Default)]
pub struct Radius;
#[derive(Default)]
pub struct NetBox;
#[derive(Default)]
pub struct Voltha;

#[derive(saga::Resources, Default)]
pub struct Isp {
    pub db: Db,
    pub radius: Radius,
    pub netbox: NetBox,
    pub voltha: Voltha,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub email: String,
    pub customer_id: Option<String>,
    pub onu_serial: String,
    pub cpe_mac: Option<String>,
    pub allocate_ip: bool,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub id: String,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscriber {
    pub id: String,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Address {
    pub id: u32,
    pub text: String,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Onu {
    pub id: String,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cpe {
    pub id: String,
}

/// Creates the customer, or finds it.
#[step(compensate = delete_customer(tx, request, output), transactional, system = "database")]
pub async fn create_customer(tx: &mut Tx<'_>, request: &Request) -> saga::Result<Adoptable<Customer>> {
    Ok(match &request.customer_id {
        Some(id) => Adopted(Customer { id: id.clone() }),
        None => Created(Customer { id: "new".into() }),
    })
}
async fn delete_customer(tx: &mut Tx<'_>, request: &Request, customer: &Customer) -> saga::Result<()> {
    Ok(())
}

#[step(compensate = delete_subscriber(db, customer, cause), system = "database")]
pub async fn create_subscriber(
    #[inject] db: &Db,
    request: &Request,
    customer: &Customer,
) -> saga::Result<Subscriber> {
    Ok(Subscriber { id: format!("sub_{}", customer.id) })
}
async fn delete_subscriber(db: &Db, customer: &Customer, cause: &str) -> saga::Result<()> {
    Ok(())
}

#[step(
    compensate = release_ip(netbox, cx, output),
    if_unknown = find_ip(netbox, subscriber),
    system = "netbox",
    retry(max_attempts = 5, backoff = exponential("200ms", "30s"), jitter = none, deadline = "10m"),
    timeout = "10s",
    undo_retry(backoff = fixed("1s")),
    undo_timeout = "20s",
    settle_after = "5s"
)]
pub async fn allocate_ip(#[inject] netbox: &NetBox, subscriber: &Subscriber) -> Result<Address, StepError> {
    Ok(Address { id: 1, text: format!("10.0.0.{}", subscriber.id.len()) })
}
async fn release_ip(netbox: &NetBox, cx: &StepContext, ip: &Address) -> saga::Result<()> {
    Ok(())
}
async fn find_ip(netbox: &NetBox, subscriber: &Subscriber) -> saga::Result<Option<Address>> {
    Ok(None)
}

#[step(compensate = delete_radius, system = "radius", late_safe)]
pub async fn create_radius(#[inject] radius: &Radius, email: &str, id: Option<&str>) -> saga::Result<u32> {
    Ok(7)
}
async fn delete_radius(
    radius: &Radius,
    email: &str,
    id: Option<&str>,
    output: Option<&u32>,
) -> saga::Result<()> {
    Ok(())
}

#[step(compensate = restore_onu(voltha, serial, recorded), system = "voltha")]
pub async fn activate_onu(
    #[inject] voltha: &Voltha,
    cx: &StepContext,
    serial: &str,
    subscriber: &Subscriber,
) -> saga::Result<Onu> {
    cx.record(&true).await?;
    Ok(Onu { id: format!("onu_{serial}") })
}
async fn restore_onu(voltha: &Voltha, serial: &str, recorded: Option<&bool>) -> saga::Result<()> {
    Ok(())
}

#[step(compensate = reset_cpe(mac), if_unknown = park)]
pub async fn configure_cpe(mac: &str, ip: Option<&Address>) -> saga::Result<Cpe> {
    Ok(Cpe { id: mac.to_owned() })
}
async fn reset_cpe(mac: &str) -> saga::Result<()> {
    Ok(())
}

#[step(no_effect)]
pub async fn check_line(serial: &str) -> saga::Result<bool> {
    Ok(true)
}

#[step(pivot, if_unknown = rerun)]
pub async fn create_service(subscriber: &Subscriber, plan: &str) -> saga::Result<u64> {
    Ok(1)
}

#[step(retriable, retry(backoff = linear("1s", "10s")))]
pub async fn send_welcome(customer: &Customer) -> saga::Result<()> {
    Ok(())
}
