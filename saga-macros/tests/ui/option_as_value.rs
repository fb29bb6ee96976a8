#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<String> {
    let subscriber = Subscriber { id: request.email.clone() };
    let ip = when(request.allocate_ip, allocate_ip(&subscriber)).await?;
    Ok(ip.text)
}

fn main() {}
