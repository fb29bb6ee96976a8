#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let customer = create_customer(&request);
    let _customer = customer.await?;
    Ok(())
}

fn main() {}
