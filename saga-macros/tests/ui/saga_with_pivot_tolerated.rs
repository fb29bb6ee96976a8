#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn inner(request: Request) -> saga::Result<()> {
    create_service(&Subscriber { id: request.email }, "premium").await?;
    Ok(())
}

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    inner(request.clone()).await.ok();
    let _result = inner(request).await;
    Ok(())
}

fn main() {}
