#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    inner::look(1).await?;
    Ok(())
}

mod inner {
    #[saga::step(no_effect)]
    async fn look(n: u32) -> saga::Result<u32> {
        Ok(n)
    }
}

fn main() {}
