#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request) -> saga::Result<bool> {
    let (a, b) = try_join!(check_line("a").await?, check_line("b").await.ok())?;
    Ok(a)
}

fn main() {}
