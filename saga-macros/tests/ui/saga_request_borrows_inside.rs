#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Vec<&str>) -> saga::Result<()> {
    Ok(())
}

fn main() {}
