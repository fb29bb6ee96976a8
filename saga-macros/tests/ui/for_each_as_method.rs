#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    request.cpe_mac.iter().for_each(|mac| check_line(mac)).await?;
    Ok(())
}

fn main() {}
