#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request) -> saga::Result<bool> {
    let (a, b, c) = try_join!(1, async { check_line("b").await? }, async { check_line("c").await })?;
    Ok(a)
}

fn main() {}
