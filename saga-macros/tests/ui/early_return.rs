#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<Option<Customer>> {
    if request.email.is_empty() {
        return Ok(None);
    }
    let customer = create_customer(&request).await?;
    Ok(Some(customer))
}

fn main() {}
