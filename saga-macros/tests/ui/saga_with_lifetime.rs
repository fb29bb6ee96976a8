#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision<'a>(request: &'a Request) -> saga::Result<()> {
    Ok(())
}

fn main() {}
