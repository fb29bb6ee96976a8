#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    if request.allocate_ip && let Some(mac) = find_mac(&request) {
        check_line(mac).await?;
    }
    Ok(())
}

fn find_mac(request: &Request) -> Option<&String> {
    request.cpe_mac.as_ref()
}

fn main() {}
