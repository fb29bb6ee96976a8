#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let line = if request.allocate_ip {
        check_line("x").await?
    };
    let other = if request.allocate_ip {
        check_line("x").await?;
    } else {
        false
    };
    Ok(())
}

fn main() {}
