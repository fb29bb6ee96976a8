use saga::saga;

#[saga(version = 1)]
async fn provision<T>(_request: T) -> saga::Result<()> {
    Ok(())
}

fn main() {}
