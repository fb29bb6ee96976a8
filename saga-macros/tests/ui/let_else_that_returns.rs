#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let Some(mac) = request.cpe_mac else { return Ok(()) };
    let Some(id) = request.customer_id else { return Err(saga::StepError::permanent("no customer")) };
    check_line(&format!("{mac}{id}")).await?;
    Ok(())
}

fn main() {}
