#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1, locks(customer = &customer.id))]
async fn provision(request: Request) -> saga::Result<()> {
    let customer = create_customer(&request).await?;
    Ok(())
}

fn main() {}
