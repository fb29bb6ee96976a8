#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let Some(mac) = &request.cpe_mac else { String::new() };
    check_line(mac).await?;
    let Some(id) = &request.customer_id else { Err(saga::StepError::permanent("no customer"))? };
    check_line(id).await?;
    Ok(())
}

fn main() {}
