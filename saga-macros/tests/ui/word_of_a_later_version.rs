#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request) -> saga::Result<()> {
    sleep(std::time::Duration::from_secs(1)).await;
    let _ = for_each(&[1], |n| check_line("x")).await?;
    Ok(())
}

fn main() {}
