#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let (_, _) = try_join!(check_line(&request.onu_serial), sleep(std::time::Duration::from_secs(1)))?;
    Ok(())
}

fn main() {}
