#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let customer = create_customer(&request).await?;
    let subscriber = create_subscriber(&request, &customer).await?;
    let _service = create_service(&subscriber, "premium").await?;
    let _onu = activate_onu(&request.onu_serial, &subscriber).await?;
    Ok(())
}

fn main() {}
