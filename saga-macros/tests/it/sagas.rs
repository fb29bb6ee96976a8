//! The plans that bodies become.

use saga::{StepError, saga};
use serde::{Deserialize, Serialize};

use crate::isp::*;

#[derive(Serialize, Deserialize)]
pub struct Provisioned {
    customer: String,
    ip: Option<String>,
    cpe: Option<String>,
    service: u64,
}

/// The product's workflow.
#[saga(name = "provision_subscriber", version = 3, deadline = "1h")]
pub async fn provision(request: Request) -> saga::Result<Provisioned> {
    check(&request)?;
    let customer = create_customer(&request).await?;
    let subscriber = create_subscriber(&request, &customer).await?;
    let (_, ip) = try_join!(
        create_radius(&request.email, Some(&customer.id)),
        when(request.allocate_ip, allocate_ip(&subscriber)),
    )?;
    let onu = when(!request.onu_serial.is_empty(), activate_onu(&request.onu_serial, &subscriber)).await?;
    let cpe = if wants_cpe(&request) && onu.is_some() {
        configure_cpe(request.cpe_mac.as_deref().unwrap_or_default(), ip.as_ref()).await.ok()
    } else {
        None
    };
    let service = create_service(&subscriber, "premium").await?;
    send_welcome(&customer).await?;
    Ok(Provisioned { customer: customer.id, ip: ip.map(|ip| ip.text), cpe: cpe.map(|c| c.id), service })
}

fn check(request: &Request) -> saga::Result<()> {
    if request.email.is_empty() { Err(StepError::permanent("no e-mail")) } else { Ok(()) }
}

fn wants_cpe(request: &Request) -> bool {
    request.cpe_mac.is_some()
}

#[test]
fn the_products_saga_is_a_plan() {
    let definition = provision::definition::<Isp>();
    println!("{}", definition.plan().describe());
    assert_eq!(definition.total_steps(), 8);
    let _ = provision(Request {
        email: String::new(),
        customer_id: None,
        onu_serial: String::new(),
        cpe_mac: None,
        allocate_ip: false,
    });
}
