#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
fn provision(_request: Request) -> saga::Result<()> {
    Ok(())
}

fn main() {}
