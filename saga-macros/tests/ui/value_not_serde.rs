#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<u64> {
    let started = std::time::Instant::now();
    check_line(&request.email).await?;
    Ok(started.elapsed().as_secs())
}

fn main() {}
