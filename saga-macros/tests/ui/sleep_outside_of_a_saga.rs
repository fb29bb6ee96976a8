use std::time::Duration;

use saga::flow::sleep;
use saga::step;

#[step(no_effect)]
async fn patient() -> saga::Result<()> {
    sleep(Duration::from_secs(1)).await;
    Ok(())
}

fn main() {}
