#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<Customer> {
    let customer = plain(&request).await?;
    Ok(customer)
}
async fn plain(_request: &Request) -> saga::Result<Customer> {
    Ok(Customer { id: String::new() })
}

fn main() {}
