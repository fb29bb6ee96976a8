#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    check_line(&request.onu_serial).timeout("5s").await?;
    for_each(&request.cpe_mac, |mac| check_line(mac)).with(timeout("5s")).await?;
    for_each(&request.cpe_mac, |mac| check_line(mac).max_parallel(2)).await?;
    wait_for_event::<()>("paid", &request.email).with(timeout("5s")).await?;
    when(request.allocate_ip, check_line("x")).with(timeout("5s")).await?;
    Ok(())
}

fn main() {}
