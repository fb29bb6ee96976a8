#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request) -> saga::Result<bool> {
    let line = async { check_line("x").await }.await?;
    let later = async { 1 };
    Ok(line)
}

fn main() {}
