#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    sleep(std::time::Duration::from_secs(1));
    let _lines = for_each(&request.cpe_mac, |mac| check_line(mac));
    Ok(())
}

fn main() {}
