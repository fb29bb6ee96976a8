#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    for _ in 0..4 {
        check_line(&request.onu_serial).await?;
    }
    while check_line("x").await? {}
    Ok(())
}

fn main() {}
