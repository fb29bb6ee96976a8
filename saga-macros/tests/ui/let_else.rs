#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let Some(mac) = request.cpe_mac else { return Ok(()) };
    Ok(())
}

fn main() {}
