#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1, locks(email = &request.email, email = request.cpe_mac.as_ref()))]
async fn provision(request: Request) -> saga::Result<()> {
    Ok(())
}

fn main() {}
