#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    /// The line.
    let _line = check_line("x").await?;
    Ok(())
}

fn main() {}
