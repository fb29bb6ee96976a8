#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    if let Some(mac) = &request.cpe_mac && check_line(mac).await? {
        check_line(&request.email).await?;
    }
    Ok(())
}

fn main() {}
