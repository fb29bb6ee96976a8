#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    for_each([1, 2], |_| create_service(&Subscriber { id: request.email.clone() }, "premium")).await?;
    Ok(())
}

fn main() {}
