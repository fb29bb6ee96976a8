use saga::saga;

#[saga(version = 1)]
async fn provision() -> saga::Result<()> {
    Ok(())
}

fn main() {}
