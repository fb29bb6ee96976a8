use saga::step;

struct NetBox;

#[step(no_effect)]
async fn reserve(#[inject] netbox: NetBox) -> saga::Result<u32> {
    drop(netbox);
    Ok(1)
}

fn main() {}
