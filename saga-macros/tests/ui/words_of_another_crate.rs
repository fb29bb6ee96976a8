// The words are items of `saga::flow`, found at the places where they are written.
#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

mod own {
    pub use saga::*;
    pub mod flow {}
}

#[saga(version = 1, crate = crate::own)]
async fn provision(request: Request) -> saga::Result<()> {
    let (_a, _b) = try_join!(check_line("a"), check_line("b"))?;
    when(request.allocate_ip, check_line("c")).await?;
    for_each(&request.cpe_mac, |mac| check_line(mac)).await?;
    sleep(std::time::Duration::from_secs(1)).await;
    sleep_until(saga::Timestamp::from_micros(0)).await;
    wait_for_event::<()>("paid", &request.email).await?;
    Ok(())
}

fn main() {}
