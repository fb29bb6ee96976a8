#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request, _again: bool) -> saga::Result<()> {
    Ok(())
}

fn main() {}
