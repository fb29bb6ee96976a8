#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(#[inject] db: &Db, request: Request) -> saga::Result<()> {
    Ok(())
}

fn main() {}
