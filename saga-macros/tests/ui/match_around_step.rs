#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    match request.allocate_ip {
        true => {
            check_line(&request.onu_serial).await?;
        }
        false => {}
    }
    Ok(())
}

fn main() {}
