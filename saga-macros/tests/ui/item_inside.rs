#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    fn serial(request: &Request) -> &str {
        &request.onu_serial
    }
    check_line(serial(&request)).await?;
    Ok(())
}

fn main() {}
