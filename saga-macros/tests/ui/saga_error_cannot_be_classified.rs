#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> Result<(), String> {
    Ok(())
}

fn main() {}
