#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<String> {
    let customer = create_customer(&request).await?;
    let subscriber = create_subscriber(&request, &custmer).await?;
    Ok(subscriber.id)
}

fn main() {}
