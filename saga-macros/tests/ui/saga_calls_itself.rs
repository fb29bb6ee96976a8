#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let customer = create_customer(&request).await?;
    if customer.id.is_empty() {
        provision(request.clone()).await?;
        self::provision(request).await?;
    }
    Ok(())
}

fn main() {}
