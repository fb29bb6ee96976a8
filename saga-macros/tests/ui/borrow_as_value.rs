#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    let email = request.email.as_str();
    let all = &request;
    check_line(email).await?;
    Ok(())
}

fn main() {}
