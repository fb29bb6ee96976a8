use saga::step;

trait NetBox: Sync {}

#[step(no_effect)]
async fn reserve(#[inject] _netbox: &impl NetBox) -> saga::Result<u32> {
    Ok(1)
}

fn main() {}
