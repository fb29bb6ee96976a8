#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    request.send().await?;
    (request.sender)().await?;
    Ok(())
}

fn main() {}
