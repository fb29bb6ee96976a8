#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    tokio::select! {
        a = check_line("a") => {}
        b = check_line("b") => {}
    }
    Ok(())
}

fn main() {}
