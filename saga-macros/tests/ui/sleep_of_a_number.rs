#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request) -> saga::Result<()> {
    sleep(60).await;
    Ok(())
}

fn main() {}
