#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let serial = |request: &Request| request.onu_serial.clone();
    check_line(&serial(&request)).await?;
    Ok(())
}

fn main() {}
