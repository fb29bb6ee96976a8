#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(_request: Request) -> saga::Result<()> {
    for_each([1, 2], |n| {
        let line = check_line("x");
        check_line("y")
    })
    .await?;
    for_each(0..2, |_| {}).await?;
    Ok(())
}

fn main() {}
