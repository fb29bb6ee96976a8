#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _mac = match &request.cpe_mac {
        Some(mac) => mac,
        None => &create_customer(&request).await?.id,
    };
    Ok(())
}

fn main() {}
