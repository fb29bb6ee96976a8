#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(mut request: Request) -> saga::Result<u32> {
    let mut n = 1;
    let (mut a, _) = try_join!(check_line("a"), check_line("b"))?;
    Ok(n)
}

fn main() {}
