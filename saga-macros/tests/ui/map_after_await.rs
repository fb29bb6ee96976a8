#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _known = create_customer(&request).await.is_ok();
    let _customer = create_customer(&request).await.map_err(|e| e)?;
    Ok(())
}

fn main() {}
