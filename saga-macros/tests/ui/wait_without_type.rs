#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _event: u64 = wait_for_event("paid", &request.email).await?;
    Ok(())
}

fn main() {}
