#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    sleep(std::time::Duration::from_secs(request.email.len() as u64)).await?;
    sleep().await;
    let _ = sleep_until(saga::Timestamp::from_micros(0)).await.ok();
    Ok(())
}

fn main() {}
