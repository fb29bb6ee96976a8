#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

struct Wanted {
    serial: String,
}

#[saga(version = 1)]
async fn provision(request: Wanted) -> saga::Result<()> {
    check_line(&request.serial).await?;
    Ok(())
}

fn main() {}
