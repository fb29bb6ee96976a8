#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _line = match request.allocate_ip {
        true => check_line("x").await?,
        false => "none".to_owned(),
    };
    Ok(())
}

fn main() {}
