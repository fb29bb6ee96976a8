#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let ip = if request.allocate_ip { allocate_ip(&Subscriber { id: String::new() }).await? } else { None };
    Ok(())
}

fn main() {}
