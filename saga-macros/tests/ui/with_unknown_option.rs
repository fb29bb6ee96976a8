#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    check_line(&request.onu_serial).with(time = "5s").await?;
    check_line(&request.onu_serial).with(timeout("5 seconds")).await?;
    check_line(&request.onu_serial).with(retry(max_attempts = 0)).await?;
    check_line(&request.onu_serial).with().await?;
    check_line(&request.onu_serial).with(timeout("5s")).with(timeout("6s")).await?;
    Ok(())
}

fn main() {}
