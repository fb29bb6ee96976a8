#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(name = "provision")]
async fn provision(_request: Request) -> saga::Result<()> {
    Ok(())
}

fn main() {}
