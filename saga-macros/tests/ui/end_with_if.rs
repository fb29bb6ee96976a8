#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<bool> {
    if request.allocate_ip { Ok(check_line("x").await?) } else { Ok(false) }
}

fn main() {}
