#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    for_each(&request.cpe_mac, check_line).await?;
    for_each(&request.cpe_mac, |a, b| check_line(a)).await?;
    Ok(())
}

fn main() {}
