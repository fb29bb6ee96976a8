use saga::step;

trait NetBox: Sync {}

#[step(no_effect)]
async fn reserve(_netbox: &dyn NetBox) -> saga::Result<u32> {
    Ok(1)
}

fn main() {}
