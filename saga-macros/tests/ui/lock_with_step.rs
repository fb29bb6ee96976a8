#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1, locks(line = check_line(&request.onu_serial).await?))]
async fn provision(request: Request) -> saga::Result<()> {
    let customer = create_customer(&request).await?;
    Ok(())
}

fn main() {}
