#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    check_line(&request.onu_serial).with(undo_timeout("5s")).await?;
    Ok(())
}

fn main() {}
