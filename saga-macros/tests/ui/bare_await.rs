#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    create_customer(&request).await;
    let _line = Some(check_line("x").await);
    Ok(())
}

fn main() {}
