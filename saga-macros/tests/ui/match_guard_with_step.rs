#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    match request.cpe_mac {
        Some(mac) if check_line(&mac).await? => {
            check_line("x").await?;
        }
        _ => {}
    }
    Ok(())
}

fn main() {}
