#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let _customer = create!(&request);
    Ok(())
}

macro_rules! create {
    ($request:expr) => {
        create_customer($request).await?
    };
}
use create;

fn main() {}
