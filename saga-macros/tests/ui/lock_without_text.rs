#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1, locks(all = &request))]
async fn provision(request: Request) -> saga::Result<()> {
    Ok(())
}

fn main() {}
