#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1, deadlin = "1h", on_failure = forward)]
async fn provision(_request: Request) -> saga::Result<()> {
    Ok(())
}

fn main() {}
