#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _both = request.allocate_ip && check_line("x").await?;
    Ok(())
}

fn main() {}
