#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn inner(request: Request) -> saga::Result<()> {
    create_subscriber(&request, &Customer { id: String::new() }).await?;
    Ok(())
}

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    inner(request).await?;
    Ok(())
}

fn main() {
    let _ = provision::definition::<NetBox>();
}
