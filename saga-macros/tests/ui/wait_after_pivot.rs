#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let service = create_service(&Subscriber { id: request.email }, "premium").await?;
    wait_for_event::<()>("paid", service).await?;
    wait_for_event::<()>("paid", service).timeout("30m").await.ok();
    wait_for_event::<()>("paid", service).timeout("30m").await?;
    Ok(())
}

fn main() {}
