#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let Some(mac) = &request.cpe_mac else {
        check_line(&request.email).await?;
        return Err(saga::StepError::permanent("no MAC address"));
    };
    check_line(mac).await?;
    Ok(())
}

fn main() {}
