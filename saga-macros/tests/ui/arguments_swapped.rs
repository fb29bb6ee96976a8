#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<Subscriber> {
    let customer = create_customer(&request).await?;
    let subscriber = create_subscriber(&customer, &request).await?;
    Ok(subscriber)
}

fn main() {}
