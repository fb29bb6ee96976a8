#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    for_each(&request.cpe_mac, |mac| check_line(mac)).max_parallel(0).await?;
    for_each(&request.cpe_mac, |mac| check_line(mac)).max_parallel(request.email.len()).await?;
    Ok(())
}

fn main() {}
