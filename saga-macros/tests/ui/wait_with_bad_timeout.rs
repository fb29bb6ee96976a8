#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    wait_for_event::<()>("paid", &request.email).timeout("10 sec").await?;
    wait_for_event::<()>("paid", &request.email).timeout(std::time::Duration::ZERO).await?;
    wait_for_event::<()>("paid", &request.email).timeout("0s").await?;
    Ok(())
}

fn main() {}
