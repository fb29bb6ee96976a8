#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let plan = "premium";
    check_line(&plan).await?;
    Ok(())
}

fn main() {}
