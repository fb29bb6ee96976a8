#[path = "../isp/mod.rs"]
mod isp;
use isp::*;
use saga::saga;

#[saga(version = 1)]
async fn provision(request: Request) -> saga::Result<()> {
    #[cfg(debug_assertions)]
    let _line = check_line(&request.onu_serial).await?;
    match request.allocate_ip {
        #[cfg(debug_assertions)]
        true => {}
        _ => {
            check_line("x").await?;
        }
    }
    Ok(())
}

fn main() {}
