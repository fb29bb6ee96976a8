#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async unsafe extern "C" fn provision(request: Request) -> saga::Result<()>
where
    Request: Clone, {
    Ok(())
}

fn main() {}
