#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    check_line::<u32>("x").await?;
    wait_for_evnt::<()>("paid", &request.email).await?;
    wait_for::<()>("paid", &request.email).await?;
    Ok(())
}

fn main() {}
