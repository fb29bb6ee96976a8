#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    assert!(!request.email.is_empty());
    Ok(())
}

fn main() {}
