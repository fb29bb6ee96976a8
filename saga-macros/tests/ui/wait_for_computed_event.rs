#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    wait_for_event::<()>(&request.email, 1).await?;
    wait_for_event::<()>("paid").await?;
    Ok(())
}

fn main() {}
