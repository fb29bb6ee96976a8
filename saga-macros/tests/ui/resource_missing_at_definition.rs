#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _ip = allocate_ip(&Subscriber { id: request.email }).await?;
    Ok(())
}

#[derive(saga::Resources)]
struct Small {
    db: Db,
}

fn define() -> saga::Definition<Small> {
    provision::definition()
}

fn main() {}
