#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _ip = when(request.allocate_ip, allocate_ip(&create_subscriber(&request, &customer()).await?)).await?;
    Ok(())
}
fn customer() -> Customer {
    Customer { id: String::new() }
}

fn main() {}
