#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<String> {
    let text = format!("{}", check_line(&request.email).await?);
    Ok(text)
}

fn main() {}
