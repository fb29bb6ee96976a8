#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    send_welcome(&Customer { id: request.email }).with(retry(max_attempts = 5)).await?;
    Ok(())
}

fn main() {}
