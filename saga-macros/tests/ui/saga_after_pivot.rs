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
    let _service = create_service(&Subscriber { id: String::new() }, "premium").await?;
    inner(request).await?;
    Ok(())
}

fn main() {}
