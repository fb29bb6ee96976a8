#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

struct Made;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<Made> {
    check_line(&request.email).await?;
    Ok(Made)
}

fn main() {}
