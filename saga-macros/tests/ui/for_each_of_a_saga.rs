#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn inner(request: Request) -> saga::Result<()> {
    create_customer(&request).await?;
    Ok(())
}

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    for_each([1, 2], |_| inner(request.clone())).await?;
    Ok(())
}

fn main() {}
