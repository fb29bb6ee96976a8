#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    tokio::time::timeout(std::time::Duration::from_secs(1), request).await?;
    Ok(())
}

fn main() {}
