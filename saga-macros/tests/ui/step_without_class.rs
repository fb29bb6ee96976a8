use saga::step;

#[step(system = "netbox")]
async fn reserve(subscriber: &u32) -> saga::Result<u32> {
    Ok(*subscriber)
}

fn main() {}
