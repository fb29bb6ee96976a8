#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request) -> saga::Result<u32> {
    let n = 1;
    n = 2;
    n += 3;
    Ok(n)
}

fn main() {}
