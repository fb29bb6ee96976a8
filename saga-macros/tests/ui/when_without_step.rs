#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let line = when(request.allocate_ip, true).await?;
    when(check_line("x")).await?;
    Ok(())
}

fn main() {}
