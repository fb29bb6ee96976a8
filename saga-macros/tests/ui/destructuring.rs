#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<String> {
    let Customer { id } = create_customer(&request).await?;
    let (a, b) = (1, 2);
    Ok(id)
}

fn main() {}
