#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<Subscriber> {
    let subscriber = create_subscriber(&request).await?;
    Ok(subscriber)
}

fn main() {}
