#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    #[cfg(test)]
    check_line("x").await?;
    #[allow(clippy::redundant_else)]
    if request.allocate_ip {
        check_line("x").await?;
    }
    Ok(())
}

fn main() {}
