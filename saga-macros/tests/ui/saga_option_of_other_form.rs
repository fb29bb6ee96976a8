#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = "1", locks(&request.email), on_failure = "park", deadline = 3600)]
async fn provision(request: Request) -> saga::Result<()> {
    Ok(())
}

fn main() {}
