#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    check_line("x").retry(max_attempts = 5).await?;
    for_each(&request.cpe_mac, |mac| check_line(mac)).parallel(5).await?;
    Ok(())
}

fn main() {}
