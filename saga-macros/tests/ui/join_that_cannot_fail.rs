#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request) -> saga::Result<bool> {
    let (a, b) = join!(check_line("a"), check_line("b"))?;
    Ok(a)
}

fn main() {}
