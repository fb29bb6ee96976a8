#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    check_line("x").await.with(timeout("5s"))?;
    Ok(())
}

fn main() {}
