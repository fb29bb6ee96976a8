#![deny(warnings)]
#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    match &request.cpe_mac {
        Some(mac) => {
            check_line("x").await?;
        }
        Nothing => {}
    }
    Ok(())
}

fn main() {}
