#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _customer = create_customer(&request).await.unwrap();
    Ok(())
}

fn main() {}
