#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: impl Into<Request>) -> saga::Result<()> {
    Ok(())
}

fn main() {}
